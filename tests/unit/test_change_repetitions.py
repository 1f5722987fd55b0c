"""What changes for callers: what repeats is told once."""

from typing import Any, Final

import pytest

from tests.changed import LONGER, SHORTER, exception, office, sentences
from tests.engine import CLOSED, OPEN, WEEKDAYS, schedule_of

WORKING_DAYS: Final = WEEKDAYS[:5]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(
            ("mon",), "every Monday 17:00-18:00 (4 times from 2026-06-01 to 2026-06-22)", id="one"
        ),
        pytest.param(
            ("sat", "sun"),
            "every Saturday and Sunday 17:00-18:00 (8 times from 2026-06-06 to 2026-06-28)",
            id="two",
        ),
        pytest.param(
            ("mon", "wed", "fri"),
            "every Monday, Wednesday and Friday 17:00-18:00 "
            "(12 times from 2026-06-01 to 2026-06-26)",
            id="three-apart",
        ),
        pytest.param(
            ("tue", "wed", "thu"),
            "every Tuesday to Thursday 17:00-18:00 (12 times from 2026-06-02 to 2026-06-25)",
            id="three-in-a-row",
        ),
        pytest.param(
            WORKING_DAYS,
            "every Monday to Friday 17:00-18:00 (20 times from 2026-06-01 to 2026-06-26)",
            id="working-days",
        ),
        pytest.param(
            WEEKDAYS,
            "every day 17:00-18:00 (28 times from 2026-06-01 to 2026-06-28)",
            id="all-week",
        ),
    ],
)
def test_weekly_repetitions_are_told_once(days: tuple[str, ...], expected: str) -> None:
    """An hour longer open on some weekdays of four weeks of June 2026."""
    told = sentences(office(), office(*days), "2026-06-01T00:00", "2026-06-29T00:00")
    assert told == [f"{expected}: {LONGER}"]


def test_repetitions_keep_the_wall_clock_in_summer_and_winter() -> None:
    """Clocks are set back on Sunday 25 October: Mondays are Mondays at five."""
    told = sentences(office(), office("mon"), "2026-10-12T00:00", "2026-11-09T00:00")
    assert told == [f"every Monday 17:00-18:00 (4 times from 2026-10-12 to 2026-11-02): {LONGER}"]


def test_two_repetitions_are_told_each() -> None:
    """With dates, in order of time."""
    told = sentences(office(), office("mon"), "2026-06-01T00:00", "2026-06-15T00:00")
    assert told == [
        f"Mon 2026-06-01 17:00-18:00: {LONGER}",
        f"Mon 2026-06-08 17:00-18:00: {LONGER}",
    ]


HOLIDAYS: Final[dict[str, Any]] = {"eerste_kerstdag": {}, "nieuwjaarsdag": {}}


@pytest.mark.parametrize(
    ("exceptions", "most_dates", "expected"),
    [
        pytest.param(
            {},
            None,
            "38 times from 2026-11-30 to 2027-01-22; not on 2026-12-25 and 2027-01-01",
            id="dates",
        ),
        # Monday 21 and Tuesday 22 December follow on one another, but are too few for a span.
        pytest.param(
            exception("2026-12-21..2026-12-22"),
            None,
            "36 times from 2026-11-30 to 2027-01-22; "
            "not on 2026-12-21, 2026-12-22, 2026-12-25 and 2027-01-01",
            id="two-in-a-row",
        ),
        # From Friday the 25th the weekend changes nothing, so the week after follows on it.
        pytest.param(
            exception("2026-12-28..2026-12-31", "2027-01-12"),
            None,
            "33 times from 2026-11-30 to 2027-01-22; "
            "not on 2026-12-25 to 2027-01-01 and 2027-01-12",
            id="span",
        ),
        pytest.param(
            exception("2026-12-28..2026-12-31", "2027-01-12"),
            1,
            "33 times from 2026-11-30 to 2027-01-22; not on 2026-12-25 to 2027-01-01 and 1 more",
            id="briefly",
        ),
        pytest.param(
            exception("2026-12-08", "2026-12-28..2026-12-31"),
            1,
            "33 times from 2026-11-30 to 2027-01-22; not on 2026-12-08 and 6 more",
            id="more-briefly",
        ),
    ],
)
def test_what_a_repetition_leaves_out_is_listed(
    exceptions: dict[str, Any], most_dates: int | None, expected: str
) -> None:
    """Both kerstdag and new year's day are Fridays, and stay closed."""
    same: dict[str, Any] = {"holidays": HOLIDAYS, "exceptions": exceptions}
    told = sentences(
        office(**same),
        office(*WORKING_DAYS, **same),
        "2026-11-30T00:00",
        "2027-01-25T00:00",
        most_dates,
    )
    assert told == [f"every Monday to Friday 17:00-18:00 ({expected}): {LONGER}"]


def test_scattered_mondays_are_told_each() -> None:
    """Three Mondays of a year are not every Monday."""
    dates = ["2026-10-05", "2027-02-01", "2027-08-02"]
    after = office(exceptions=exception(*dates))
    assert sentences(office(), after, "2026-10-01T00:00", "2027-09-01T00:00") == [
        f"Dicht, Mon {date} 09:00-17:00: {SHORTER}" for date in dates
    ]


def test_every_other_monday_is_not_every_monday() -> None:
    """Nor is it worth a list of what is left out that is as long."""
    dates = ["2026-06-01", "2026-06-15", "2026-06-29", "2026-07-13"]
    after = office(exceptions=exception(*dates))
    assert sentences(office(), after, "2026-06-01T00:00", "2026-08-01T00:00") == [
        f"Dicht, Mon {date} 09:00-17:00: {SHORTER}" for date in dates
    ]


def test_a_repetition_that_pauses_is_told_twice() -> None:
    """All of July and the first days of August 2026 the Mondays are shut anyway."""
    shut = exception("2026-06-29..2026-08-09")
    told = sentences(
        office(exceptions=shut),
        office("mon", exceptions=shut),
        "2026-06-01T00:00",
        "2026-09-01T00:00",
    )
    assert told == [
        f"every Monday 17:00-18:00 (4 times from 2026-06-01 to 2026-06-22): {LONGER}",
        f"every Monday 17:00-18:00 (4 times from 2026-08-10 to 2026-08-31): {LONGER}",
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(
            {
                "fri": ("00:00-18:00 open", "18:00-24:00 closed"),
                "sat": CLOSED,
                "sun": ("00:00-12:00 closed", "12:00-24:00 open"),
            },
            "every Friday 18:00 to Sunday 12:00 (4 times from 2026-06-05 to 2026-06-26)",
            id="one-weekday",
        ),
        pytest.param(
            {"sat": CLOSED, "sun": CLOSED},
            "every Saturday 00:00 to Sunday 24:00 (4 times from 2026-06-06 to 2026-06-27)",
            id="to-midnight-of-another",
        ),
        pytest.param(
            {
                "mon": ("00:00-18:00 open", "18:00-24:00 closed"),
                "tue": ("00:00-08:00 closed", "08:00-18:00 open", "18:00-24:00 closed"),
                "wed": ("00:00-08:00 closed", "08:00-24:00 open"),
            },
            "every Monday and Tuesday 18:00 to 08:00 the next day "
            "(8 times from 2026-06-01 to 2026-06-23)",
            id="overnight",
        ),
        pytest.param(
            {
                "mon": ("00:00-18:00 open", "18:00-24:00 closed"),
                "tue": CLOSED,
                "wed": ("00:00-08:00 closed", "08:00-24:00 open"),
                "thu": ("00:00-18:00 open", "18:00-24:00 closed"),
                "fri": CLOSED,
                "sat": ("00:00-08:00 closed", "08:00-24:00 open"),
            },
            "every Monday and Thursday 18:00 to 08:00 2 days later "
            "(8 times from 2026-06-01 to 2026-06-25)",
            id="over-two-nights",
        ),
    ],
)
def test_repetitions_may_run_into_another_day(
    days: dict[str, tuple[str, ...]], expected: str
) -> None:
    """Which is named where there is one, and counted where there are several."""
    told = sentences(
        schedule_of(OPEN), schedule_of(OPEN, **days), "2026-06-01T00:00", "2026-06-29T00:00"
    )
    assert told == [f"{expected}: {SHORTER}"]


def test_spans_of_other_lengths_are_no_repetition() -> None:
    """From a Monday to a Friday may be four days or eleven: only equal spans are one sentence."""
    dates = ["2026-06-01..2026-06-04", "2026-06-15..2026-06-25", "2026-07-06..2026-07-16"]
    after = schedule_of(OPEN, exceptions=exception(*dates, "2026-08-03..2026-08-13"))
    assert sentences(schedule_of(OPEN), after, "2026-06-01T00:00", "2026-09-01T00:00") == [
        f"Dicht, Mon 2026-06-01 00:00 to Thu 2026-06-04 24:00: {SHORTER}",
        f"Dicht, Mon 2026-06-15 00:00 to Thu 2026-06-25 24:00: {SHORTER}",
        f"Dicht, Mon 2026-07-06 00:00 to Thu 2026-07-16 24:00: {SHORTER}",
        f"Dicht, Mon 2026-08-03 00:00 to Thu 2026-08-13 24:00: {SHORTER}",
    ]
