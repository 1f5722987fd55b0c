"""`bereikbaar schedule delete`, `link` and `unlink`."""

import click

from admin_cli.changes import Change
from admin_cli.editing import Edit, PresentSchedules, save_edits, tell_changes
from admin_cli.invocation import Invocation, is_at_terminal, tell
from admin_cli.lazy import SaveCommand, pass_invocation
from admin_cli.number_blocks import common, parse_blocks, without
from schedules.errors import ConflictError, NotFoundError
from schedules.model import Schedule
from schedules.revisions import DamagedRevisionError, Revision
from schedules.sqlite_store import SqliteStore
from schedules.telephone import NumberBlock

_ID = click.argument("schedule_id", metavar="ID")
_NUMBERS = click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)


@click.command(cls=SaveCommand, epilog="bereikbaar schedule delete filiaal --force --yes")
@_ID
@click.option("--force", "is_forced", is_flag=True, help="Though numbers are linked: unlink them.")
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask at the terminal.")
@pass_invocation
def delete(
    invocation: Invocation,
    schedule_id: str,
    *,
    is_forced: bool,
    is_sure: bool,
) -> None:
    """Delete a schedule; its revisions stay. Refused while numbers are linked, unless forced."""
    if is_at_terminal() and not is_sure and not invocation.is_dry_run:
        with invocation.open_store() as store:
            store.current(schedule_id)
        click.confirm(f"Delete schedule {schedule_id}?", abort=True, err=True)
    with invocation.open_store() as store:
        with invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer:
            before = _readable(store.current(schedule_id))
            writer.delete(schedule_id, summary="deleted", is_forced=is_forced)
        revision = store.revision()
    change = Change(schedule_id, "deleted", None, before, None)
    tell_changes(invocation, [change], revision)


@click.command(
    cls=SaveCommand, epilog="bereikbaar schedule link hoofdkantoor +31850000000 085-0000100..99"
)
@_ID
@_NUMBERS
@click.option("--move", "is_moved", is_flag=True, help="Unlink from the schedule that has it now.")
@pass_invocation
def link(
    invocation: Invocation,
    schedule_id: str,
    numbers: tuple[str, ...],
    *,
    is_moved: bool,
) -> None:
    """Link numbers to a schedule.

    NUMBER is a number or a block such as +31850000100..99. One that is linked to another schedule
    is refused, unless it is to --move.
    """
    blocks = parse_blocks(numbers, invocation.config.default_region)

    def edit(present: PresentSchedules) -> list[Schedule]:
        before = present(schedule_id)
        held = _held_elsewhere(present.store, schedule_id, blocks)
        if held and not is_moved:
            raise ConflictError("\n".join(_clash(*pair) for pair in held))
        entries = list(before.numbers)
        for block in blocks:
            entries += without([block], entries)
        losers = sorted({holder for _, holder in held})
        return [
            *(_without_numbers(present(loser), blocks) for loser in losers),
            before.replace(numbers=tuple(entries)),
        ]

    _save(invocation, edit)


@click.command(cls=SaveCommand, epilog="bereikbaar schedule unlink hoofdkantoor +31850000000")
@_ID
@_NUMBERS
@pass_invocation
def unlink(invocation: Invocation, schedule_id: str, numbers: tuple[str, ...]) -> None:
    """Unlink numbers from a schedule; a block is split around what leaves it."""
    blocks = parse_blocks(numbers, invocation.config.default_region)

    def edit(present: PresentSchedules) -> list[Schedule]:
        before = present(schedule_id)
        strangers = [block for block in blocks if without([block], before.numbers)]
        if strangers:
            raise NotFoundError(
                "\n".join(_not_linked(present.store, schedule_id, block) for block in strangers)
            )
        return [_without_numbers(before, blocks)]

    _save(invocation, edit)


def _readable(current: Revision) -> Schedule | None:
    """Return the schedule, None of a damaged revision: that can be deleted all the same."""
    try:
        return current.schedule()
    except DamagedRevisionError:
        return None


def _without_numbers(schedule: Schedule, blocks: list[NumberBlock]) -> Schedule:
    return schedule.replace(numbers=tuple(without(schedule.numbers, blocks)))


def _held_elsewhere(
    store: SqliteStore, schedule_id: str, blocks: list[NumberBlock]
) -> list[tuple[NumberBlock, str]]:
    """Return which of these numbers other schedules hold, with their holders."""
    return [
        (common(block, held), holder)
        for block in blocks
        for held, holder in store.overlaps(block)
        if holder != schedule_id
    ]


def _clash(block: NumberBlock, holder: str) -> str:
    return f"{block} is linked to {holder} already; unlink it there first, or --move it"


def _not_linked(store: SqliteStore, schedule_id: str, block: NumberBlock) -> str:
    holders = sorted({holder for _, holder in store.overlaps(block)} - {schedule_id})
    remedy = f"unlink it from {', '.join(holders)}" if holders else "check the number"
    partly = "wholly " if len(block) > 1 else ""
    return f"{block} is not {partly}linked to {schedule_id}; {remedy}"


def _save(invocation: Invocation, edit: Edit) -> None:
    for change in save_edits(invocation, edit, summary="numbers linked or unlinked"):
        if change.after is not None and not change.after.numbers and change.result == "changed":
            tell(f"Warning: {change.schedule_id} has no numbers left: no PBX reaches it")
