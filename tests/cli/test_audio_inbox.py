"""`bereikbaar audio inbox`: recordings by telephone, and the PIN to make them with."""

import fcntl
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audio_store.inbox import Recording, RecordingInbox
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document, wav
from tests.mounts import mount_namespace

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def two(cli: CommandLine) -> CommandLine:
    """Have two schedules without messages."""
    cli.apply(document("filiaal"), document("winkel"))
    return cli


def record(cli: CommandLine, schedule: str = "winkel", days: float = 1) -> Recording:
    """Put a recording into the inbox, made so many days ago."""
    inbox = RecordingInbox(cli.folder / "data" / "inbox")
    return inbox.put(schedule, wav(0.5, pitch=500), NOW - timedelta(days=days))


def test_the_list_has_what_waits(two: CommandLine) -> None:
    """The oldest first, without what has expired."""
    record(two, days=8)
    later, first = record(two), record(two, "filiaal", days=2)
    assert two("audio", "inbox", "list").stdout == (
        "RECORDING  SCHEDULE  RECORDED              EXPIRES\n"
        f"{first.id}   filiaal   2026-11-20 10:00 UTC  2026-11-27 10:00 UTC\n"
        f"{later.id}   winkel    2026-11-21 10:00 UTC  2026-11-28 10:00 UTC\n"
    )
    assert two.json("audio", "inbox", "list", "winkel") == [
        {
            "recording": later.id,
            "schedule": "winkel",
            "recorded_at": "2026-11-21T10:00:00Z",
            "expires_at": "2026-11-28T10:00:00Z",
        }
    ]


def test_an_empty_inbox(two: CommandLine) -> None:
    """Nothing waits, for one or for all; a schedule that isn't there is told."""
    assert two("audio", "inbox", "list").stderr == "no recordings wait\n"
    assert two("audio", "inbox", "list", "winkel").stderr == "no recordings wait for winkel\n"
    assert "did you mean winkel?" in two("audio", "inbox", "list", "winkl", code=1).stderr


def test_where_to_hear_a_recording(two: CommandLine) -> None:
    """The file is named for a player."""
    one = record(two)
    lines = two("audio", "inbox", "play-info", one.id).stdout.splitlines()
    assert lines[:5] == [
        f"recording  {one.id}",
        "schedule   winkel",
        "recorded   2026-11-21 10:00:00 UTC",
        "expires    2026-11-28 10:00:00 UTC",
        "duration   0.5 s",
    ]
    assert lines[-1] == f"file       {one.path}"
    told = two.json("audio", "inbox", "play-info", one.id)
    assert (told["file"], told["bytes"], len(told["peaks"])) == (str(one.path), 8_044, 32)


def test_an_accepted_recording_is_a_message_and_waits_no_longer(two: CommandLine) -> None:
    """Of its own schedule, and of those named besides; its bytes are those that were recorded."""
    one = record(two)
    told = two.json(
        *("audio", "inbox", "accept", one.id, "--name", "Gesloten, zomer"), *("--also", "filiaal")
    )
    ((digest, master),) = two.messages().items()
    assert master == wav(0.5, pitch=500)
    assert told["audio"] == {
        "name": "Gesloten, zomer",
        "ids": {"winkel": "gesloten-zomer", "filiaal": "gesloten-zomer"},
        "sha256": digest,
        "recording": one.id,
        "seconds": 0.5,
    }
    for schedule_id in ("winkel", "filiaal"):
        listed = two.json("audio", "list", schedule_id)["messages"]
        assert [(row["id"], row["sha256"]) for row in listed] == [("gesloten-zomer", digest)]
    assert two.json("audio", "inbox", "list") == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(("--name", "A", "--dry-run"), 0, "a dry run: nothing was saved", id="dry-run"),
        pytest.param(("--name", ""), 1, "--name: is empty; ", id="no-name"),
        pytest.param(("--name", "A", "--id", "A"), 1, "--id: 'A' is not an id; ", id="no-id"),
        pytest.param(("--name", "A", "--also", "x"), 1, "there is no schedule 'x'", id="also"),
        pytest.param(
            ("--name", "Vol"), 1, "audio.vol-2.name: is the name of vol already; ", id="name-taken"
        ),
        pytest.param((), 2, "Missing option '--name'", id="name-left-out"),
    ],
)
def test_a_recording_waits_until_it_is_saved(
    two: CommandLine, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """Nothing is lost by a refusal or a dry run."""
    two("audio", "add", two.write("a.wav", wav()), "winkel", "--name", "Vol")
    one = record(two)
    before, stored = two.rows(), two.messages()
    assert told in two("audio", "inbox", "accept", one.id, *arguments, code=code).stderr
    assert (two.rows(), two.messages()) == (before, stored)
    assert [row["recording"] for row in two.json("audio", "inbox", "list")] == [one.id]


def test_a_recording_that_does_not_wait(two: CommandLine) -> None:
    """One that is unknown or expired is told, with how to list those that wait."""
    one = record(two, days=8)
    for command in (("accept", "--name", "A"), ("discard",), ("play-info",)):
        result = two("audio", "inbox", command[0], one.id, *command[1:], code=1)
        assert result.stderr == (
            f"Error: no recording '{one.id}' waits; `bereikbaar audio inbox list` tells which "
            "recordings wait\n"
        )
    assert two.json("audio", "inbox", "play-info", "q", code=1)["error"] == "not-found"


@pytest.mark.parametrize("command", [("accept", "--name", "A"), ("discard", "--yes")])
def test_of_two_commands_at_once_one_gets_a_recording(
    two: CommandLine, command: tuple[str, ...]
) -> None:
    """The other is refused, and changes nothing."""
    one = record(two)
    before = two.rows()
    with one.path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = two("audio", "inbox", command[0], one.id, *command[1:], code=1)
    assert "is being accepted or discarded by another command" in result.stderr
    assert (two.rows(), one.path.exists()) == (before, True)
    two("audio", "inbox", command[0], one.id, *command[1:])
    assert not one.path.exists()


def test_two_processes_that_accept_at_once(two: CommandLine) -> None:
    """One makes the message; the other, whenever it comes, is refused and makes none."""
    # Made at the real time, as the other processes have the real clock.
    at = datetime.fromtimestamp((two.folder / "data").stat().st_mtime, UTC)
    one = RecordingInbox(two.folder / "data" / "inbox").put("winkel", wav(0.5), at)
    command = [sys.executable, "-c", "from admin_cli.main import main; main()"]
    command += ["audio", "inbox", "accept", one.id, "--name"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [*command, name], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name in ("Eerste", "Tweede")
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert sorted(process.returncode for process in started) == [0, 1], answers
    assert len(two.json("audio", "list", "winkel")["messages"]) == 1
    assert not one.path.exists()


@pytest.mark.parametrize("moment", ["before-it-is-opened", "while-it-waits"])
def test_a_recording_that_another_command_took_just_now(
    two: CommandLine, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It was found, and is gone when it is claimed."""
    one = record(two)
    if moment == "while-it-waits":
        flock = fcntl.flock

        def lock_too_late(descriptor: int, operation: int) -> None:
            one.path.unlink(missing_ok=True)
            flock(descriptor, operation)

        monkeypatch.setattr(fcntl, "flock", lock_too_late)
    else:
        monkeypatch.setattr(RecordingInbox, "find", lambda *_: one)
        one.path.unlink()
    result = two("audio", "inbox", "accept", one.id, "--name", "A", code=1)
    assert "is being accepted or discarded by another command" in result.stderr
    assert two.revisions() == {"filiaal": 1, "winkel": 1}


def test_discarding(two: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal it asks; a dry run throws nothing away."""
    one = record(two)
    result = two("audio", "inbox", "discard", one.id, "--dry-run")
    assert result.stderr == "a dry run: nothing was thrown away\n"
    monkeypatch.setattr("admin_cli.audio_inbox.is_at_terminal", lambda: True)
    two("audio", "inbox", "discard", one.id, code=1, stdin=b"n\n")
    assert one.path.exists()
    told = two.json("audio", "inbox", "discard", one.id, "--yes")
    assert (told["recording"], told["result"], told["dry_run"]) == (one.id, "discarded", False)
    assert not one.path.exists()
    other = record(two)
    result = two("audio", "inbox", "discard", other.id, stdin=b"y\n")
    assert result.stdout.endswith(f"{other.id}: discarded, for winkel\n")


def has_pin(cli: CommandLine, pin: str) -> bool | None:
    """Tell whether this is the PIN of the shop, None where it has none."""
    store = open_store(cli.folder / "data")
    try:
        found = store.recording_pin("winkel")
    finally:
        store.close()
    return None if found is None else found.check(pin)


def test_a_drawn_pin_is_shown_once_and_holds(two: CommandLine) -> None:
    """Six digits; the next one takes its place."""
    result = two("audio", "inbox", "pin", "winkel")
    match = re.fullmatch(r"winkel: PIN set: (\d{6})\n", result.stdout)
    assert match is not None
    assert has_pin(two, match[1]) is True
    told = two.json("audio", "inbox", "pin", "winkel", "--pin", "40291738")
    assert told == {"schedule": "winkel", "result": "set", "pin": None, "dry_run": False}
    assert (has_pin(two, "40291738"), has_pin(two, match[1])) == (True, False)
    assert two.revisions()["winkel"] == 1


def test_who_set_which_pin_is_listed(two: CommandLine) -> None:
    """Nothing of a PIN is in it; one whose time can't be read is listed all the same."""
    assert two("audio", "inbox", "pins").stderr == "no schedule has a PIN\n"
    assert two.json("audio", "inbox", "pins") == []
    for schedule_id in ("winkel", "filiaal"):
        two("audio", "inbox", "pin", schedule_id, "--pin", "402917", "--as", "Jan")
    with closing(sqlite3.connect(two.folder / "data" / "bereikbaar.db")) as db, db:
        db.execute("UPDATE recording_pins SET set_at = 'kapot' WHERE schedule_id = 'filiaal'")
    assert two("audio", "inbox", "pins").stdout == (
        "SCHEDULE  SET BY  SET\nfiliaal   Jan     unknown\nwinkel    Jan     2026-11-22 10:00 UTC\n"
    )
    assert two.json("audio", "inbox", "pins") == [
        {"schedule": "filiaal", "set_by": "Jan", "set_at": None},
        {"schedule": "winkel", "set_by": "Jan", "set_at": "2026-11-22T10:00:00Z"},
    ]


def test_a_removed_pin_holds_no_longer(two: CommandLine) -> None:
    """Nobody can record then; removing it twice is told."""
    two("audio", "inbox", "pin", "winkel", "--pin", "402917")
    two("audio", "inbox", "pin", "winkel", "--remove", "--dry-run")
    assert has_pin(two, "402917") is True
    assert two("audio", "inbox", "pin", "winkel", "--remove").stdout == "winkel: PIN removed\n"
    assert has_pin(two, "402917") is None
    result = two("audio", "inbox", "pin", "winkel", "--remove", code=1)
    assert result.stderr == "Error: winkel has no PIN; there is nothing to remove\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(("winkel", "--pin", "123456"), 1, "--pin: is a straight seq", id="straight"),
        pytest.param(("winkel", "--pin", "1234"), 1, "--pin: is not 6 to 12 digits", id="short"),
        pytest.param(("winkl",), 1, "there is no schedule 'winkl'", id="no-schedule"),
        pytest.param(("winkl", "--remove"), 1, "there is no schedule", id="remove-of-none"),
        pytest.param(("winkel", "--pin", "402917", "--remove"), 2, "either --pin", id="both"),
        pytest.param(("winkel", "--dry-run"), 0, "a dry run: nothing was saved", id="dry-run"),
    ],
)
def test_a_pin_that_is_not_set(
    two: CommandLine, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """A PIN that is easily guessed is refused; a dry run shows none."""
    result = two("audio", "inbox", "pin", *arguments, code=code)
    assert told in result.stderr
    assert re.search(r"\d{6}", result.stdout) is None
    assert has_pin(two, "402917") is None


def test_what_is_saved_is_told_though_the_recording_stays(two: CommandLine) -> None:
    """An inbox that can't be written is a warning: the answer is one, and it says what holds."""
    inbox = two.folder / "data" / "inbox"
    # Made at the real time, as the other process has the real clock.
    at = datetime.fromtimestamp((two.folder / "data").stat().st_mtime, UTC)
    recording = RecordingInbox(inbox).put("winkel", wav(0.5), at)
    command = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    program = [sys.executable, "-c", "from admin_cli.main import main; main()"]
    accept = [*program, "audio", "inbox", "accept", recording.id, "--name", "Lied", "--json"]
    done = subprocess.run(
        [*mount_namespace(), "sh", "-c", command, "sh", str(inbox), *accept],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert json.loads(done.stdout)["audio"]["ids"] == {"winkel": "lied"}
    assert done.stderr.startswith(
        f"Warning: it is saved, but recording {recording.id} still waits; `bereikbaar audio inbox "
        f"discard {recording.id}` removes it: "
    )
    assert "Read-only file system" in done.stderr
    assert done.returncode == 0
    assert recording.path.exists()
