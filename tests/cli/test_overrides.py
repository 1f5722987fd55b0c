"""`bereikbaar override`: list, set and clear."""

import re
import sqlite3
from contextlib import closing

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document
from tests.cli.conftest import SetClock

SET = ("override", "set", "hoofdkantoor")
# Sunday 22 November 2026 is closed at the head office; the clock shows 11:00 there.
OPEN = (*SET, "--for", "2h", "--reason", "Open dag", "open")


def decided(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> tuple[str, str]:
    """Return status and rule of a call now."""
    answer = cli.json("check", "--schedule", schedule_id)
    return answer["status"], answer["rule"]


def overrides(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> list[str]:
    """Return the ids of all overrides of a schedule."""
    shown = cli.json("schedule", "show", schedule_id)["document"]["overrides"]
    return list(shown)


def test_a_schedule_forced_open(cli: CommandLine, set_clock: SetClock) -> None:
    """A call notices at once, and the override lapses by itself."""
    cli.apply(HEAD_OFFICE)
    assert decided(cli) == ("closed", "week/sun")
    assert cli(*OPEN).stdout == (
        "hoofdkantoor: changed, revision 2\n"
        "  overrides: open-dag added\n"
        "  what changes for callers in the coming year:\n"
        "    Open dag, Sun 2026-11-22 11:00-13:00: closed (forward to Storingsdienst "
        "+31612345678) becomes open (normal route)\n"
    )
    answer = cli.json("check", "--schedule", "hoofdkantoor")
    given = ("status", "reason", "rule", "valid_until", "next_status")
    assert [answer[key] for key in given] == [
        "open", "override", "overrides/open-dag", "2026-11-22T12:00:00Z", "closed",
    ]  # fmt: skip
    set_clock("2026-11-22T11:59:59+00:00")
    assert decided(cli) == ("open", "overrides/open-dag")
    set_clock("2026-11-22T12:00:00+00:00")
    assert decided(cli) == ("closed", "week/sun")


def test_the_list(cli: CommandLine, set_clock: SetClock) -> None:
    """Those in force first, with how long they last, then those to come; past ones on request."""
    cli.apply(HEAD_OFFICE, document("winkel", timezone="Europe/London"))
    assert cli("override", "list").stderr == "no overrides are in force or to come\n"
    cli(*OPEN)
    cli("override", "set", "winkel", "--from", "2026-12-01 09:00", "--until",
        "2026-12-01 17:30", "--reason", "Verhuizing", "--id", "weg", "closed")  # fmt: skip
    set_clock("2026-11-22T10:01:30+00:00")
    told = cli("override", "list").stdout.splitlines()
    assert [tuple(re.split("  +", line)) for line in told] == [
        ("STATE", "SCHEDULE", "OVERRIDE", "FROM", "UNTIL", "TREATMENT", "REASON"),
        ("in force, 1 h 59 min left", "hoofdkantoor", "open-dag", "2026-11-22 11:00 CET",
         "2026-11-22 13:00 CET", "open", "Open dag"),
        ("to come", "winkel", "weg", "2026-12-01 09:00 GMT", "2026-12-01 17:30 GMT", "closed",
         "Verhuizing"),
    ]  # fmt: skip
    set_clock("2026-11-22T12:00:00+00:00")
    assert cli.json("override", "list") == [
        {
            "schedule": "winkel",
            "id": "weg",
            "state": "to come",
            "from": "2026-12-01T09:00:00Z",
            "until": "2026-12-01T17:30:00Z",
            "treatment": "closed",
            "reason": "Verhuizing",
        }
    ]
    every = cli.json("override", "list", "--all")
    assert [(one["id"], one["state"]) for one in every] == [
        ("weg", "to come"),
        ("open-dag", "past"),
    ]
    assert cli.json("override", "list", "hoofdkantoor") == []
    assert cli("override", "list", "hoofdkantoor", "winkel").stdout.count("\n") == 2
    assert "did you mean winkel?" in cli("override", "list", "winkle", code=1).stderr


def company(cli: CommandLine) -> None:
    """Put in two schedules of one company, and one of another."""
    audio = f"{{dicht: {{name: Dicht, sha256: {'0' * 64}}}}}"
    cli.apply(
        document("a", company="Bakkerij Café", audio=audio),
        document("b", company="bakkerij cafe", audio=audio, timezone="Europe/London"),
        document("c", company="Bakkerij Café Zuid"),
    )


@pytest.mark.parametrize(
    ("chosen", "concerned"),
    [
        pytest.param(("b",), {"b"}, id="one"),
        pytest.param(("c", "a", "c"), {"a", "c"}, id="several, one twice"),
        pytest.param(("--company", " BAKKERIJ CAFE"), {"a", "b"}, id="a company"),
        pytest.param(("--all",), {"a", "b", "c"}, id="all"),
    ],
)
def test_many_at_once(cli: CommandLine, chosen: tuple[str, ...], concerned: set[str]) -> None:
    """One step sets them, and no others."""
    company(cli)
    asked = ("override", "set", *chosen, "--until", "17:00", "--reason", "Brand", "closed")
    told = cli.json(*asked)["schedules"]
    assert {one["schedule"] for one in told if one["result"] == "changed"} == concerned
    assert len(told) == len(concerned)
    assert {one["schedule"] for one in cli.json("override", "list")} == concerned


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        pytest.param(("b",), {"a", "c"}, id="one"),
        pytest.param(("--company", "Bakkerij Café"), {"c"}, id="a company"),
        pytest.param(("--all",), set[str](), id="all"),
    ],
)
def test_many_cleared_at_once(cli: CommandLine, chosen: tuple[str, ...], left: set[str]) -> None:
    """One step clears them, and no others."""
    company(cli)
    cli("override", "set", "--all", "--for", "1h", "--reason", "Brand", "closed")
    cleared = cli.json("override", "clear", *chosen)["schedules"]
    assert {one["schedule"] for one in cleared} == {"a", "b", "c"} - left
    assert {one["schedule"] for one in cli.json("override", "list", "--all")} == left


def test_each_schedule_has_its_own_clock(cli: CommandLine) -> None:
    """17:00 is an hour later in London than in Amsterdam."""
    company(cli)
    cli("override", "set", "--all", "--until", "17:00", "--reason", "Brand", "closed")
    ends = {one["schedule"]: one["until"] for one in cli.json("override", "list")}
    assert ends == {
        "a": "2026-11-22T16:00:00Z",
        "b": "2026-11-22T17:00:00Z",
        "c": "2026-11-22T16:00:00Z",
    }


@pytest.mark.parametrize("chosen", [("--all",), ("a", "c")], ids=["all", "named"])
def test_all_or_none(cli: CommandLine, chosen: tuple[str, ...]) -> None:
    """A schedule without that message is named, and none is changed."""
    company(cli)
    before = cli.rows()
    asked = ("--for", "1h", "--reason", "x", "closed audio=dicht")
    assert cli("override", "set", *chosen, *asked, code=1).stderr == (
        "c: overrides.x.slot: audio=dicht names no audio of this schedule; add dicht under "
        "`audio`, or name one that stands there\n"
    )
    assert cli.rows() == before
    cli("override", "set", "--company", "Bakkerij Café", *asked)


def test_faults_of_several_schedules(cli: CommandLine) -> None:
    """Each is told for each: it is past eleven in one of them only."""
    company(cli)
    result = cli("override", "set", "--all", "--until", "10:30", "--reason", "x",
                 "closed forward=weg", code=1)  # fmt: skip
    places = [line.partition(": ")[::2] for line in result.stderr.splitlines()]
    assert [(one, rest.partition(":")[0]) for one, rest in places] == [
        ("a", "until"),
        ("a", "overrides.x.slot"),
        ("b", "overrides.x.slot"),
        ("c", "until"),
        ("c", "overrides.x.slot"),
    ]


def test_a_company_that_has_no_schedule(cli: CommandLine) -> None:
    """A part of its name is not enough."""
    company(cli)
    for command in (("set", "--for", "1h", "--reason", "x"), ("clear",)):
        asked = ("override", *command, "--company", "bakkerij")
        told = cli(*asked, *(["open"] if command[0] == "set" else []), code=1).stderr
        assert "no schedule is of company 'bakkerij'; `bereikbaar schedule search`" in told


def test_a_damaged_schedule_holds_up_no_other(cli: CommandLine) -> None:
    """It is told; a company's brake takes the others, and so does the list."""
    company(cli)
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute(
            "UPDATE revisions SET document = replace(document, 'overrides', 'override') "
            "WHERE schedule_id = 'b'"
        )
        db.commit()
    asked = ("--company", "Bakkerij Café")
    result = cli("override", "set", *asked, "--for", "1h", "--reason", "x", "closed")
    assert result.stderr.startswith("Warning: passed over: schedule b, revision 1: ")
    listed = cli("override", "list")
    assert listed.stderr.startswith("Warning: schedule b, revision 1: ")
    assert listed.stdout.count("in force") == 1
    told = cli("override", "set", "--all", "--for", "1h", "--reason", "x", "closed", code=1).stderr
    assert "schedule b, revision 1: " in told
    assert overrides(cli, "c") == []


def test_replacing_one_ends_it(cli: CommandLine, set_clock: SetClock) -> None:
    """Rule 7: the one that was in force is over, and stays over when the new one lapses."""
    cli.apply(HEAD_OFFICE)
    cli(*SET, "--until", "23:00", "--reason", "Open dag", "open")
    set_clock("2026-11-22T11:00:00+00:00")
    result = cli(*SET, "--for", "1h", "--reason", "Brand", "closed")
    assert "overrides: brand added\n  overrides: open-dag changed\n" in result.stdout
    assert decided(cli) == ("closed", "overrides/brand")
    set_clock("2026-11-22T12:00:00+00:00")
    assert decided(cli) == ("closed", "week/sun")


def test_no_expectation_holds_up_the_brake(cli: CommandLine) -> None:
    """Rules 7 and 27: expectations are judged without overrides."""
    cli.apply(HEAD_OFFICE + "expect: [{at: 2026-11-23T10:00, status: open}]\n")
    cli(*SET, "--until", "2026-11-24 00:00", "--reason", "Brand", "closed")
    asked = ("check", "--schedule", "hoofdkantoor", "--at", "2026-11-23 10:00")
    assert cli.json(*asked)["rule"] == "overrides/brand"


def test_no_lock_holds_up_the_brake(cli: CommandLine) -> None:
    """Rule 7: an override is set and cleared while somebody else edits."""
    cli.apply(HEAD_OFFICE)
    cli("lock", "take", "hoofdkantoor", "--as", "jan")
    assert "jan" in cli("schedule", "rename", "hoofdkantoor", "X", "--as", "piet", code=1).stderr
    cli(*OPEN, "--as", "piet")
    assert overrides(cli) == ["open-dag"]
    cli("override", "clear", "hoofdkantoor", "--as", "piet")
    assert overrides(cli) == []


def test_clearing(cli: CommandLine, set_clock: SetClock) -> None:
    """Those in force or to come, those named, or those that are over."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    for day in (22, 23, 24, 25):
        cli(*SET, "--from", f"2026-11-{day} 12:00", "--for", "1h", "--reason", f"dag {day}", "open")
    set_clock("2026-11-23T11:30:00+00:00")
    cli("override", "clear", "hoofdkantoor", "dag-25")
    assert overrides(cli) == ["dag-22", "dag-23", "dag-24"]
    assert "did you mean dag-24" in cli("override", "clear", "hoofdkantoor", "dag24", code=1).stderr
    cli("override", "clear", "hoofdkantoor")
    assert overrides(cli) == ["dag-22"]
    assert decided(cli) == ("open", "week/mon")
    again = cli("override", "clear", "hoofdkantoor")
    assert again.stdout == "hoofdkantoor: unchanged, revision 7\n"
    assert again.stderr == "no overrides are in force or to come: nothing to clear\n"
    cleared = cli.json("override", "clear", "--all", "--past")["schedules"]
    assert [one["schedule"] for one in cleared] == ["hoofdkantoor"]
    assert overrides(cli) == []
    assert cli("override", "clear", "--all", "--past").stderr == (
        "no overrides are past: nothing to clear\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--for", "1h", "--reason", "", "open"), "--reason: is empty", id="no reason"),
        pytest.param(("--for", "1h", "--reason", "a\nb", "open"), "--reason: ", id="line break"),
        pytest.param(("--for", "1h", "--reason", "x" * 99_999, "open"), "--reason: ", id="huge"),
        pytest.param(("--for", "99999h", "--reason", "x", "open"), "--for: ", id="huge span"),
        pytest.param(("--for", "-1h", "--reason", "x", "open"), "--for: ", id="negative span"),
        pytest.param(("--for", "0m", "--reason", "x", "open"), "--for: ", id="no span"),
        pytest.param(("--for", "", "--reason", "x", "open"), "--for: ", id="empty span"),
        pytest.param(("--until", "straks", "--reason", "x", "open"), "--until: ", id="later"),
        pytest.param(("--until", "", "--reason", "x", "open"), "--until: ", id="empty"),
        pytest.param(("--until", "25:00", "--reason", "x", "open"), "--until: ", id="no time"),
        pytest.param(("--until", "00:00", "--reason", "x", "open"), "write 24:00", id="midnight"),
        pytest.param(("--until", "17:00", "--from", "", "--reason", "x", "open"), "--from: ",
                     id="empty from"),
        pytest.param(("--until", "09:00", "--reason", "x", "open"),
                     "until: 2026-11-22 09:00 has passed", id="passed"),
        pytest.param(("--until", "2027-03-28 02:30", "--reason", "x", "open"),
                     "does not exist in Europe/Amsterdam", id="skipped"),
        pytest.param(("--until", "2027-10-31 02:30", "--reason", "x", "open"),
                     "give the offset: 2027-10-31T02:30+02:00 or 2027-10-31T02:30+01:00",
                     id="doubled"),
        pytest.param(("--until", "2026-11-23T02:30:10", "--reason", "x", "open"),
                     "is not a whole minute", id="seconds"),
        pytest.param(("--until", "2026-11-22 17:00 Mars/Base", "--reason", "x", "open"),
                     "--until: ", id="wrong zone"),
        pytest.param(("--for", "1h", "--reason", "x", "dicht"), "TREATMENT: ", id="no status"),
        pytest.param(("--for", "1h", "--reason", "x", "closed \x1b"), "TREATMENT: ", id="escape"),
        pytest.param(("--for", "1h", "--reason", "x", "--id", "A B", "open"), "--id: ",
                     id="no id"),
        pytest.param(("--for", "1h", "--reason", "x", "--id", "", "open"), "--id: ",
                     id="empty id"),
    ],
)  # fmt: skip
def test_unusual_input(cli: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    """It is refused with what to do, and nothing is saved."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    result = cli(*SET, *arguments, code=1)
    assert told in result.stderr
    assert "\x1b" not in result.stderr
    assert len(result.stderr) < 1_000
    assert cli.rows() == before


def test_many_faults_at_once(cli: CommandLine) -> None:
    """All that was typed wrongly is told."""
    cli.apply(HEAD_OFFICE)
    told = cli.json("override", "set", "--company", "", "--until", "x", "--from", "y", "--reason",
                    "", "--id", "Z", "dicht", code=1)  # fmt: skip
    assert [fault["place"] for fault in told["faults"]] == [
        "--company", "TREATMENT", "--reason", "--until", "--from", "--id",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("set", "a", "--reason", "x", "open"), id="no end"),
        pytest.param(("set", "a", "--for", "1h", "--until", "17:00", "--reason", "x", "open"),
                     id="two ends"),
        pytest.param(("set", "a", "--for", "1h", "open"), id="no reason"),
        pytest.param(("set", "--for", "1h", "--reason", "x", "open"), id="no schedule"),
        pytest.param(("set", "a", "--all", "--for", "1h", "--reason", "x", "open"),
                     id="one and all"),
        pytest.param(("set", "--company", "x", "--all", "--for", "1h", "--reason", "x", "open"),
                     id="company and all"),
        pytest.param(("clear",), id="clear nothing"),
        pytest.param(("clear", "a", "--all"), id="clear one and all"),
        pytest.param(("clear", "a", "b", "--past"), id="clear one and past"),
    ],
)  # fmt: skip
def test_wrong_usage(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """What is meant is for the operator to say, once."""
    company(cli)
    cli("override", *arguments, code=2)


@pytest.mark.parametrize(
    "asked",
    [
        OPEN,
        ("override", "set", "--all", "--for", "1h", "--reason", "x", "open"),
        ("override", "clear", "winkel"),
        ("override", "clear", "--all"),
    ],
    ids=["set", "set all", "clear", "clear all"],
)
def test_tried_dry(cli: CommandLine, asked: tuple[str, ...]) -> None:
    """What would change for callers is told, and nothing is saved."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    cli("override", "set", "winkel", "--for", "3h", "--reason", "y", "closed")
    before = cli.rows()
    result = cli(*asked, "--dry-run")
    assert "what changes for callers" in result.stdout
    assert result.stderr == "a dry run: nothing was saved\n"
    assert cli.rows() == before
