"""The same opening hours for the peer: one expression in the notation of OpenStreetMap.

Of the whole decision the peer knows open and not open; messages, forwards and breaks are left out.
"""

from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

from schedules.date_text import DateRange
from schedules.holidays_nl import HOLIDAY_IDS, holiday_dates, is_lustrum
from schedules.model import DayPlan, Schedule
from schedules.slot_text import format_minute

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def peer_hours(schedule: Schedule, years: range) -> OpeningHours:
    """Make the peer's object for a schedule, its holidays written out for these years."""
    return OpeningHours(osm_hours(schedule, years), timezone=ZoneInfo(schedule.timezone))


def osm_hours(schedule: Schedule, years: range) -> str:
    """Write a schedule as rules of which a later one replaces earlier ones on its dates."""
    rules = _week_rules(schedule)
    for text, days in _holiday_days(schedule, years).items():
        rules.append(f"{','.join(_date_text(day) for day in sorted(days))} {text}")
    for exception in schedule.exceptions.values():
        if exception.dates:
            spans = ",".join(map(_range_text, exception.dates))
            rules.append(f"{spans} {_hours_text(exception.slots)}")
    return "; ".join(rules)


def _week_rules(schedule: Schedule) -> list[str]:
    week = schedule.week
    plans = (week.mon, week.tue, week.wed, week.thu, week.fri, week.sat, week.sun)
    texts = [(day, _hours_text(plan)) for day, plan in zip(_DAYS, plans, strict=True)]
    rules = []
    for text, group in groupby(texts, key=lambda pair: pair[1]):
        days = [day for day, _ in group]
        span = days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}"
        rules.append(f"{span} {text}")
    return rules


def _holiday_days(schedule: Schedule, years: range) -> dict[str, list[date]]:
    """Gather the dates of the holidays that are on, by their hours."""
    winners: dict[date, str] = {}
    for year in years:
        dates = holiday_dates(year)
        # The first in rank wins a date that two share (semantics.md rule 13).
        for holiday in reversed(HOLIDAY_IDS):
            rule = schedule.holidays.get(holiday)
            is_on = rule is not None and rule.active and (rule.every == "year" or is_lustrum(year))
            if rule is not None and is_on and holiday in dates:
                winners[dates[holiday]] = _hours_text(rule.slots)
    days: dict[str, list[date]] = {}
    for day, text in winners.items():
        days.setdefault(text, []).append(day)
    return days


def _hours_text(plan: DayPlan) -> str:
    spans = [
        f"{format_minute(slot.start)}-{format_minute(slot.end)}"
        for slot in sorted(plan, key=lambda slot: slot.start)
        if slot.status == "open"
    ]
    return ",".join(spans) or "off"


def _date_text(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}"


def _range_text(span: DateRange) -> str:
    first = _date_text(span.first)
    return first if span.first == span.last else f"{first}-{_date_text(span.last)}"
