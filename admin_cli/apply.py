"""`bereikbaar apply`: create or update schedules from documents, all or none."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final

import click

from admin_cli.apply_files import DocumentFile, FilesRead, read_files
from admin_cli.changes import Change, print_changes, saved_ids
from admin_cli.control import follow_daemon, reload_daemon
from admin_cli.guards import expectations_made_failing
from admin_cli.incoming import IncomingMessages, are_missed, store_masters
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import EditCommand, pass_invocation
from admin_cli.progress import FileProgress
from admin_cli.refusals import (
    FileFault,
    RefusedClashError,
    RefusedInputError,
    RefusedLockError,
)
from pbx_adapters import clock
from routing_engine.compiler import TargetCheck
from schedules.documents import KEPT_WHEN_ABSENT, Document
from schedules.errors import (
    ConflictError,
    Fault,
    InvalidScheduleError,
    LockedError,
    NotFoundError,
)
from schedules.model import Schedule
from schedules.rebase import rebase_edit
from schedules.revisions import DamagedRevisionError, Revision, document_of
from schedules.sqlite_store import SqliteStore
from schedules.sqlite_writer import SqliteWriter
from schedules.store_refusals import clash_between

# What a person reads at once.
_MESSAGES_TOLD: Final = 25


@dataclass(frozen=True, slots=True)
class _Saving:
    """What decides whether a document may be saved, beside the document."""

    targets: TargetCheck
    at: int
    is_forced: bool
    may_fail: bool


@click.command(
    cls=EditCommand,
    epilog="bereikbaar apply hoofdkantoor.yaml filiaal.yaml --dry-run\n"
    "bereikbaar apply - < hoofdkantoor.yaml\n"
    "bereikbaar apply bundle.zip",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--force",
    "is_forced",
    is_flag=True,
    help="Save over a revision newer than the one the document was exported at.",
)
@click.option(
    "--keep-levels",
    "keeps_levels",
    is_flag=True,
    help="Leave messages as loud as they are.",
)
@pass_invocation
def apply(
    invocation: Invocation,
    files: tuple[str, ...],
    *,
    is_forced: bool,
    keeps_levels: bool,
) -> None:
    """Create or update schedules from documents, all or none.

    FILE is a schedule document in YAML or JSON, a ZIP file of them, or `-`, stdin. Numbers may move
    between the files. What a document leaves out of numbers, overrides and expect stays as it is.
    """
    with (
        closing(FileProgress(len(files))) as progress,
        closing(
            IncomingMessages(is_levelled=not keeps_levels, on_convert=progress.convert)
        ) as incoming,
    ):
        read = read_files(files, invocation.config.forward_policy, incoming, progress)
        progress.close()
        _tell_messages(incoming.told)
        _apply(invocation, read, incoming, is_forced=is_forced)


def _apply(
    invocation: Invocation, read: FilesRead, incoming: IncomingMessages, *, is_forced: bool
) -> None:
    """Save what the files hold, messages included, and tell what changes."""
    policy, is_dry_run = invocation.config.forward_policy, invocation.is_dry_run
    targets = TargetCheck(
        policy, lambda digest: digest in incoming or invocation.masters.has(digest)
    )
    saving = _Saving(targets, clock.now(), is_forced=is_forced, may_fail=invocation.may_fail)
    with invocation.open_store(
        may_create=True, is_dry_run=is_dry_run or bool(read.faults)
    ) as store:
        missed: set[str] = set()
        if incoming or read.faults:
            # Messages enter the audio store only once it is known that all the rest will do.
            with invocation.writing(store, is_dry_run=True) as writer:
                _save_all(store, writer, read, saving)
            # Many take the disk a while, in which others may save, above all an override.
            missed = set() if is_dry_run else store_masters(incoming.masters(), invocation.masters)
        with (
            closing(FileProgress(len(read.documents))) as progress,
            invocation.writing(store, is_dry_run=is_dry_run) as writer,
        ):
            changes = _save_all(store, writer, read, saving, progress.advance)
            if not is_dry_run:
                incoming.store_lost(invocation.masters)
        revision = store.revision()
        saved = saved_ids(changes)
        is_reload_due = are_missed(missed, store, saved)
    if is_reload_due:
        reload_daemon(invocation)
    elif not is_dry_run and saved:
        follow_daemon(invocation, revision)
    print_changes(
        changes, invocation, targets, saving.at, dry_run=is_dry_run, store_revision=revision
    )
    _sum_up(changes, is_dry_run=is_dry_run)


def _save_all(
    store: SqliteStore,
    writer: SqliteWriter,
    read: FilesRead,
    saving: _Saving,
    advance: Callable[[], None] = lambda: None,
) -> list[Change]:
    """Save each document in one transaction; raises `RefusedInputError` with all faults."""
    faults = list(read.faults)
    locked: list[FileFault] = []
    changes = []
    for file in read.documents:
        try:
            changes.append(_save(store, writer, file, saving))
        except InvalidScheduleError as error:
            faults += [(file.name, fault) for fault in error.faults]
        except RefusedInputError as error:
            faults += error.file_faults
        except LockedError as error:
            locked.append((file.name, _fault_of("", error)))
        advance()
    if faults:
        raise RefusedInputError(faults + locked)
    if locked:
        raise RefusedLockError(locked)
    if clashes := list(_clashes(store, read.documents, changes)):
        raise RefusedClashError(clashes)
    return changes


def _clashes(
    store: SqliteStore, files: list[DocumentFile], changes: list[Change]
) -> Iterator[FileFault]:
    """Yield the numbers that other schedules hold once all files are saved (rule 25)."""
    for file, change in zip(files, changes, strict=True):
        if change.result == "unchanged" or change.after is None:
            continue
        for index, block in enumerate(change.after.numbers):
            for held, holder in store.overlaps(block):
                if holder != change.schedule_id:
                    told = clash_between(change.schedule_id, block, holder, held)
                    told = told.removeprefix(f"schedule {change.schedule_id}: ")
                    problem, _, remedy = told.partition("; ")
                    place = f"numbers[{index}]"
                    line = file.document.line_of(place)
                    yield file.name, Fault(place, problem, remedy, line)


def _save(store: SqliteStore, writer: SqliteWriter, file: DocumentFile, saving: _Saving) -> Change:
    document = file.document
    schedule_id = document.schedule.id
    latest = store.latest(schedule_id)
    present = None if latest is None or latest.is_deletion else latest
    before, faults = _read_present(present, file)
    after, conflicts = _content(store, latest, before, document, is_forced=saving.is_forced)
    faults += conflicts
    if present is not None and present.document == document_of(after) and present.is_intact:
        return Change(schedule_id, "unchanged", present.revision, before, after, file.name)
    failing = expectations_made_failing(before, after, saving.targets, saving.at)
    notes: tuple[str, ...] = ()
    if saving.may_fail:
        notes = tuple(f"allowed to fail: {fault.place}: {fault.problem}" for fault in failing)
    else:
        faults += failing
    if faults:
        raise RefusedInputError(
            (file.name, replace(fault, line=document.line_of(fault.place))) for fault in faults
        )
    summary = f"applied from {PurePath(file.name).name}"
    if notes:
        summary += f"; {'; '.join(notes)}"
    revision = writer.save(after, summary=summary)
    result = "created" if present is None else "changed"
    return Change(schedule_id, result, revision, before, after, file.name, notes)


def _read_present(
    present: Revision | None, file: DocumentFile
) -> tuple[Schedule | None, list[Fault]]:
    """Return what is saved over; of a damaged revision nothing can be kept."""
    if present is None:
        return None, []
    try:
        return present.schedule(), []
    except DamagedRevisionError:
        absent = [key for key in KEPT_WHEN_ABSENT if key not in file.document.given]
        problem = f"can't be kept: revision {present.revision} is damaged"
        return None, [Fault(key, problem, "give it in the document") for key in absent]


def _content(
    store: SqliteStore,
    latest: Revision | None,
    before: Schedule | None,
    document: Document,
    *,
    is_forced: bool,
) -> tuple[Schedule, list[Fault]]:
    """Return what a document has to save, and a fault where the schedule has moved on (rule 20).

    An export is saved over overrides that were set since (rule 7).
    """
    after = document.over(before)
    exported = document.revision
    if is_forced or latest is None or exported is None or latest.revision <= exported:
        return after, []
    if after == before:
        return after, []
    rebased = None
    try:
        if before is not None:
            base = store.kept_revision(latest.schedule_id, exported).schedule()
            rebased = rebase_edit(base, document.over(base), before)
    except (DamagedRevisionError, NotFoundError):
        pass
    except ConflictError as error:
        return after, [_fault_of("overrides", error)]
    return (after, [_newer_revision(latest, exported)]) if rebased is None else (rebased, [])


def _newer_revision(latest: Revision, exported: int) -> Fault:
    """Refuse to save over a revision newer than the document's."""
    what = "deleted" if latest.is_deletion else "changed"
    problem = (
        f"is {exported}, but the schedule was {what} by {latest.author} on "
        f"{latest.saved_at:%Y-%m-%d at %H:%M} UTC and stands at {latest.revision}"
    )
    remedy = (
        "to bring it back as this document has it, --force it"
        if latest.is_deletion
        else "export it again and repeat the change, or --force this one over it"
    )
    return Fault("revision", problem, remedy)


def _fault_of(place: str, error: ConflictError) -> Fault:
    problem, _, remedy = str(error).partition("; ")
    return Fault(place, problem, remedy)


def _tell_messages(lines: list[str]) -> None:
    for line in lines[:_MESSAGES_TOLD]:
        tell(line)
    if (more := len(lines) - _MESSAGES_TOLD) > 0:
        tell(f"… and {more} more")


def _sum_up(changes: list[Change], *, is_dry_run: bool) -> None:
    results = [change.result for change in changes]
    counts = [
        f"{results.count(result)} {result}"
        for result in ("created", "changed", "unchanged")
        if result in results
    ]
    tell(", ".join(counts) + ("; a dry run: nothing was saved" if is_dry_run else ""))
