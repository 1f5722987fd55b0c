"""`bereikbaar exception`: dated hours that replace the weekly hours."""

from datetime import date
from functools import partial
from typing import Any, Final

import click

from admin_cli.changes import Change
from admin_cli.day_commands import quick_options, quick_slots, slot_edit, slot_options
from admin_cli.day_words import read_slots
from admin_cli.editing import PresentSchedules, save_edit, save_edits
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.typed import Typed
from pbx_adapters import clock
from schedules.date_text import DateRange, day_at, parse_date, parse_date_range, parse_zone
from schedules.day_editing import autofill
from schedules.editing import (
    WEEKDAYS,
    add_exception,
    copy_exception,
    day_plan,
    edit_exception,
    find_exception,
    remove_exceptions,
    template_slots,
    with_days,
)
from schedules.errors import NotFoundError
from schedules.exception_dates import exception_state, with_dates
from schedules.field_text import free_slug, slug_of_name
from schedules.model import CLOSED_ALL_DAY, Schedule, Slot

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.exception_list", "list_exceptions", "List exceptions."),
    "add": LazyCommand(
        "admin_cli.exceptions", "add", "Add an exception, in one or more schedules."
    ),
    "edit": LazyCommand(
        "admin_cli.exceptions", "edit", "Change the name or the slots of an exception."
    ),
    "dates": LazyCommand("admin_cli.exceptions", "dates", "Change the dates of an exception."),
    "quick": LazyCommand(
        "admin_cli.exceptions", "quick", "Make an exception of opening and closing time."
    ),
    "copy": LazyCommand("admin_cli.day_copy", "copy", "Copy a day's slots to other days."),
    "copy-to": LazyCommand(
        "admin_cli.exceptions", "copy_to", "Copy an exception to other schedules."
    ),
    "remove": LazyCommand("admin_cli.exceptions", "remove", "Remove exceptions."),
}
_ID: Final = click.argument("schedule_id", metavar="ID")
_EXCEPTION: Final = click.argument("exception_id", metavar="EXCEPTION")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def exception() -> None:
    """List and change exceptions: dated hours that replace the weekly hours."""


@click.command(
    cls=EditCommand,
    epilog='bereikbaar exception add hoofdkantoor "Open dag" --date 2026-12-05 '
    '"10:00-16:00 open" --autofill\n'
    "bereikbaar exception add hoofdkantoor Kerstborrel --date 2026-12-18 "
    "--from-hours 2026-12-18 --also filiaal",
)
@_ID
@click.argument("name", metavar="NAME")
@click.argument("slots", metavar="[SLOT]...", nargs=-1)
@click.option(
    "--date", "dates", metavar="DATE", multiple=True, help="A date, or FIRST..LAST; none: a draft."
)
@click.option("--id", "exception_id", metavar="ID", help="Its id; else one made of its name.")
@click.option("--from-template", "is_from_template", is_flag=True, help="Begin as the template.")
@click.option(
    "--from-hours",
    "hours_of",
    metavar="DATE",
    help="Begin as the weekly hours of that date.",
)
@click.option("--autofill", "is_filled", is_flag=True, help="Closed wherever there is no slot.")
@click.option(
    "--also",
    "others",
    metavar="ID",
    multiple=True,
    help="Another schedule that gets it too, with its messages and forwards.",
)
@pass_invocation
def add(  # noqa: PLR0913, PLR0917 - its options
    invocation: Invocation,
    schedule_id: str,
    name: str,
    slots: tuple[str, ...],
    dates: tuple[str, ...],
    exception_id: str | None,
    hours_of: str | None,
    others: tuple[str, ...],
    *,
    is_from_template: bool,
    is_filled: bool,
) -> None:
    """Add an exception, in one or more schedules: in all of them or in none.

    Without slots, --from-template or --from-hours it is closed all day.
    """
    if bool(slots) + is_from_template + (hours_of is not None) > 1:
        raise click.UsageError("give slots, --from-template or --from-hours: one of the three")
    if schedule_id in others:
        raise click.UsageError(f"--also is for other schedules: {schedule_id} gets it anyhow")
    typed = Typed()
    given = read_slots(typed, slots)
    days = [typed.read(f"--date {text}", partial(parse_date_range, text)) for text in dates]
    source = typed.read("--from-hours", lambda: None if hours_of is None else parse_date(hours_of))
    typed.check()

    def edit(present: PresentSchedules) -> list[Schedule]:
        first = present(schedule_id)
        plan: tuple[Slot, ...] = tuple(given) or CLOSED_ALL_DAY
        if is_from_template:
            plan = template_slots(first)
        elif source is not None:
            plan = day_plan(first, f"week/{WEEKDAYS[source.weekday()]}")
        elif is_filled:
            plan = autofill(given)
        chosen = exception_id
        if chosen is None:
            chosen = free_slug(slug_of_name(name) or "exception", first.exceptions)
        edited = add_exception(first, chosen, name, days, plan)
        copied = present.edit_each(others, partial(copy_exception, edited, chosen))
        return [edited, *copied]

    _warn_of_past(save_edits(invocation, edit, summary=f"exception {name} added"), days)


@click.command(
    cls=EditCommand,
    epilog='bereikbaar exception edit hoofdkantoor open-dag "12:00-13:00 break" --into\n'
    'bereikbaar exception edit hoofdkantoor open-dag --name "Open huis"',
)
@_ID
@_EXCEPTION
@slot_options
@click.option("--name", metavar="NAME", help="Its new name; its id stays.")
@pass_invocation
def edit(
    invocation: Invocation, schedule_id: str, exception_id: str, name: str | None, **typed: Any
) -> None:
    """Change the name or the slots of an exception."""
    has_slots = name is None or any(typed.values())
    slots = slot_edit(**typed) if has_slots else None

    def change(schedule: Schedule) -> Schedule:
        find_exception(schedule, exception_id)
        if slots is not None:
            schedule = slots.apply_to(schedule, [f"exceptions/{exception_id}"])
        if name is not None:
            schedule = edit_exception(schedule, exception_id, name=name)
        return schedule

    save_edit(invocation, schedule_id, change, f"exception {exception_id} changed")


@click.command(
    cls=EditCommand,
    epilog="bereikbaar exception dates hoofdkantoor open-dag --add 2026-12-06 --remove 2026-12-05",
)
@_ID
@_EXCEPTION
@click.option("--add", "added", metavar="DATE", multiple=True, help="A date, or FIRST..LAST.")
@click.option("--remove", "removed", metavar="DATE", multiple=True, help="Likewise.")
@click.option("--none", "is_cleared", is_flag=True, help="Without the dates it has so far.")
@pass_invocation
def dates(  # noqa: PLR0913 - its options
    invocation: Invocation,
    schedule_id: str,
    exception_id: str,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    *,
    is_cleared: bool,
) -> None:
    """Change the dates of an exception; without any it is a draft."""
    if not (added or removed or is_cleared):
        raise click.UsageError("give dates to --add or to --remove, or --none")
    typed = Typed()
    more = [typed.read(f"--add {text}", partial(parse_date_range, text)) for text in added]
    less = [typed.read(f"--remove {text}", partial(parse_date_range, text)) for text in removed]
    typed.check()

    def change(schedule: Schedule) -> Schedule:
        present = find_exception(schedule, exception_id).dates
        _check_there(present, less, f"exception {exception_id}")
        kept = with_dates(() if is_cleared else present, more, less)
        return edit_exception(schedule, exception_id, dates=kept)

    summary = f"dates of exception {exception_id} changed"
    _warn_of_past(save_edit(invocation, schedule_id, change, summary), more)


@click.command(
    cls=EditCommand,
    epilog="bereikbaar exception quick hoofdkantoor open-dag 10:00 16:00 --break 12:30-13:00",
)
@_ID
@_EXCEPTION
@quick_options
@pass_invocation
def quick(invocation: Invocation, schedule_id: str, exception_id: str, **typed: Any) -> None:
    """Make an exception of opening and closing time: closed, open, closed."""
    plans = {f"exceptions/{exception_id}": quick_slots(**typed)}
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: with_days(schedule, plans),
        f"exception {exception_id} changed",
    )


@click.command(
    name="copy-to",
    cls=EditCommand,
    epilog="bereikbaar exception copy-to hoofdkantoor open-dag filiaal winkel-zwolle",
)
@_ID
@_EXCEPTION
@click.argument("targets", metavar="OTHER...", nargs=-1, required=True)
@pass_invocation
def copy_to(
    invocation: Invocation, schedule_id: str, exception_id: str, targets: tuple[str, ...]
) -> None:
    """Copy an exception to other schedules: to all of them or to none.

    Its messages and forwards go along; those that are the same there are used.
    """

    def change(present: PresentSchedules) -> list[Schedule]:
        source = present(schedule_id)
        find_exception(source, exception_id)
        return present.edit_each(targets, partial(copy_exception, source, exception_id))

    save_edits(invocation, change, summary=f"exception {exception_id} copied from {schedule_id}")


@click.command(cls=EditCommand, epilog="bereikbaar exception remove hoofdkantoor open-dag")
@_ID
@click.argument("exception_ids", metavar="EXCEPTION...", nargs=-1, required=True)
@pass_invocation
def remove(invocation: Invocation, schedule_id: str, exception_ids: tuple[str, ...]) -> None:
    """Remove exceptions; a template that is one of them is unset."""
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: remove_exceptions(schedule, exception_ids),
        f"exceptions removed: {', '.join(exception_ids)}",
    )


def _warn_of_past(changes: list[Change], dates: list[DateRange]) -> None:
    """Warn of dates that are over: a wrong year is easily typed."""
    for change in changes:
        if change.after is not None and exception_state(dates, _today(change.after)) == "expired":
            tell(f"Warning: {change.schedule_id}: all these dates lie in the past: check the year")


def _today(schedule: Schedule) -> date:
    return day_at(clock.now(), parse_zone(schedule.timezone))


def _check_there(present: tuple[DateRange, ...], removed: list[DateRange], what: str) -> None:
    held = {day for span in present for day in span}
    for span in removed:
        strangers = [str(day) for day in span if day not in held]
        if strangers:
            raise NotFoundError(f"{what} doesn't have {strangers[0]}; see `exception list`")
