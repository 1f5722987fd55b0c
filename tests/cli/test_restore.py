"""`bereikbaar restore`: only whole backups, never over a running daemon, nothing lost."""

import io
import os
import socket
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin_cli.main import bereikbaar
from audio_store.masters import MasterFiles
from schedules.last_good import write_last_good
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document, wav
from tests.cli.conftest import SetClock

TONE = sha256(wav()).hexdigest()


@pytest.fixture
def backed_up(cli: CommandLine) -> CommandLine:
    """Have an open shop with a message and a token in `all.tar`, and the same in the store."""
    MasterFiles(cli.folder / "data" / "audio").add(wav())
    messages = f"{{gesloten: {{name: Gesloten, sha256: {TONE}}}}}"
    cli.apply(document("winkel", audio=messages))
    cli("token", "create", "centrale")
    cli("backup", "all.tar")
    return cli


def status(cli: CommandLine) -> str:
    """Ask whether the shop is open."""
    return str(cli.json("check", "--schedule", "winkel")["status"])


def repacked(cli: CommandLine, **changes: bytes | None) -> str:
    """Write the backup again with some files other, or left out; their names' dots are lines."""
    wanted = {name.replace("_", "."): data for name, data in changes.items()}
    with tarfile.open(cli.folder / "all.tar") as old, tarfile.open("new.tar", "w") as new:
        for member in old:
            source = old.extractfile(member)
            assert source is not None
            data = wanted.get(member.name, source.read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    return "new.tar"


def test_empty_place_gets_it_all(backed_up: CommandLine) -> None:
    """Rows, messages and rights are what they were, and the doctor finds nothing."""
    told = backed_up.json("restore", "all.tar", "--data-dir", "other/data")
    assert told == {
        "dry_run": False,
        "made_at": "2026-11-22T10:00:00Z",
        "store_revision": 2,
        "schedules": 1,
        "missing_messages": [],
        "revived_tokens": [],
        "lost_tokens": [],
        "kept_aside": None,
    }
    other = CommandLine(backed_up.folder / "other")
    assert other.rows() == backed_up.rows()
    assert other.messages() == {TONE: wav()}
    assert backed_up("doctor", "--data-dir", "other/data").stdout.startswith("errors: 0, warn")
    assert not list((backed_up.folder / "other" / "data").glob(".*"))


def test_present_store_is_kept_aside(backed_up: CommandLine) -> None:
    """With --replace the backup takes its place; without, nothing is touched."""
    backed_up.apply(document("winkel", "00:00-24:00 closed"))
    before = backed_up.rows()
    refused = backed_up("restore", "all.tar", code=1).stderr
    assert refused == (
        "Error: there is a store in data; `--replace` keeps it aside and puts the backup in its "
        "place\n"
    )
    assert backed_up.rows() == before
    told = backed_up.json("restore", "all.tar", "--replace")
    assert status(backed_up) == "open"
    assert told["kept_aside"] == "data/replaced-20261122T100000Z"
    aside = backed_up.folder / told["kept_aside"]
    aside.rename(aside.with_name("data2"))
    assert status_in(backed_up, "data/data2") == "closed"


def status_in(cli: CommandLine, data_dir: str) -> str:
    """Ask whether the shop of another data directory is open."""
    return str(cli.json("check", "--schedule", "winkel", "--data-dir", data_dir)["status"])


def test_last_good_goes_with_what_it_was_made_of(backed_up: CommandLine) -> None:
    """A daemon must not fall back on the state that was replaced."""
    backed_up.write("data/last-good.jsonl", "{}")
    told = backed_up.json("restore", "all.tar", "--replace")
    assert not (backed_up.folder / "data" / "last-good.jsonl").exists()
    assert (backed_up.folder / told["kept_aside"] / "last-good.jsonl").read_text() == "{}"


def test_revoked_tokens_that_live_again_are_told(backed_up: CommandLine) -> None:
    """Whoever had one can ask again: that has to be known."""
    backed_up("token", "revoke", "centrale")
    told = backed_up("restore", "all.tar", "--replace").stderr
    assert "(centrale) was revoked or given an earlier end since, and is what it was" in told


def test_tokens_that_ended_since_are_told(backed_up: CommandLine, set_clock: SetClock) -> None:
    """One that was replaced has an end; in the backup it has none, so that it opens for ever."""
    (token,) = backed_up.json("token", "list")
    backed_up("token", "rotate", "centrale", "--overlap", "2d")
    for at in ("2026-11-23T10:00:00+00:00", "2026-11-25T10:00:00+00:00"):
        set_clock(at)
        told = backed_up.json("restore", "all.tar", "--dry-run")
        assert told["revived_tokens"] == [{"id": token["id"], "name": "centrale"}]


def test_tokens_that_are_what_they_were_are_not_told(
    backed_up: CommandLine, set_clock: SetClock
) -> None:
    """Nor is one that has expired by now in the backup too, whatever happened to it since."""
    backed_up("token", "create", "tijdelijk", "--expires", "1d")
    backed_up("backup", "all.tar")
    backed_up("token", "revoke", "tijdelijk")
    assert len(backed_up.json("restore", "all.tar", "--dry-run")["revived_tokens"]) == 1
    set_clock("2026-11-24T10:00:00+00:00")
    assert backed_up.json("restore", "all.tar", "--dry-run")["revived_tokens"] == []


def test_tokens_made_since_are_told_as_lost(backed_up: CommandLine) -> None:
    """A PBX that has one would be refused, and nobody would know why."""
    backed_up("token", "create", "nieuw")
    (lost,) = backed_up.json("restore", "all.tar", "--replace", "--dry-run")["lost_tokens"]
    assert lost["name"] == "nieuw"
    told = backed_up("restore", "all.tar", "--replace").stderr
    assert f"token {lost['id']} (nieuw) was made since, and is unknown" in told


def test_dry_run_changes_nothing(backed_up: CommandLine) -> None:
    """It reads the whole backup, and says what would come back."""
    backed_up.apply(document("winkel", "00:00-24:00 closed"))
    before = sorted(backed_up.folder.rglob("*"))
    told = backed_up("restore", "all.tar", "--dry-run").stdout
    assert "1 schedule, 1 message" in told
    assert "a dry run: nothing was changed" in told
    assert sorted(backed_up.folder.rglob("*")) == before
    assert status(backed_up) == "closed"


@pytest.mark.usefixtures("daemon")
def test_all_that_stands_in_the_way_is_told_at_once(
    backed_up: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run looks into the backup all the same, and says what would stop the real one."""
    monkeypatch.setattr("admin_cli.control.ANSWER_SECONDS", 0.05)
    refused = backed_up("restore", "all.tar", code=1).stderr
    assert "--replace" in refused
    assert "a daemon runs" in refused
    tried = backed_up("restore", "all.tar", "--dry-run")
    assert "1 schedule" in tried.stdout
    assert "Warning: there is a store in data" in tried.stderr
    assert "Warning: a daemon runs" in tried.stderr


@pytest.fixture
def daemon(backed_up: CommandLine) -> Iterator[None]:
    """Hold the control socket as a daemon that doesn't answer does."""
    with closing(socket.socket(socket.AF_UNIX)) as held:
        held.bind(str(backed_up.folder / "data" / "control.sock"))
        held.listen()
        yield


@pytest.mark.usefixtures("daemon")
def test_running_daemon_stands_in_its_way(
    backed_up: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on reading the file that was replaced, also if it is too busy to answer."""
    monkeypatch.setattr("admin_cli.control.ANSWER_SECONDS", 0.05)
    told = backed_up("restore", "all.tar", "--replace", code=1).stderr
    assert told == (
        "Error: a daemon runs on this data directory; stop it, restore, and start it again\n"
    )


def test_another_command_stands_in_its_way(backed_up: CommandLine) -> None:
    """A process that has the store open could still save into what is put aside."""
    with closing(sqlite3.connect(backed_up.folder / "data" / "bereikbaar.db")) as db:
        db.execute("SELECT * FROM state").fetchall()
        told = backed_up("restore", "all.tar", "--replace", code=1).stderr
    assert "another command is using the store" in told
    assert not list((backed_up.folder / "data").glob("replaced-*"))


def test_damaged_store_can_be_replaced(backed_up: CommandLine) -> None:
    """That is what a backup is for; the damaged file is kept all the same."""
    database = backed_up.folder / "data" / "bereikbaar.db"
    database.write_bytes(b"no database at all" * 500)
    told = backed_up("restore", "all.tar", "--replace")
    assert "which tokens were made or revoked since can't be told" in told.stderr
    assert status(backed_up) == "open"
    (aside,) = (backed_up.folder / "data").glob("replaced-*")
    assert (aside / "bereikbaar.db").read_bytes().startswith(b"no database")


def broken(cli: CommandLine) -> dict[str, str]:
    """Make backups that are none, each named by what is wrong."""
    whole = (cli.folder / "all.tar").read_bytes()
    flipped = bytearray(whole)
    flipped[2_000] ^= 1
    cli.write("flipped.tar", bytes(flipped))
    cli.write("cut.tar", whole[: len(whole) // 2])
    cli.write("text.tar", "no backup")
    cli.write("empty.tar", b"")
    with tarfile.open("link.tar", "w") as tar:
        member = tarfile.TarInfo("bereikbaar.db")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with tarfile.open("outside.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../bereikbaar.db"))
    return {
        "flipped.tar": "differs from its list in bereikbaar.db",
        "cut.tar": "no whole TAR file",
        "text.tar": "no whole TAR file",
        "empty.tar": "no whole TAR file",
        "link.tar": "holds 'bereikbaar.db', which no backup has",
        "outside.tar": "holds '../bereikbaar.db', which no backup has",
    }


def test_what_is_no_whole_backup_is_refused(backed_up: CommandLine) -> None:
    """Each is told by its fault; the store stays, and nothing lies about."""
    expected = broken(backed_up)
    before = sorted((backed_up.folder / "data").rglob("*"))
    for name, fault in expected.items():
        told = backed_up("restore", name, "--replace", code=1).stderr
        assert told.startswith(f"Error: {name} "), told
        assert fault in told
        assert sorted((backed_up.folder / "data").rglob("*")) == before


def test_list_has_to_fit(backed_up: CommandLine) -> None:
    """A file too few, a list that is none or of a later version: refused."""
    for changes, fault in (
        ({"backup_json": None}, "ends before its list"),
        ({"backup_json": b"[]"}, "has no readable backup.json"),
        ({"backup_json": b'{"format": 2}'}, "was made by a newer version"),
        ({"backup_json": b'{"format": 1, "x": 1}'}, "has no readable backup.json"),
        ({"bereikbaar_db": None}, "differs from its list in bereikbaar.db"),
    ):
        name = repacked(backed_up, **changes)
        assert fault in backed_up("restore", name, "--data-dir", "other", code=1).stderr
    assert not (backed_up.folder / "other").exists()


def test_file_that_is_not_there(cli: CommandLine) -> None:
    """A misspelt name is told before anything is looked at."""
    assert cli("restore", "no.tar", code=1).stderr == (
        "Error: no.tar is not a file; name a backup\n"
    )


def test_wherever_it_breaks_off_a_store_is_there(
    backed_up: CommandLine, monkeypatch: pytest.MonkeyPatch, set_clock: SetClock
) -> None:
    """Each rename may be the last one: the store is the old or the new one, whole."""
    data_dir = backed_up.folder / "data"
    with closing(open_store(data_dir)) as store:
        write_last_good(data_dir / "last-good.jsonl", store)
    real = Path.replace
    seen = set()
    for allowed in range(20):
        backed_up.apply(document("winkel", "00:00-24:00 closed"), options=("--force",))
        set_clock(f"2026-11-22T10:{allowed:02}:00+00:00")
        left = [allowed]

        def replace(path: Path, target: Path, left: list[int] = left) -> Path:
            if not left[0]:
                raise OSError(5, "Input/output error", str(path))
            left[0] -= 1
            return real(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            arguments = ["restore", "all.tar", "--replace"]
            is_done = CliRunner().invoke(bereikbaar, arguments).exit_code == 0
        seen.add(status(backed_up))
        assert backed_up("doctor").stdout.startswith("errors: 0")
        if is_done:
            break
    else:
        pytest.fail("never came to the end")
    assert seen == {"open", "closed"}


def test_log_without_its_store_spoils_nothing(backed_up: CommandLine) -> None:
    """SQLite would take a log that was left behind for one of the restored store."""
    data = backed_up.folder / "data"
    with closing(sqlite3.connect(data / "bereikbaar.db")) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("DELETE FROM tokens")
        db.commit()
        log = (data / "bereikbaar.db-wal").read_bytes()
    (data / "bereikbaar.db").unlink()
    (data / "bereikbaar.db-wal").write_bytes(log)
    told = backed_up.json("restore", "all.tar")
    assert [one["name"] for one in backed_up.json("token", "list")] == ["centrale"]
    assert (backed_up.folder / told["kept_aside"] / "bereikbaar.db-wal").read_bytes() == log


def test_store_in_use_is_not_taken_for_damaged(
    backed_up: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is locked against all others would be saved into the file that is put aside."""
    for place in ("schedules.migrations", "admin_cli.restore"):
        monkeypatch.setattr(f"{place}.BUSY_SECONDS", 0.05)
    database = backed_up.folder / "data" / "bereikbaar.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        told = backed_up("restore", "all.tar", "--replace", code=1).stderr
    assert "another command is using the store" in told
    assert not list(database.parent.glob("replaced-*"))


def test_two_of_the_same_second_are_both_kept(backed_up: CommandLine) -> None:
    """Each has a folder of its own."""
    kept = [
        backed_up.json("restore", "all.tar", "--replace")["kept_aside"].removeprefix("data/")
        for _ in range(3)
    ]
    first = "replaced-20261122T100000Z"
    assert kept == [first, f"{first}-2", f"{first}-3"]
    assert all((backed_up.folder / "data" / name / "bereikbaar.db").is_file() for name in kept)


def test_what_is_put_in_place_is_on_the_disk(
    backed_up: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after a rename must not leave an empty file: bytes first, then names."""
    synchronised: list[int] = []
    moved: dict[str, bool] = {}
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        synchronised.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        moved[target.name] = path.stat().st_ino in synchronised
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    backed_up("restore", "all.tar", "--data-dir", "other")
    assert moved == {f"{TONE}.wav": True, "bereikbaar.db": True}
    folders = [backed_up.folder / "other" / name for name in ("audio", ".")]
    assert {folder.stat().st_ino for folder in folders} <= set(synchronised)
