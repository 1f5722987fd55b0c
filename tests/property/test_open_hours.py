"""Opening hours in calendars are the minutes that a plain reading calls open."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from admin_cli.calendar_ics import render_calendar
from routing_engine.calendar_days import calendar_month, open_spans, spans_around
from schedules.model import Schedule
from schedules.revisions import Revision
from tests.engine import day_of, instant, table_of
from tests.oracle import MINUTE, Oracle
from tests.strategies import FIRST_DAY, LAST_DAY, NOTABLE_DAYS, schedules_strategy

EXAMPLES: Final = settings().max_examples

_DAYS = st.one_of(st.sampled_from(NOTABLE_DAYS), st.dates(FIRST_DAY, LAST_DAY))


def revision_of(schedule: Schedule) -> Revision:
    """Return a saved revision, as far as an export looks at it."""
    return Revision(schedule.id, 7, "", "", "piet", datetime(2026, 1, 1, tzinfo=UTC), "")


def open_by_oracle(schedule: Schedule, from_at: int, until_at: int) -> set[int]:
    """List the minutes of a time that the oracle calls open."""
    oracle = Oracle(schedule)
    return {at for at in range(from_at, until_at, MINUTE) if oracle.lot(at).status == "open"}


def minutes_of(spans: list[tuple[int, int]]) -> set[int]:
    """Spread spans over their minutes, checking that they are in order and no two could be one."""
    for (_, end), (start, _) in pairwise(spans):
        assert end < start
    return {at for start, end in spans for at in range(start, end, MINUTE)}


@settings(max_examples=EXAMPLES // 4)
@given(schedule=schedules_strategy(), day=_DAYS)
def test_open_spans_are_the_minutes_that_are_open(schedule: Schedule, day: date) -> None:
    """Over three days, clock changes and overrides among them."""
    from_at = instant(f"{day}T00:00Z")
    until_at = from_at + 3 * 24 * 60 * MINUTE
    spans = list(open_spans(table_of(schedule), from_at, until_at))
    found = minutes_of([(span.from_at, span.until_at) for span in spans])
    assert found == open_by_oracle(schedule, from_at, until_at)


@settings(max_examples=EXAMPLES // 2)
@given(schedule=schedules_strategy(), day=_DAYS)
def test_an_export_read_back_has_the_minutes_that_are_open(schedule: Schedule, day: date) -> None:
    """Two days of events, between local midnights; each event is whole, with a UID of its own."""
    table = table_of(schedule)
    content = render_calendar(
        spans_around(table, day_of(str(day)), 2), table, revision_of(schedule)
    )
    events = Calendar.from_ical(content).events
    assert len({str(event["uid"]) for event in events}) == len(events)
    spans = [(seconds(event.start), seconds(event.end)) for event in events]
    from_at, until_at = midnight_of(schedule, day), midnight_of(schedule, day + timedelta(days=2))
    found = {at for at in minutes_of(spans) if from_at <= at < until_at}
    assert found == open_by_oracle(schedule, from_at, until_at)


def seconds(moment: object) -> int:
    """Return a moment of an event in epoch seconds; it is one in UTC."""
    assert isinstance(moment, datetime)
    assert moment.utcoffset() == timedelta(0)
    return int(moment.timestamp())


def midnight_of(schedule: Schedule, day: date) -> int:
    """Return the instant of a midnight, by zoneinfo; none of the zones skips one."""
    zone = ZoneInfo(schedule.timezone)
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


@settings(max_examples=EXAMPLES // 8)
@given(schedule=schedules_strategy(), day=_DAYS)
def test_a_month_has_the_days_of_the_oracle(schedule: Schedule, day: date) -> None:
    """Each date once, with the rule that the oracle lets win."""
    oracle = Oracle(schedule)
    days = calendar_month(table_of(schedule), day.year, day.month)
    assert [found.day for found in days] == [
        day.replace(day=1) + timedelta(days=n) for n in range(len(days))
    ]
    assert (days[-1].day + timedelta(days=1)).day == 1
    for found in days:
        rule, title, _ = oracle.day_rules(found.day)[0]
        assert (found.rule, found.title) == (rule, title)
