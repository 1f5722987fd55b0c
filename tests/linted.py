"""Schedules in which lint finds nothing, but for what a test brings, and what it finds."""

from typing import Any, Final

from routing_engine.compiler import TargetCheck
from routing_engine.lint import lint_schedule
from routing_engine.lint_findings import Finding
from schedules.forward_rules import ForwardPolicy
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Schedule
from tests.engine import HOME, instant, schedule_of, table_of

# A Sunday, 11:00 in Amsterdam.
NOW: Final = "2026-11-22T11:00"
OFF: Final = {holiday_id: {"active": False} for holiday_id in HOLIDAY_IDS}
SPOKEN: Final = "closed voicemail"
OFFICE: Final = (f"00:00-09:00 {SPOKEN}", "09:00-17:00 open", f"17:00-24:00 {SPOKEN}")
CLOSED: Final = (f"00:00-24:00 {SPOKEN}",)


def quiet(week: tuple[str, ...] = OFFICE, /, **fields: Any) -> Schedule:
    """Make a schedule in which lint finds nothing, but for what the fields bring."""
    silent = {
        "numbers": ["+31850000000"],
        "voicemail_email": "receptie@example.nl",
        "holidays": OFF,
    }
    return schedule_of(week, **(silent | fields))


def lint(
    schedule: Schedule,
    now: str = NOW,
    *,
    policy: ForwardPolicy = HOME,
    missing: frozenset[str] = frozenset(),
) -> list[Finding]:
    """Judge a schedule at a moment; `missing` are the hashes of messages that are gone."""
    table = table_of(schedule, first=now[:10], policy=policy, missing=missing)
    targets = TargetCheck(policy, lambda sha256: sha256 not in missing)
    return lint_schedule(schedule, table, targets=targets, at=instant(now))


def found(schedule: Schedule, now: str = NOW) -> list[tuple[str, ...]]:
    """Return code and places of each finding."""
    return [(one.code, *one.places) for one in lint(schedule, now)]


def dated(*slots: str, dates: tuple[str, ...] = ("2026-12-05",)) -> dict[str, Any]:
    """Make the exceptions of a schedule: one, with these slots."""
    return {"open-dag": {"name": "Open dag", "dates": list(dates), "slots": list(slots)}}
