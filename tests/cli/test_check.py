"""`bereikbaar check` without a daemon: decided here, and said so."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document

SetClock = Callable[[str], None]
LOCALLY = "no daemon is running; decided here, from what is stored\n"
HOOK_FIELDS = [
    "status",
    "action",
    "audio",
    "audio_url",
    "forward",
    "voicemail",
    "schedule",
    "schedule_name",
    "reason",
    "rule",
    "at",
    "valid_until",
    "next_status",
    "revision",
    "decision_id",
    "error",
]


def test_the_answer_for_a_person(cli: CommandLine) -> None:
    """Local time and UTC, until when, and what then: Monday 23 November 2026 before opening."""
    cli.apply(HEAD_OFFICE)
    result = cli("check", "--number", "085-0000142", "--at", "2026-11-23 08:00")
    assert result.stdout == (
        "request    GET /hook/generic?did=085-0000142&at=2026-11-23T08%3A00 (not sent)\n"
        "number     +31850000142\n"
        "at         Mon 2026-11-23 08:00 CET (2026-11-23T07:00:00Z)\n"
        "status     closed\n"
        "action     voicemail to receptie@example.nl\n"
        "schedule   hoofdkantoor (Hoofdkantoor Utrecht), revision 1\n"
        "reason     weekly, week/mon\n"
        "until      Mon 2026-11-23 08:30 CET (2026-11-23T07:30:00Z), then open\n"
    )
    assert result.stderr == LOCALLY


def test_the_answer_for_a_program_has_the_fields_of_the_hook(cli: CommandLine) -> None:
    """In the contract's order, every value a string; now, on a Sunday, calls are forwarded."""
    cli.apply(HEAD_OFFICE)
    answer = cli.json("check", "--number", "+31850000000")
    assert list(answer) == HOOK_FIELDS
    assert answer == dict.fromkeys(HOOK_FIELDS, "") | {
        "status": "closed",
        "action": "forward",
        "forward": "+31612345678",
        "schedule": "hoofdkantoor",
        "schedule_name": "Hoofdkantoor Utrecht",
        "reason": "weekly",
        "rule": "week/sun",
        "at": "2026-11-22T10:00:00Z",
        "valid_until": "2026-11-22T23:00:00Z",
        "next_status": "closed",
        "revision": "1",
    }


def test_an_explanation_names_every_rule_winner_first(cli: CommandLine) -> None:
    """Koningsdag beats the Tuesday it falls on in 2027."""
    cli.apply(HEAD_OFFICE)
    asked = ("check", "--schedule", "hoofdkantoor", "--at", "2027-04-27 10:00", "--explain")
    considered = cli.json(*asked)["considered"]
    assert [(one["rule"], one["wins"]) for one in considered] == [
        ("holidays/koningsdag", True),
        ("week/tue", False),
    ]
    lines = cli(*asked).stdout.splitlines()
    assert lines[-3].split() == ["RULE", "NAME", "RESULT", "SLOT", "WHY"]
    assert lines[-2].split()[:3] == ["holidays/koningsdag", "Koningsdag", "wins"]
    assert lines[-1].endswith("weekly hours of Tuesday; beaten by holiday koningsdag")


def test_a_rule_that_does_not_hold_is_told_apart_from_one_that_lost(cli: CommandLine) -> None:
    """On Sunday 27 April 2031 koningsdag was kept the day before; an override ended at nine."""
    override = (
        "{dicht: {from: 2031-04-27T08:00+02:00, until: 2031-04-27T09:00+02:00, "
        "slot: closed, reason: Storing}}"
    )
    cli.apply(document("winkel", overrides=override, holidays="{koningsdag: {}}"))
    at = ("--at", "2031-04-27 10:00", "--explain")
    assert cli("check", "--schedule", "winkel", *at).stdout.split("\n\n")[1] == (
        "RULE                 NAME        RESULT  SLOT              WHY\n"
        "week/sun             Zondag      wins    00:00-24:00 open  weekly hours of Sunday; "
        "no override, exception or holiday holds\n"
        "holidays/koningsdag  Koningsdag  off                       holiday koningsdag; "
        "moved to Saturday the 26th this year\n"
        "overrides/dicht      Storing     off                       override dicht; "
        "ended Sun 2031-04-27 09:00\n"
    )


def test_an_unknown_number_is_answered_like_any_call(cli: CommandLine) -> None:
    """The PBX goes its normal route (rule 16)."""
    cli.apply(HEAD_OFFICE)
    for number in ("+31201234567", "anonymous"):
        answer = cli.json("check", "--number", number)
        assert (answer["status"], answer["action"]) == ("unknown", "continue")
        assert answer["reason"] == "unknown-number"
    assert cli("check", "--number", "1").stdout.splitlines()[3:] == [
        "status     unknown",
        "action     the PBX's normal route",
        "reason     unknown-number",
    ]


def test_an_unknown_schedule_is_refused_with_a_guess(cli: CommandLine) -> None:
    """A person who names a schedule means one that is there."""
    cli.apply(HEAD_OFFICE)
    result = cli("check", "--schedule", "hoofdkantor", code=1)
    assert "did you mean hoofdkantoor?" in result.stderr


def test_a_schedule_that_no_pbx_reaches_is_warned_of(cli: CommandLine) -> None:
    """It has no linked number."""
    cli.apply(document("winkel"))
    result = cli("check", "--schedule", "winkel")
    assert "status     open" in result.stdout
    assert "until      nothing changes within 400 days" in result.stdout
    assert "Warning: schedule winkel is not linked to any number" in result.stderr


# Clocks go back at 03:00 CEST on 25 October 2026; the hour from 02:00 shows twice.
TWICE = ("--at", "2026-10-25 02:30")
NIGHT = "00:00-02:30 closed, 02:30-24:00 open"


def test_a_time_that_occurs_twice_is_answered_for_both(cli: CommandLine) -> None:
    """The opening at 02:30 holds, then at 02:00 CET the wall clock is before it again (rule 5)."""
    cli.apply(document("winkel", NIGHT, numbers='["+31850000001"]'))
    both = cli.json("check", "--schedule", "winkel", *TWICE)
    assert [(one["at"], one["status"], one["valid_until"]) for one in both] == [
        ("2026-10-25T00:30:00Z", "open", "2026-10-25T01:00:00Z"),
        ("2026-10-25T01:30:00Z", "open", "2026-10-25T23:00:00Z"),
    ]
    text = cli("check", "--number", "+31850000001", *TWICE).stdout
    assert [line.split()[3:5] for line in text.splitlines() if line.startswith("at")] == [
        ["02:30", "CEST"],
        ["02:30", "CET"],
    ]


def test_what_is_expected_must_hold_both_times(cli: CommandLine) -> None:
    """An override covers only the second of the two."""
    override = (
        "{dicht: {from: 2026-10-25T01:00Z, until: 2026-10-25T02:00Z, slot: closed, reason: X}}"
    )
    cli.apply(document("winkel", overrides=override))
    asked = ("check", "--schedule", "winkel", *TWICE)
    for status in ("open", "closed"):
        result = cli(*asked, "--expect", status, code=3)
        other = "closed" if status == "open" else "open"
        assert result.stderr.endswith(f"expected {status}, but it is {other}\n")
    assert len(json.loads(cli(*asked, "--expect", "open", "--json", code=3).stdout)) == 2


def test_a_time_that_does_not_exist_is_refused(cli: CommandLine) -> None:
    """28 March 2027 goes from 02:00 to 03:00 at once (rule 5)."""
    cli.apply(document("winkel"))
    result = cli("check", "--schedule", "winkel", "--at", "2027-03-28 02:30", code=1)
    assert result.stdout == ""
    assert result.stderr.endswith(
        "--at: 2027-03-28T02:30 does not exist in Europe/Amsterdam; "
        "choose a time that the clock shows\n"
    )


def test_local_time_is_that_of_the_schedule(cli: CommandLine) -> None:
    """Noon in New York is 17:00 UTC in December."""
    cli.apply(document("kantoor", timezone="America/New_York"))
    answer = cli.json("check", "--schedule", "kantoor", "--at", "2026-12-25 12:00")
    assert answer["at"] == "2026-12-25T17:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-25 10:00",
        "2026-12-25T10:00",
        "2026-12-25T10:00:00",
        "2026-12-25T10:00+01:00",
        "2026-12-25T09:00Z",
        "25-12-2026 10:00",
        "25/12/2026 10:00",
        "25.12.2026 10:00",
        "25 december 2026 10:00",
        "25 dec 2026 10:00",
        "December 25 2026 10:00",
        "  2026-12-25 10:00 ",
    ],
)
def test_a_moment_may_be_typed_in_many_ways(cli: CommandLine, text: str) -> None:
    """Day first where the form leaves it open; months in Dutch and English."""
    cli.apply(document("winkel"))
    asked = cli.json("check", "--schedule", "winkel", "--at", text)
    assert asked["at"] == "2026-12-25T09:00:00Z"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-25", "2026-12-24T23:00:00Z"),
        ("1-5-2026", "2026-04-30T22:00:00Z"),
        ("1 mei 2026", "2026-04-30T22:00:00Z"),
        ("3 maart 2027", "2027-03-02T23:00:00Z"),
        ("5-6-2026 9:05", "2026-06-05T07:05:00Z"),
    ],
)
def test_a_date_alone_is_its_midnight(cli: CommandLine, text: str, at: str) -> None:
    """Midnight of the schedule's zone begins the day."""
    cli.apply(document("winkel"))
    assert cli.json("check", "--schedule", "winkel", "--at", text)["at"] == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "morgen",
        "friday",
        "10:00",
        "dec 2026",
        "25 december 10:00",
        "12-25-2026 10:00",
        "2026-13-01",
        "2026-02-30 10:00",
        "25-12-26 10:00",
        "1999-12-31 10:00",
        "25 december 2126 10:00",
        "25 dec 2026 10:00 XYZ",
        "25 dec 2026 99:99",
        "2026-12-25 24:00",
        "1" * 400 + " dec",
        "9" * 60 + "h/0",
    ],
)
def test_what_would_have_to_be_guessed_is_refused(cli: CommandLine, text: str) -> None:
    """One line names the option, what is wrong with it and what to write."""
    cli.apply(document("winkel"))
    result = cli("check", "--schedule", "winkel", "--at", text, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("--at: ")
    assert "; " in result.stderr


def test_a_message_is_told_by_its_name(cli: CommandLine) -> None:
    """And where the PBX gets it; one whose bytes are gone is an error (rule 19)."""
    digest = "ab" * 32
    audio = f"{{gesloten: {{name: Wij zijn gesloten, sha256: {digest}}}}}"
    cli.apply(document("winkel", "00:00-24:00 closed audio=gesloten", audio=audio))
    assert "error      audio-missing" in cli("check", "--schedule", "winkel").stdout
    cli.write(f"data/audio/{digest}.wav", b"")
    assert (
        f"message    Wij zijn gesloten (http://127.0.0.1:8470/audio/{digest}.wav)"
        in cli("check", "--schedule", "winkel").stdout
    )


def test_a_damaged_schedule_is_out_of_service(cli: CommandLine) -> None:
    """A call to it goes the normal route, and the reason says why (rule 16)."""
    cli.apply(document("winkel", numbers='["+31850000001"]'))
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("UPDATE schedules SET sha256 = 'x'")
        db.commit()
    result = cli("check", "--number", "+31850000001")
    assert "reason     outside-service" in result.stdout
    assert "Warning: schedule winkel, revision 1: the checksum doesn't match" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--number", "1", "--schedule", "x"),
        ("--number", "1", "--dialect", "4cx"),
        ("--number", "1", "--expect", "dicht"),
    ],
)
def test_wrong_usage_ends_with_2(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """Nothing is asked, and nothing is made."""
    cli("check", *arguments, code=2)
    assert not (cli.folder / "data").exists()


def test_the_request_is_told_though_it_was_not_sent(cli: CommandLine) -> None:
    """With the dialect's path and the caller, as the PBX would send it."""
    cli("migrate")
    asked = ("check", "--number", "1", "--caller", "+31 612", "--dialect", "swyx")
    assert cli(*asked).stdout.splitlines()[0] == (
        "request    GET /hook/swyx?did=1&cli=%2B31%20612 (not sent)"
    )


def test_a_local_time_needs_a_zone_that_can_be_read(cli: CommandLine) -> None:
    """That of a damaged schedule isn't guessed; a moment with an offset needs none."""
    cli.apply(document("winkel", timezone="America/New_York"))
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("UPDATE schedules SET sha256 = 'x'")
        db.commit()
    asked = ("check", "--schedule", "winkel", "--at")
    refused = cli(*asked, "2026-12-25 12:00", code=1)
    assert refused.stdout == ""
    assert "its time zone is unknown" in refused.stderr
    told = cli(*asked, "2026-12-25T12:00-05:00")
    assert "at         2026-12-25T17:00:00Z\n" in told.stdout


def test_without_daemon_and_store_nothing_is_decided(cli: CommandLine) -> None:
    """What the store lacks is said, and no instant is made up."""
    cli.write("data/bereikbaar.db", "x" * 4096)
    result = cli("check", "--schedule", "winkel", "--at", "2026-12-25 12:00", code=1)
    assert result.stdout == ""
    assert "it is no database" in result.stderr


def test_a_number_that_no_schedule_has_is_told_with_the_remedy(cli: CommandLine) -> None:
    """As it was read; and one that can't be read is told apart."""
    cli.apply(HEAD_OFFICE)
    unlinked = cli("check", "--number", "0201234567")
    assert "number     +31201234567\n" in unlinked.stdout
    assert "link it with `bereikbaar schedule link ID +31201234567`\n" in unlinked.stderr
    unreadable = cli("check", "--number", "anoniem")
    assert "number     'anoniem' is no telephone number\n" in unreadable.stdout
    assert "Warning: 'anoniem' can't be read as a telephone number; write" in unreadable.stderr


def test_a_change_of_treatment_alone_is_told_as_such(cli: CommandLine) -> None:
    """Closed stays closed, but not for the caller: on Monday at 00:00 voicemail begins."""
    cli.apply(HEAD_OFFICE)
    told = cli("check", "--schedule", "hoofdkantoor").stdout
    assert (
        "until      Mon 2026-11-23 00:00 CET (2026-11-22T23:00:00Z), then closed, otherwise "
        in (told)
    )


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("09:00", "the date is missing: write YYYY-MM-DD HH:MM"),
        ("9:00", "the date is missing: write YYYY-MM-DD HH:MM"),
        ("2026-12-25 9:00", "write hour and minute in two digits: 09:00"),
        ("2026-12-25T9:00", "write hour and minute in two digits: 09:00"),
        ("25-12-2026 9", "write hour and minute in two digits: 09:00"),
        ("25-12-26", "write the year in four digits: YYYY-MM-DD HH:MM"),
        ("25-12-26 09:00", "write the year in four digits: YYYY-MM-DD HH:MM"),
        ("25/12/26 09:00", "write the year in four digits: YYYY-MM-DD HH:MM"),
        ("morgen", "write YYYY-MM-DD HH:MM"),
    ],
)
def test_a_moment_written_short_says_what_to_add(cli: CommandLine, text: str, remedy: str) -> None:
    """One wording for each shape."""
    cli.apply(HEAD_OFFICE)
    told = cli("check", "--schedule", "hoofdkantoor", "--at", text, code=1).stderr
    assert told == f"--at: {text!r} is not a moment; {remedy}\n"
