"""A month for a program: the JSON that docs/cli.md describes."""

from typing import Any

from pbx_adapters.answer import format_instant
from routing_engine.calendar_days import CalendarDay, DayHours
from schedules.model import Schedule
from schedules.revisions import Revision
from schedules.slot_text import format_minute


def month_fields(days: list[CalendarDay], saved: Revision, schedule: Schedule) -> dict[str, Any]:
    """Return all days of a month with what holds them."""
    return {
        "schedule": schedule.id,
        "name": schedule.name,
        "timezone": schedule.timezone,
        "revision": saved.revision,
        "month": f"{days[0].day:%Y-%m}",
        "days": [_day(day) for day in days],
    }


def _day(day: CalendarDay) -> dict[str, Any]:
    return {
        "day": str(day.day),
        "rule": day.rule,
        "title": day.title,
        "open": [_hours(hours) for hours in day.hours],
        "marks": list(day.marks),
        "holidays": list(day.holidays),
        "overrides": [rule for rule, _ in day.overrides],
        "skipped_minutes": day.skipped,
    }


def _hours(hours: DayHours) -> dict[str, str]:
    return {
        "from": format_minute(hours.start),
        "to": format_minute(hours.end),
        "from_at": format_instant(hours.from_at),
        "until_at": format_instant(hours.until_at),
    }
