"""Which rule supplies a date, and which it beats."""

from datetime import date, timedelta

import pytest

from routing_engine.day_plan import (
    DayRules,
    RecurringRules,
    candidates,
    holiday_days,
    pack_spans,
    plan_day,
    weekday_of,
)
from tests.engine import day_of

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "koningsdag", "5 mei", "hemelvaart", "x")


def rules_of(*, lustrum: bool = False) -> DayRules:
    """Make rules with three holidays, set up against rank order, and one exception on two days."""
    holidays = {
        "hemelvaartsdag": (9, False),
        "koningsdag": (7, False),
        "bevrijdingsdag": (8, lustrum),
    }
    return DayRules(
        RecurringRules(NAMES[:10], NAMES[:10], holidays),
        (("x", "X"),),
        pack_spans((day_of(day), day_of(day), 10) for day in ("2026-06-01", "2026-04-27")),
    )


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-06-02", ["tue"], id="an-ordinary-day"),
        pytest.param("2026-06-01", ["x", "mon"], id="exception"),
        pytest.param("2027-04-27", ["koningsdag", "tue"], id="holiday"),
        pytest.param("2026-04-27", ["x", "koningsdag", "mon"], id="exception-on-a-holiday"),
        pytest.param("2016-05-05", ["5 mei", "hemelvaart", "thu"], id="two-holidays"),
        pytest.param("2026-12-25", ["fri"], id="a-holiday-that-is-off"),
        pytest.param("2025-04-27", ["sun"], id="the-nominal-day-of-a-moved-holiday"),
    ],
)
def test_candidates_stand_in_order_of_precedence(day: str, expected: list[str]) -> None:
    """Exception, then holidays by rank, then the weekday; the first of them plans the day."""
    found = [NAMES[index] for index in candidates(rules_of(), day_of(day))]
    assert found == expected
    assert NAMES[plan_day(rules_of(), day_of(day))] == expected[0]


@pytest.mark.parametrize(
    ("year", "expected"), [(2026, "tue"), (2030, "5 mei"), (2016, "hemelvaart")]
)
def test_a_lustrum_holiday_holds_in_years_divisible_by_five(year: int, expected: str) -> None:
    """In other years the date goes to the next rule."""
    assert NAMES[plan_day(rules_of(lustrum=True), day_of(f"{year}-05-05"))] == expected


@pytest.mark.parametrize(
    "day", [10**9, -(10**9), day_of("9999-12-31"), day_of("0001-01-01")], ids=str
)
def test_a_day_off_the_calendar_is_planned_by_its_weekday(day: int) -> None:
    """However wrong a clock is, some rule supplies the day (architecture.md: total)."""
    assert plan_day(rules_of(), day) == (day + 3) % 7


def test_holiday_days_are_those_between_two_days_both_included() -> None:
    """From first to second Christmas day are two; a year's end may lie between."""
    first, last = day_of("2026-12-25"), day_of("2026-12-26")
    assert list(holiday_days(first, last)) == [first, last]
    assert list(holiday_days(first + 1, last - 1)) == []
    assert sorted(holiday_days(last, day_of("2027-01-01"))) == [last, day_of("2027-01-01")]


def test_weekday_of_agrees_with_the_calendar() -> None:
    """Monday is 0, before 1970 as well as after."""
    for n in range(-400, 400):
        assert weekday_of(n) == (date(1970, 1, 1) + timedelta(days=n)).weekday()
