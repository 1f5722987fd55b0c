"""`bereikbaar doctor`: each fault with its code, and nothing where all is well."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin_cli.finding import CODES
from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.decisions_db import writing_decisions
from pbx_adapters.notifications.outbox import writing_outbox
from pbx_adapters.token_uses import write_uses
from tests.cli.command_line import CommandLine, document, wav
from tests.cli.conftest import SetClock
from tests.cli.recorded import call, record


def message(cli: CommandLine, seconds: float = 0.1) -> str:
    """Store a message, and return its hash."""
    return masters(cli).add(wav(seconds))


def masters(cli: CommandLine) -> MasterFiles:
    """Return the audio store of the data directory."""
    return MasterFiles(cli.folder / "data" / "audio")


def with_message(digest: str, schedule_id: str = "winkel") -> str:
    """Write a document that has one message."""
    return document(schedule_id, audio=f"{{gesloten: {{name: Gesloten, sha256: {digest}}}}}")


def found(cli: CommandLine, code: int = 3) -> list[tuple[str, str, list[str]]]:
    """Return code, place and schedules of each finding."""
    findings = cli.json("doctor", code=code)["findings"]
    return [(one["code"], one["place"], one["schedules"]) for one in findings]


def change(cli: CommandLine, *statements: str) -> None:
    """Change the database behind the program's back."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_nothing_is_told_of_what_is_whole(cli: CommandLine) -> None:
    """A store with a message in use gives no finding, and exit code 0."""
    cli.apply(with_message(message(cli)))
    assert cli("doctor").stdout == "errors: 0, warnings: 0, info: 0\n"
    assert cli.json("doctor") == {
        "findings": [],
        "counts": {"error": 0, "warning": 0, "info": 0},
    }


def test_missing_message_is_told_with_who_needs_it(cli: CommandLine) -> None:
    """Two schedules that name the same absent file are one finding."""
    digest = "ab" * 32
    cli.apply(with_message(digest, "filiaal"), with_message(digest))
    assert found(cli) == [("audio-missing", f"audio/{digest}.wav", ["filiaal", "winkel"])]
    told = cli("doctor", code=3).stdout.splitlines()
    problem = f"message {digest} is not stored here; add it again, or restore a backup"
    assert told == [
        f"error    audio-missing  audio/{digest}.wav (filiaal, winkel): {problem}",
        "errors: 1, warnings: 0, info: 0",
    ]


@pytest.mark.parametrize("damage", ["changed", "cut", "longer"])
def test_damaged_message_is_told(cli: CommandLine, damage: str) -> None:
    """Whatever a message lost or got, its bytes no longer match its name."""
    digest = message(cli)
    cli.apply(with_message(digest))
    path = masters(cli).path_of(digest)
    data = path.read_bytes()
    path.write_bytes(
        {"changed": data[:-1] + b"\x01", "cut": data[:-2], "longer": data + b"\0\0"}[damage]
    )
    assert found(cli) == [("audio-damaged", f"audio/{digest}.wav", ["winkel"])]


def test_message_of_an_earlier_revision_is_a_warning(cli: CommandLine) -> None:
    """No caller misses it now: the exit code stays 0, but a rollback would bring silence."""
    digest = message(cli)
    cli.apply(with_message(digest))
    cli.apply(document("winkel", audio="{}"))
    masters(cli).remove(digest)
    assert found(cli, code=0) == [("audio-lost", f"audio/{digest}.wav", [])]


def test_file_that_nothing_names_is_told(cli: CommandLine) -> None:
    """It is no fault, but it takes room; what an earlier revision names is no such file."""
    kept, alone = message(cli, 0.1), message(cli, 0.2)
    cli.apply(with_message(kept))
    cli.apply(document("winkel", audio="{}"))
    assert found(cli, code=0) == [("audio-unneeded", f"audio/{alone}.wav", [])]


def test_damaged_schedule_holds_up_no_other_finding(cli: CommandLine) -> None:
    """All faults are told at once, the gravest first."""
    digest = "ab" * 32
    cli.apply(with_message(digest), document("ander"))
    change(cli, "UPDATE revisions SET document = '{}' WHERE schedule_id = 'ander'")
    assert found(cli) == [
        ("schedule-damaged", "ander", ["ander"]),
        ("audio-missing", f"audio/{digest}.wav", ["winkel"]),
    ]


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        pytest.param("DELETE FROM numbers", ["store-damaged", "audio-missing"], id="number"),
        pytest.param(
            "DELETE FROM audio_references",
            ["audio-missing", "audio-references-damaged"],
            id="reference",
        ),
        pytest.param(
            "UPDATE schedules SET id = 'b'", ["store-damaged", "schedule-damaged"], id="schedule"
        ),
    ],
)
def test_lost_rows_are_told(cli: CommandLine, statement: str, codes: list[str]) -> None:
    """What can still be read is looked at all the same, and no file is called unneeded."""
    digest = message(cli)
    cli.apply(with_message(digest) + 'numbers: ["+31850000000"]\n')
    masters(cli).remove(digest)
    message(cli, 0.2)
    change(cli, "PRAGMA foreign_keys = OFF", statement)
    assert [code for code, _, _ in found(cli)] == codes


def test_damaged_last_good_file_is_told(cli: CommandLine) -> None:
    """The file for bad days is looked at while days are good."""
    cli.apply(document("winkel"))
    path = cli.folder / "data" / "last-good.jsonl"
    path.write_text("{}\n")
    path.chmod(0o600)
    assert found(cli) == [("last-good-damaged", "last-good.jsonl", [])]


def test_damaged_recording_is_told(cli: CommandLine) -> None:
    """It is no fault that a caller meets, so the exit code stays 0; sound ones aren't told."""
    cli.apply(document("winkel"))
    inbox = RecordingInbox(cli.folder / "data" / "inbox")
    inbox.put("winkel", wav(), clock.utc_now())
    path = inbox.put("winkel", wav(0.2), clock.utc_now()).path
    path.write_bytes(b"")
    assert found(cli, code=0) == [("recording-damaged", f"inbox/{path.name}", ["winkel"])]


def test_no_store_is_refused(cli: CommandLine) -> None:
    """There is nothing to look at."""
    assert "there is no store in data" in cli("doctor", code=1).stderr


def test_every_code_is_explained() -> None:
    """Each stands in the guide, with how grave it is."""
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    told = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `")]
    assert [(code.strip(" `"), severity.strip()) for code, severity in told] == list(CODES.items())


def used(cli: CommandLine, token_id: str, moment: str) -> None:
    """Note that a token was used, as the daemon does."""
    at = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    write_uses(cli.folder / "data" / "decisions.db", [(token_id, at)])


def token(cli: CommandLine, *options: str) -> str:
    """Create a token, and return its id."""
    return str(cli.json("token", "create", "centrale", *options)["id"])


@pytest.mark.parametrize(
    ("expires", "is_told"),
    [
        pytest.param("14d", True, id="within-14-days"),
        pytest.param("14d1m", False, id="later"),
    ],
)
def test_token_that_ends_soon_is_told(cli: CommandLine, expires: str, is_told: bool) -> None:  # noqa: FBT001 - a column of the table
    """Whether it is used or not: somebody may rely on it."""
    token_id = token(cli, "--expires", expires)
    expected: list[tuple[str, str, list[str]]] = []
    if is_told:
        expected = [("token-expires-soon", f"token {token_id}", [])]
    assert found(cli, code=0) == expected


def test_rotated_token_is_told_while_something_sends_it(cli: CommandLine) -> None:
    """Once it is at rest its end is no fault; until then its successor is named."""
    cli("migrate")
    old = token(cli)
    new = cli.json("token", "rotate", "centrale")["id"]
    assert found(cli, code=0) == []
    used(cli, old, "2026-11-22T09:59")
    (finding,) = cli.json("doctor")["findings"]
    assert (finding["code"], finding["place"]) == ("token-expires-soon", f"token {old}")
    assert new in finding["remedy"]
    used(cli, old, "2026-11-21T09:59")
    assert found(cli, code=0) == []


@pytest.mark.parametrize(
    ("used_at", "is_told"),
    [
        pytest.param("2026-11-23T09:59", False, id="before-its-end"),
        pytest.param("2026-11-23T10:01", True, id="after-its-end"),
        pytest.param(None, False, id="never"),
    ],
)
def test_expired_token_that_is_still_sent_is_told(
    cli: CommandLine,
    set_clock: SetClock,
    used_at: str | None,
    is_told: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """For 14 days after it was last sent."""
    token_id = token(cli, "--expires", "1d")
    if used_at is not None:
        used(cli, token_id, used_at)
    set_clock("2026-12-07T10:00:00+00:00")
    expected: list[tuple[str, str, list[str]]] = []
    if is_told:
        expected = [("token-expired", f"token {token_id}", [])]
    assert found(cli, code=0) == expected
    set_clock("2026-12-07T10:01:00+00:00")
    assert found(cli, code=0) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("decisions.db", "decisions-damaged", id="decisions"),
        pytest.param("outbox.db", "outbox-damaged", id="outbox"),
    ],
)
def test_damaged_database_beside_the_store_is_told(cli: CommandLine, name: str, code: str) -> None:
    """With what the daemon does about it; no call depends on it, so it is a warning."""
    cli("migrate")
    path = cli.folder / "data" / name
    path.write_bytes(b"kapot" * 1_000)
    path.chmod(0o600)
    (finding,) = cli.json("doctor")["findings"]
    assert (finding["code"], finding["severity"]) == (code, "warning")
    assert finding["place"] == name
    assert finding["problem"].startswith("is damaged (")
    assert "puts it aside and begins another" in finding["remedy"]


@pytest.mark.parametrize(
    ("name", "table", "code"),
    [
        pytest.param("decisions.db", "calls", "decisions-damaged", id="calls"),
        pytest.param("decisions.db", "calls_by_time", "decisions-damaged", id="index"),
        pytest.param("outbox.db", "seen", "outbox-damaged", id="outbox"),
    ],
)
def test_damage_that_no_list_would_meet_is_told(
    cli: CommandLine, name: str, table: str, code: str
) -> None:
    """One page that is overwritten is found wherever it lies in the file."""
    cli("migrate")
    path = cli.folder / "data" / name
    with writing_decisions(path) if name == "decisions.db" else writing_outbox(path):
        pass
    assert found(cli, code=0) == []
    with closing(sqlite3.connect(path)) as db:
        ((page,),) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        ((size,),) = db.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    assert found(cli, code=0) == [(code, name, [])]


@pytest.mark.parametrize(
    "name",
    ["bereikbaar.db", "decisions.db", "outbox.db", "last-good.jsonl.newer", "caller-hash.key"],
)
def test_file_that_others_may_read_is_told(cli: CommandLine, name: str) -> None:
    """Each that holds what is nobody's business, with the command that mends it."""
    cli("migrate")
    path = cli.folder / "data" / name
    path.touch()
    path.chmod(0o640)
    findings = cli.json("doctor")["findings"]
    (finding,) = [one for one in findings if one["code"] == "readable-by-others"]
    assert finding["place"] == name
    assert f"`chmod 600 data/{name}`" in finding["remedy"]


@pytest.mark.parametrize("name", ["decisions.db", "outbox.db"])
def test_database_that_can_not_be_opened_is_not_called_damaged(cli: CommandLine, name: str) -> None:
    """Whoever reads so would throw away what is whole."""
    cli("migrate")
    (cli.folder / "data" / name).mkdir()
    (finding,) = cli.json("doctor", code=3)["findings"]
    assert (finding["code"], finding["place"]) == ("unreadable", name)
    assert finding["remedy"].startswith("check its owner, its mode")


@pytest.mark.parametrize("folder", ["audio", "inbox"])
def test_folder_that_is_none_hides_nothing_else(cli: CommandLine, folder: str) -> None:
    """It is one finding among others; what lies beside it is looked at all the same."""
    used(cli, token(cli, "--expires", "1d"), "2026-11-22T09:59")
    (cli.folder / "data" / folder).touch()
    told = [(code, place) for code, place, _ in found(cli)]
    assert told[0] == ("unreadable", f"data/{folder}")
    assert [code for code, _ in told] == ["unreadable", "token-expires-soon"]


def test_configuration_that_no_daemon_would_start_with_is_told(cli: CommandLine) -> None:
    """Every fault of it, before a restart meets it."""
    cli("migrate")
    cli.write("bereikbaar.toml", 'listen = "nowhere"\nworkers = 0\n')
    findings = cli.json("doctor", "--data-dir", "data", code=3)["findings"]
    assert [(one["code"], one["place"]) for one in findings] == [
        ("config-invalid", "configuration")
    ] * 2
    assert {one["problem"].partition(":")[0] for one in findings} == {"listen", "workers"}


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        pytest.param(None, 0o600, "isn't there", id="missing"),
        pytest.param(b"", 0o600, "holds 0 bytes, and a key is 32 to 4096", id="empty"),
        pytest.param(
            bytes(32), 0o644, "can be read by everybody or written by its group", id="open-to-all"
        ),
    ],
)
@pytest.mark.parametrize("place", ["data/caller-hash.key", "own.key"])
def test_key_by_which_no_caller_is_found_is_told(
    cli: CommandLine, place: str, content: bytes | None, mode: int, problem: str
) -> None:
    """Wherever it lies, with what to do; no call depends on it, so it is a warning."""
    cli("migrate")
    if place == "own.key":
        cli.write("bereikbaar.toml", 'caller_hash_key_file = "own.key"\n')
    else:
        record(cli, call(1, "2026-11-22T10:30:00Z"))
    if content is not None:
        cli.write(place, content)
        (cli.folder / place).chmod(mode)
    findings = cli.json("doctor")["findings"]
    (finding,) = [one for one in findings if one["code"] == "caller-key-unusable"]
    assert (finding["place"], finding["severity"]) == (Path(place).name, "warning")
    assert finding["problem"] == problem
    assert place in finding["remedy"] or finding["remedy"].startswith("chmod 600 it")


@pytest.mark.parametrize(
    "config",
    [
        pytest.param("", id="no-call-yet"),
        pytest.param(
            'decision_retention_days = 0\ncaller_hash_key_file = "own.key"\n', id="none-recorded"
        ),
    ],
)
def test_key_that_nothing_needs_is_not_missed(cli: CommandLine, config: str) -> None:
    """The daemon makes it when it first starts, and needs none where it records no calls."""
    cli("migrate")
    cli.write("bereikbaar.toml", config)
    assert found(cli, code=0) == []
