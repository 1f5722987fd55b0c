"""A full disk, and a store that can only be read."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from schedules.errors import StoreUnavailableError
from schedules.sqlite_store import SqliteStore, open_store
from tests.mounts import mount_namespace
from tests.store.saving import MakeSchedule
from tests.store.sqlite_rows import save


def run_on_small_disk(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of this folder on a file system of 400 KB of its own."""
    command = 'mount -t tmpfs -o size=400k tmpfs "$1" && shift && exec "$@"'
    program = (sys.executable, Path(__file__).with_name(script), folder)
    return subprocess.run(
        [*mount_namespace(), "sh", "-c", command, "sh", folder, *program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"]},
    )


class TestFullDisk:
    """A full disk is told, loses nothing, and is recovered from without a restart."""

    def test_full_database_says_so_and_recovers(
        self, sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Nothing of the transaction is saved; with room again the same connection goes on."""
        save(sqlite_store, saved_at, make_schedule("a"))
        (pages,) = sqlite_store.rows("PRAGMA page_count")[0]
        sqlite_store.db.execute(f"PRAGMA max_page_count = {pages + 4}")
        many = [make_schedule(f"s{i}", notes="x" * 900) for i in range(50)]
        with pytest.raises(StoreUnavailableError, match="disk full: free some space; nothing was"):
            save(sqlite_store, saved_at, *many)
        assert [r.schedule_id for r in sqlite_store.currents()] == ["a"]

        sqlite_store.db.execute("PRAGMA max_page_count = 100000")
        save(sqlite_store, saved_at, *many)
        assert len(list(sqlite_store.currents())) == 51

    def test_swallowed_failure_still_saves_nothing(
        self, sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """A caller that goes on after a failed step can't save the rest alone."""
        save(sqlite_store, saved_at, make_schedule("a"))
        (pages,) = sqlite_store.rows("PRAGMA page_count")[0]
        sqlite_store.db.execute(f"PRAGMA max_page_count = {pages + 1}")
        failures = 0
        with (  # noqa: PT012 - the block swallows what it shouldn't
            pytest.raises(StoreUnavailableError, match="failed; start another"),
            sqlite_store.writing("jan", saved_at) as writer,
        ):
            for i in range(50):
                try:
                    writer.save(make_schedule(f"s{i}", notes="x" * 900), summary="")
                except StoreUnavailableError:
                    failures += 1
                    sqlite_store.db.execute("PRAGMA max_page_count = 100000")
        assert failures > 1
        assert [r.schedule_id for r in sqlite_store.currents()] == ["a"]

    def test_full_file_system_says_so_and_recovers(self, tmp_path: Path) -> None:
        """On a real file system of 400 KB the store fails loudly and goes on once there is room."""
        done = run_on_small_disk(tmp_path, "fill_disk.py")
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == "recovered, nothing lost"
        assert "disk full" in done.stdout

    def test_last_uses_wait_until_there_is_room(self, tmp_path: Path) -> None:
        """What calls note is kept later; each fault is told once, and so is its end."""
        done = run_on_small_disk(tmp_path, "keep_uses.py")
        assert done.stderr == ""
        full, room, read_only, writable = done.stdout.splitlines()
        assert full.startswith(f"full: {tmp_path}/decisions.db: ")
        assert full.count("check its owner") == 1
        assert read_only.startswith(f"read-only: {tmp_path}/decisions.db: ")
        assert read_only.count("; its disk can only be read: mount it for writing") == 1
        assert room == "room: token_uses_kept_again"
        assert writable == "writable: token_uses_kept_again"

    def test_calls_wait_until_there_is_room(self, tmp_path: Path) -> None:
        """Each is recorded once it can be, none twice; both faults are told, once each."""
        done = run_on_small_disk(tmp_path, "keep_calls.py")
        assert done.stderr == ""
        full, again, read_only, at_last = done.stdout.splitlines()
        for told in (full, read_only):
            assert told.startswith(f"calls_not_recorded {tmp_path}/decisions.db: ")
        assert full.count("check its owner") == 1
        assert read_only.count("; its disk can only be read: mount it for writing") == 1
        assert again.strip() == at_last.strip() == "calls_recorded_again"


class TestReadOnly:
    """A store that can't be written still tells what it holds, if it can be opened."""

    def test_writing_says_that_it_can_only_be_read(
        self, sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The cause and what to check are named; reading goes on."""
        save(sqlite_store, saved_at, make_schedule("a"))
        sqlite_store.db.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreUnavailableError, match=r"bereikbaar\.db: it can only be read"):
            save(sqlite_store, saved_at, make_schedule("b"))
        assert [r.schedule_id for r in sqlite_store.currents()] == ["a"]

    def test_closed_store_says_so(self, tmp_path: Path) -> None:
        """No error of the database library reaches the caller."""
        store = open_store(tmp_path)
        store.close()
        with pytest.raises(StoreUnavailableError, match="closed"):
            store.revision()
