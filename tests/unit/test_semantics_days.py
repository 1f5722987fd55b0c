"""The rules of semantics.md on time and precedence, by number."""

import re
from pathlib import Path
from typing import Final

import pytest

from routing_engine.decision import Outcome
from schedules.model import Schedule
from schedules.slot_text import parse_slot
from tests.engine import (
    CLOSED,
    OFFICE_DAY,
    OPEN,
    instant,
    schedule_of,
)
from tests.ruled import decided, faults_of

NIGHT: Final = ("00:00-02:30 open", "02:30-24:00 closed")
IN_THE_GAP: Final = ("00:00-02:15 closed", "02:15-02:45 open", "02:45-24:00 closed")


def status_at(schedule: Schedule, moment: str) -> str:
    """Say which status holds at a moment."""
    return decided(schedule, moment).outcome.status


@pytest.mark.parametrize(
    ("zone", "moment", "status"),
    [
        pytest.param("Europe/Amsterdam", "2026-01-15T08:00Z", "open", id="winter-nine-there"),
        pytest.param("Europe/Amsterdam", "2026-01-15T07:59Z", "closed", id="winter-just-before"),
        pytest.param("Europe/Amsterdam", "2026-07-15T07:00Z", "open", id="summer-nine-there"),
        pytest.param("Europe/Amsterdam", "2026-07-15T15:00Z", "closed", id="summer-five-there"),
        pytest.param("America/New_York", "2026-01-15T14:00Z", "open", id="another-zone"),
        pytest.param("Asia/Kolkata", "2026-01-15T03:30Z", "open", id="half-an-hour-off"),
        pytest.param("Asia/Kolkata", "2026-01-15T03:29Z", "closed", id="half-an-hour-just-before"),
    ],
)
def test_rule_01_the_wall_clock_of_the_schedules_zone_decides(
    zone: str, moment: str, status: str
) -> None:
    """The call's instant is put on the zone's clock; the hours are never converted."""
    assert status_at(schedule_of(OFFICE_DAY, timezone=zone), moment) == status


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-06-01T08:59:59", "closed"),
        ("2026-06-01T09:00:00", "open"),
        ("2026-06-01T16:59:59", "open"),
        ("2026-06-01T17:00:00", "closed"),
        ("2026-06-01T17:00:01", "closed"),
    ],
)
def test_rule_02_a_slot_holds_up_to_its_end(moment: str, status: str) -> None:
    """A call at 17:00:00 gets the slot that starts at 17:00."""
    assert status_at(schedule_of(OFFICE_DAY), moment) == status


def test_rule_03_midnight_ends_a_day_as_24_00_only() -> None:
    """24:00 is an end and never a start; 00:00 is no end; 23:59 is one."""
    assert parse_slot("23:00-24:00 open") == {"start": 1380, "end": 1440, "status": "open"}
    assert parse_slot("23:00-23:59 open")["end"] == 1439
    for text in ("24:00-24:00 open", "09:00-00:00 open"):
        with pytest.raises(ValueError, match=r"24:00|00:00"):
            parse_slot(text)
    day = ("00:00-23:59 open", "23:59-24:00 closed")
    assert status_at(schedule_of(day), "2026-06-01T23:58:59") == "open"
    assert status_at(schedule_of(day), "2026-06-01T23:59:00") == "closed"


def test_rule_04_gaps_and_overlaps_are_refused_and_named() -> None:
    """Each gap and each overlap of a day is told with its times."""
    faults = faults_of(mon=("01:00-09:00 closed", "08:00-12:00 open", "13:00-24:00 closed"))
    assert len(faults) == 3
    for fault, times in zip(
        faults, (("00:00", "01:00"), ("08:00", "09:00"), ("12:00", "13:00")), strict=True
    ):
        assert all(time in fault for time in times)
        assert "week.mon" in fault


def test_rule_04_slots_may_be_written_in_any_order() -> None:
    """What covers the day without gap or overlap decides, whatever stands first."""
    schedule = schedule_of(tuple(reversed(OFFICE_DAY)))
    for moment, status in (("08:59", "closed"), ("09:00", "open"), ("17:00", "closed")):
        assert status_at(schedule, f"2026-06-01T{moment}") == status


@pytest.mark.parametrize(
    ("day", "moment", "status", "until"),
    [
        pytest.param(
            NIGHT, "2027-03-28T01:59:59+01:00", "open", "2027-03-28T03:00+02:00", id="before-gap"
        ),
        pytest.param(
            NIGHT, "2027-03-28T03:00+02:00", "closed", "2027-03-29T00:00+02:00", id="after-gap"
        ),
        pytest.param(
            IN_THE_GAP,
            "2027-03-28T01:59+01:00",
            "closed",
            "2027-03-29T02:15+02:00",
            id="a-slot-inside-the-gap-is-never-used",
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:29+02:00", "open", "2026-10-25T02:30+02:00", id="first-half-past"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:59+02:00", "closed", "2026-10-25T02:00+01:00", id="clocks-go-back"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:00+01:00", "open", "2026-10-25T02:30+01:00", id="again-two"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:30+01:00", "closed", "2026-10-26T00:00+01:00", id="again-half"
        ),
    ],
)
def test_rule_05_clock_changes_follow_from_the_wall_clock(
    day: tuple[str, ...], moment: str, status: str, until: str
) -> None:
    """In spring a boundary in the gap takes effect at three; in autumn it occurs twice."""
    decision = decided(schedule_of(day), moment)
    assert (decision.outcome.status, decision.valid_until) == (status, instant(until))


@pytest.mark.parametrize(
    ("moment", "rule", "status"),
    [
        ("2026-06-05T23:59", "week/fri", "open"),
        ("2026-06-06T00:00", "week/sat", "open"),
        ("2026-06-06T02:00", "week/sat", "closed"),
        ("2026-06-12T23:59", "week/fri", "open"),
        ("2026-06-13T00:00", "exceptions/dicht", "closed"),
        ("2026-12-25T00:00", "holidays/eerste_kerstdag", "closed"),
    ],
)
def test_rule_06_an_exception_or_holiday_cuts_the_tail_of_the_night(
    moment: str, rule: str, status: str
) -> None:
    """Overnight hours are two slots on two days; what replaces the second day cuts its tail."""
    bar = ("00:00-02:00 open", "02:00-20:00 closed", "20:00-24:00 open")
    schedule = schedule_of(
        bar,
        exceptions={"dicht": {"name": "Dicht", "dates": ["2026-06-13"]}},
        holidays={"eerste_kerstdag": {}},
    )
    decision = decided(schedule, moment)
    assert (decision.rule, decision.outcome.status) == (rule, status)


@pytest.mark.parametrize(
    ("moment", "rule"),
    [
        pytest.param("2026-04-26T23:59:59", "week/sun", id="the-day-before"),
        pytest.param("2026-04-27T00:00", "exceptions/markt", id="exception-over-holiday"),
        pytest.param("2026-04-27T11:59:59", "exceptions/markt", id="until-the-override"),
        pytest.param("2026-04-27T12:00:00", "overrides/storing", id="override-over-all"),
        pytest.param("2026-04-28T11:59:59", "overrides/storing", id="override-over-midnight"),
        pytest.param("2026-04-28T12:00:00", "week/tue", id="override-ends"),
        pytest.param("2027-04-27T12:00", "holidays/koningsdag", id="holiday-over-weekly"),
        pytest.param("2027-04-28T00:00", "week/wed", id="the-day-after"),
    ],
)
def test_rule_07_override_then_exception_then_holiday_then_week(moment: str, rule: str) -> None:
    """The winner supplies the whole date; an override holds from its first minute to its last."""
    schedule = schedule_of(
        exceptions={"markt": {"name": "Markt", "dates": ["2026-04-27"]}},
        holidays={"koningsdag": {}},
        overrides={
            "storing": {
                "from": "2026-04-27T12:00+02:00",
                "until": "2026-04-28T12:00+02:00",
                "slot": "break",
                "reason": "Storing",
            }
        },
    )
    assert decided(schedule, moment).rule == rule


def test_rule_07_overlapping_overrides_are_refused() -> None:
    """One override may begin where another ends, not before."""
    first = {"from": "2026-04-27T12:00+02:00", "until": "2026-04-27T14:00+02:00"}
    second = {"from": "2026-04-27T14:00+02:00", "until": "2026-04-27T15:00+02:00"}
    rest = {"slot": "open", "reason": "Toch open"}
    schedule = schedule_of(overrides={"een": first | rest, "twee": second | rest})
    assert decided(schedule, "2026-04-27T13:59").rule == "overrides/een"
    assert decided(schedule, "2026-04-27T14:00").rule == "overrides/twee"
    early = second | {"from": "2026-04-27T13:59+02:00"}
    (fault,) = faults_of(overrides={"een": first | rest, "twee": early | rest})
    assert "overlaps een" in fault


def test_rule_08_a_second_exception_on_a_date_is_refused() -> None:
    """The refusal names the exception that has the date."""
    (fault,) = faults_of(
        exceptions={
            "eerste": {"name": "Eerste", "dates": ["2026-12-24..2026-12-27"]},
            "tweede": {"name": "Tweede", "dates": ["2026-12-26"]},
        }
    )
    assert "2026-12-26" in fault
    assert "eerste" in fault


def test_rule_09_a_draft_decides_nothing_and_an_empty_exception_is_closed() -> None:
    """Without dates an exception holds nowhere; without slots it is closed for 24 hours."""
    schedule = schedule_of(
        OPEN,
        exceptions={
            "concept": {"name": "Concept"},
            "dicht": {"name": "Dicht", "dates": ["2026-06-02"]},
        },
    )
    assert decided(schedule, "2026-06-01T12:00").rule == "week/mon"
    decision = decided(schedule, "2026-06-02T12:00")
    assert (decision.rule, decision.slot) == ("exceptions/dicht", (0, 1440))
    assert decision.outcome.status == "closed"


def test_every_rule_from_1_to_19_has_a_test() -> None:
    """The names in these files count through the rules."""
    files = Path(__file__).parent.glob("test_semantics_*.py")
    named = {
        rule
        for file in files
        for rule in re.findall(r"(?m)^def test_rule_(\d\d)_", file.read_text())
    }
    assert named == {f"{rule:02}" for rule in range(1, 20)}


def test_the_plain_week_is_closed() -> None:
    """A schedule of these tests is closed where nothing else is said."""
    assert decided(schedule_of(), "2026-06-01T12:00").outcome == Outcome("closed", "hangup")
    assert CLOSED == ("00:00-24:00 closed",)
