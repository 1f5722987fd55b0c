"""Saved expectations, judged on the table (semantics.md rule 27)."""

import pytest

from routing_engine.expectations import failing_expectations, made_failing
from schedules.model import Schedule
from tests.engine import CLOSED, OFFICE_DAY, OPEN, instant, schedule_of, table_of

NOW = instant("2026-06-01T12:00")


def failing(schedule: Schedule, at: int = NOW) -> list[tuple[int, str, str]]:
    """Return position, decided status and rule of each expectation that fails."""
    found = failing_expectations(schedule, table_of(schedule), at)
    return [(one.position, one.status, one.rule) for one in found]


def test_only_the_failing_one_is_told_with_the_rule_that_decides_it() -> None:
    """Of two expectations the one that does not hold is named, and who is to blame."""
    schedule = schedule_of(
        OFFICE_DAY,
        holidays={"eerste_kerstdag": {}},
        expect=[
            {"at": "2026-12-24T10:00", "status": "open"},
            {"at": "2026-12-25T10:00", "status": "open"},
        ],
    )
    assert failing(schedule) == [(1, "closed", "holidays/eerste_kerstdag")]


@pytest.mark.parametrize(
    ("time", "is_failing"),
    [("08:59", False), ("09:00", True), ("16:59", True), ("17:00", False)],
    ids=["minute-before", "first-minute", "last-minute", "minute-after"],
)
def test_an_expectation_is_judged_to_the_minute(time: str, *, is_failing: bool) -> None:
    """Closed is expected; the office is open from 9 to 17."""
    schedule = schedule_of(OFFICE_DAY, expect=[{"at": f"2026-06-02T{time}", "status": "closed"}])
    assert bool(failing(schedule)) is is_failing


@pytest.mark.parametrize(
    ("now", "is_failing"),
    [("2026-06-02T09:59", True), ("2026-06-02T10:00", True), ("2026-06-02T10:01", False)],
    ids=["ahead", "now", "past"],
)
def test_past_expectations_are_not_judged(now: str, *, is_failing: bool) -> None:
    """What was expected of a moment gone by can't be made to fail any more."""
    schedule = schedule_of(OPEN, expect=[{"at": "2026-06-02T10:00", "status": "closed"}])
    assert bool(failing(schedule, instant(now))) is is_failing


def test_overrides_are_left_aside() -> None:
    """An override in force at the expected moment changes nothing (rules 7 and 27)."""
    override = {
        "from": "2026-06-02T08:00+02:00",
        "until": "2026-06-02T12:00+02:00",
        "slot": "open",
        "reason": "Storing",
    }
    schedule = schedule_of(
        CLOSED,
        overrides={"storing": override},
        expect=[{"at": "2026-06-02T10:00", "status": "closed"}],
    )
    assert failing(schedule) == []


NIGHT = ("00:00-02:30 closed", "02:30-24:00 open")


@pytest.mark.parametrize(
    ("time", "status", "is_failing"),
    [("02:29", "closed", False), ("02:30", "open", False), ("02:30", "closed", True)],
)
def test_a_time_that_occurs_twice_is_judged_on_the_wall_clock(
    time: str, status: str, *, is_failing: bool
) -> None:
    """25 October 2026 has its hour from 2 to 3 twice, and both show the same wall clock."""
    expected = [{"at": f"2026-10-25T{time}", "status": status}]
    assert bool(failing(schedule_of(NIGHT, expect=expected))) is is_failing


def test_of_a_time_that_occurs_twice_the_second_is_judged_when_the_first_is_past() -> None:
    """Between the two instants only the later one still counts."""
    schedule = schedule_of(OPEN, expect=[{"at": "2026-10-25T02:30", "status": "closed"}])
    between = instant("2026-10-25T00:45+00:00")
    (found,) = failing_expectations(schedule, table_of(schedule), between)
    assert found.at == instant("2026-10-25T01:30+00:00")


def test_an_offset_names_one_instant() -> None:
    """10:00 at +00:00 in June is noon in Amsterdam."""
    day = ("00:00-12:00 closed", "12:00-24:00 open")
    expected = [{"at": "2026-06-02T10:00+00:00", "status": "open"}]
    assert failing(schedule_of(day, expect=expected)) == []


def test_far_beyond_the_horizon_the_same_rules_judge() -> None:
    """Koningsdag of 2031 is on Saturday 26 April (rules 12 and 18)."""
    schedule = schedule_of(
        OPEN,
        holidays={"koningsdag": {}},
        expect=[
            {"at": "2031-04-26T10:00", "status": "open"},
            {"at": "2031-04-27T10:00", "status": "open"},
        ],
    )
    assert failing(schedule) == [(0, "closed", "holidays/koningsdag")]


def test_an_old_failure_is_not_the_doing_of_a_save() -> None:
    """Only what held before and fails now was made to fail."""
    old = {"at": "2026-06-02T10:00", "status": "closed"}
    new = {"at": "2026-06-03T10:00", "status": "closed"}
    before = schedule_of(CLOSED, tue=OPEN, expect=[old, new])
    after = schedule_of(OPEN, expect=[old, new])
    judged = [failing_expectations(one, table_of(one), NOW) for one in (before, after)]
    assert [one.position for one in made_failing(*judged)] == [1]
