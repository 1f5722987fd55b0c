"""`bereikbaar diff`: what changes for callers between two states, and nothing saved."""

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import pytest

from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.cli.command_line import HEAD_OFFICE, CommandLine, document, recording, wav
from tests.oracle import MINUTE, Lot, Oracle

SHUT: Final = "00:00-24:00 closed"
OPENED: Final = "closed (hang up) becomes open (normal route)"
# Now is Sunday 22 November 2026, 11:00; the last whole day of 365 is Sunday 21 November 2027.
YEAR: Final = "Sun 2026-11-22 11:00 to Sun 2027-11-21 24:00"


def test_a_file_is_compared_with_what_is_saved(cli: CommandLine) -> None:
    """Koningsdag stays as it is: 52 weeks of five days, but for Tuesday 27 April 2027."""
    cli.apply(HEAD_OFFICE)
    later = HEAD_OFFICE.replace("08:30", "09:00").replace(
        "storing: {name: S", "storing: {name: De s"
    )
    told = cli("diff", "hoofdkantoor", "--file", cli.write("nieuw.yaml", later))
    assert told.stdout == (
        "hoofdkantoor: from revision 1 to nieuw.yaml\n"
        "  week: mon, tue, wed, thu, fri changed\n"
        "  forwards: storing changed\n"
        "  what changes for callers in the coming year:\n"
        "    every Monday to Friday 08:30-09:00 (259 times from 2026-11-23 to 2027-11-19; "
        "not on 2027-04-27): open (normal route) becomes closed (voicemail to "
        "receptie@example.nl)\n"
    )
    assert told.stderr == ""


def test_the_answer_for_a_program(cli: CommandLine) -> None:
    """Where both states come from, then the same parts as a save tells."""
    cli.apply(document("winkel"))
    closing_day = "{feest: {name: Feest, dates: [2026-12-05], slots: [00:00-24:00 closed]}}"
    name = cli.write("winkel.yaml", document("winkel", exceptions=closing_day))
    outcome = {"audio": "", "forward": "", "voicemail": "", "error": ""}
    assert cli.json("diff", "winkel", "--file", name, "--days", "30") == {
        "schedule": "winkel",
        "from": {"revision": 1, "file": None},
        "to": {"revision": None, "file": "winkel.yaml"},
        "days": 30,
        "document": ["exceptions: feest added"],
        "callers": [
            "Feest, Sat 2026-12-05 00:00-24:00: open (normal route) becomes closed (hang up)"
        ],
        "differences": [
            {
                "from": "2026-12-04T23:00:00Z",
                "until": "2026-12-05T23:00:00Z",
                "before": {"status": "open", "action": "continue", **outcome},
                "after": {"status": "closed", "action": "hangup", **outcome},
            }
        ],
    }


def test_revisions_are_compared_in_either_direction(cli: CommandLine) -> None:
    """One that is left out is the present one."""
    for day in (SHUT, "00:00-24:00 open", "00:00-24:00 break"):
        cli.apply(document("winkel", day))
    assert cli("diff", "winkel", "--to-revision", "1").stdout == (
        "winkel: from revision 3 to revision 1\n"
        "  week: mon, tue, wed, thu, fri, sat, sun changed\n"
        "  what changes for callers in the coming year:\n"
        f"    {YEAR}: break (hang up) becomes closed (hang up)\n"
    )
    told = cli("diff", "winkel", "--from-revision", "1", "--to-revision", "2").stdout
    assert told.splitlines()[-1] == f"    {YEAR}: {OPENED}"
    told = cli("diff", "winkel", "--from-revision", "2").stdout
    assert told.splitlines()[0] == "winkel: from revision 2 to revision 3"
    assert told.splitlines()[-1] == f"    {YEAR}: open (normal route) becomes break (hang up)"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param("1", "Sun 2026-11-22 11:00-24:00", id="a-day"),
        pytest.param("30", "Sun 2026-11-22 11:00 to Mon 2026-12-21 24:00", id="a-month"),
        pytest.param("3650", "Sun 2026-11-22 11:00 to Tue 2036-11-18 24:00", id="ten-years"),
    ],
)
def test_as_many_days_are_compared_as_asked(cli: CommandLine, days: str, expected: str) -> None:
    """Whole days of the schedule's zone, today included."""
    cli.apply(document("winkel", SHUT))
    name = cli.write("winkel.yaml", document("winkel"))
    assert cli("diff", "winkel", "--file", name, "--days", days).stdout.splitlines()[-2:] == [
        f"  what changes for callers in the coming {days} days:",
        f"    {expected}: {OPENED}",
    ]


def test_the_same_command_stands_among_those_of_schedules(cli: CommandLine) -> None:
    """Whoever looks for it there finds it."""
    for day in (SHUT, "00:00-24:00 open"):
        cli.apply(document("winkel", day))
    asked = ("diff", "winkel", "--to-revision", "1")
    assert cli("schedule", *asked).stdout == cli(*asked).stdout


def test_nothing_is_saved(cli: CommandLine) -> None:
    """Neither the document nor its message."""
    cli.apply(document("winkel"))
    before = cli.rows()
    cli.write("gesloten.wav", wav())
    text = document(
        "winkel",
        "00:00-24:00 closed audio=gesloten",
        audio="{gesloten: {name: Gesloten, file: gesloten.wav}}",
    )
    told = cli("diff", "winkel", "--file", "-", stdin=document("winkel", SHUT)).stdout
    assert told.startswith("winkel: from revision 1 to -\n")
    told = cli("diff", "winkel", "--file", cli.write("winkel.yaml", text)).stdout
    # The message counts as stored, as it would be by then.
    assert "becomes closed (message 'Gesloten', hang up)" in told
    assert cli.rows() == before
    assert not list((cli.folder / "data").glob("audio/*.wav"))


def test_the_same_hours_with_another_message_are_told_as_such(cli: CommandLine) -> None:
    """Beneath a heading that says so."""
    cli.write("een.wav", wav())
    cli.write("twee.wav", wav(0.2))
    texts = [
        document(
            "winkel",
            f"{SHUT} audio=gesloten",
            audio=f"{{gesloten: {{name: {name.title()}, file: {name}.wav}}}}",
        )
        for name in ("een", "twee")
    ]
    for text in texts:
        cli.apply(text)
    assert cli("diff", "winkel", "--from-revision", "1").stdout == (
        "winkel: from revision 1 to revision 2\n"
        "  audio: gesloten changed\n"
        "  the hours stay the same; what else changes for callers in the coming year:\n"
        f"    {YEAR}: still closed, but message 'Twee' instead of 'Een'\n"
    )


def test_equal_states_differ_in_nothing(cli: CommandLine) -> None:
    """Nor does a new name change anything for callers."""
    cli.apply(HEAD_OFFICE)
    name = cli.write("zelfde.yaml", HEAD_OFFICE)
    assert cli("diff", "hoofdkantoor", "--file", name).stdout == (
        "hoofdkantoor: from revision 1 to zelfde.yaml\n"
        "  hours, messages and targets stay the same for callers\n"
    )
    same = cli.json("diff", "hoofdkantoor", "--to-revision", "1")
    assert (same["document"], same["callers"], same["differences"]) == ([], [], [])


# Twenty-eight dates of 2027, no two of which follow on one another or fall a week apart.
SCATTERED: Final = [f"2027-{month:02}-{day:02}" for month in range(1, 11) for day in (1, 11, 23)][
    :28
]


def test_a_long_list_is_shortened_for_people_only(cli: CommandLine) -> None:
    """The rest is counted; a program gets all."""
    cli.apply(document("winkel"))
    days = f"{{dicht: {{name: Dicht, dates: [{', '.join(SCATTERED)}], slots: [{SHUT}]}}}}"
    name = cli.write("winkel.yaml", document("winkel", exceptions=days))
    lines = cli("diff", "winkel", "--file", name).stdout.splitlines()
    assert len(lines) == 3 + 25 + 1
    assert lines[3].startswith("    Dicht, Fri 2027-01-01 00:00-24:00: ")
    assert lines[-1] == "    … and 3 more; --json tells all"
    answer = cli.json("diff", "winkel", "--file", name)
    assert [one[11:21] for one in answer["callers"]] == SCATTERED
    assert len(answer["differences"]) == 28


def test_dates_left_out_are_counted_for_people_only(cli: CommandLine) -> None:
    """Five are told, of the eight on which the shop is shut before and after."""
    dates = [date for date in SCATTERED if date < "2027-03-20"]
    days = f"{{dicht: {{name: Dicht, dates: [{', '.join(dates)}], slots: [{SHUT}]}}}}"
    cli.apply(document("winkel", "00:00-09:00 closed, 09:00-24:00 open", exceptions=days))
    later = document("winkel", "00:00-10:00 closed, 10:00-24:00 open", exceptions=days)
    name = cli.write("winkel.yaml", later)
    (told,) = cli("diff", "winkel", "--file", name).stdout.splitlines()[3:]
    assert told.startswith(
        "    every day 09:00-10:00 (356 times from 2026-11-23 to 2027-11-21; not on 2027-01-01, "
        "2027-01-11, 2027-01-23, 2027-02-01, 2027-02-11 and 3 more): "
    )
    (told,) = cli.json("diff", "winkel", "--file", name)["callers"]
    assert f"not on {', '.join(dates[:-1])} and {dates[-1]})" in told


def test_what_the_document_leaves_out_is_kept_from_the_present(cli: CommandLine) -> None:
    """As `apply` would: an override stays in force."""
    override = (
        "{dicht: {from: 2026-11-22T10:00Z, until: 2026-11-29T10:00Z, slot: closed, reason: X}}"
    )
    cli.apply(document("winkel", overrides=override))
    name = cli.write("winkel.yaml", document("winkel", "00:00-24:00 break"))
    told = cli("diff", "winkel", "--file", name, "--days", "10").stdout
    assert told.splitlines()[-1] == (
        "    Sun 2026-11-29 11:00 to Tue 2026-12-01 24:00: "
        "open (normal route) becomes break (hang up)"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("id: winkel\nnaam: x\n", id="not-a-schedule"),
        pytest.param(document("winkel", "00:00-12:00 open"), id="a-day-with-a-gap"),
        pytest.param(document("winkel", audio="{a: {name: A, file: a.wav}}"), id="no-message"),
        pytest.param(document("winkel", forwards="{}"), id="what-is-kept-no-longer-fits"),
        pytest.param(b"\xff", id="not-a-text"),
    ],
)
def test_faults_of_a_file_are_those_that_apply_tells(cli: CommandLine, text: str | bytes) -> None:
    """Every one of them, with its line, and exit code 1."""
    override = (
        "{dicht: {from: 2026-11-22T10:00Z, until: 2026-11-29T10:00Z, "
        "slot: closed forward=storing, reason: X}}"
    )
    storing = '{storing: {name: Storing, number: "+31612345678"}}'
    cli.apply(document("winkel", forwards=storing, overrides=override))
    name = cli.write("winkel.yaml", text)
    expected = cli("apply", name, "--dry-run", code=1).stderr
    assert expected.startswith("winkel.yaml")
    assert cli("diff", "winkel", "--file", name, code=1).stderr == expected
    assert cli.json("diff", "winkel", "--file", name, code=1)["error"] == "invalid"


def test_the_file_of_another_schedule_is_refused(cli: CommandLine) -> None:
    """Nobody asks what becomes of a shop when it has the hours of another."""
    cli.apply(document("winkel"))
    name = cli.write("kantoor.yaml", document("kantoor"))
    assert cli("diff", "winkel", "--file", name, code=1).stderr == (
        "kantoor.yaml:1: id: is kantoor, not winkel; "
        "compare it with `bereikbaar diff kantoor`, or name another file\n"
    )


def test_a_revision_that_is_not_there_is_refused(cli: CommandLine) -> None:
    """The message says which there are."""
    for day in (SHUT, "00:00-24:00 open"):
        cli.apply(document("winkel", day))
    told = cli("diff", "winkel", "--to-revision", "3", code=1).stderr
    assert told == "Error: schedule winkel has no revision 3; take one from 1 to 2\n"
    told = cli("diff", "winkle", "--to-revision", "1", code=1).stderr
    assert "did you mean winkel?" in told


def test_a_deletion_has_nothing_to_compare(cli: CommandLine) -> None:
    """Revisions before it have; the present one is gone."""
    cli.apply(document("winkel", SHUT))
    cli.apply(document("winkel"))
    cli("schedule", "delete", "winkel")
    told = cli("diff", "winkel", "--from-revision", "1", "--to-revision", "3", code=1).stderr
    assert "was deleted by its revision 3; take an earlier revision" in told
    assert "was deleted" in cli("diff", "winkel", "--to-revision", "1", code=1).stderr
    told = cli("diff", "winkel", "--from-revision", "1", "--to-revision", "2").stdout
    assert told.splitlines()[-1] == f"    {YEAR}: {OPENED}"


def test_a_damaged_revision_is_told_as_such(cli: CommandLine) -> None:
    """And never compared."""
    cli.apply(document("winkel", SHUT))
    cli.apply(document("winkel"))
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = '{}' WHERE revision = 1")
        db.commit()
    told = cli("diff", "winkel", "--to-revision", "1", code=1)
    assert told.stdout == ""
    assert "revision 1: the checksum doesn't match" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to-revision", "0"),
        ("--to-revision", "1", "--file", "x.yaml"),
        ("--file", "x.yaml", "--days", "0"),
        ("--file", "x.yaml", "--days", "3651"),
    ],
)
def test_wrong_usage_ends_with_2(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """Nothing is read, and nothing is made."""
    cli("diff", "winkel", *arguments, code=2)
    assert not (cli.folder / "data").exists()


def test_the_answer_is_what_callers_would_notice_minute_by_minute(cli: CommandLine) -> None:
    """A year of two states, each read in the plainest way, differs where the answer says."""
    before = HEAD_OFFICE + (
        "exceptions:\n"
        "  nacht: {name: Nacht, dates: [2027-03-28, 2027-10-31], "
        "slots: [00:00-02:30 open, 02:30-24:00 closed]}\n"
        "overrides:\n"
        "  eens: {from: 2027-10-31T00:10Z, until: 2027-10-31T00:40Z, slot: break, reason: Eens}\n"
    )
    after = (
        before.replace("08:30", "08:45")
        .replace("02:30", "02:45")
        .replace("koningsdag", "tweede_kerstdag")
    )
    cli.apply(before)
    answer = cli.json("diff", "hoofdkantoor", "--file", cli.write("nieuw.yaml", after))
    start, end = (
        int(datetime.fromisoformat(text).timestamp())
        for text in ("2026-11-22T10:00:00+00:00", "2027-11-22T00:00:00+01:00")
    )
    said: list[tuple[Lot, Lot] | None] = [None] * ((end - start) // MINUTE)
    for one in answer["differences"]:
        first, last = (
            (int(datetime.fromisoformat(one[key]).timestamp()) - start) // MINUTE
            for key in ("from", "until")
        )
        said[first:last] = [(_lot(one["before"]), _lot(one["after"]))] * (last - first)
    lots = [Oracle(_schedule(text)).lots(start, end) for text in (before, after)]
    assert said == [pair if pair[0] != pair[1] else None for pair in zip(*lots, strict=True)]


def _schedule(text: str) -> Schedule:
    return read_document(text.encode(), ForwardPolicy()).schedule


def _lot(outcome: dict[str, Any]) -> Lot:
    return Lot(**{key: value for key, value in outcome.items() if key != "error"})


def test_levels_are_kept_as_apply_keeps_them(cli: CommandLine) -> None:
    """A soft message that was applied as it is stays the same one with --keep-levels only."""
    cli.write("zacht.wav", recording())
    text = document("winkel", "00:00-24:00 closed audio=a", audio="{a: {name: A, file: zacht.wav}}")
    cli.apply(text, options=("--keep-levels",))
    same = cli("diff", "winkel", "--file", "apply-0.yaml", "--keep-levels").stdout
    assert same.splitlines()[1:] == ["  hours, messages and targets stay the same for callers"]
    assert "audio: a changed" in cli("diff", "winkel", "--file", "apply-0.yaml").stdout
    alone = cli("diff", "winkel", "--to-revision", "1", "--keep-levels", code=2)
    assert "--keep-levels goes with --file" in alone.stderr
