"""What lint finds in one schedule: each code where it belongs, and not in the nearest other."""

from typing import Final, NamedTuple

import pytest

from routing_engine.lint import undecided_holidays
from routing_engine.lint_findings import CODES, SEVERITIES, Finding
from schedules.date_text import date_of
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import SHA256, WEEKDAYS, day_of
from tests.linted import CLOSED, OFF, OFFICE, SPOKEN, dated, found, lint, quiet

MONTEUR: Final = {"monteur": {"name": "Monteur", "number": "+31612345678"}}
DICHT: Final = {"dicht": {"name": "Gesloten", "sha256": SHA256}}


def week_of(day: str) -> tuple[str, ...]:
    """Return the places of a slot, such as `[1]`, in all seven days."""
    return tuple(f"week.{weekday}{day}" for weekday in WEEKDAYS)


def forced(slot: str, until: str = "2026-12-01T12:00+01:00") -> dict[str, dict[str, str]]:
    """Make the overrides of a schedule: one, in force from an hour ago."""
    since = "2026-11-22T10:00+01:00"
    return {"brand": {"from": since, "until": until, "slot": slot, "reason": "Brand"}}


class Case(NamedTuple):
    """A schedule in which a code is found at these places, and the nearest in which it isn't."""

    code: str
    places: tuple[str, ...]
    there: Schedule
    not_there: Schedule


CASES: Final = {
    "no number": Case("not-linked", ("numbers",), quiet(numbers=[]), quiet()),
    "a silent slot": Case(
        "closed-silently",
        ("week.tue[0]",),
        quiet(tue=("00:00-24:00 closed",)),
        quiet(tue=("00:00-24:00 open",)),
    ),
    "a silent break": Case(
        "closed-silently",
        ("week.tue[1]",),
        quiet(tue=("00:00-12:00 open", "12:00-13:00 break", "13:00-24:00 open")),
        quiet(
            tue=("00:00-12:00 open", "12:00-13:00 break audio=dicht", "13:00-24:00 open"),
            audio=DICHT,
        ),
    ),
    "a silent holiday": Case(
        "closed-silently",
        ("holidays.koningsdag.slots[0]",),
        quiet(holidays=OFF | {"koningsdag": {}}),
        quiet(holidays=OFF | {"koningsdag": {"active": False}}),
    ),
    "a silent exception": Case(
        "closed-silently",
        ("exceptions.open-dag.slots[0]",),
        quiet(exceptions=dated("00:00-24:00 closed")),
        # A draft holds on no date.
        quiet(exceptions=dated("00:00-24:00 closed", dates=())),
    ),
    "a silent override": Case(
        "closed-silently",
        ("overrides.brand.slot",),
        quiet(overrides=forced("closed")),
        quiet(overrides=forced("closed voicemail")),
    ),
    "a break before opening": Case(
        "break-outside-hours",
        ("week.mon[0]",),
        quiet(CLOSED, mon=("00:00-09:00 break voicemail", "09:00-24:00 open"), tue=OFFICE),
        # Sunday was open until midnight.
        quiet(
            CLOSED,
            mon=("00:00-09:00 break voicemail", "09:00-24:00 open"),
            sun=("00:00-24:00 open",),
        ),
    ),
    "a break after closing": Case(
        "break-outside-hours",
        ("week.sun[2]",),
        quiet(
            CLOSED,
            sun=(
                f"00:00-09:00 {SPOKEN}",
                "09:00-18:00 open",
                "18:00-20:00 break voicemail",
                f"20:00-24:00 {SPOKEN}",
            ),
        ),
        quiet(
            CLOSED,
            sun=(
                f"00:00-09:00 {SPOKEN}",
                "09:00-18:00 open",
                "18:00-20:00 break voicemail",
                "20:00-24:00 open",
            ),
        ),
    ),
    "a break at the end of Sunday": Case(
        "break-outside-hours",
        ("week.sun[1]",),
        quiet(CLOSED, sun=("00:00-23:00 open", "23:00-24:00 break voicemail")),
        quiet(
            CLOSED,
            sun=("00:00-23:00 open", "23:00-24:00 break voicemail"),
            mon=("00:00-24:00 open",),
        ),
    ),
    "23:59": Case(
        "end-at-23-59",
        ("week.sat[0]",),
        quiet(sat=("00:00-23:59 open", f"23:59-24:00 {SPOKEN}")),
        quiet(sat=("00:00-23:58 open", f"23:58-24:00 {SPOKEN}")),
    ),
    "one minute": Case(
        "one-minute-slot",
        ("week.sat[2]",),
        # The positions are those of the document.
        quiet(sat=("09:01-24:00 open", f"00:00-09:00 {SPOKEN}", f"09:00-09:01 {SPOKEN}")),
        quiet(sat=("09:02-24:00 open", f"00:00-09:00 {SPOKEN}", f"09:00-09:02 {SPOKEN}")),
    ),
    "undecided": Case(
        "undecided-holiday",
        ("holidays.tweede_kerstdag", "holidays.koningsdag"),
        quiet(
            holidays={
                holiday_id: rule
                for holiday_id, rule in OFF.items()
                if holiday_id not in {"koningsdag", "tweede_kerstdag"}
            }
        ),
        # Lustrum years only is a decision as well, and 2027 is none.
        quiet(holidays=OFF | {"bevrijdingsdag": {"every": "lustrum", "slots": list(CLOSED)}}),
    ),
    "unused forward": Case(
        "unused-forward",
        ("forwards.monteur",),
        quiet(forwards=MONTEUR),
        quiet(
            forwards=MONTEUR,
            exceptions=dated("00:00-24:00 closed forward=monteur", dates=()),
        ),
    ),
    "unused message": Case(
        "unused-message",
        ("audio.dicht",),
        quiet(audio=DICHT),
        quiet(audio=DICHT, overrides=forced("closed audio=dicht")),
    ),
    "expired exception": Case(
        "expired-exception",
        ("exceptions.open-dag",),
        quiet(exceptions=dated(*OFFICE, dates=("2026-11-21", "2025-11-22"))),
        quiet(exceptions=dated(*OFFICE, dates=("2026-11-22", "2025-11-22"))),
    ),
    "past override": Case(
        "past-override",
        ("overrides.brand",),
        *(
            quiet(overrides=forced("open", until))
            for until in ("2026-11-22T11:00+01:00", "2026-11-22T11:01+01:00")
        ),
    ),
    "past expectation": Case(
        "past-expectation",
        ("expect[1]",),
        quiet(
            expect=[
                {"at": "2026-11-23T10:00", "status": "open"},
                {"at": "2026-11-22T10:59", "status": "open"},
            ]
        ),
        quiet(expect=[{"at": "2026-11-22T10:00Z", "status": "open"}]),
    ),
    "failing expectation": Case(
        "expectation-fails",
        ("expect[0]",),
        quiet(expect=[{"at": "2026-11-23T17:00", "status": "open"}]),
        quiet(expect=[{"at": "2026-11-23T16:59", "status": "open"}]),
    ),
}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """What the cases build on is without findings."""
    assert found(quiet()) == []


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_each_code_is_found_where_it_belongs(case: Case) -> None:
    """It alone, at all its places; in the nearest schedule without it, nothing."""
    assert found(case.there) == [(case.code, *case.places)]
    assert found(case.not_there) == []


def test_slots_of_an_expired_exception_are_let_be() -> None:
    """They decide no call any more; those of one that ends today still do."""
    ended, ends = (
        quiet(exceptions=dated("00:00-24:00 closed", dates=(f"2026-11-20..{last}",)))
        for last in ("2026-11-21", "2026-11-22")
    )
    assert found(ended) == [("expired-exception", "exceptions.open-dag")]
    assert found(ends) == [("closed-silently", "exceptions.open-dag.slots[0]")]


def test_what_an_override_did_is_let_be() -> None:
    """One that ended just now hangs up on nobody any more."""
    ended = quiet(overrides=forced("closed", "2026-11-22T11:00+01:00"))
    assert found(ended) == [("past-override", "overrides.brand")]


def test_a_break_may_be_two_slots() -> None:
    """Those that touch lie between open slots together, or outside the opening hours together."""
    pause = ("00:00-12:00 open", "12:00-12:30 break voicemail", "12:30-13:00 break voicemail")
    assert found(quiet(exceptions=dated(*pause, "13:00-24:00 open"))) == []
    assert found(quiet(exceptions=dated(*pause, f"13:00-24:00 {SPOKEN}"))) == [
        ("break-outside-hours", "exceptions.open-dag.slots[1]"),
        ("break-outside-hours", "exceptions.open-dag.slots[2]"),
    ]


def test_the_last_minute_of_a_day_is_told_once() -> None:
    """What is left after 23:59 is no slot of one minute besides; nor is 00:00 to 00:01 spared."""
    schedule = quiet(
        sat=("00:00-00:01 open", "00:01-23:59 open", f"23:59-24:00 {SPOKEN}"),
    )
    assert found(schedule) == [("end-at-23-59", "week.sat[1]"), ("one-minute-slot", "week.sat[0]")]


def test_the_same_in_equal_days_is_one_finding() -> None:
    """With every place of it, in the order of the document."""
    schedule = quiet(("00:00-24:00 closed",), exceptions=dated("00:00-24:00 closed"))
    assert found(schedule) == [("closed-silently", *week_of("[0]"), "exceptions.open-dag.slots[0]")]


def test_targets_that_can_no_longer_be_used() -> None:
    """A forward out of the policy and a message without bytes are errors, and no silence too."""
    schedule = quiet(
        ("00:00-24:00 closed audio=dicht",),
        tue=("00:00-24:00 closed forward=antwerpen",),
        forwards={"antwerpen": {"name": "Antwerpen", "number": "+3232000000"}},
        audio=DICHT,
        voicemail_email=None,
    )
    abroad = ForwardPolicy(countries=frozenset({"BE"}))
    assert lint(schedule, policy=abroad) == []
    found_now = lint(schedule, missing=frozenset({SHA256}))
    assert [(one.code, one.severity, *one.places) for one in found_now] == [
        ("forward-refused", "error", "forwards.antwerpen.number"),
        ("audio-missing", "error", "audio.dicht"),
    ]


def test_a_finding_says_what_is_wrong_and_what_to_do() -> None:
    """In whole words, with the rule that decides instead."""
    schedule = quiet(
        expect=[{"at": "2026-12-05T10:00", "status": "open"}], exceptions=dated(*CLOSED)
    )
    assert lint(schedule) == [
        Finding(
            "expectation-fails",
            "expect[0]",
            "2026-12-05T10:00 is expected to be open, but is closed by exceptions/open-dag",
            "correct the day, or the expectation",
        )
    ]


def test_errors_come_first() -> None:
    """Then warnings, then what is only good to know."""
    schedule = quiet(
        numbers=[],
        forwards=MONTEUR,
        expect=[{"at": "2026-11-23T17:00", "status": "open"}],
    )
    severities = [one.severity for one in lint(schedule)]
    assert severities == ["error", "warning", "info"]


def test_bevrijdingsdag_every_year_is_no_fault() -> None:
    """Nor is a year in which it is not a lustrum."""
    holidays = OFF | {"bevrijdingsdag": {"slots": list(CLOSED)}}
    assert found(quiet(holidays=holidays)) == []


def test_codes_are_words_and_every_severity_occurs() -> None:
    """So that an operator can grep and suppress them."""
    assert all(code.replace("-", "").isalnum() and code == code.lower() for code in CODES)
    assert tuple(dict.fromkeys(CODES.values())) == SEVERITIES


def test_undecided_holidays_with_their_next_date() -> None:
    """Next one first; one that is today is still ahead, one of yesterday is next year's."""
    holidays = {"nieuwjaarsdag": {}, "goede_vrijdag": {"active": False}}
    schedule = quiet(holidays=holidays)
    pairs = undecided_holidays(schedule, date_of(day_of("2026-04-27")))
    assert [(holiday_id, str(day)) for holiday_id, day in pairs] == [
        ("koningsdag", "2026-04-27"),
        ("bevrijdingsdag", "2026-05-05"),
        ("hemelvaartsdag", "2026-05-14"),
        ("eerste_pinksterdag", "2026-05-24"),
        ("tweede_pinksterdag", "2026-05-25"),
        ("eerste_kerstdag", "2026-12-25"),
        ("tweede_kerstdag", "2026-12-26"),
        ("eerste_paasdag", "2027-03-28"),
        ("tweede_paasdag", "2027-03-29"),
    ]
    day_later = undecided_holidays(schedule, date_of(day_of("2026-04-28")))
    assert ("koningsdag", "2027-04-27") in [(one, str(day)) for one, day in day_later]


def test_a_holiday_that_has_no_date_yet_needs_no_decision() -> None:
    """Koningsdag came in 2014."""
    others = {one: rule for one, rule in OFF.items() if one != "koningsdag"}
    assert undecided_holidays(quiet(holidays=others), date_of(day_of("2012-06-01"))) == []
