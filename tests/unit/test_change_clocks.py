"""What changes for callers in the nights in which clocks change."""

from typing import Final

import pytest

from tests.changed import LONGER, exception, override, sentences
from tests.engine import schedule_of


def night(*slots: str) -> tuple[str, ...]:
    """Make a day that is closed but for one slot in the night."""
    (slot,) = slots
    start, end = slot.split("-")
    return f"00:00-{start} closed", f"{slot} open", f"{end}-24:00 closed"


SUNDAYS: Final = ("2026-10-11T00:00", "2026-11-09T00:00")


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        pytest.param("01:00-02:00", "01:00-02:00", id="up-to-the-hour"),
        pytest.param("01:00-02:30", "01:00-02:30", id="into-the-hour"),
        pytest.param("02:00-02:30", "02:00-02:30", id="its-first-half"),
        pytest.param("02:30-03:00", "02:30-03:00", id="its-second-half"),
        pytest.param("02:00-03:00", "02:00-03:00", id="the-hour"),
        pytest.param("02:10-02:20", "02:10-02:20", id="within-the-hour"),
        pytest.param("01:30-04:00", "01:30-04:00", id="over-the-hour"),
        pytest.param("02:30-04:00", "02:30-04:00", id="out-of-the-hour"),
        pytest.param("03:00-04:00", "03:00-04:00", id="after-the-hour"),
    ],
)
def test_an_hour_that_comes_twice_is_no_case_of_its_own(slot: str, expected: str) -> None:
    """On 25 October 2026 the hour from two is told as on any Sunday: it holds both times."""
    told = sentences(schedule_of(), schedule_of(sun=night(slot)), *SUNDAYS)
    assert told == [f"every Sunday {expected} (5 times from 2026-10-11 to 2026-11-08): {LONGER}"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("00:00+02:00", "01:59+02:00", "00:00-01:59", id="before"),
        pytest.param("01:00+02:00", "02:00+02:00", "01:00-02:00", id="up-to-the-first"),
        pytest.param("01:00+02:00", "02:30+02:00", "01:00-02:30 (first time)", id="into-the-first"),
        pytest.param(
            "02:00+02:00", "02:30+02:00", "02:00-02:30 (first time)", id="within-the-first"
        ),
        # The clock is set back as it reaches three.
        pytest.param(
            "02:30+02:00", "02:00+01:00", "02:30-03:00 (first time)", id="to-the-firsts-end"
        ),
        pytest.param(
            "02:00+02:00", "02:00+01:00", "02:00-03:00 (first time)", id="all-of-the-first"
        ),
        pytest.param("01:00+02:00", "02:00+01:00", "01:00-03:00 (first time)", id="over-the-first"),
        pytest.param(
            "02:30+02:00",
            "02:15+01:00",
            "02:30 (first time)-02:15 (second time)",
            id="from-the-first-into-the-second",
        ),
        pytest.param(
            "02:30+02:00", "04:00+01:00", "02:30 (first time)-04:00", id="from-the-first-on"
        ),
        pytest.param(
            "01:00+02:00", "02:30+01:00", "01:00-02:30 (second time)", id="into-the-second"
        ),
        pytest.param(
            "02:00+01:00", "02:30+01:00", "02:00-02:30 (second time)", id="within-the-second"
        ),
        pytest.param(
            "02:00+01:00", "03:00+01:00", "02:00 (second time)-03:00", id="all-of-the-second"
        ),
        pytest.param(
            "02:30+01:00", "09:00+01:00", "02:30 (second time)-09:00", id="from-the-second-on"
        ),
        pytest.param("02:00+02:00", "03:00+01:00", "02:00-03:00", id="both"),
        pytest.param("03:00+01:00", "04:00+01:00", "03:00-04:00", id="after"),
    ],
)
def test_a_time_that_comes_twice_says_which_is_meant(start: str, end: str, expected: str) -> None:
    """An override needn't hold both times: clocks go from 03:00+02:00 to 02:00+01:00."""
    overrides = override(f"2026-10-25T{start}", f"2026-10-25T{end}")
    told = sentences(schedule_of(), schedule_of(overrides=overrides), *SUNDAYS)
    assert told == [f"Storing, Sun 2026-10-25 {expected}: {LONGER}"]


def test_where_both_times_differ_weekly_hours_say_so_as_well() -> None:
    """An override closes for the second quarter past two of that night only."""
    overrides = override("2026-10-25T02:15+01:00", "2026-10-25T02:30+01:00", "closed")
    told = sentences(
        schedule_of(), schedule_of(sun=night("02:00-04:00"), overrides=overrides), *SUNDAYS
    )
    assert told == [
        (
            "every Sunday 02:00-04:00 (4 times from 2026-10-11 to 2026-11-08; not on 2026-10-25): "
            f"{LONGER}"
        ),
        f"Sun 2026-10-25 02:00 (first time)-02:15 (second time): {LONGER}",
        f"Sun 2026-10-25 02:30 (second time)-04:00: {LONGER}",
    ]


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        pytest.param("01:00-02:00", "01:00-02:00", id="up-to-the-hour"),
        pytest.param("01:00-02:30", "01:00-02:30", id="into-the-hour"),
        pytest.param("01:00-03:00", "01:00-03:00", id="to-its-end"),
        pytest.param("01:30-04:00", "01:30-04:00", id="over-the-hour"),
        pytest.param("02:00-04:00", "02:00-04:00", id="from-its-start"),
        pytest.param("02:30-04:00", "02:30-04:00", id="out-of-the-hour"),
        pytest.param("03:00-04:00", "03:00-04:00", id="after-the-hour"),
    ],
)
def test_an_hour_that_is_skipped_is_no_case_of_its_own(slot: str, expected: str) -> None:
    """On 28 March 2027 it is three after two: as much of the slot holds as the clock shows."""
    told = sentences(
        schedule_of(), schedule_of(sun=night(slot)), "2027-03-14T00:00", "2027-04-12T00:00"
    )
    assert told == [f"every Sunday {expected} (5 times from 2027-03-14 to 2027-04-11): {LONGER}"]


def test_a_slot_in_the_hour_that_is_skipped_is_left_out_once() -> None:
    """No caller can notice it on that day."""
    told = sentences(
        schedule_of(),
        schedule_of(sun=night("02:15-02:45")),
        "2027-03-14T00:00",
        "2027-04-12T00:00",
    )
    assert told == [
        (
            "every Sunday 02:15-02:45 (4 times from 2027-03-14 to 2027-04-11; not on 2027-03-28): "
            f"{LONGER}"
        )
    ]


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        pytest.param("01:00-02:30", "01:00-02:00", id="into-the-hour"),
        pytest.param("02:30-04:00", "03:00-04:00", id="out-of-the-hour"),
        pytest.param("01:00-04:00", "01:00-04:00", id="over-the-hour"),
    ],
)
def test_around_an_hour_that_is_skipped_times_are_those_of_the_clock(
    slot: str, expected: str
) -> None:
    """Where no other week tells how it was meant."""
    after = schedule_of(exceptions=exception("2027-03-28", slots=night(slot), name="Nacht"))
    told = sentences(schedule_of(), after, "2027-03-14T00:00", "2027-04-12T00:00")
    assert told == [f"Nacht, Sun 2027-03-28 {expected}: {LONGER}"]
