"""`bereikbaar diff`: what changes for callers from one state of a schedule to another."""

from contextlib import closing
from typing import Any, Final, NamedTuple

import click

from admin_cli.apply_files import DocumentFile, read_files
from admin_cli.changes import caller_fields, document_changes, print_caller_changes
from admin_cli.incoming import IncomingMessages
from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.progress import FileProgress
from admin_cli.refusals import RefusedInputError
from pbx_adapters import clock
from routing_engine.caller_changes import DAYS_COMPARED, caller_changes
from routing_engine.compiler import TargetCheck
from schedules.errors import Fault, InvalidScheduleError
from schedules.model import Schedule
from schedules.sqlite_store import SqliteStore

_MOST_DAYS: Final = 3_650
_REVISION: Final = click.IntRange(min=1)


class _State(NamedTuple):
    """A schedule as a revision or a file has it."""

    schedule: Schedule
    revision: int | None
    file: str | None = None

    def __str__(self) -> str:
        return f"revision {self.revision}" if self.file is None else self.file

    def fields(self) -> dict[str, Any]:
        """Return where it comes from in the form in which programs are told."""
        return {"revision": self.revision, "file": self.file}


@click.command(
    cls=Command,
    epilog="bereikbaar diff hoofdkantoor --file hoofdkantoor.yaml\n"
    "bereikbaar diff hoofdkantoor --from-revision 3 --to-revision 4 --days 90\n"
    "bereikbaar schedule diff hoofdkantoor --to-revision 3",
)
@click.argument("schedule_id", metavar="ID")
@click.option("--from-revision", type=_REVISION, metavar="N", help="Else the present one.")
@click.option("--to-revision", type=_REVISION, metavar="N", help="Else the present one.")
@click.option(
    "--file",
    metavar="FILE",
    help="To a document, or the one in a bundle, as `apply` would save it; - is stdin.",
)
@click.option(
    "--keep-levels",
    "keeps_levels",
    is_flag=True,
    help="As `apply --keep-levels` would save its messages.",
)
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    default=DAYS_COMPARED,
    show_default=True,
    help="How far ahead to compare.",
)
@pass_invocation
def diff(  # noqa: PLR0913 - one argument per option
    invocation: Invocation,
    schedule_id: str,
    *,
    from_revision: int | None,
    to_revision: int | None,
    file: str | None,
    keeps_levels: bool,
    days: int,
) -> None:
    """Say what changes for callers between two states of a schedule; nothing is saved.

    From the present one or --from-revision, to --to-revision, --file or the present one.
    """
    if file is not None and to_revision is not None:
        raise click.UsageError("give either --to-revision or --file")
    if file is None and to_revision is None and from_revision is None:
        raise click.UsageError("give --to-revision N, --file FILE or --from-revision N")
    if keeps_levels and file is None:
        raise click.UsageError("--keep-levels goes with --file")
    policy = invocation.config.forward_policy
    names = () if file is None else (file,)
    with (
        closing(FileProgress(len(names))) as progress,
        closing(
            IncomingMessages(is_levelled=not keeps_levels, on_convert=progress.convert)
        ) as incoming,
    ):
        read = read_files(names, policy, incoming, progress)
    if read.faults:
        raise RefusedInputError(read.faults)
    with invocation.open_store() as store, store.reading():
        before = _saved(store, schedule_id, from_revision)
        if read.documents:
            present = store.current(schedule_id).schedule()
            after = _applied(_document_of(schedule_id, read.documents), present)
        else:
            after = _saved(store, schedule_id, to_revision)
    targets = TargetCheck(
        policy,
        lambda digest: digest in incoming or invocation.masters.has(digest),
    )
    found, sentences = caller_changes(
        before.schedule,
        after.schedule,
        targets,
        clock.now(),
        days=days,
        is_brief=not invocation.is_json,
    )
    document = document_changes(before.schedule, after.schedule)
    if invocation.is_json:
        told = {
            "schedule": schedule_id,
            "from": before.fields(),
            "to": after.fields(),
            "days": days,
            "document": document,
        }
        print_json(told | caller_fields(found, sentences))
        return
    click.echo(f"{schedule_id}: from {before} to {after}")
    for line in document:
        click.echo(f"  {line}")
    print_caller_changes(found, sentences, days=days)


def _saved(store: SqliteStore, schedule_id: str, revision: int | None) -> _State:
    """Return a saved state, the present one where no revision is given; raises `NotFoundError`."""
    found = (
        store.current(schedule_id)
        if revision is None
        else store.kept_revision(schedule_id, revision)
    )
    return _State(found.schedule(), found.revision)


def _document_of(schedule_id: str, files: list[DocumentFile]) -> DocumentFile:
    """Return the document of a schedule; where a bundle has none, the first, to be refused."""
    return next((one for one in files if one.document.schedule.id == schedule_id), files[0])


def _applied(file: DocumentFile, present: Schedule) -> _State:
    """Return what `apply` would save of a document; raises `RefusedInputError` as it does."""
    document = file.document
    if document.schedule.id != present.id:
        problem = f"is {document.schedule.id}, not {present.id}"
        remedy = f"compare it with `bereikbaar diff {document.schedule.id}`, or name another file"
        raise RefusedInputError([(file.name, Fault("id", problem, remedy, document.line_of("id")))])
    try:
        return _State(document.over(present), None, file.name)
    except InvalidScheduleError as error:
        raise RefusedInputError((file.name, fault) for fault in error.faults) from None
