"""What holds each day of a calendar, and when it is open: read off the compiled table."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS
from schedules.date_text import date_of, epoch_day
from schedules.holidays_nl import holidays_by_day

# `other-holiday` is one that is off, or beaten by another rule.
Mark = Literal["override", "exception", "holiday", "other-holiday", "clock-change"]


class OpenSpan(NamedTuple):
    """A time without a break in which callers find the entity open, in epoch seconds.

    `rules` are the names and titles of the rules that held in it, each once, in order.
    """

    from_at: int
    until_at: int
    rules: tuple[tuple[str, str], ...]


class DayHours(NamedTuple):
    """An open span within one local day: minutes on its wall clock, and instants.

    Only the instants tell a doubled hour apart.
    """

    start: int
    end: int
    from_at: int
    until_at: int


class CalendarDay(NamedTuple):
    """One date: the rule that supplies it, and its hours with overrides counted in.

    `holidays` are the ids of all Dutch holidays on it, switched on or not, in rank order.
    `overrides` are the names and reasons of those that touch it. `skipped` is how many minutes
    the clocks skip, less than none where an hour is doubled.
    """

    day: date
    rule: str
    title: str
    hours: tuple[DayHours, ...]
    holidays: tuple[str, ...]
    overrides: tuple[tuple[str, str], ...]
    skipped: int

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What sets the date apart from an ordinary one."""
        found: dict[Mark, bool] = {
            "override": bool(self.overrides),
            "exception": self.rule.startswith("exceptions/"),
            "holiday": self.rule.startswith("holidays/"),
            "other-holiday": any(self.rule != f"holidays/{name}" for name in self.holidays),
            "clock-change": self.skipped != 0,
        }
        return tuple(mark for mark, is_so in found.items() if is_so)


def open_spans(table: IntervalTable, from_at: int, until_at: int) -> Iterator[OpenSpan]:
    """Yield the times at which the table says open, cut off at both instants.

    Neighbouring ones, as across midnight, are one.
    """
    start, rules, at = from_at, dict[str, str](), from_at
    while at < until_at:
        interval = table.interval_at(at)
        if interval.outcome.status == "open":
            if not rules:
                start = at
            rules[interval.rule] = interval.title
        elif rules:
            yield OpenSpan(start, at, tuple(rules.items()))
            rules = {}
        at = interval.until_at
    if rules:
        yield OpenSpan(start, until_at, tuple(rules.items()))


def spans_around(table: IntervalTable, first_day: int, days: int) -> Iterator[OpenSpan]:
    """Yield the open spans of a number of days, counted from 1970-01-01.

    One that reaches over an edge is whole, as long as it goes no further than a day.
    """
    from_at, until_at = table.zone.day_start(first_day), table.zone.day_start(first_day + days)
    start, end = table.zone.day_start(first_day - 1), table.zone.day_start(first_day + days + 1)
    for span in open_spans(table, start, end):
        if from_at < span.until_at and span.from_at < until_at:
            yield span


def calendar_month(table: IntervalTable, year: int, month: int) -> list[CalendarDay]:
    """Return what holds each day of a month of the calendar (semantics.md rule 7)."""
    first = epoch_day(date(year, month, 1))
    _, days = monthrange(year, month)
    return [_calendar_day(table, day) for day in range(first, first + days)]


def _calendar_day(table: IntervalTable, day: int) -> CalendarDay:
    from_at, until_at = table.zone.day_start(day), table.zone.day_start(day + 1)
    name, title = table.rule_on(day)
    overrides = (
        (override.name, override.title)
        for override in table.overrides
        if override.from_at < until_at and from_at < override.until_at
    )
    return CalendarDay(
        date_of(day),
        name,
        title,
        tuple(_day_hours(table, span) for span in open_spans(table, from_at, until_at)),
        holidays_by_day(date_of(day).year).get(day, ()),
        tuple(overrides),
        (DAY_SECONDS - (until_at - from_at)) // 60,
    )


def _day_hours(table: IntervalTable, span: OpenSpan) -> DayHours:
    _, start = table.wall_clock(span.from_at)
    # The end by the clock of the last minute: midnight is 24:00, and a change of clocks at the
    # end doesn't count.
    _, last = table.wall_clock(span.until_at - 60)
    return DayHours(start, last + 1, span.from_at, span.until_at)
