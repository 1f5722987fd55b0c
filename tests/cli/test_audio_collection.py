"""Messages that nobody needs are removed: by a collection, and by a purge."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from admin_cli.audio_collection import Unneeded, collect, collect_unneeded, find_unneeded
from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from schedules.errors import DamagedRowsError, StoreUnavailableError
from schedules.sqlite_store import SqliteStore, open_store
from tests.cli.command_line import CommandLine, document, wav

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = Unneeded((), (), (), 0)


@pytest.fixture
def masters(cli: CommandLine) -> MasterFiles:
    """Give the messages of the data directory."""
    return MasterFiles(cli.folder / "data" / "audio")


@pytest.fixture
def inbox(cli: CommandLine) -> RecordingInbox:
    """Give the inbox of the data directory."""
    return RecordingInbox(cli.folder / "data" / "inbox")


@pytest.fixture
def store(cli: CommandLine) -> Iterator[SqliteStore]:
    """Open a store in which one schedule has a message, and had another one."""
    for seconds in (0.1, 0.2):
        say(cli, "winkel", seconds)
    with closing(open_store(cli.folder / "data")) as store:
        yield store


def say(cli: CommandLine, schedule_id: str, seconds: float) -> None:
    """Apply a schedule with one message, of so many seconds of silence."""
    cli.write("m.wav", wav(seconds))
    cli("apply", cli.write("w.yaml", document(schedule_id, audio="{m: {name: M, file: m.wav}}")))


def make_old(folder: Path, at: datetime = AT - HOUR) -> None:
    """Give all files in a folder an age."""
    for path in folder.iterdir():
        os.utime(path, (at.timestamp(), at.timestamp()))


def test_only_what_no_kept_revision_names_is_removed(
    store: SqliteStore, masters: MasterFiles, inbox: RecordingInbox
) -> None:
    """The earlier revision's message stays; an orphan goes, with how much that gave."""
    needed = masters.digests()
    orphans = sorted({masters.add(wav(0.3)), masters.add(wav(0.4))})
    make_old(masters.folder)
    dry = find_unneeded(store, masters, inbox, AT)
    assert masters.digests() == needed | set(orphans)
    found = collect_unneeded(store, masters, inbox, AT)
    paths = tuple(masters.path_of(one) for one in orphans)
    assert found == dry == Unneeded(paths, (), (), 2 * 44 + 4_800 + 6_400)
    assert masters.digests() == needed
    assert len(needed) == 2
    assert collect_unneeded(store, masters, inbox, AT) == NOTHING


@pytest.mark.parametrize(
    ("made", "is_removed"),
    [
        pytest.param(AT - HOUR, True, id="an-hour"),
        pytest.param(AT - HOUR + timedelta(seconds=1), False, id="younger"),
        pytest.param(AT + timedelta(minutes=1), False, id="clock-a-little-off"),
        pytest.param(AT + timedelta(days=900), True, id="clock-was-wrong"),
    ],
)
def test_what_is_young_stays(
    store: SqliteStore,
    masters: MasterFiles,
    inbox: RecordingInbox,
    made: datetime,
    *,
    is_removed: bool,
) -> None:
    """An hour has to pass, for messages as for what a crash left half-written."""
    inbox.folder.mkdir()
    leftovers = tuple(folder / ".incoming-x" for folder in (masters.folder, inbox.folder))
    for path in leftovers:
        path.write_bytes(b"half")
    orphan = masters.add(wav(0.3))
    for folder in (masters.folder, inbox.folder):
        make_old(folder, made)
    found = collect_unneeded(store, masters, inbox, AT)
    gone = Unneeded((masters.path_of(orphan),), (), leftovers, 4_852)
    assert found == (gone if is_removed else NOTHING)
    assert masters.has(orphan) is not is_removed
    assert [path.exists() for path in leftovers] == [not is_removed] * 2


def test_expired_recordings_go_too(
    store: SqliteStore, masters: MasterFiles, inbox: RecordingInbox
) -> None:
    """Those that wait still stay."""
    old = inbox.put("winkel", wav(), AT - inbox.keep)
    young = inbox.put("winkel", wav(), AT - inbox.keep + HOUR)
    found = find_unneeded(store, masters, inbox, AT)
    assert found.recordings == (old,)
    assert old.path.exists()
    assert collect_unneeded(store, masters, inbox, AT) == found
    assert inbox.waiting(AT) == [young]
    assert not old.path.exists()


def test_nothing_is_removed_on_the_word_of_a_damaged_store(
    store: SqliteStore, masters: MasterFiles, inbox: RecordingInbox
) -> None:
    """A row that was lost would make a message look like nobody's."""
    make_old(masters.folder)
    store.db.execute("DELETE FROM audio_references")
    with pytest.raises(DamagedRowsError, match="are damaged or missing"):
        find_unneeded(store, masters, inbox, AT)
    with store.writing("jan", AT), pytest.raises(DamagedRowsError):
        find_unneeded(store, masters, inbox, AT)
    assert len(masters.digests()) == 2


def test_which_messages_are_needed_is_mended_before_a_collection(
    store: SqliteStore, masters: MasterFiles
) -> None:
    """It is made anew from all revisions, and said; a dry run only says so."""
    needed, orphan = masters.digests(), masters.add(wav(0.3))
    make_old(masters.folder, datetime(2020, 1, 1, tzinfo=UTC))
    store.db.execute("DELETE FROM audio_references")
    dry = run_collect("--dry-run")
    assert dry.stdout == f"message {orphan}\n"
    assert dry.stderr.startswith("Warning: which messages are needed was damaged")
    with pytest.raises(DamagedRowsError):
        store.audio_references()
    assert json.loads(run_collect("--json").stdout)["mended"] is True
    assert masters.digests() == store.audio_references() == needed
    assert json.loads(run_collect("--json").stdout)["mended"] is False


def test_a_purge_mends_it_too(cli: CommandLine, store: SqliteStore, masters: MasterFiles) -> None:
    """What other schedules name stays."""
    say(cli, "filiaal", 0.2)
    cli("schedule", "delete", "winkel")
    store.db.execute("DELETE FROM audio_references")
    cli("schedule", "purge", "winkel", "--yes", "winkel")
    assert masters.digests() == store.audio_references() == {masters.add(wav(0.2))}


def test_a_save_and_a_collection_wait_for_each_other(
    cli: CommandLine, store: SqliteStore, masters: MasterFiles, inbox: RecordingInbox
) -> None:
    """An old orphan that a transaction stores again and names is there when it ends."""
    orphan = masters.add(wav(0.3))
    make_old(masters.folder)
    found: list[Unneeded] = []

    def run() -> None:
        with closing(open_store(cli.folder / "data")) as other:
            found.append(collect_unneeded(other, masters, inbox, AT))

    collecting = threading.Thread(target=run)
    current = store.current("winkel").schedule()
    message = current.audio["m"].model_copy(update={"sha256": orphan})
    with store.writing("jan", AT) as writer:
        collecting.start()
        time.sleep(0.3)
        assert masters.add(wav(0.3)) == orphan
        assert not found
        writer.save(current.replace(audio={"m": message}), summary="")
    collecting.join()
    assert found == [NOTHING]
    assert masters.read(orphan) == wav(0.3)


def test_a_message_that_was_collected_is_stored_again(
    cli: CommandLine, store: SqliteStore, masters: MasterFiles, inbox: RecordingInbox
) -> None:
    """The other order: an apply after the collection brings its own bytes."""
    orphan = masters.add(wav(0.3))
    make_old(masters.folder)
    assert collect_unneeded(store, masters, inbox, AT).messages == (masters.path_of(orphan),)
    say(cli, "winkel", 0.3)
    assert masters.read(orphan) == wav(0.3)


def run_collect(*options: str, code: int = 0) -> Result:
    """Run the command by itself."""
    result = CliRunner().invoke(collect, ["--data-dir", "data", *options])
    assert result.exit_code == code, result.output
    return result


def test_the_command_tells_what_it_removed(store: SqliteStore, masters: MasterFiles) -> None:
    """One line each, and a sum; a dry run first removes nothing."""
    assert len(store.audio_references()) == 2
    orphan = masters.add(wav(0.3))
    make_old(masters.folder, datetime(2020, 1, 1, tzinfo=UTC))
    dry = run_collect("--dry-run")
    assert dry.stdout == f"message {orphan}\n"
    assert "1 message, 0 expired recordings, 0 leftovers: 4,844 bytes; a dry run" in dry.stderr
    assert masters.has(orphan)
    answer = json.loads(run_collect("--json").stdout)
    assert answer == {
        "messages": [orphan],
        "recordings": [],
        "leftovers": 0,
        "bytes": 4_844,
        "mended": False,
        "dry_run": False,
    }
    assert not masters.has(orphan)
    assert "0 messages, 0 expired recordings, 0 leftovers: 0 bytes removed" in run_collect().stderr


def test_without_a_store_nothing_is_removed(cli: CommandLine, masters: MasterFiles) -> None:
    """A database that is gone would make every message nobody's."""
    digest = masters.add(wav())
    make_old(masters.folder, datetime(2020, 1, 1, tzinfo=UTC))
    result = CliRunner().invoke(collect, ["--data-dir", "data"])
    assert isinstance(result.exception, StoreUnavailableError)
    assert masters.has(digest)
    assert cli.rows() == {}


def test_a_purge_takes_the_messages_that_were_its_alone(
    cli: CommandLine, store: SqliteStore, masters: MasterFiles
) -> None:
    """However young; one that another schedule names stays, as does an orphan."""
    say(cli, "filiaal", 0.2)
    kept = {masters.add(wav(0.2)), masters.add(wav(0.3))}
    cli("schedule", "delete", "winkel")
    purge = ("schedule", "purge", "winkel", "--yes", "winkel")
    dry = cli(*purge, "--dry-run")
    assert dry.stdout == "winkel: purged, 3 revisions, 1 message only it had\n"
    assert len(masters.digests()) == 3
    assert cli(*purge).stdout == dry.stdout
    assert masters.digests() == kept
    assert store.audio_references() == {masters.add(wav(0.2))}


def test_a_purge_that_cannot_remove_messages_says_so(
    cli: CommandLine, store: SqliteStore, masters: MasterFiles
) -> None:
    """The schedule is purged all the same, and a collection can remove them later."""
    cli("schedule", "delete", "winkel")
    freed = masters.add(wav(0.1))
    masters.folder.rename(masters.folder.with_name("elders"))
    masters.folder.symlink_to(masters.folder)
    told = cli("schedule", "purge", "winkel", "--yes", "winkel")
    assert told.stdout == "winkel: purged, 3 revisions\n"
    assert "Warning: messages only it had are still there" in told.stderr
    assert "Errno" not in told.stderr
    assert store.audio_references() == frozenset()
    masters.folder.unlink()
    masters.folder.with_name("elders").rename(masters.folder)
    assert masters.has(freed)


@pytest.mark.parametrize("is_a_store", [False, True], ids=["no-byte", "empty-tables"])
def test_emptied_store_is_refused_and_loses_no_message(
    cli: CommandLine, masters: MasterFiles, *, is_a_store: bool
) -> None:
    """A last-good file beside an empty store says that it was not: nothing is called unneeded."""
    say(cli, "winkel", 0.1)
    make_old(masters.folder)
    kept = masters.digests()
    (cli.folder / "data" / "last-good.jsonl").write_text("{}\n")
    database = cli.folder / "data" / "bereikbaar.db"
    for path in cli.folder.glob("data/bereikbaar.db*"):
        path.unlink()
    if is_a_store:
        with closing(open_store(cli.folder / "data")):
            pass
    else:
        database.touch()
    codes = {one["code"] for one in cli.json("doctor", code=3)["findings"]}
    assert "audio-unneeded" not in codes
    for command in ("audio collect", "schedule list"):
        told = cli(*command.split(), code=1).stderr
        assert "but last-good.jsonl is there: put the database back or restore a backup" in told
    assert masters.digests() == kept != set()
    assert is_a_store or not database.stat().st_size
