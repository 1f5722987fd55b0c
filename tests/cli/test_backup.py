"""`bereikbaar backup`: one file with everything, and never a bad one in a good one's place."""

import json
import sqlite3
import tarfile
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from audio_store.inbox import Recording, RecordingInbox
from audio_store.masters import MasterFiles
from pbx_adapters.caller_hash import make_caller_key
from pbx_adapters.token_uses import write_uses
from tests.cli.command_line import SHOP, CommandLine, document, wav
from tests.cli.conftest import SetClock

TONE = sha256(wav()).hexdigest()


@pytest.fixture
def stored(cli: CommandLine) -> CommandLine:
    """Have a schedule with a message, a token and a revision that was replaced."""
    MasterFiles(cli.folder / "data" / "audio").add(wav())
    messages = f"{{gesloten: {{name: Gesloten, sha256: {TONE}}}}}"
    cli.apply(document("winkel", audio=messages))
    cli.apply(document("winkel", "00:00-24:00 closed", audio=messages))
    cli("token", "create", "centrale")
    return cli


def members(path: Path) -> dict[str, bytes]:
    """Read a backup with nothing of ours."""
    with tarfile.open(path) as tar:
        found = [(one.name, tar.extractfile(one)) for one in tar]
        return {name: file.read() for name, file in found if file is not None}


def damage(cli: CommandLine, statement: str) -> None:
    """Change the database behind the program's back."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute(statement)
        db.commit()


def test_everything_is_in_it(stored: CommandLine) -> None:
    """A plain TAR file holds the database as it is, messages, and a list with their hashes."""
    told = stored.json("backup", "all.tar")
    found = members(stored.folder / "all.tar")
    assert list(found) == ["bereikbaar.db", f"audio/{TONE}.wav", "backup.json"]
    assert found[f"audio/{TONE}.wav"] == wav()
    listed = json.loads(found["backup.json"])
    assert listed["files"] == {
        name: sha256(data).hexdigest() for name, data in found.items() if name != "backup.json"
    }
    copy = stored.folder / "copy" / "data"
    copy.mkdir(parents=True)
    (copy / "bereikbaar.db").write_bytes(found["bereikbaar.db"])
    assert CommandLine(copy.parent).rows() == stored.rows()
    assert told == {
        "file": "all.tar",
        "bytes": (stored.folder / "all.tar").stat().st_size,
        "made_at": "2026-11-22T10:00:00Z",
        "store_revision": 3,
        "schedules": 1,
        "messages": 1,
        "recordings": 0,
        "missing_messages": [],
        "removed": [],
    }


def test_what_calls_left_behind_is_not_in_it(stored: CommandLine) -> None:
    """Recorded calls would outlive their time in it, and the key lie beside what it protects."""
    data = stored.folder / "data"
    write_uses(data / "decisions.db", [("a", 1_795_341_600)])
    make_caller_key(data / "caller-hash.key")
    stored("backup", "all.tar")
    assert list(members(stored.folder / "all.tar")) == [
        "bereikbaar.db",
        f"audio/{TONE}.wav",
        "backup.json",
    ]


def test_only_its_owner_may_read_it(stored: CommandLine) -> None:
    """It holds what tokens are checked by, and the keys of signed tables."""
    stored("backup", "all.tar")
    assert (stored.folder / "all.tar").stat().st_mode & 0o777 == 0o600


def test_person_is_told_what_is_in_it(stored: CommandLine) -> None:
    """One line has the moment, the counts, and that it was read back."""
    size = stored.json("backup", "all.tar")["bytes"]
    assert stored("backup", "all.tar").stdout == (
        "all.tar: store revision 3 of 2026-11-22T10:00:00Z, 1 schedule, 1 message, 0 recordings; "
        f"{size:,} bytes, read back\n"
    )


def test_folder_gets_a_file_by_the_moment(stored: CommandLine) -> None:
    """What ends with a slash is a folder, made where it isn't."""
    told = stored.json("backup", "backups/")
    assert told["file"] == "backups/bereikbaar-20261122T100000Z.tar"
    assert (stored.folder / told["file"]).is_file()


def test_oldest_backups_go(stored: CommandLine, set_clock: SetClock) -> None:
    """Of this command's own files so many stay; others are nobody's business."""
    stored.write("backups/bereikbaar-notes.tar", "mine")
    removed = []
    for day in (1, 2, 3, 4):
        set_clock(f"2026-12-0{day}T03:00:00+00:00")
        removed.append(stored.json("backup", "backups/", "--keep", "2")["removed"])
    assert removed[2:] == [
        ["backups/bereikbaar-20261201T030000Z.tar"],
        ["backups/bereikbaar-20261202T030000Z.tar"],
    ]
    assert sorted(path.name for path in (stored.folder / "backups").iterdir()) == [
        "bereikbaar-20261203T030000Z.tar",
        "bereikbaar-20261204T030000Z.tar",
        "bereikbaar-notes.tar",
    ]


def test_keep_needs_a_folder(stored: CommandLine) -> None:
    """There is nothing to count beside one file."""
    assert "--keep goes with a folder" in stored("backup", "a.tar", "--keep", "2", code=2).stderr
    assert not (stored.folder / "a.tar").exists()


def test_missing_message_is_told_and_left_out(shop: CommandLine) -> None:
    """The rest is worth keeping all the same."""
    told = shop.json("backup", "all.tar")
    assert told["missing_messages"] == ["ab" * 32]
    assert list(members(shop.folder / "all.tar")) == ["bereikbaar.db", "backup.json"]
    assert f"message {'ab' * 32}" in shop("backup", "all.tar").stderr


DAMAGED = {
    "a revision in force": (
        "UPDATE revisions SET document = replace(document, 'closed', 'open') WHERE revision = 2",
        "the store is damaged in winkel revision 2",
    ),
    "an earlier revision": (
        "UPDATE revisions SET document = replace(document, 'open', 'closed') WHERE revision = 1",
        "the store is damaged in winkel revision 1",
    ),
    "a token": ("UPDATE tokens SET is_operator = 1", "rows of tokens are damaged"),
}


@pytest.mark.parametrize(("statement", "expected"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_store_replaces_no_good_backup(
    stored: CommandLine, statement: str, expected: str
) -> None:
    """What is damaged is named, and the file that was there stays as it was."""
    stored("backup", "all.tar")
    good = (stored.folder / "all.tar").read_bytes()
    damage(stored, statement)
    assert expected in stored("backup", "all.tar", code=1).stderr
    assert (stored.folder / "all.tar").read_bytes() == good
    assert not list(stored.folder.glob(".*"))


def test_damage_of_a_deleted_schedule_counts(stored: CommandLine) -> None:
    """It can be restored, so its revisions have to be whole."""
    stored("schedule", "delete", "winkel", "--force")
    damage(stored, "UPDATE revisions SET document = '{}' WHERE revision = 1")
    assert "winkel revision 1" in stored("backup", "all.tar", code=1).stderr


def test_no_store_makes_no_backup(cli: CommandLine) -> None:
    """An empty backup would look like a good one."""
    assert "there is no store in data" in cli("backup", "all.tar", code=1).stderr
    assert not (cli.folder / "all.tar").exists()


def test_what_cannot_be_written_is_told(stored: CommandLine) -> None:
    """A folder that isn't there is named, and nothing is left behind."""
    assert "nowhere/all.tar: No such file" in stored("backup", "nowhere/all.tar", code=1).stderr


def test_recordings_that_wait_are_in_it(stored: CommandLine) -> None:
    """They are nowhere else."""
    name = f"winkel.20261121T100000Z.0123abcd.{TONE}.wav"
    stored.write(f"data/inbox/{name}", wav())
    assert stored.json("backup", "all.tar")["recordings"] == 1
    assert members(stored.folder / "all.tar")[f"inbox/{name}"] == wav()


def test_two_of_the_same_moment_are_the_same(stored: CommandLine) -> None:
    """Nothing in it depends on the place or the time it was read."""
    stored("backup", "a.tar")
    stored("backup", "b.tar")
    assert (stored.folder / "a.tar").read_bytes() == (stored.folder / "b.tar").read_bytes()


def test_document_of_a_shop_survives(shop: CommandLine) -> None:
    """What everything of a document is kept in comes back word for word."""
    assert SHOP.startswith("id: winkel")
    exported = shop("schedule", "export", "winkel").stdout
    shop("backup", "all.tar")
    shop("restore", "all.tar", "--data-dir", "other")
    assert shop("schedule", "export", "winkel", "--data-dir", "other").stdout == exported


def test_new_backup_stays_whatever_the_others_are_named(
    stored: CommandLine, set_clock: SetClock
) -> None:
    """A clock that once stood in the future left names that come last for years."""
    set_clock("2031-01-01T03:00:00+00:00")
    late = [stored.json("backup", "backups/", "--keep", "1")["file"]]
    set_clock("2026-12-01T03:00:00+00:00")
    told = stored.json("backup", "backups/", "--keep", "1")
    assert told["removed"] == late
    assert [path.name for path in (stored.folder / "backups").iterdir()] == [
        "bereikbaar-20261201T030000Z.tar"
    ]


def test_recording_accepted_meanwhile_is_in_the_store(
    stored: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the inbox while the backup is made: it is kept once at least, and no fault."""
    for moment in ("20261121T100000Z.0123abcd", "20261121T110000Z.4567abcd"):
        stored.write(f"data/inbox/winkel.{moment}.{TONE}.wav", wav())
    real = RecordingInbox.waiting

    def waiting(inbox: RecordingInbox, at: datetime) -> list[Recording]:
        found = real(inbox, at)
        inbox.discard(found[0])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(RecordingInbox, "waiting", waiting)
        assert stored.json("backup", "all.tar")["recordings"] == 1
    # What is there when the store is copied would be in neither, had it come first.
    assert list(members(stored.folder / "all.tar"))[:2] == [
        f"inbox/winkel.20261121T110000Z.4567abcd.{TONE}.wav",
        "bereikbaar.db",
    ]
