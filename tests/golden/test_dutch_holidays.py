"""The Dutch holidays against a hand-checked table and against the rules themselves."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from dateutil.easter import easter

from schedules.holidays_nl import (
    HOLIDAY_IDS,
    HOLIDAY_NAMES,
    holiday_dates,
    holidays_by_day,
    is_lustrum,
    moved_from,
)

TABLE = Path(__file__).with_name("dutch_holidays.txt")
WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
SUNDAY = 6
FIRST_KONINGSDAG = 2014
RULE_YEARS = range(1990, 2111)
DAYS_AFTER_EASTER = {
    "goede_vrijdag": -2,
    "eerste_paasdag": 0,
    "tweede_paasdag": 1,
    "hemelvaartsdag": 39,
    "eerste_pinksterdag": 49,
    "tweede_pinksterdag": 50,
}
FIXED = {
    "nieuwjaarsdag": (1, 1),
    "bevrijdingsdag": (5, 5),
    "eerste_kerstdag": (12, 25),
    "tweede_kerstdag": (12, 26),
}


def read_table() -> list[tuple[date, str, str]]:
    """Read the table's rows: date, weekday, holiday id."""
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            day, weekday, holiday_id = line.split()
            rows.append((date.fromisoformat(day), weekday, holiday_id))
    return rows


ROWS = read_table()
TABLE_YEARS = sorted({day.year for day, _, _ in ROWS})


def gauss_easter(year: int) -> date:
    """Compute Easter Sunday by Gauss's rule with its two exceptions (independent of dateutil)."""
    century = year // 100
    p = (13 + 8 * century) // 25
    m = (15 - p + century - century // 4) % 30
    n = (4 + century - century // 4) % 7
    a = year % 19
    d = (19 * a + m) % 30
    e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + n) % 7
    if (d, e) == (29, 6) or ((d, e) == (28, 6) and a > 10):
        e -= 7
    return date(year, 3, 22) + timedelta(days=d + e)


def epoch_day(day: date) -> int:
    """Count the days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def test_the_table_covers_the_years_it_promises() -> None:
    """The table holds 2024-2033 and the odd years, 11 holidays each, 10 before koningsdag."""
    assert sorted({day.year for day, _, _ in ROWS}) == [2008, 2016, *range(2024, 2034), 2036, 2038]
    assert len(ROWS) == 10 + 13 * 11


def test_every_weekday_in_the_table_is_that_days_weekday() -> None:
    """A date and its weekday in the table agree, so a slip of the pen shows."""
    wrong = [row for row in ROWS if WEEKDAYS[row[0].weekday()] != row[1]]
    assert wrong == []


@pytest.mark.parametrize("year", TABLE_YEARS)
def test_dates_are_those_of_the_table(year: int) -> None:
    """Every holiday falls on the table's date, and there is no other."""
    expected = {holiday_id: day for day, _, holiday_id in ROWS if day.year == year}
    assert dict(holiday_dates(year)) == expected


@pytest.mark.parametrize("year", TABLE_YEARS)
def test_days_give_their_holidays_in_rank_order(year: int) -> None:
    """Each epoch day of the table gives its holidays, those of one day in the table's order."""
    expected: dict[int, tuple[str, ...]] = {}
    for day, _, holiday_id in ROWS:
        if day.year == year:
            expected[epoch_day(day)] = (*expected.get(epoch_day(day), ()), holiday_id)
    assert dict(holidays_by_day(year)) == expected


@pytest.mark.parametrize("year", RULE_YEARS)
def test_moveable_feasts_follow_easter(year: int) -> None:
    """The feasts keep their distance to Easter, by dateutil and by Gauss's rule alike."""
    assert easter(year) == gauss_easter(year)
    expected = {id_: easter(year) + timedelta(days=n) for id_, n in DAYS_AFTER_EASTER.items()}
    found = {id_: holiday_dates(year)[id_] for id_ in DAYS_AFTER_EASTER}
    assert found == expected


@pytest.mark.parametrize("year", RULE_YEARS)
def test_fixed_holidays_keep_their_date(year: int) -> None:
    """New Year, 5 May and both Christmas days fall on the same date every year."""
    found = {id_: holiday_dates(year)[id_] for id_ in FIXED}
    assert found == {id_: date(year, *month_day) for id_, month_day in FIXED.items()}


@pytest.mark.parametrize("year", RULE_YEARS)
def test_koningsdag_is_27_april_unless_that_is_a_sunday(year: int) -> None:
    """Koningsdag begins in 2014 and moves from Sunday 27 to Saturday 26 April (rule 12)."""
    nominal = date(year, 4, 27)
    moves = nominal.weekday() == SUNDAY
    expected = nominal - timedelta(days=1) if moves else nominal
    found = holiday_dates(year).get("koningsdag")
    assert found == (expected if year >= FIRST_KONINGSDAG else None)
    assert moved_from("koningsdag", expected) == (
        nominal if moves and year >= FIRST_KONINGSDAG else None
    )


def test_koningsdag_moves_in_the_years_the_rule_names() -> None:
    """Between 2015 and 2042 koningsdag lies on the 26th in 2025, 2031, 2036 and 2042 only."""
    moved = [y for y in range(2015, 2043) if holiday_dates(y)["koningsdag"].day != 27]
    assert moved == [2025, 2031, 2036, 2042]


@pytest.mark.parametrize(
    ("holiday_id", "day", "nominal"),
    [
        pytest.param("koningsdag", date(2025, 4, 26), date(2025, 4, 27), id="moved"),
        pytest.param("koningsdag", date(2025, 4, 27), None, id="the-nominal-day-is-ordinary"),
        pytest.param("koningsdag", date(2026, 4, 27), None, id="not-moved"),
        pytest.param("koningsdag", date(2026, 4, 26), None, id="the-day-before"),
        pytest.param("koningsdag", date(2008, 4, 26), None, id="no-koningsdag-yet"),
        pytest.param("hemelvaartsdag", date(2016, 5, 5), None, id="a-feast-that-never-moves"),
        pytest.param("sinterklaas", date(2025, 4, 26), None, id="not-on-the-list"),
    ],
)
def test_moved_from(holiday_id: str, day: date, nominal: date | None) -> None:
    """Only a koningsdag kept on another day has a nominal date."""
    assert moved_from(holiday_id, day) == nominal


def test_two_holidays_on_5_may_2016() -> None:
    """Ascension fell on 5 May in 2016: both ids, bevrijdingsdag first in rank (rule 13)."""
    day = epoch_day(date(2016, 5, 5))
    assert day == 16926
    assert holidays_by_day(2016)[day] == ("bevrijdingsdag", "hemelvaartsdag")


def test_the_list_has_eleven_holidays_in_rank_order() -> None:
    """Ids and Dutch names are those of rule 10, in its order."""
    assert HOLIDAY_IDS == (
        "nieuwjaarsdag",
        "goede_vrijdag",
        "eerste_paasdag",
        "tweede_paasdag",
        "koningsdag",
        "bevrijdingsdag",
        "hemelvaartsdag",
        "eerste_pinksterdag",
        "tweede_pinksterdag",
        "eerste_kerstdag",
        "tweede_kerstdag",
    )
    assert tuple(HOLIDAY_NAMES) == HOLIDAY_IDS
    assert HOLIDAY_NAMES["goede_vrijdag"] == "Goede Vrijdag"
    assert HOLIDAY_NAMES["tweede_pinksterdag"] == "Tweede pinksterdag"


@pytest.mark.parametrize("year", [-1, 0, 1965, 2201, 9999])
def test_a_year_without_known_holidays_has_none(year: int) -> None:
    """A clock that is centuries off finds no holiday and raises nothing."""
    assert dict(holiday_dates(year)) == {}
    assert dict(holidays_by_day(year)) == {}


@pytest.mark.parametrize("year", [1966, 1970, 2101, 2102, 2200])
def test_the_years_past_the_librarys_own_end_have_holidays(year: int) -> None:
    """The bounds are wider than the years a call can be simulated in, plus the horizon."""
    assert holiday_dates(year)["eerste_paasdag"] == gauss_easter(year)


def test_results_are_shared_and_cannot_be_changed() -> None:
    """A caller gets the same read-only mapping each time."""
    assert holiday_dates(2026) is holiday_dates(2026)
    assert holidays_by_day(2026) is holidays_by_day(2026)
    with pytest.raises(TypeError):
        holiday_dates(2026)["sinterklaas"] = date(2026, 12, 5)  # type: ignore[index]
    with pytest.raises(TypeError):
        holidays_by_day(2026)[0] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2020, True), (2024, False), (2025, True), (2026, False), (2029, False), (2030, True)],
)
def test_lustrum(year: int, expected: bool) -> None:  # noqa: FBT001 -- the table's verdict
    """A lustrum year is divisible by five (rule 11)."""
    assert is_lustrum(year) is expected
