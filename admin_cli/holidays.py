"""`bereikbaar holiday`: the Dutch holidays, each switched on or off."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any, Final

import click

from admin_cli.day_commands import quick_options, quick_slots, slot_edit, slot_options
from admin_cli.day_words import parse_holidays, slot_texts
from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation, print_json, print_table
from admin_cli.lazy import Command, EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.typed import read_typed
from pbx_adapters import clock
from schedules.date_text import day_at, parse_zone
from schedules.editing import Every, switch_off, switch_on, with_days
from schedules.holidays_nl import HOLIDAY_NAMES, holiday_dates, is_lustrum
from schedules.model import Schedule

_COMMANDS: Final = {
    "list": LazyCommand(
        "admin_cli.holidays",
        "list_holidays",
        "List every holiday with its next dates, the next one first.",
    ),
    "on": LazyCommand("admin_cli.holidays", "on", "Switch holidays on."),
    "off": LazyCommand("admin_cli.holidays", "off", "Switch holidays off."),
    "set": LazyCommand("admin_cli.holidays", "set_slots", "Set the slots of holidays."),
    "quick": LazyCommand(
        "admin_cli.holidays", "quick", "Make holidays of opening and closing time."
    ),
    "copy": LazyCommand("admin_cli.day_copy", "copy", "Copy a day's slots to other days."),
}
# From one lustrum to the next, both included.
_YEARS_AHEAD: Final = 6

_ID: Final = click.argument("schedule_id", metavar="ID")
_HOLIDAYS: Final = click.argument("names", metavar="HOLIDAYS")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def holiday() -> None:
    """List Dutch holidays, and switch them on or off."""


@click.command(name="list", cls=Command, epilog="bereikbaar holiday list hoofdkantoor")
@_ID
@pass_invocation
def list_holidays(invocation: Invocation, schedule_id: str) -> None:
    """List every holiday with its next dates, the next one first.

    On, off, or undecided: then it is an ordinary day.
    """
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    schedule = current.schedule()
    today = day_at(clock.now(), parse_zone(schedule.timezone))
    listed = sorted(_listed(schedule, today), key=lambda one: one["next"] or "9999")
    if invocation.is_json:
        print_json({"schedule": schedule_id, "revision": current.revision, "holidays": listed})
        return
    print_table(
        ("HOLIDAY", "NEXT", str(today.year), str(today.year + 1), "STATE", "SLOTS"),
        [
            (
                one["id"],
                _weekday_of(one["next"]),
                *(one["dates"].get(str(year), "") for year in (today.year, today.year + 1)),
                one["state"] + (", lustrum years" if one["every"] == "lustrum" else ""),
                ", ".join(one["slots"]),
            )
            for one in listed
        ],
    )


@click.command(
    cls=EditCommand, epilog="bereikbaar holiday on hoofdkantoor koningsdag,eerste_kerstdag"
)
@_ID
@_HOLIDAYS
@click.option(
    "--every",
    type=click.Choice(["year", "lustrum"]),
    help="bevrijdingsdag: every year, or only in those divisible by five.",
)
@pass_invocation
def on(invocation: Invocation, schedule_id: str, names: str, every: Every | None) -> None:
    """Switch holidays on, with the slots they have; else they are closed all day.

    HOLIDAYS is one, several with commas in between, or all.
    """
    chosen = _read_holidays(names)
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: switch_on(schedule, chosen, every),
        f"holidays switched on: {names}",
    )


@click.command(cls=EditCommand, epilog="bereikbaar holiday off hoofdkantoor goede_vrijdag")
@_ID
@_HOLIDAYS
@pass_invocation
def off(invocation: Invocation, schedule_id: str, names: str) -> None:
    """Switch holidays off: ordinary days. Their slots are kept; undecided ones are decided."""
    chosen = _read_holidays(names)
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: switch_off(schedule, chosen),
        f"holidays switched off: {names}",
    )


@click.command(
    name="set",
    cls=EditCommand,
    epilog='bereikbaar holiday set hoofdkantoor tweede_paasdag "11:00-16:00 open" --autofill',
)
@_ID
@_HOLIDAYS
@slot_options
@pass_invocation
def set_slots(invocation: Invocation, schedule_id: str, names: str, **typed: Any) -> None:
    """Set the slots of holidays; one that was undecided is switched on with them."""
    chosen = _read_holidays(names)
    edit = slot_edit(**typed)
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: edit.apply_to(schedule, _rules(chosen)),
        f"holidays set: {names}",
    )


@click.command(
    cls=EditCommand, epilog="bereikbaar holiday quick hoofdkantoor tweede_paasdag 11:00 16:00"
)
@_ID
@_HOLIDAYS
@quick_options
@pass_invocation
def quick(invocation: Invocation, schedule_id: str, names: str, **typed: Any) -> None:
    """Make holidays of opening and closing time: closed, open, closed."""
    chosen = _read_holidays(names)
    slots = quick_slots(**typed)
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: with_days(schedule, dict.fromkeys(_rules(chosen), slots)),
        f"holidays set: {names}",
    )


def _read_holidays(text: str) -> list[str]:
    return read_typed("HOLIDAYS", partial(parse_holidays, text))


def _rules(holiday_ids: list[str]) -> list[str]:
    return [f"holidays/{holiday_id}" for holiday_id in holiday_ids]


def _listed(schedule: Schedule, today: date) -> Iterator[dict[str, Any]]:
    for holiday_id, name in HOLIDAY_NAMES.items():
        rule = schedule.holidays.get(holiday_id)
        every = "year" if rule is None else rule.every
        dates = {
            year: day
            for year in (today.year, today.year + 1)
            if (day := holiday_dates(year).get(holiday_id)) is not None
        }
        yield {
            "id": holiday_id,
            "name": name,
            "state": "undecided" if rule is None else "on" if rule.active else "off",
            "every": every,
            "next": _next_date(holiday_id, today, every),
            "dates": {str(year): str(day) for year, day in dates.items()},
            "slots": slot_texts(() if rule is None else rule.slots),
        }


def _next_date(holiday_id: str, today: date, every: Every) -> str | None:
    """Return the next date on which a holiday holds, or would once it is switched on."""
    for year in range(today.year, today.year + _YEARS_AHEAD):
        day = holiday_dates(year).get(holiday_id)
        if day is not None and day >= today and (every == "year" or is_lustrum(year)):
            return str(day)
    return None


def _weekday_of(day: str | None) -> str:
    return "" if day is None else f"{date.fromisoformat(day):%a} {day}"
