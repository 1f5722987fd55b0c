"""What a change alters for callers, told in sentences."""

from typing import Any, Final

import pytest

from routing_engine.change_text import describe_change, describe_differences
from routing_engine.compare import differences
from routing_engine.decision import Outcome
from schedules.model import Schedule
from tests.engine import CLOSED, OFFICE_DAY, OPEN, WEEKDAYS, instant, schedule_of, table_of

LONG_DAY: Final = ("00:00-09:00 closed", "09:00-18:00 open", "18:00-24:00 closed")
LONGER: Final = "closed (hang up) becomes open (normal route)"
SHORTER: Final = "open (normal route) becomes closed (hang up)"
WORKING_DAYS: Final = WEEKDAYS[:5]


def sentences(
    before: Schedule | None, after: Schedule, start: str, end: str, most_dates: int | None = None
) -> list[str]:
    """Tell the differences between two moments."""
    was, table = (None if before is None else table_of(before)), table_of(after)
    found = differences(was, table, instant(start), instant(end))
    return describe_differences(found, was, table, {}, most_dates=most_dates)


def office(*days: str, hours: tuple[str, ...] = LONG_DAY, **fields: object) -> Schedule:
    """Make a schedule of office hours, with other hours on some weekdays."""
    return schedule_of(OFFICE_DAY, **dict.fromkeys(days, hours), **fields)


def night(*slots: str) -> tuple[str, ...]:
    """Make a day that is closed but for one slot in the night."""
    (slot,) = slots
    start, end = slot.split("-")
    return f"00:00-{start} closed", f"{slot} open", f"{end}-24:00 closed"


def exception(*dates: str, slots: tuple[str, ...] = CLOSED, name: str = "Dicht") -> dict[str, Any]:
    """Make the exceptions of a schedule that has one."""
    return {"dicht": {"name": name, "dates": [*dates], "slots": [*slots]}}


def override(start: str, end: str, slot: str = "open") -> dict[str, Any]:
    """Make the overrides of a schedule that has one."""
    return {"o": {"from": start, "until": end, "slot": slot, "reason": "Storing"}}


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


def test_sentences_stand_in_order_of_time() -> None:
    """What begins first is told first."""
    after = office("mon", exceptions=exception("2026-05-27"))
    assert sentences(office(), after, "2026-05-26T00:00", "2026-06-16T00:00") == [
        f"Dicht, Wed 2026-05-27 09:00-17:00: {SHORTER}",
        f"every Monday 17:00-18:00 (3 times from 2026-06-01 to 2026-06-15): {LONGER}",
    ]


@pytest.mark.parametrize(
    ("fields", "start", "expected"),
    [
        pytest.param(
            {"mon": ("00:00-18:00 open", "18:00-24:00 closed")},
            "2026-06-01",
            ["Mon 2026-06-01 18:00-24:00"],
            id="to-midnight",
        ),
        pytest.param(
            {"exceptions": exception("2026-06-02..2026-06-04")},
            "2026-06-01",
            ["Dicht, Tue 2026-06-02 00:00 to Thu 2026-06-04 24:00"],
            id="whole-days",
        ),
        pytest.param(
            {"sat": CLOSED, "sun": ("00:00-12:00 closed", "12:00-24:00 open")},
            "2026-06-01",
            ["Sat 2026-06-06 00:00 to Sun 2026-06-07 12:00"],
            id="into-another-day",
        ),
        pytest.param(
            {"exceptions": exception("2026-06-01..2026-06-09")},
            "2026-06-01",
            ["Dicht, Mon 2026-06-01 00:00 to Tue 2026-06-09 24:00"],
            id="longer-than-a-week",
        ),
    ],
)
def test_spans_name_both_their_ends(
    fields: dict[str, Any], start: str, expected: list[str]
) -> None:
    """To midnight is 24:00; further on the day is named. Open otherwise, up to 9 June."""
    until = "2026-06-10T00:00" if "exceptions" in fields else "2026-06-08T00:00"
    told = sentences(schedule_of(OPEN), schedule_of(OPEN, **fields), f"{start}T00:00", until)
    assert told == [f"{span}: {SHORTER}" for span in expected]


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


# 28 to 31 December 2026 are Monday to Thursday.
VACATION: Final = exception("2026-12-28..2026-12-31", name="Kerstvakantie")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            office(),
            office(holidays={"koningsdag": {}}),
            [f"Koningsdag, Tue 2027-04-27 09:00-17:00: {SHORTER}"],
            id="a-holiday-that-comes",
        ),
        pytest.param(
            office(holidays={"koningsdag": {}}),
            office(),
            [f"Koningsdag, Tue 2027-04-27 09:00-17:00: {LONGER}"],
            id="a-holiday-that-goes",
        ),
        pytest.param(
            office(),
            office(exceptions=VACATION),
            [f"Kerstvakantie, Mon 2026-12-28 to Thu 2026-12-31, each day 09:00-17:00: {SHORTER}"],
            id="an-exception-of-days-in-a-row",
        ),
        pytest.param(
            office(holidays={"eerste_kerstdag": {}}),
            office(
                holidays={"eerste_kerstdag": {}},
                exceptions=exception("2026-12-25", slots=OFFICE_DAY, name="Kerstmarkt"),
            ),
            [f"Kerstmarkt, Fri 2026-12-25 09:00-17:00: {LONGER}"],
            id="an-exception-on-a-holiday",
        ),
        pytest.param(
            office(exceptions=exception("2026-12-24..2026-12-25", name="Kerst")),
            office(holidays={"eerste_kerstdag": {"slots": [*LONG_DAY]}}),
            [
                f"Kerst, Thu 2026-12-24 09:00-17:00: {LONGER}",
                f"Kerst, Fri 2026-12-25 09:00-18:00: {LONGER}",
            ],
            id="the-stronger-of-two",
        ),
        pytest.param(
            office(),
            office(overrides=override("2026-12-07T20:00+01:00", "2026-12-07T22:00+01:00")),
            [f"Storing, Mon 2026-12-07 20:00-22:00: {LONGER}"],
            id="an-override",
        ),
        # From Wednesday 2 December 20:00, over the exception, to Friday 4 December 06:00.
        pytest.param(
            schedule_of(OPEN, exceptions=exception("2026-12-03", slots=OPEN, name="Open dag")),
            schedule_of(
                OPEN,
                exceptions=exception("2026-12-03", slots=CLOSED, name="Open dag"),
                overrides=override("2026-12-02T20:00+01:00", "2026-12-03T06:00+01:00", "closed"),
            ),
            [f"Wed 2026-12-02 20:00 to Thu 2026-12-03 24:00: {SHORTER}"],
            id="no-one-name-where-two-rules-meet",
        ),
    ],
)
def test_changes_of_certain_dates_are_named_after_their_rule(
    before: Schedule, after: Schedule, expected: list[str]
) -> None:
    """An exception, holiday or override by its title; weekly hours need none."""
    assert sentences(before, after, "2026-12-01T00:00", "2027-05-01T00:00") == expected


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


WELKOM, NIEUW, OPNIEUW = (f"{digits * 32}.wav" for digits in ("ab", "cd", "ef"))
NAMES: Final = {
    WELKOM: "Welkom",
    NIEUW: "Nieuw",
    OPNIEUW: "Welkom",
    "+31612345678": "Storingsdienst",
}
HUNG_UP: Final = Outcome("closed", "hangup")
MAILED: Final = Outcome("closed", "voicemail", voicemail="post@example.nl")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            HUNG_UP,
            Outcome("open", "continue"),
            "closed (hang up) becomes open (normal route)",
            id="another-status",
        ),
        pytest.param(
            Outcome("open", "forward", forward="+31612345678"),
            Outcome("break", "hangup", WELKOM),
            "open (forward to Storingsdienst +31612345678) becomes "
            "break (message 'Welkom', hang up)",
            id="targets-are-named",
        ),
        pytest.param(
            None,
            Outcome("open", "forward", "12.wav", "+31201234567"),
            "no schedule becomes open (message '12.wav', forward to +31201234567)",
            id="a-new-schedule-with-targets-unnamed",
        ),
        pytest.param(
            MAILED,
            None,
            "closed (voicemail to post@example.nl) becomes no schedule",
            id="a-schedule-that-goes",
        ),
        pytest.param(
            MAILED._replace(audio=WELKOM),
            MAILED._replace(audio=NIEUW),
            "still closed, but message 'Nieuw' instead of 'Welkom'",
            id="another-message",
        ),
        pytest.param(
            MAILED._replace(audio=WELKOM),
            MAILED._replace(audio=OPNIEUW),
            "still closed, but another recording of message 'Welkom'",
            id="another-recording",
        ),
        pytest.param(
            HUNG_UP,
            HUNG_UP._replace(audio=WELKOM),
            "still closed, but with message 'Welkom'",
            id="a-message-that-comes",
        ),
        pytest.param(
            HUNG_UP._replace(audio=WELKOM),
            HUNG_UP,
            "still closed, but without message 'Welkom'",
            id="a-message-that-goes",
        ),
        pytest.param(
            HUNG_UP,
            MAILED,
            "still closed, but voicemail to post@example.nl instead of hang up",
            id="another-action",
        ),
        pytest.param(
            MAILED,
            MAILED._replace(voicemail="ik@example.nl"),
            "still closed, but voicemail to ik@example.nl instead of post@example.nl",
            id="another-address",
        ),
        pytest.param(
            Outcome("open", "forward", forward="+31612345678"),
            Outcome("open", "forward", forward="+31201234567"),
            "still open, but forward to +31201234567 instead of Storingsdienst +31612345678",
            id="another-number",
        ),
        pytest.param(
            Outcome("break", "hangup", WELKOM),
            Outcome("break", "forward", NIEUW, "+31612345678"),
            "still break, but forward to Storingsdienst +31612345678 instead of hang up and "
            "message 'Nieuw' instead of 'Welkom'",
            id="both",
        ),
    ],
)
def test_a_change_says_what_becomes_of_a_caller(
    before: Outcome | None, after: Outcome | None, expected: str
) -> None:
    """Where the status stays, only what else differs."""
    assert describe_change(before, after, NAMES) == expected


def test_a_new_schedule_is_told_as_such() -> None:
    """Where there was none, callers had no schedule."""
    assert sentences(None, schedule_of(OPEN), "2026-06-01T00:00", "2026-06-01T12:00") == [
        "Mon 2026-06-01 00:00-12:00: no schedule becomes open (normal route)"
    ]


def test_nothing_is_told_of_no_difference() -> None:
    """No sentence."""
    assert sentences(office(), office(), "2026-06-01T00:00", "2027-06-01T00:00") == []


def test_local_time_is_that_of_the_new_schedule() -> None:
    """From Amsterdam to New York: at noon in June it is 06:00 there."""
    before, after = office(), office(timezone="America/New_York")
    told = sentences(before, after, "2026-06-01T12:00", "2026-06-01T15:30")
    assert told == [f"Mon 2026-06-01 06:00-09:00: {SHORTER}"]
