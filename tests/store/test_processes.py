"""Several processes on one store: no edit that was acknowledged is ever lost."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from schedules.errors import LockedError, StoreUnavailableError
from schedules.sqlite_store import SqliteStore, open_store
from tests.store.saving import MakeSchedule

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("edit_worker.py")
PURGER = Path(__file__).with_name("purge_halfway.py")


def start(
    data_dir: Path, name: str, edits: int, output: int | BinaryIO = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """Start a process that edits the schedule `teller`."""
    return subprocess.Popen(
        [sys.executable, WORKER, data_dir, name, str(edits)],
        stdout=output,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def data_dir(tmp_path: Path, make_schedule: MakeSchedule, saved_at: datetime) -> Path:
    """Make a store with one schedule, whose notes are counted up."""
    with closing(open_store(tmp_path)) as store, store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("teller", notes="0"), summary="begin")
    return tmp_path


def counted(store: SqliteStore) -> int:
    """Return the number in the notes."""
    return int(store.current("teller").schedule().notes or 0)


def test_concurrent_edits_all_count(data_dir: Path) -> None:
    """Of 8 processes that each read and save 50 times at once, all 400 edits are there."""
    workers = [start(data_dir, f"w{i}", 50) for i in range(8)]
    printed = [worker.communicate(timeout=300)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8
    assert sorted(int(text) for texts in printed for text in texts) == list(range(1, 401))
    with closing(open_store(data_dir)) as store:
        assert counted(store) == 400
        history = store.history("teller")
        assert [r.revision for r in history] == list(range(1, 402))
        assert all(r.is_intact for r in history)


def test_of_eight_that_take_a_lock_at_once_one_gets_it(data_dir: Path, saved_at: datetime) -> None:
    """One lock, seven refusals that name its holder."""
    barrier = threading.Barrier(8)

    def take(user: str) -> str:
        with closing(open_store(data_dir)) as store:
            barrier.wait(60)
            try:
                with store.writing(user, saved_at) as writer:
                    return writer.take_lock("teller", 60).holder
            except LockedError as error:
                return str(error)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(take, [f"gebruiker-{n}" for n in range(8)]))
    with closing(open_store(data_dir)) as store:
        (lock,) = store.locks(saved_at)
    told.remove(lock.holder)
    assert len(told) == 7
    assert all(f"is being edited by {lock.holder} until" in refusal for refusal in told)


def test_a_purge_that_is_killed_halfway_leaves_all(data_dir: Path, saved_at: datetime) -> None:
    """Whoever dies with the revisions removed but not committed has removed nothing."""
    with closing(open_store(data_dir)) as store, store.writing("jan", saved_at) as writer:
        writer.delete("teller", summary="")
        history = store.history("teller")
    purger = subprocess.Popen(
        [sys.executable, PURGER, data_dir],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert _line_of(purger) == "2 removed, not yet committed"
    purger.kill()
    purger.communicate(timeout=60)
    with closing(open_store(data_dir)) as store:
        assert store.history("teller") == history
        assert list(store.currents()) == []
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        with store.writing("jan", saved_at) as writer:
            assert writer.purge("teller") == 2


def test_processes_that_create_a_store_at_once_all_get_it(tmp_path: Path) -> None:
    """Whoever comes first makes the tables; nobody fails."""
    code = (
        "import pathlib, sys\n"
        "from schedules.sqlite_store import open_store\n"
        "print('ready', flush=True)\n"
        "for line in sys.stdin:\n"
        "    store = open_store(pathlib.Path(line.strip()))\n"
        "    print(store.revision(), flush=True)\n"
        "    store.close()\n"
    )
    creators = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(4)
    ]
    assert [_line_of(creator) for creator in creators] == ["ready"] * 4
    for attempt in range(20):
        for creator in creators:
            assert creator.stdin is not None
            print(tmp_path / str(attempt), file=creator.stdin, flush=True)
        assert [_line_of(creator) for creator in creators] == ["0"] * 4
    for creator in creators:
        creator.communicate(timeout=60)
        assert creator.returncode == 0


def _line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_writer_that_goes_on_is_told_to_try_again(data_dir: Path, saved_at: datetime) -> None:
    """While another connection writes, a second one gives up after its waiting time."""
    with closing(open_store(data_dir)) as first, closing(open_store(data_dir)) as second:
        second.db.execute("PRAGMA busy_timeout = 50")
        with first.writing("jan", saved_at):
            with (
                pytest.raises(StoreUnavailableError, match="another process is writing: try again"),
                second.writing("piet", saved_at),
            ):
                pass
            assert counted(second) == 0
        with second.writing("piet", saved_at) as writer:
            writer.delete("teller", summary="")


def test_waiting_time_is_five_seconds(data_dir: Path) -> None:
    """A writer waits that long before it gives up."""
    with closing(open_store(data_dir)) as store:
        assert store.rows("PRAGMA busy_timeout") == [(5000,)]
