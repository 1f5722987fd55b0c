"""A zone's offset table, second by second round its clock changes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_engine.zones import FOREVER, zone_offsets
from tests.engine import day_of, instant

HOUR = 3_600


@pytest.mark.parametrize(
    ("moment", "offset", "until"),
    [
        ("2026-03-29T00:59:59Z", 1 * HOUR, "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", 2 * HOUR, "2026-10-25T01:00:00Z"),
        ("2026-10-25T00:59:59Z", 2 * HOUR, "2026-10-25T01:00:00Z"),
        ("2026-10-25T01:00:00Z", 1 * HOUR, "2027-03-28T01:00:00Z"),
        ("2000-01-01T00:00:00Z", 1 * HOUR, "2000-03-26T01:00:00Z"),
        ("2100-12-31T23:59:59Z", 1 * HOUR, "2101-03-27T01:00:00Z"),
    ],
)
def test_amsterdams_offset_changes_at_one_oclock_utc(moment: str, offset: int, until: str) -> None:
    """The last Sundays of March and October, to the second, from 2000 to 2100 and on."""
    assert zone_offsets("Europe/Amsterdam").offset_at(instant(moment)) == (offset, instant(until))


@pytest.mark.parametrize(
    ("zone", "moment", "offset"),
    [
        ("UTC", "2026-07-01T00:00Z", 0),
        ("Asia/Kolkata", "2026-07-01T00:00Z", 19_800),
        ("Australia/Lord_Howe", "2026-07-01T00:00Z", 37_800),
        ("Australia/Lord_Howe", "2026-12-01T00:00Z", 39_600),
        ("America/New_York", "2026-03-08T06:59:59Z", -5 * HOUR),
        ("America/New_York", "2026-03-08T07:00:00Z", -4 * HOUR),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", -10 * HOUR),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", 14 * HOUR),
    ],
)
def test_any_zone_has_its_offsets(zone: str, moment: str, offset: int) -> None:
    """Half hours, half-hour changes and a whole day skipped are found too."""
    assert zone_offsets(zone).offset_at(instant(moment))[0] == offset


def test_a_zone_without_changes_has_one_offset_for_ever() -> None:
    """UTC never changes."""
    assert zone_offsets("UTC").offset_at(0) == (0, FOREVER)


def test_years_far_away_keep_the_nearest_offset() -> None:
    """Long before 2000 and long after 2100 the clock stands still at winter time."""
    zone = zone_offsets("Europe/Amsterdam")
    assert zone.offset_at(-(10**12)) == (HOUR, instant("2000-03-26T01:00Z"))
    assert zone.offset_at(10**12) == (HOUR, FOREVER)


@given(
    zone=st.sampled_from(
        ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
    ),
    at=st.integers(instant("2000-01-01T00:00Z"), instant("2100-12-31T23:59Z")),
)
def test_the_offset_is_the_calendar_librarys(zone: str, at: int) -> None:
    """At any second of 2000 to 2100, and at the last second before the offset ends."""
    offset, until = zone_offsets(zone).offset_at(at)
    assert until > at
    for moment in (at, min(until, instant("2101-01-01T00:00Z")) - 1):
        expected = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)).utcoffset()
        assert expected is not None
        assert offset == expected.total_seconds()


def test_a_zones_table_is_made_once() -> None:
    """All schedules of a zone share it."""
    assert zone_offsets("Europe/Amsterdam") is zone_offsets("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Europe/Amsterdam", "2026-03-29", "2026-03-28T23:00Z"),
        ("Europe/Amsterdam", "2026-03-30", "2026-03-29T22:00Z"),
        ("Europe/Amsterdam", "2026-10-25", "2026-10-24T22:00Z"),
        ("Europe/Amsterdam", "2026-10-26", "2026-10-25T23:00Z"),
        ("UTC", "2026-10-26", "2026-10-26T00:00Z"),
        ("America/Santiago", "2026-04-05", "2026-04-05T04:00Z"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00Z"),
    ],
)
def test_a_day_starts_at_midnight_or_where_the_clocks_skip_it(
    zone: str, day: str, start: str
) -> None:
    """In Chile clocks change at midnight: 23:00 occurs twice in April, 00:00 never in September."""
    assert zone_offsets(zone).day_start(day_of(day)) == instant(start)


@given(
    st.sampled_from(("Europe/Amsterdam", "America/New_York", "Asia/Kolkata")),
    st.dates(date(2001, 1, 1), date(2099, 12, 31)),
)
def test_a_day_starts_where_zoneinfo_has_midnight(zone: str, day: date) -> None:
    """In zones that never change their clocks at midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert zone_offsets(zone).day_start(day_of(str(day))) == int(midnight.timestamp())


def changes_by_day(zone: str) -> list[tuple[int, int]]:
    """Return `(day, offset)` for each noon of 2000 to 2100 at which the offset is another."""
    info = ZoneInfo(zone)
    found: list[tuple[int, int]] = []
    for day in range(day_of("2000-01-01"), day_of("2101-01-01")):
        offset = datetime.fromtimestamp(day * 86_400 + 43_200, info).utcoffset()
        assert offset is not None
        seconds = int(offset.total_seconds())
        if not found or found[-1][1] != seconds:
            found.append((day, seconds))
    return found


def changes_of_table(zone: str) -> list[tuple[int, int]]:
    """Return the same, as the table has it."""
    table = zone_offsets(zone)
    found: list[tuple[int, int]] = []
    for day in range(day_of("2000-01-01"), day_of("2101-01-01")):
        offset, _ = table.offset_at(day * 86_400 + 43_200)
        if not found or found[-1][1] != offset:
            found.append((day, offset))
    return found


@pytest.mark.parametrize(
    "zone", ["America/Noronha", "Asia/Gaza", "Africa/Casablanca", "Australia/Lord_Howe"]
)
def test_changes_that_follow_each_other_soon_are_found(zone: str) -> None:
    """Brazil changed its clocks back after a week in 2000; Ramadan interrupts summer time."""
    assert changes_of_table(zone) == changes_by_day(zone)


@pytest.mark.slow
@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_no_change_of_any_zone_is_missed(zone: str) -> None:
    """Every zone's table has each change that a look at every day finds."""
    assert changes_of_table(zone) == changes_by_day(zone)
