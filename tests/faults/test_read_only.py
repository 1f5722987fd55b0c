"""The data directory can only be read: calls are answered, edits are refused, and it passes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schedules.errors import StoreUnavailableError
from schedules.last_good import read_last_good
from tests.e2e.daemon import Daemon, new_daemon, wait_until
from tests.faults.fault_table import note_fault
from tests.mounts import read_only, run_apart


def expect_refusal(daemon: Daemon) -> None:
    """Try to save, and be told why that can't be."""
    try:
        daemon.save("break")
    except StoreUnavailableError as error:
        assert "check" in str(error), error  # noqa: PT017 - what it says depends on the moment
    else:
        raise AssertionError("a save was acknowledged on a disk that can only be read")


def expect_recovery(daemon: Daemon, status: str) -> None:
    """Save once more, and have it served without a restart."""
    wait_until(lambda: daemon.ready().fields["status"] == "ok", "it is well again")
    daemon.save(status)
    wait_until(lambda: daemon.status() == status, "the change is served")


def while_running(folder: str, times: str) -> int:
    """Forbid writing under a running daemon, again and again."""
    with new_daemon(Path(folder)) as daemon:
        daemon.start()
        for turn in range(int(times)):
            status = ("closed", "open")[turn % 2]
            with read_only(daemon.data_dir):
                before = daemon.status()
                expect_refusal(daemon)
                daemon.ask("POST", "/-/reload")
                assert daemon.status() == before
                assert daemon.ready().status == 200
            expect_recovery(daemon, status)
        assert daemon.stop() == 0
    return int(times)


def cold_after_a_clean_stop(folder: str, times: str) -> int:
    """Start where the store was closed, so that it can't be opened at all."""
    with new_daemon(Path(folder)) as daemon:
        daemon.start()
        for turn in range(int(times)):
            status = ("closed", "open")[turn % 2]
            daemon.save(status)
            wait_until(lambda status=status: daemon.status() == status, "it is served")  # type: ignore[misc]
            assert daemon.stop() == 0
            assert not Path(f"{daemon.database}-wal").exists()
            with read_only(daemon.data_dir):
                daemon.start()
                assert daemon.status() == status
                expect_refusal(daemon)
                assert daemon.ready().fields["status"] == "degraded"
                assert daemon.metric("bereikbaar_last_reload_successful") == 0
            expect_recovery(daemon, "break")
    return int(times)


def cold_after_a_kill(folder: str, times: str) -> int:
    """Start where the store was left open, and its log holds the last saves."""
    with new_daemon(Path(folder)) as daemon:
        daemon.start()
        for turn in range(int(times)):
            status = ("closed", "open")[turn % 2]
            # Its log stays: the daemon holds the database open.
            daemon.save(status)
            wait_until(lambda status=status: daemon.status() == status, "it is served")  # type: ignore[misc]
            wait_until(lambda: keeps_up(daemon), "the last-good file is there")
            daemon.kill()
            assert Path(f"{daemon.database}-wal").stat().st_size
            with read_only(daemon.data_dir):
                daemon.start()
                assert daemon.status() == status
                expect_refusal(daemon)
                assert daemon.ready().status == 200
            expect_recovery(daemon, "break")
    return int(times)


def keeps_up(daemon: Daemon) -> bool:
    """Tell whether the last-good file stands where the daemon does."""
    served = daemon.ready().fields["revision"]
    return daemon.last_good.exists() and read_last_good(daemon.last_good).revision() == served


@pytest.mark.parametrize(
    ("scenario", "method"),
    [
        pytest.param(while_running, "under a running daemon", id="running"),
        pytest.param(cold_after_a_clean_stop, "cold after a clean stop", id="clean-stop"),
        pytest.param(cold_after_a_kill, "cold after kill -9", id="kill"),
    ],
)
def test_disk_that_can_only_be_read(
    tmp_path: Path,
    how_many: Callable[[int, int], int],
    scenario: Callable[[str, str], int],
    method: str,
) -> None:
    """Every call gets the last answer, a save is refused with what to do, and it ends by itself."""
    times = run_apart(scenario, tmp_path, how_many(2, 10), timeout=600)
    note_fault(
        "read-only file system",
        method,
        times,
        "every call answered as saved last; saves refused, none lost; well again by itself",
    )
