"""The rules of semantics.md on holidays, by number."""

from datetime import date, timedelta

import pytest

from routing_engine.decision import Outcome
from routing_engine.explain import explain_decision
from schedules.holidays_nl import HOLIDAY_IDS
from tests.engine import (
    OPEN,
    instant,
    schedule_of,
    table_of,
)
from tests.ruled import decided


def test_rule_10_the_eleven_holidays_are_found_on_their_dates() -> None:
    """All of 2026, in the order of the year."""
    schedule = schedule_of(OPEN, holidays={holiday: {} for holiday in HOLIDAY_IDS})
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    rules = {str(day): decided(schedule, f"{day}T12:00").rule for day in days}
    assert {day: rule for day, rule in rules.items() if not rule.startswith("week/")} == {
        "2026-01-01": "holidays/nieuwjaarsdag",
        "2026-04-03": "holidays/goede_vrijdag",
        "2026-04-05": "holidays/eerste_paasdag",
        "2026-04-06": "holidays/tweede_paasdag",
        "2026-04-27": "holidays/koningsdag",
        "2026-05-05": "holidays/bevrijdingsdag",
        "2026-05-14": "holidays/hemelvaartsdag",
        "2026-05-24": "holidays/eerste_pinksterdag",
        "2026-05-25": "holidays/tweede_pinksterdag",
        "2026-12-25": "holidays/eerste_kerstdag",
        "2026-12-26": "holidays/tweede_kerstdag",
    }


@pytest.mark.parametrize(
    ("holidays", "year", "rule"),
    [
        pytest.param({}, 2026, "week/tue", id="off-until-switched-on"),
        pytest.param({"bevrijdingsdag": {"active": False}}, 2026, "week/tue", id="switched-off"),
        pytest.param({"bevrijdingsdag": {}}, 2026, "holidays/bevrijdingsdag", id="every-year"),
        pytest.param({"bevrijdingsdag": {"every": "lustrum"}}, 2026, "week/tue", id="no-lustrum"),
        pytest.param(
            {"bevrijdingsdag": {"every": "lustrum"}}, 2025, "holidays/bevrijdingsdag", id="2025"
        ),
        pytest.param(
            {"bevrijdingsdag": {"every": "lustrum"}}, 2030, "holidays/bevrijdingsdag", id="2030"
        ),
    ],
)
def test_rule_11_a_holiday_is_off_until_switched_on(
    holidays: dict[str, object], year: int, rule: str
) -> None:
    """On means every year, but for a bevrijdingsdag of the lustrum years."""
    assert decided(schedule_of(holidays=holidays), f"{year}-05-05T12:00").rule == rule


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("2025-04-26", "holidays/koningsdag"),
        ("2025-04-27", "week/sun"),
        ("2026-04-26", "week/sun"),
        ("2026-04-27", "holidays/koningsdag"),
        ("2031-04-26", "holidays/koningsdag"),
        ("2031-04-27", "week/sun"),
        ("2036-04-26", "holidays/koningsdag"),
        ("2042-04-26", "holidays/koningsdag"),
        ("2042-04-27", "week/sun"),
    ],
)
def test_rule_12_koningsdag_moves_from_sunday_to_saturday(day: str, rule: str) -> None:
    """The nominal 27th is then an ordinary Sunday."""
    assert decided(schedule_of(holidays={"koningsdag": {}}), f"{day}T12:00").rule == rule


def test_rule_13_of_two_holidays_on_a_date_the_first_in_rank_wins() -> None:
    """On 5 May 2016 bevrijdingsdag beats hemelvaartsdag, in whatever order they were set up."""
    table = table_of(schedule_of(holidays={"hemelvaartsdag": {}, "bevrijdingsdag": {}}))
    considered = explain_decision(table, instant("2016-05-05T12:00"))
    assert [(one.rule, one.wins, one.why) for one in considered] == [
        (
            "holidays/bevrijdingsdag",
            True,
            "holiday bevrijdingsdag; ranks before holiday hemelvaartsdag on the same date",
        ),
        (
            "holidays/hemelvaartsdag",
            False,
            (
                "holiday hemelvaartsdag; "
                "beaten by holiday bevrijdingsdag, which ranks before it on the same date"
            ),
        ),
        ("week/thu", False, "weekly hours of Thursday; beaten by holiday bevrijdingsdag"),
    ]


def test_rule_13_a_holiday_that_is_off_leaves_the_date_to_the_next() -> None:
    """2016 is no lustrum, so hemelvaartsdag has the date; the explanation names both."""
    holidays = {"bevrijdingsdag": {"every": "lustrum"}, "hemelvaartsdag": {}}
    table = table_of(schedule_of(holidays=holidays))
    considered = explain_decision(table, instant("2016-05-05T12:00"))
    assert [(one.rule, one.wins) for one in considered] == [
        ("holidays/hemelvaartsdag", True),
        ("week/thu", False),
        ("holidays/bevrijdingsdag", False),
    ]


def test_rule_14_a_holiday_without_slots_is_closed_all_day() -> None:
    """Its one slot runs from 00:00 to 24:00."""
    decision = decided(schedule_of(OPEN, holidays={"koningsdag": {}}), "2026-04-27T00:00")
    assert decision.outcome == Outcome("closed", "hangup")
    assert decision.slot == (0, 1440)
    assert decision.valid_until == instant("2026-04-28T00:00")
