"""What changes for callers, in words: a change, and the dates and rules it is named after."""

from typing import Any, Final

import pytest

from routing_engine.change_text import describe_change
from routing_engine.decision import Outcome
from schedules.model import Schedule
from tests.changed import LONG_DAY, LONGER, SHORTER, exception, office, override, sentences
from tests.engine import CLOSED, OFFICE_DAY, OPEN, schedule_of


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
