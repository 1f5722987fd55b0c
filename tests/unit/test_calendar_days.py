"""Months and opening hours read off the table, worked out by hand."""

from datetime import date

import pytest

from routing_engine.calendar_days import (
    CalendarDay,
    OpenSpan,
    calendar_month,
    open_spans,
    spans_around,
)
from routing_engine.table import IntervalTable
from schedules.slot_text import format_minute
from tests.engine import CLOSED, OFFICE_DAY, OPEN, day_of, instant, schedule_of, table_of

SHUT = {"slots": ["00:00-24:00 closed"]}
EVENING = ("00:00-01:00 open", "01:00-20:00 closed", "20:00-24:00 open")
LATE = ("00:00-02:00 open", "02:00-24:00 closed")


def month_of(table: IntervalTable, year: int, month: int) -> dict[int, CalendarDay]:
    """Return a month's days by their number."""
    return {day.day.day: day for day in calendar_month(table, year, month)}


def hours_of(day: CalendarDay) -> list[str]:
    """Write a day's open hours as they are on its clock."""
    return [f"{format_minute(hours.start)}-{format_minute(hours.end)}" for hours in day.hours]


def office() -> IntervalTable:
    """Compile an office that works Monday to Friday, with holidays and an exception."""
    return table_of(
        schedule_of(
            OFFICE_DAY,
            sat=CLOSED,
            sun=CLOSED,
            holidays={
                "koningsdag": SHUT,
                "eerste_kerstdag": SHUT,
                "tweede_kerstdag": {**SHUT, "active": False},
            },
            exceptions={
                "koopavond": {
                    "name": "Koopavond",
                    "dates": ["2026-12-17..2026-12-18"],
                    "slots": ["00:00-09:00 closed", "09:00-21:00 open", "21:00-24:00 closed"],
                }
            },
        ),
        first="2026-11-20",
    )


def test_december_2026_with_christmas() -> None:
    """The 1st is a Tuesday; Christmas Day, a Friday, is on and Boxing Day, a Saturday, is off."""
    december = month_of(office(), 2026, 12)
    assert list(december) == list(range(1, 32))
    assert december[1].day == date(2026, 12, 1)
    assert (december[1].rule, december[1].title) == ("week/tue", "Dinsdag")
    assert hours_of(december[1]) == ["09:00-17:00"]
    assert {number: day.marks for number, day in december.items() if day.marks} == {
        17: ("exception",),
        18: ("exception",),
        25: ("holiday",),
        26: ("other-holiday",),
    }
    assert hours_of(december[17]) == ["09:00-21:00"]
    assert december[18].rule == "exceptions/koopavond"
    assert (december[25].rule, hours_of(december[25])) == ("holidays/eerste_kerstdag", [])
    assert (december[26].rule, december[26].holidays) == ("week/sat", ("tweede_kerstdag",))


def test_april_2027_with_koningsdag() -> None:
    """Koningsdag 2027 is Tuesday the 27th; no other Dutch holiday falls in that April."""
    april = month_of(office(), 2027, 4)
    assert {number: day.marks for number, day in april.items() if day.marks} == {27: ("holiday",)}
    assert hours_of(april[27]) == []
    assert hours_of(april[28]) == ["09:00-17:00"]


def test_march_2027_when_clocks_go_forward() -> None:
    """Sunday the 28th, Easter Sunday, has 23 hours: open all day is open from 00:00 to 24:00."""
    march = month_of(table_of(schedule_of(OPEN)), 2027, 3)
    assert [number for number, day in march.items() if "clock-change" in day.marks] == [28]
    sunday = march[28]
    assert (sunday.skipped, sunday.holidays) == (60, ("eerste_paasdag",))
    assert hours_of(sunday) == ["00:00-24:00"]
    (hours,) = sunday.hours
    assert hours.until_at - hours.from_at == 23 * 3600


def test_a_doubled_hour_is_told_by_its_instants() -> None:
    """On 25 October 2026 02:00 to 02:30 occurs twice, and is open both times."""
    plan = ("00:00-02:00 closed", "02:00-02:30 open", "02:30-24:00 closed")
    day = month_of(table_of(schedule_of(plan)), 2026, 10)[25]
    assert (day.skipped, day.marks) == (-60, ("clock-change",))
    assert [(hours.from_at, hours.until_at) for hours in day.hours] == [
        (instant("2026-10-25T00:00Z"), instant("2026-10-25T00:30Z")),
        (instant("2026-10-25T01:00Z"), instant("2026-10-25T01:30Z")),
    ]
    assert hours_of(day) == ["02:00-02:30", "02:00-02:30"]


def test_an_end_at_the_change_of_clocks_is_told_by_the_clock_before_it() -> None:
    """Open up to 03:00 summer time, when the clocks go back to 02:00."""
    plan = ("00:00-02:00 closed", "02:00-02:30 closed", "02:30-03:00 open", "03:00-24:00 closed")
    day = month_of(table_of(schedule_of(plan)), 2026, 10)[25]
    assert hours_of(day) == ["02:30-03:00", "02:30-03:00"]


def test_overrides_count_in_the_hours_and_are_named() -> None:
    """Shut from 10:00 to 12:00 by an override; the day's rule stays its own."""
    override = {
        "from": "2026-12-01T10:00+01:00",
        "until": "2026-12-01T12:00+01:00",
        "slot": "closed",
        "reason": "Stroomstoring",
    }
    table = table_of(schedule_of(OFFICE_DAY, overrides={"stroom": override}))
    december = month_of(table, 2026, 12)
    assert hours_of(december[1]) == ["09:00-10:00", "12:00-17:00"]
    assert december[1].rule == "week/tue"
    assert december[1].overrides == (("overrides/stroom", "Stroomstoring"),)
    assert [number for number, day in december.items() if "override" in day.marks] == [1]


@pytest.mark.parametrize(
    ("from_at", "until_at", "touched"),
    [
        ("2026-12-01T22:00+01:00", "2026-12-02T00:00+01:00", [1]),
        ("2026-12-01T22:00+01:00", "2026-12-02T00:01+01:00", [1, 2]),
        ("2026-12-02T00:00+01:00", "2026-12-02T00:01+01:00", [2]),
    ],
    ids=["up-to-midnight", "a-minute-past", "from-midnight"],
)
def test_an_override_marks_the_days_it_touches(
    from_at: str, until_at: str, touched: list[int]
) -> None:
    """Half-open: one that ends at midnight does not touch the next day."""
    override = {"from": from_at, "until": until_at, "slot": "open", "reason": "Markt"}
    december = month_of(table_of(schedule_of(CLOSED, overrides={"markt": override})), 2026, 12)
    assert [number for number, day in december.items() if day.overrides] == touched


def test_hours_past_midnight_are_one_span_and_two_days_hours() -> None:
    """Open Saturday 20:00 to Sunday 02:00 in summer, across neither change."""
    table = table_of(schedule_of(CLOSED, sat=("00:00-20:00 closed", "20:00-24:00 open"), sun=LATE))
    start, end = instant("2026-07-03T00:00"), instant("2026-07-07T00:00")
    assert list(open_spans(table, start, end)) == [
        OpenSpan(
            instant("2026-07-04T20:00"),
            instant("2026-07-05T02:00"),
            (("week/sat", "Zaterdag"), ("week/sun", "Zondag")),
        )
    ]
    july = month_of(table, 2026, 7)
    assert (hours_of(july[4]), hours_of(july[5])) == (["20:00-24:00"], ["00:00-02:00"])


def test_a_span_over_the_autumn_change_lasts_an_hour_longer() -> None:
    """From 20:00 summer time to 02:30 the second time: on the clock 6.5 hours, in truth 7.5."""
    table = table_of(
        schedule_of(
            CLOSED,
            sat=("00:00-20:00 closed", "20:00-24:00 open"),
            sun=("00:00-03:00 open", "03:00-24:00 closed"),
        )
    )
    spans = open_spans(table, instant("2026-10-24T00:00"), instant("2026-10-26T00:00"))
    assert [(span.from_at, span.until_at) for span in spans] == [
        (instant("2026-10-24T18:00Z"), instant("2026-10-25T02:00Z"))
    ]


def test_spans_are_cut_off_at_both_ends() -> None:
    """Always open: what is asked for, no more."""
    table = table_of(schedule_of(OPEN))
    assert [span[:2] for span in open_spans(table, 1_800_000_000, 1_800_600_000)] == [
        (1_800_000_000, 1_800_600_000)
    ]
    assert list(open_spans(table, 1_800_000_000, 1_800_000_000)) == []


def test_spans_around_days_keep_those_over_an_edge_whole() -> None:
    """Thursday 3 December: from Wednesday evening to Friday 01:00; none that only touches it."""
    table = table_of(schedule_of(EVENING))
    day = day_of("2026-12-03")
    assert [span[:2] for span in spans_around(table, day, 1)] == [
        (instant("2026-12-02T20:00"), instant("2026-12-03T01:00")),
        (instant("2026-12-03T20:00"), instant("2026-12-04T01:00")),
    ]
    to_midnight = table_of(schedule_of(("00:00-20:00 closed", "20:00-24:00 open")))
    assert [span[:2] for span in spans_around(to_midnight, day, 1)] == [
        (instant("2026-12-03T20:00"), instant("2026-12-04T00:00"))
    ]
