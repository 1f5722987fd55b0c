"""Schedules that differ, and the sentences that tell it."""

from typing import Any, Final

from routing_engine.change_text import describe_differences
from routing_engine.compare import differences
from schedules.model import Schedule
from tests.engine import CLOSED, OFFICE_DAY, instant, schedule_of, table_of

LONG_DAY: Final = ("00:00-09:00 closed", "09:00-18:00 open", "18:00-24:00 closed")
LONGER: Final = "closed (hang up) becomes open (normal route)"
SHORTER: Final = "open (normal route) becomes closed (hang up)"


def sentences(
    before: Schedule | None, after: Schedule, start: str, end: str, most_dates: int | None = None
) -> list[str]:
    """Tell the differences between two moments."""
    was, table = (None if before is None else table_of(before)), table_of(after)
    found = differences(was, table, instant(start), instant(end))
    return describe_differences(found, was, table, {}, most_dates=most_dates)


def office(*days: str, hours: tuple[str, ...] = LONG_DAY, **fields: object) -> Schedule:
    """Make a schedule of office hours, with other hours on some weekdays."""
    return schedule_of(OFFICE_DAY, **dict.fromkeys(days, hours), **fields)


def exception(*dates: str, slots: tuple[str, ...] = CLOSED, name: str = "Dicht") -> dict[str, Any]:
    """Make the exceptions of a schedule that has one."""
    return {"dicht": {"name": name, "dates": [*dates], "slots": [*slots]}}


def override(start: str, end: str, slot: str = "open") -> dict[str, Any]:
    """Make the overrides of a schedule that has one."""
    return {"o": {"from": start, "until": end, "slot": slot, "reason": "Storing"}}
