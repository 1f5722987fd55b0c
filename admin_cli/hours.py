"""`bereikbaar hours`: the weekly hours, day by day and slot by slot."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, Final

import click

from admin_cli.day_commands import (
    quick_options,
    quick_slots,
    slot_edit,
    slot_options,
)
from admin_cli.day_words import parse_days
from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.summary import span_of_days
from admin_cli.typed import read_typed
from schedules.documents import write_document
from schedules.editing import with_days
from schedules.model import Schedule

_COMMANDS: Final = {
    "show": LazyCommand("admin_cli.hours", "show", "Show the weekly hours."),
    "set": LazyCommand("admin_cli.hours", "set_hours", "Set the slots of days."),
    "quick": LazyCommand(
        "admin_cli.hours", "quick", "Make whole days of an opening and a closing time."
    ),
    "copy": LazyCommand("admin_cli.day_copy", "copy", "Copy a day's slots to other days."),
    "autofill": LazyCommand(
        "admin_cli.hours",
        "autofill",
        "Set the slots of days, and closed slots wherever there is none.",
    ),
}
_ID: Final = click.argument("schedule_id", metavar="ID")
_DAYS: Final = click.argument("days", metavar="DAYS")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def hours() -> None:
    """Show and change weekly hours."""


@click.command(cls=Command, epilog="bereikbaar hours show hoofdkantoor mon-fri")
@_ID
@click.argument("days", metavar="[DAYS]", default="all")
@pass_invocation
def show(invocation: Invocation, schedule_id: str, days: str) -> None:
    """Show the weekly hours, days alike together.

    DAYS is mon, mon,wed, mon-fri or all; ma, di, wo, do, vr, za, zo do too.
    """
    chosen = _read_days(days)
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    week = write_document(current.schedule())["week"].items()
    week = [(day, slots) for day, slots in week if day in chosen]
    if invocation.is_json:
        print_json({"schedule": schedule_id, "revision": current.revision, "week": dict(week)})
        return
    for line in _lines(week):
        click.echo(line)


@click.command(
    name="set",
    cls=EditCommand,
    epilog='bereikbaar hours set hoofdkantoor mon-fri "08:30-17:00 open" --autofill\n'
    'bereikbaar hours set hoofdkantoor fri "12:00-13:00 break" --into',
)
@_ID
@_DAYS
@slot_options
@pass_invocation
def set_hours(invocation: Invocation, schedule_id: str, days: str, **typed: Any) -> None:
    """Set the slots of days.

    DAYS is mon, mon,wed, mon-fri or all. SLOT is "HH:MM-HH:MM STATUS [audio=ID] [forward=ID |
    voicemail]"; without --into, the slots given are the whole day.
    """
    _save(invocation, schedule_id, days, slot_edit(**typed).apply_to)


@click.command(
    cls=EditCommand,
    epilog='bereikbaar hours quick hoofdkantoor mon-fri 8:30 17:00 --closed-as "closed voicemail"',
)
@_ID
@_DAYS
@quick_options
@pass_invocation
def quick(invocation: Invocation, schedule_id: str, days: str, **typed: Any) -> None:
    """Make whole days of an opening and a closing time: closed, open, closed."""
    slots = quick_slots(**typed)
    _save(
        invocation,
        schedule_id,
        days,
        lambda schedule, rules: with_days(schedule, dict.fromkeys(rules, slots)),
    )


@click.command(
    cls=EditCommand, epilog='bereikbaar hours autofill hoofdkantoor sat "10:00-14:00 open"'
)
@_ID
@_DAYS
@click.argument("slots", metavar="SLOT...", nargs=-1, required=True)
@pass_invocation
def autofill(invocation: Invocation, schedule_id: str, days: str, slots: tuple[str, ...]) -> None:
    """Set the slots of days, and closed slots wherever there is none: `hours set --autofill`."""
    edit = slot_edit(slots, (), is_into=False, is_filled=True)
    _save(invocation, schedule_id, days, edit.apply_to)


def _save(
    invocation: Invocation,
    schedule_id: str,
    days: str,
    edit: Callable[[Schedule, list[str]], Schedule],
) -> None:
    rules = _rules(days)
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: edit(schedule, rules),
        f"weekly hours set: {days}",
    )


def _rules(days: str) -> list[str]:
    return [f"week/{day}" for day in _read_days(days)]


def _read_days(text: str) -> list[str]:
    return read_typed("DAYS", partial(parse_days, text))


def _lines(week: list[tuple[str, list[str]]]) -> Iterator[str]:
    for slots, group in groupby(week, key=lambda item: item[1]):
        days = [day for day, _ in group]
        for index, slot in enumerate(slots):
            yield f"{span_of_days(days) if index == 0 else '':<8} {slot}"
