"""`bereikbaar schedule list` with a question: which are open then, who has not decided."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from schedules.holidays_nl import HOLIDAY_IDS
from tests.cli.command_line import CommandLine, document
from tests.cli.conftest import SetClock

OFFICE = (
    "00:00-09:00 closed, 09:00-12:00 open, 12:00-13:00 break, 13:00-17:00 open, 17:00-24:00 closed"
)
NIGHT = "00:00-02:30 open, 02:30-24:00 closed"


@pytest.fixture
def fleet(cli: CommandLine) -> CommandLine:
    """Keep an office, a shop in New York and a bar that is open at night."""
    cli.apply(
        document("kantoor", OFFICE, company="Voorbeeld BV", holidays="{eerste_kerstdag: }"),
        document("winkel", OFFICE, company="Ander VOORBEELD", timezone="America/New_York"),
        document("bar", NIGHT),
    )
    return cli


def closed_from(start: str, end: str) -> str:
    """Write the overrides of a document: one, that closes."""
    return f"{{brand: {{from: {start}, until: {end}, slot: closed, reason: Brand}}}}"


def ids(cli: CommandLine, *question: str) -> list[str]:
    """Return the ids of the schedules that are listed."""
    return [one["id"] for one in cli.json("schedule", "list", *question)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param(("--at", "2026-11-23 10:00", "--status", "open"), "kantoor winkel", id="open"),
        pytest.param(
            ("--at", "2026-11-23 12:59", "--status", "break"), "kantoor winkel", id="break"
        ),
        pytest.param(("--at", "2026-11-23 13:00", "--status", "closed"), "bar", id="closed"),
        pytest.param(
            ("--at", "25 december 2026 10:00", "--status", "open"), "winkel", id="holiday"
        ),
        pytest.param(
            # 10:00 in Amsterdam is 04:00 in New York.
            ("--at", "2026-11-23T10:00+01:00", "--status", "open"), "kantoor", id="an instant"
        ),
        # It is 11:00 in Amsterdam and 05:00 in New York.
        pytest.param(("--status", "open"), "kantoor", id="now"),
        pytest.param(("--company", "voorbeeld"), "kantoor winkel", id="company"),
        pytest.param(("--company", "vóórbeeld BV"), "kantoor", id="a whole company"),
        pytest.param(("--company", "voorbeeld", "--status", "closed"), "winkel", id="both"),
        pytest.param(("--undecided", "eerste_kerstdag"), "bar winkel", id="undecided"),
        pytest.param(("--undecided", "koningsdag"), "bar kantoor winkel", id="all undecided"),
        pytest.param(("--undecided", "any", "--status", "open"), "kantoor", id="any undecided"),
    ],
)  # fmt: skip
def test_questions(fleet: CommandLine, question: tuple[str, ...], expected: str) -> None:
    """Local times are of each schedule's own zone; several questions must all hold."""
    assert ids(fleet, *question) == expected.split()


def test_the_answer_to_a_person(fleet: CommandLine) -> None:
    """What is decided then, by which rule, by each schedule's clock."""
    assert fleet("schedule", "list", "--at", "2026-12-25T15:00Z").stdout == (
        "ID       NAME     COMPANY          PBX      REVISION  NUMBERS  AT                    "
        "STATUS  RULE\n"
        "bar      Bar                       generic  1         0        2026-12-25 16:00 CET  "
        "closed  week/fri\n"
        "kantoor  Kantoor  Voorbeeld BV     generic  1         0        2026-12-25 16:00 CET  "
        "closed  holidays/eerste_kerstdag\n"
        "winkel   Winkel   Ander VOORBEELD  generic  1         0        2026-12-25 10:00 EST  "
        "open    week/fri\n"
    )


def test_the_answer_to_a_program(fleet: CommandLine) -> None:
    """The fields of the list, and what was decided."""
    (one,) = fleet.json("schedule", "list", "--at", "2026-12-25 10:00", "--status", "open")
    assert one == {
        "id": "winkel",
        "name": "Winkel",
        "company": "Ander VOORBEELD",
        "pbx": "generic",
        "revision": 1,
        "numbers": 0,
        "problem": None,
        "decisions": [
            {
                "at": "2026-12-25T15:00:00Z",
                "local": "2026-12-25 10:00 EST",
                "status": "open",
                "action": "continue",
                "reason": "weekly",
                "rule": "week/fri",
            }
        ],
    }


def test_an_override_counts(fleet: CommandLine) -> None:
    """As it does for a call."""
    brand = closed_from("2026-11-23T10:00+01:00", "2026-11-23T12:00+01:00")
    fleet.apply(document("kantoor", OFFICE, overrides=brand))
    assert ids(fleet, "--at", "2026-11-23 10:00", "--status", "open") == ["winkel"]
    assert ids(fleet, "--at", "2026-11-23 09:59", "--status", "open") == ["kantoor", "winkel"]


def test_a_time_that_occurs_twice_is_answered_for_both(fleet: CommandLine) -> None:
    """Where it does; one of the two is enough to be listed (semantics.md rule 5)."""
    late = document("laat", "00:00-02:45 open, 02:45-24:00 closed", timezone="Europe/Brussels")
    fleet.apply(late)
    asked = ("schedule", "list", "--at", "2026-10-25 02:40", "--status", "open")
    assert fleet(*asked).stdout.splitlines()[1:] == [
        "laat  Laat           generic  1         0        2026-10-25 02:40 CEST  open    week/sun",
        "laat  Laat           generic  1         0        2026-10-25 02:40 CET   open    week/sun",
    ]
    assert fleet(*asked).stderr == "".join(
        f"2026-10-25 02:40 occurs twice in {zone}: both are answered; with an offset it is one of "
        "them\n"
        for zone in ("Europe/Amsterdam", "Europe/Brussels")
    )
    (one,) = fleet.json(*asked)
    assert [decision["at"] for decision in one["decisions"]] == [
        "2026-10-25T00:40:00Z",
        "2026-10-25T01:40:00Z",
    ]
    once = fleet("schedule", "list", "--at", "2026-10-25T02:40+01:00", "--status", "open")
    assert len(once.stdout.splitlines()) == 2
    assert once.stderr == ""


def test_one_of_two_times_is_enough(fleet: CommandLine) -> None:
    """Of the hour that comes twice an override takes the second only."""
    brand = closed_from("2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00")
    fleet.apply(document("bar", NIGHT, overrides=brand))
    (one,) = fleet.json("schedule", "list", "--at", "2026-10-25 02:10", "--status", "open")
    assert [decision["status"] for decision in one["decisions"]] == ["open", "closed"]


def test_a_time_that_does_not_exist_is_answered_by_nobody_there(fleet: CommandLine) -> None:
    """It is told, and the schedules of that zone are of no status; elsewhere it is any time."""
    asked = ("schedule", "list", "--at", "2027-03-28 02:30")
    told = fleet(*asked)
    assert told.stderr == (
        "Warning: 2027-03-28 02:30 does not exist in Europe/Amsterdam, so nothing is decided "
        "there; choose another time\n"
    )
    assert ["no such time" in line for line in told.stdout.splitlines()[1:]] == [True, True, False]
    assert [len(one["decisions"]) for one in fleet.json(*asked)] == [0, 0, 1]
    assert ids(fleet, *asked[2:], "--status", "closed") == ["winkel"]


def test_undecided_holidays_are_told_with_their_dates(
    fleet: CommandLine, set_clock: SetClock
) -> None:
    """All of a schedule's, next one first, by its own clock."""
    set_clock("2026-12-31T23:30:00+00:00")
    fleet.apply(document("kantoor", OFFICE, holidays="{koningsdag: {active: false}}"))
    listed = fleet.json("schedule", "list", "--undecided", "tweede_kerstdag")
    undecided = {one["id"]: one["undecided"] for one in listed}
    assert {"holiday": "koningsdag", "date": "2027-04-27"} in undecided["bar"]
    assert "koningsdag" not in [pair["holiday"] for pair in undecided["kantoor"]]
    # In Amsterdam it is New Year's Day already.
    assert undecided["kantoor"][0] == {"holiday": "nieuwjaarsdag", "date": "2027-01-01"}
    assert undecided["kantoor"][-1] == {"holiday": "tweede_kerstdag", "date": "2027-12-26"}
    lines = fleet("schedule", "list", "--undecided", "any").stdout.splitlines()
    assert lines[0].endswith("UNDECIDED")
    assert "nieuwjaarsdag 2027-01-01, goede_vrijdag 2027-03-26, " in lines[1]


def test_who_has_decided_on_all(cli: CommandLine) -> None:
    """Is not listed, and that nobody is, is said."""
    cli.apply(document("a", holidays="{" + ": , ".join(HOLIDAY_IDS) + ": }"))
    told = cli("schedule", "list", "--undecided", "any")
    assert told.stderr == "no schedule answers to that\n"
    assert len(told.stdout.splitlines()) == 1


@pytest.mark.parametrize("question", [("--status", "open"), ("--undecided", "any")])
def test_a_damaged_schedule_is_told_and_left_out(
    fleet: CommandLine, question: tuple[str, ...]
) -> None:
    """Nothing can be said of it; the others answer."""
    with closing(sqlite3.connect(fleet.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = '{}' WHERE schedule_id = 'bar'")
        db.commit()
    told = fleet("schedule", "list", *question)
    assert told.stderr.startswith("Warning: left out: schedule bar, revision 1: ")
    assert "kantoor" in told.stdout


@pytest.mark.parametrize(
    ("at", "problem"),
    [("morgen", "is not a moment"), ("2026-11-31 10:00", "is not on the clock or calendar")],
)
def test_an_unreadable_moment(fleet: CommandLine, at: str, problem: str) -> None:
    """Is refused, as `check` does."""
    answer: dict[str, Any] = fleet.json("schedule", "list", "--at", at, code=1)
    assert answer["faults"][0]["place"] == "--at"
    assert problem in answer["faults"][0]["problem"]
