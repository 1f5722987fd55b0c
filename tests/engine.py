"""Schedules, tables and instants, made briefly: for every test of the engine."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from routing_engine.compiler import TargetCheck, compile_schedule
from routing_engine.snapshot import RoutingSnapshot, assemble_snapshot
from routing_engine.table import IntervalTable
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED: Final = ("00:00-24:00 closed",)
OPEN: Final = ("00:00-24:00 open",)
OFFICE_DAY: Final = ("00:00-09:00 closed", "09:00-17:00 open", "17:00-24:00 closed")
SHA256: Final = "ab" * 32
HOME: Final = ForwardPolicy()


def schedule_of(week: tuple[str, ...] = CLOSED, /, **fields: object) -> Schedule:
    """Make a valid schedule: the same day all week, but for the weekdays given by name."""
    days: dict[str, object] = {
        weekday: list(fields.pop(weekday, week))  # type: ignore[call-overload]
        for weekday in WEEKDAYS
    }
    document: dict[str, Any] = {"id": "kantoor", "name": "Kantoor", "pbx": "3cx", "week": days}
    return Schedule.model_validate(document | fields)


def table_of(
    schedule: Schedule,
    *,
    first: str = "2026-01-01",
    policy: ForwardPolicy = HOME,
    missing: frozenset[str] = frozenset(),
) -> IntervalTable:
    """Compile a schedule from a date on; `missing` are the hashes of messages that are gone."""
    targets = TargetCheck(policy, lambda sha256: sha256 not in missing)
    return compile_schedule(schedule, revision=7, first_day=day_of(first), targets=targets)


def snapshot_of(
    *tables: IntervalTable, unusable: tuple[tuple[str, str], ...] = ()
) -> RoutingSnapshot:
    """Put tables in a snapshot; `unusable` are `(number, schedule id)` pairs without a table."""
    linked = [(number, table.schedule) for table in tables for number in table.numbers]
    return assemble_snapshot(
        revision=3,
        links=[*linked, *unusable],
        tables={table.schedule: table for table in tables},
        unusable=frozenset(schedule for _, schedule in unusable),
        horizon_at=0,
    )


def instant(text: str) -> int:
    """Return the epoch seconds of an ISO 8601 moment, Amsterdam's unless it has an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=AMSTERDAM)
    return int(moment.timestamp())


def day_of(text: str) -> int:
    """Count the days from 1970-01-01 to a date written in ISO 8601."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days
