"""Dates, ranges and moments as text."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.date_text import (
    DateRange,
    date_of,
    day_at,
    epoch_day,
    format_moment,
    instants_of,
    parse_date,
    parse_date_range,
    parse_moment,
    parse_zone,
)
from schedules.errors import FaultyValueError

DATES = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(first=DATES, length=st.integers(0, 400))
def test_ranges_round_trip(first: date, length: int) -> None:
    """What is written reads back as the same days."""
    last = min(first + timedelta(days=length), date(2100, 12, 31))
    days = DateRange(first, last)
    assert parse_date_range(str(days)) == days
    assert list(days)[-1] == last
    assert len(list(days)) == len(days) == (last - first).days + 1


def test_blanks_around_the_dots_are_fine() -> None:
    """People write a range with room around its dots."""
    assert str(parse_date_range(" 2026-12-24 .. 2026-12-27 ")) == "2026-12-24..2026-12-27"


@pytest.mark.parametrize(
    "text",
    [
        *("", "..", "2026-12-24..", "..2026-12-24", "2026-12-24...2026-12-27", "2026-1-1"),
        *("20261224", "24-12-2026", "2027-02-29", "2026-13-01", "2026-00-10", "0000-01-01"),
        *("1999-12-31", "2101-01-01", "2026-12-27..2026-12-24", "2026-12-24T10:00", "2026-W52"),
        "\u0662\u0660\u0662\u0666-12-24",
    ],
    ids=ascii,
)
def test_other_dates_are_refused(text: str) -> None:
    """Nothing is guessed at: one form of date, in the years 2000 to 2100."""
    with pytest.raises(FaultyValueError):
        parse_date_range(text)


@given(DATES)
def test_days_are_counted_from_1970(day: date) -> None:
    """Tables count days; each count is one date."""
    assert date_of(epoch_day(day)) == day
    assert datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() == epoch_day(day) * 86_400


def test_dates_are_those_of_the_calendar() -> None:
    """A leap day is a date in leap years."""
    assert parse_date("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "moment", "written"),
    [
        pytest.param(
            "2026-12-25T10:00",
            datetime.fromisoformat("2026-12-25 10:00:00"),
            "2026-12-25T10:00",
            id="local",
        ),
        pytest.param(
            "2026-12-25 10:00",
            datetime.fromisoformat("2026-12-25 10:00:00"),
            "2026-12-25T10:00",
            id="with-a-blank",
        ),
        pytest.param(
            "2026-12-25T10:00:30",
            datetime.fromisoformat("2026-12-25 10:00:30"),
            "2026-12-25T10:00:30",
            id="s",
        ),
        pytest.param(
            "2026-12-25T10:00Z",
            datetime(2026, 12, 25, 10, tzinfo=UTC),
            "2026-12-25T10:00+00:00",
            id="utc",
        ),
        pytest.param(
            "2026-12-25T10:00+05:30",
            datetime(2026, 12, 25, 4, 30, tzinfo=UTC),
            "2026-12-25T10:00+05:30",
            id="offset",
        ),
    ],
)
def test_moments(text: str, moment: datetime, written: str) -> None:
    """With an offset a moment is an instant, without one a local time."""
    assert parse_moment(text) == moment
    assert format_moment(parse_moment(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "nu", "2026-12-25", "10:00", "2026-12-25T1000", "2026-12-25T24:00", "2026-12-25T10"),
        *("2026-12-25T10:60", "2026-02-30T10:00", "1999-12-31T10:00", "2101-01-01T00:00"),
        *("2026-12-25T10:00+24:00", "2026-12-25T10:00+1:00", "2026-12-25T10:00:00.5", "1767225600"),
    ],
    ids=ascii,
)
def test_other_moments_are_refused(text: str) -> None:
    """Nothing is guessed at: no bare dates, fractions or counts of seconds."""
    with pytest.raises(FaultyValueError):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Amsterdam", "europe/amsterdam", "CET-1", "Europe", "Factory", "/etc/passwd"),
        *("../UTC", "Europe/../UTC", "Europe/Amsterdam\x00", "E" * 5_000, "Europe/Amsterdam "),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_other_zones_are_refused(text: str) -> None:
    """Only the names of the IANA database are zones, and never a path."""
    with pytest.raises(FaultyValueError):
        parse_zone(text)


@pytest.mark.parametrize(
    ("local", "zone", "instants"),
    [
        pytest.param("2026-12-25T10:00", "Europe/Amsterdam", ["2026-12-25T09:00Z"], id="once"),
        pytest.param("2027-03-28T02:30", "Europe/Amsterdam", [], id="never"),
        pytest.param("2027-03-28T03:00", "Europe/Amsterdam", ["2027-03-28T01:00Z"], id="after"),
        pytest.param(
            "2026-10-25T02:30",
            "Europe/Amsterdam",
            ["2026-10-25T00:30Z", "2026-10-25T01:30Z"],
            id="twice",
        ),
        pytest.param(
            "2027-04-04T01:45",
            "Australia/Lord_Howe",
            ["2027-04-03T14:45Z", "2027-04-03T15:15Z"],
            id="twice-by-half-an-hour",
        ),
    ],
)
def test_a_local_time_has_none_one_or_two_instants(
    local: str, zone: str, instants: list[str]
) -> None:
    """Clock changes skip local times or repeat them (rule 5)."""
    expected = tuple(int(datetime.fromisoformat(text).timestamp()) for text in instants)
    assert instants_of(parse_moment(local), ZoneInfo(zone)) == expected


def test_an_instant_has_a_date_in_each_zone() -> None:
    """At 23:30 in London on New Year's Eve it is the new year in Amsterdam."""
    at = int(datetime(2026, 12, 31, 23, 30, tzinfo=UTC).timestamp())
    assert day_at(at, ZoneInfo("Europe/London")) == date(2026, 12, 31)
    assert day_at(at, ZoneInfo("Europe/Amsterdam")) == date(2027, 1, 1)
