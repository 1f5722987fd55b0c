"""Each fault that leaves a trace is caused for real, and `doctor` names it."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from schedules.last_good import read_last_good
from tests.e2e.daemon import COMMAND, Daemon, new_daemon, wait_until
from tests.faults.test_disk_full import full_disk
from tests.faults.test_schema import DUMPS, lay_out, make_newer
from tests.mounts import mount_small_disk, read_only, run_apart
from tests.pbx.suites import find_beside

HOUR = 3_600


def codes(daemon: Daemon) -> dict[str, str]:
    """Run `doctor`; return the code of each finding, with its problem and remedy."""
    told = doctor(daemon)
    return {one["code"]: f"{one['problem']}; {one['remedy']}" for one in told["findings"]}


def doctor(daemon: Daemon) -> dict[str, Any]:
    """Run `doctor` as a process; it ends with 3 where it tells an error, and else with 0."""
    done = subprocess.run(
        [COMMAND, "doctor", "--json", "--data-dir", daemon.data_dir],
        capture_output=True,
        check=False,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (3 if told["counts"]["error"] else 0), done.stderr
    assert all(one["problem"] and one["remedy"] for one in told["findings"])
    return told


def age(daemon: Daemon) -> None:
    """Let the last save lie an hour back."""
    for path in daemon.data_dir.glob("bereikbaar.db*"):
        at = path.stat().st_mtime - HOUR
        os.utime(path, (at, at))


def served(daemon: Daemon) -> None:
    """Have the daemon serve, and end it in good order: there is a last-good file."""
    daemon.start()
    assert daemon.stop() == 0


def test_nothing_is_told_of_a_good_one(daemon: Daemon) -> None:
    """Neither before its first start, nor while it runs, nor after."""
    assert codes(daemon) == {}
    daemon.start()
    wait_until(daemon.last_good.exists, "the last-good file is written")
    assert codes(daemon) == {}
    assert daemon.stop() == 0
    assert codes(daemon) == {}


def test_store_that_is_gone(daemon: Daemon) -> None:
    """The last-good file tells that there was one."""
    served(daemon)
    daemon.database.unlink()
    assert list(codes(daemon)) == ["store-missing"]


def test_store_that_is_empty(daemon: Daemon, tmp_path: Path) -> None:
    """A new one in a full one's place is no good one."""
    served(daemon)
    daemon.database.unlink()
    empty = Daemon(tmp_path / "empty")
    with empty.store():
        pass
    empty.database.replace(daemon.database)
    assert list(codes(daemon)) == ["store-missing"]


@pytest.mark.parametrize("content", [b"garbage" * 1_000, b"SQLite format 3\0" + bytes(8_000)])
def test_store_that_is_garbage(daemon: Daemon, content: bytes) -> None:
    """What is no database is damage, whatever else can be read."""
    served(daemon)
    daemon.database.write_bytes(content)
    assert list(codes(daemon)) == ["store-damaged"]


def test_folder_in_the_stores_place(daemon: Daemon) -> None:
    """What can't be opened is told with what to check."""
    served(daemon)
    daemon.database.unlink()
    daemon.database.mkdir()
    assert "check owner and mode" in codes(daemon)["store-unreadable"]


def test_store_of_a_newer_version(daemon: Daemon) -> None:
    """The version to install, or a backup to restore."""
    served(daemon)
    make_newer(daemon.data_dir)
    assert "m999_colours; install that version, or restore" in codes(daemon)["store-newer"]


def test_store_of_an_earlier_version(tmp_path: Path) -> None:
    """The step that is left to take is named, and not taken."""
    daemon = Daemon(tmp_path / "data")
    lay_out(DUMPS[0], daemon.data_dir)
    daemon.database.chmod(0o600)
    for _ in range(2):
        assert "run `migrate`" in codes(daemon)["store-outdated"]


def test_store_that_went_back(daemon: Daemon) -> None:
    """A copy put back by hand lacks what was saved since; that is told until somebody saw to it."""
    former = daemon.database.read_bytes()
    daemon.save("closed")
    served(daemon)
    daemon.database.write_bytes(former)
    newer = daemon.data_dir / "last-good.jsonl.newer"
    for _ in range(2):
        assert "before revision 3, which was in service" in codes(daemon)["store-behind"]
        served(daemon)
        assert read_last_good(newer).revision() == 3
    assert [line["served"] for line in daemon.events("store_went_back")] == [3]
    newer.unlink()
    assert codes(daemon) == {}


def test_last_good_file_that_is_not_kept_up(daemon: Daemon) -> None:
    """Missing beside a daemon, or older than a save of long ago."""
    daemon.data_dir.chmod(0o700)
    daemon.start()
    wait_until(daemon.last_good.exists, "the last-good file is written")
    kept = daemon.last_good.read_bytes()
    daemon.last_good.unlink()
    age(daemon)
    assert list(codes(daemon)) == ["last-good-missing"]
    assert daemon.stop() == 0
    daemon.save("closed")
    daemon.last_good.write_bytes(kept)
    daemon.last_good.chmod(0o600)
    assert codes(daemon) == {}
    age(daemon)
    assert list(codes(daemon)) == ["last-good-stale"]
    daemon.last_good.write_bytes(kept[:-2])
    assert list(codes(daemon)) == ["last-good-damaged"]


def test_files_of_another_owner_or_for_all_to_read(daemon: Daemon) -> None:
    """Each with the command that mends it."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(daemon.database, 12_345, -1)
    daemon.database.chmod(0o644)
    told = codes(daemon)
    assert f"`chown -R 0 {daemon.data_dir}`" in told["wrong-owner"]
    assert f"`chmod 600 {daemon.database}`" in told["readable-by-others"]
    assert len(told) == 2


def test_clock_before_the_last_save(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call would be decided by a wrong time."""
    monkeypatch.setenv("LD_PRELOAD", str(find_beside("libfaketimeMT.so.1")))
    monkeypatch.setenv("FAKETIME", "@2026-11-22 09:54:00")
    monkeypatch.setenv("TZ", "UTC")
    assert "set the clock" in codes(daemon)["clock-behind"]
    # It may be some minutes off, where saves come from another machine.
    monkeypatch.setenv("FAKETIME", "@2026-11-22 09:56:00")
    assert codes(daemon) == {}


def test_daemon_that_hangs_or_was_killed(daemon: Daemon) -> None:
    """One that doesn't answer, and the socket of one that is gone."""
    daemon.start()
    wait_until(daemon.last_good.exists, "the last-good file is written")
    daemon.signal(signal.SIGSTOP)
    assert list(codes(daemon)) == ["daemon-silent"]
    daemon.signal(signal.SIGCONT)
    daemon.kill()
    assert list(codes(daemon)) == ["daemon-ended"]


def test_daemon_that_is_degraded(daemon: Daemon) -> None:
    """What readiness says is told, beside what doctor finds itself."""
    daemon.start()
    daemon.save_unreadable()
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the alarm is raised")
    told = codes(daemon)
    assert "schedule office can't be compiled" in told["daemon-degraded"]
    assert "schedule-damaged" in told


def test_daemon_with_few_descriptors(daemon: Daemon) -> None:
    """The limit of the running daemon counts, not that of who asks."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, limits[1]))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    wait_until(daemon.last_good.exists, "the last-good file is written")
    told = codes(daemon)
    assert list(told) == ["too-few-descriptors"]
    assert "400 files, room for 208 of its 1,000 connections" in told["too-few-descriptors"]


def test_record_of_calls_that_is_damaged(daemon: Daemon) -> None:
    """No call depends on it."""
    served(daemon)
    (daemon.data_dir / "decisions.db").write_bytes(b"garbage" * 1_000)
    (daemon.data_dir / "decisions.db").chmod(0o600)
    assert list(codes(daemon)) == ["decisions-damaged"]


def test_damaged_rows(daemon: Daemon) -> None:
    """Lost numbers are told though the daemon does without them."""
    served(daemon)
    with closing(sqlite3.connect(daemon.database)) as db, db:
        db.execute("DELETE FROM numbers")
    assert list(codes(daemon)) == ["store-damaged"]


def on_bad_disks(folder: str) -> dict[str, list[str]]:
    """Ask on a full disk, on one that is nearly full, and on one that can only be read."""
    disk = Path(folder) / "data"
    disk.mkdir()
    mount_small_disk(disk, 4_000)
    told = {}
    with new_daemon(Path(folder)) as daemon:
        served(daemon)
        with full_disk(disk, 0):
            told["full"] = list(codes(daemon))
        told["nearly full"] = list(codes(daemon))
        with read_only(disk):
            told["read-only"] = list(codes(daemon))
    return told


def test_bad_disks(tmp_path: Path) -> None:
    """The cause is told beside what follows from it."""
    told = run_apart(on_bad_disks, tmp_path)
    assert "disk-full" in told["full"]
    assert told["nearly full"] == ["disk-nearly-full"]
    assert {"data-dir-read-only", "store-unreadable"} <= {*told["read-only"]}
    assert not {"decisions-damaged", "outbox-damaged", "unreadable"} & {*told["read-only"]}
