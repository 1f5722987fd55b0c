"""`bereikbaar schedule history`, `rollback`, `restore` and `purge` (semantics.md rule 20)."""

from collections.abc import Iterator
from contextlib import suppress
from heapq import merge
from operator import itemgetter
from typing import Any

import click

from admin_cli.control import follow_daemon
from admin_cli.counting import how_many
from admin_cli.editing import PresentSchedules, save_edits
from admin_cli.invocation import (
    Invocation,
    format_utc,
    is_at_terminal,
    print_json,
    print_table,
    tell,
)
from admin_cli.lazy import Command, EditCommand, SaveCommand, pass_invocation
from admin_cli.refusals import message_of
from pbx_adapters import clock
from schedules import rebase
from schedules.errors import ConflictError, StoreUnavailableError
from schedules.model import Schedule
from schedules.revisions import DamagedRevisionError, Revision
from schedules.sqlite_numbers import linked_blocks
from schedules.sqlite_store import SqliteStore

_ID = click.argument("schedule_id", metavar="ID")


@click.command(cls=Command, epilog="bereikbaar schedule history hoofdkantoor")
@_ID
@pass_invocation
def history(invocation: Invocation, schedule_id: str) -> None:
    """Show every revision, oldest first, of a schedule that may be deleted; and broken locks."""
    with invocation.open_store() as store, store.reading():
        revisions = store.history(schedule_id)
        broken = store.broken_locks(schedule_id)
    if invocation.is_json:
        print_json(
            {
                "schedule": schedule_id,
                "revisions": [_fields_of(one) for one in revisions],
                "broken_locks": [
                    {
                        "holder": one.holder,
                        "broken_by": one.broken_by,
                        "broken_at": format_utc(one.broken_at),
                    }
                    for one in broken
                ],
            }
        )
        return
    saved = [(one.saved_at, str(one.revision), one.author, _told(one)) for one in revisions]
    noted = [
        (one.broken_at, "", one.broken_by, f"broke the lock of {one.holder}") for one in broken
    ]
    print_table(
        ("REVISION", "SAVED (UTC)", "BY", "WHAT"),
        [
            (number, f"{at:%Y-%m-%d %H:%M}", author, what)
            # Merged, not sorted: where a clock was set back, revisions stay in their order.
            for at, number, author, what in merge(saved, noted, key=itemgetter(0))
        ],
    )


@click.command(
    cls=EditCommand, epilog="bereikbaar schedule rollback hoofdkantoor --to-revision 4 --dry-run"
)
@_ID
@click.option(
    "--to-revision", "revision", type=click.IntRange(min=1), metavar="N", required=True,
    help="The revision to return to.",
)  # fmt: skip
@pass_invocation
def rollback(invocation: Invocation, schedule_id: str, *, revision: int) -> None:
    """Return to an earlier revision, as a new one. Present numbers and overrides stay."""

    def edit(present: PresentSchedules) -> list[Schedule]:
        try:
            now = present(schedule_id)
        except DamagedRevisionError:
            return [_mended(present.store, schedule_id, revision)]
        earlier = present.store.kept_revision(schedule_id, revision).schedule()
        present.brought_back[schedule_id] = earlier
        return [rebase.roll_back(now, earlier)]

    save_edits(invocation, edit, summary=f"rolled back to revision {revision}")


def _mended(store: SqliteStore, schedule_id: str, revision: int) -> Schedule:
    """Return an earlier revision in place of one that can't be read: its numbers still can."""
    tell(f"Warning: {schedule_id} is damaged: its overrides can't be read, and end here")
    earlier = store.kept_revision(schedule_id, revision).schedule()
    numbers = tuple(linked_blocks(store, schedule_id))
    return earlier.replace(numbers=numbers, overrides={})


@click.command(cls=EditCommand, epilog="bereikbaar schedule restore filiaal")
@_ID
@pass_invocation
def restore(invocation: Invocation, schedule_id: str) -> None:
    """Bring a deleted schedule back as it last was, but without numbers: link them again."""
    unlinked: list[dict[str, Any]] = []

    def edit(present: PresentSchedules) -> list[Schedule]:
        if present.has(schedule_id):
            raise ConflictError(
                f"schedule {schedule_id} isn't deleted; to return to an earlier revision, "
                "roll it back"
            )
        last = _last_readable(present.store.history(schedule_id))
        unlinked.extend(_numbers_of(present.store, last))
        present.brought_back[schedule_id] = last
        return [rebase.restore(last)]

    save_edits(invocation, edit, summary="restored", unlinked=unlinked)
    for one in unlinked:
        holders = ", ".join(one["holders"])
        now = f"now linked to {holders}" if holders else "free"
        tell(f"Warning: {one['number']} is not linked again ({now})")


def _last_readable(revisions: list[Revision]) -> Schedule:
    """Return the newest state that can be read; raises the error of the newest where none can."""
    kept = [one for one in reversed(revisions) if not one.is_deletion]
    for revision in kept:
        with suppress(DamagedRevisionError):
            found = revision.schedule()
            if revision is not kept[0]:
                tell(
                    f"Warning: revision {kept[0].revision} is damaged; {revision.revision} is taken"
                )
            return found
    return kept[0].schedule()


def _numbers_of(store: SqliteStore, schedule: Schedule) -> Iterator[dict[str, Any]]:
    for block in schedule.numbers:
        holders = sorted({holder for _, holder in store.overlaps(block)})
        yield {"number": str(block), "holders": holders}


@click.command(cls=SaveCommand, epilog="bereikbaar schedule purge filiaal --yes filiaal")
@_ID
@click.option("--yes", "repeated_id", metavar="ID", help="The id once more: don't ask.")
@pass_invocation
def purge(invocation: Invocation, schedule_id: str, *, repeated_id: str | None) -> None:
    """Remove a deleted schedule with all its revisions, and messages that were its alone.

    Nothing brings it back but a backup. At a terminal it asks twice.
    """
    if repeated_id not in (None, schedule_id):
        raise click.UsageError(f"--yes {repeated_id} is not {schedule_id}: repeat the id")
    with invocation.open_store() as store:
        if repeated_id is None and not invocation.is_dry_run:
            _make_sure(schedule_id, store.history(schedule_id))
        with invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer:
            # Nothing is removed on the word of notes that aren't whole.
            writer.mend_audio_references()
            needed = store.audio_references()
            count = writer.purge(schedule_id)
            freed = needed - store.audio_references()
        revision = store.revision()
        messages = _remove_messages(invocation, store, freed)
    if invocation.is_json:
        print_json(
            {
                "schedule": schedule_id,
                "result": "purged",
                "revisions": count,
                "messages": messages,
                "dry_run": invocation.is_dry_run,
                "store_revision": revision,
            }
        )
    else:
        also = f", {how_many(messages, 'message')} only it had" if messages else ""
        click.echo(f"{schedule_id}: purged, {how_many(count, 'revision')}{also}")
    if invocation.is_dry_run:
        tell("a dry run: nothing was saved")
    else:
        follow_daemon(invocation, revision)


def _remove_messages(invocation: Invocation, store: SqliteStore, freed: frozenset[str]) -> int:
    """Remove what a purge that is saved has freed, and return how many messages that is."""
    if not freed:
        return 0
    from admin_cli.audio_collection import remove_freed

    try:
        if invocation.is_dry_run:
            return len(freed & invocation.masters.digests())
        return remove_freed(store, invocation.masters, freed, clock.utc_now())
    except (OSError, StoreUnavailableError) as error:
        tell(
            "Warning: messages only it had are still there; `bereikbaar audio collect` "
            f"removes them: {message_of(error)}"
        )
        return 0


def _make_sure(schedule_id: str, revisions: list[Revision]) -> None:
    """Ask twice, the second time for the id; raises `UsageError` where nobody can be asked."""
    if not revisions[-1].is_deletion:
        # The writer refuses it, and says what to do.
        return
    if not is_at_terminal():
        raise click.UsageError(f"nobody can be asked here: repeat the id, --yes {schedule_id}")
    name = _name_of(revisions)
    click.confirm(
        f"Remove {schedule_id}{name} and its {how_many(len(revisions), 'revision')} for good?",
        abort=True,
        err=True,
    )
    if click.prompt("Type its id to go on", err=True) != schedule_id:
        raise click.Abort


def _name_of(revisions: list[Revision]) -> str:
    with suppress(DamagedRevisionError, IndexError):
        return f" ({_last_readable(revisions).name})"
    return ""


def _fields_of(one: Revision) -> dict[str, Any]:
    return {
        "revision": one.revision,
        "author": one.author,
        "saved_at": format_utc(one.saved_at),
        "summary": one.summary,
        "deleted": one.is_deletion,
        "damaged": not one.is_intact,
    }


def _told(one: Revision) -> str:
    return one.summary if one.is_intact else f"{one.summary} (damaged)"
