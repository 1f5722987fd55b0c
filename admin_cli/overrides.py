"""`bereikbaar override`: schedules forced open or closed for a while."""

from typing import Any, Final

import click

from admin_cli.choosing import many_options, read_choice
from admin_cli.editing import PresentSchedules, save_edits
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import LazyCommand, LazyGroup, SaveCommand, pass_invocation
from admin_cli.override_words import parse_length, parse_when
from admin_cli.typed import Typed
from pbx_adapters import clock
from schedules.field_text import check_name, check_slug
from schedules.model import Schedule, treatment_of
from schedules.override_editing import (
    LIVE,
    OverrideRequest,
    OverrideState,
    clear_overrides,
    may_have_overrides,
    overrides_that_are,
    with_override,
)

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.override_list", "list_overrides", "List overrides."),
    "set": LazyCommand("admin_cli.overrides", "set_overrides", "Force schedules open or closed."),
    "clear": LazyCommand("admin_cli.overrides", "clear", "End overrides before their time."),
}


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def override() -> None:
    """Force schedules open or closed for a while, whatever their hours say."""


@click.command(
    name="set",
    cls=SaveCommand,
    epilog="bereikbaar override set hoofdkantoor --for 2h --reason Stroomstoring "
    '"closed audio=storing"\n'
    'bereikbaar override set --company "Voorbeeld BV" --until 17:00 --reason Begrafenis closed',
)
@click.argument("schedule_ids", metavar="[ID]...", nargs=-1)
@click.argument("treatment", metavar="TREATMENT")
@many_options
@click.option("--until", metavar="WHEN", help="When it ends: 17:00, or 2026-11-22 17:00.")
@click.option("--for", "length", metavar="SPAN", help="Or how long it lasts: 90m, 2h, 1h30m, 1d.")
@click.option("--from", "begins", metavar="WHEN", help="When it begins; else now.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; callers don't hear it.")
@click.option("--id", "override_id", metavar="ID", help="Its id; else one made of the reason.")
@pass_invocation
def set_overrides(  # noqa: PLR0913 - its options
    invocation: Invocation,
    schedule_ids: tuple[str, ...],
    treatment: str,
    *,
    until: str | None,
    length: str | None,
    begins: str | None,
    reason: str,
    override_id: str | None,
    **which: Any,
) -> None:
    """Force schedules open or closed until a given moment: all of them or none.

    TREATMENT is "STATUS [audio=ID] [forward=ID | voicemail]", in quotes. Times are local in each
    schedule's own zone, unless they have an offset; a time alone is of today. An override that
    this one meets ends where it begins. It lapses by itself.
    """
    if (until is None) == (length is None):
        raise click.UsageError("say when it ends: --until WHEN or --for SPAN, one of the two")
    typed = Typed()
    choice = read_choice(typed, schedule_ids, **which)
    request = OverrideRequest(
        treatment=typed.read("TREATMENT", lambda: treatment_of(treatment)),
        reason=typed.read("--reason", lambda: check_name(reason)),
        ends=typed.read("--for", lambda: parse_length(length))
        if length is not None
        else typed.read("--until", lambda: parse_when(str(until), is_end=True)),
        begins=typed.read(
            "--from", lambda: None if begins is None else parse_when(begins, is_end=False)
        ),
        override_id=typed.read(
            "--id", lambda: None if override_id is None else check_slug(override_id)
        ),
    )
    typed.check()
    at = clock.utc_now()

    def edit(present: PresentSchedules) -> list[Schedule]:
        return present.edit_each(
            choice.ids_in(present), lambda schedule: with_override(schedule, request, at)
        )

    save_edits(invocation, edit, summary=f"override set: {reason}", is_brake=True)


@click.command(
    cls=SaveCommand,
    epilog='bereikbaar override clear hoofdkantoor\nbereikbaar override clear --company "Voorbeeld '
    'BV"\nbereikbaar override clear --all --past',
)
@click.argument("schedule_id", metavar="[ID]", required=False)
@click.argument("override_ids", metavar="[OVERRIDE]...", nargs=-1)
@many_options
@click.option("--past", "is_past", is_flag=True, help="Those that are over, and no others.")
@pass_invocation
def clear(
    invocation: Invocation,
    schedule_id: str | None,
    override_ids: tuple[str, ...],
    *,
    is_past: bool,
    **which: Any,
) -> None:
    """End overrides before their time, or clear away those that are over.

    Without OVERRIDE ids these are all that are in force or still to come.
    """
    typed = Typed()
    choice = read_choice(typed, () if schedule_id is None else (schedule_id,), **which)
    typed.check()
    if override_ids and is_past:
        raise click.UsageError("give OVERRIDE ids or --past, one of the two")
    at = clock.utc_now()
    states: tuple[OverrideState, ...] = ("past",) if is_past else LIVE

    def cleared(schedule: Schedule) -> Schedule:
        return clear_overrides(schedule, override_ids or overrides_that_are(states, schedule, at))

    def edit(present: PresentSchedules) -> list[Schedule]:
        edited = present.edit_each(choice.ids_in(present, may_have_overrides), cleared)
        return [after for after in edited if schedule_id or after != present(after.id)]

    changes = save_edits(invocation, edit, summary="overrides cleared", is_brake=True)
    if all(change.result == "unchanged" for change in changes):
        tell(f"no overrides are {' or '.join(states)}: nothing to clear")
