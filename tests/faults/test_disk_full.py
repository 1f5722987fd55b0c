"""The disk is full: calls go on as before, saves fail loudly, and room mends it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from schedules.errors import StoreUnavailableError
from schedules.last_good import read_last_good
from tests.e2e.daemon import AT, Daemon, new_daemon, wait_until
from tests.engine import schedule_of
from tests.faults.fault_table import note_fault
from tests.mounts import mount_small_disk, run_apart

# What a disk has room for, in KB: for the store at first, and for what each turn adds to it.
AT_FIRST, EACH_TURN = 4_000, 500
# What is left when the disk is called full: a save breaks off at another point each time.
LEFT_OVER = (0, 4_096, 32_768, 131_072, 524_288)


class Caller(threading.Thread):
    """Calls without a pause, and keeps every answer that wasn't as expected."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__()
        self.asked = daemon
        self.calls = 0
        self.wrong: list[object] = []
        self.is_done = threading.Event()

    def run(self) -> None:
        """Go on until it is done."""
        while not self.calls or not self.is_done.wait(0.005):
            answer = self.asked.call()
            self.calls += 1
            if (answer.status, answer.fields["status"]) != (200, "open"):
                self.wrong.append(answer)


@contextmanager
def calling(daemon: Daemon) -> Iterator[Caller]:
    """Have calls made all the while, each of which must be answered as ever."""
    caller = Caller(daemon)
    caller.start()
    try:
        yield caller
    finally:
        caller.is_done.set()
        caller.join()
    assert caller.calls > 0
    assert caller.wrong == []


@contextmanager
def full_disk(folder: Path, left_over: int) -> Iterator[None]:
    """Fill the file system of a folder but for so many bytes."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4_096)):
            pass
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - left_over))
    try:
        yield
    finally:
        ballast.unlink()


def save(daemon: Daemon, name: str) -> None:
    """Save a schedule apart from the one that is called."""
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.save(schedule_of(id="side", name=name, notes="x" * 900), summary=name)


def fill_by_saving(daemon: Daemon, turn: int) -> tuple[int, str]:
    """Save until it is refused for want of room; return the number of saves, and the last one."""
    saved, last = 0, ""
    try:
        while True:
            name = f"Turn {turn} {saved}"
            save(daemon, name)
            saved, last = saved + 1, name
    except StoreUnavailableError as error:
        assert any(told in str(error) for told in ("disk full", "space")), error  # noqa: PT017 - its moment varies
    return saved, last


def check_last(daemon: Daemon, name: str) -> None:
    """Expect the last acknowledged save in the store, and in service."""
    with daemon.store() as store:
        assert store.current("side").schedule().name == name
    wait_until(lambda: served_name(daemon) == name, f"{name} is served")


def served_name(daemon: Daemon) -> str:
    """Return the name of the schedule that is saved again and again, as calls are told it."""
    return str(daemon.call(schedule="side").fields["schedule_name"])


def small_disk(folder: str, times: str) -> Path:
    """Make the data directory a disk of its own, the log lying elsewhere; return it."""
    disk = Path(folder) / "data"
    disk.mkdir()
    mount_small_disk(disk, AT_FIRST + EACH_TURN * int(times))
    return disk


def under_a_running_daemon(folder: str, times: str) -> dict[str, int]:
    """Fill the disk of a daemon again and again, and make room again."""
    disk, saves = small_disk(folder, times), 0
    with new_daemon(Path(folder)) as daemon:
        daemon.start()
        with calling(daemon) as caller:
            for turn in range(int(times)):
                with full_disk(disk, LEFT_OVER[turn % len(LEFT_OVER)]):
                    saved, last = fill_by_saving(daemon, turn)
                    saves += saved
                    daemon.ask("POST", "/-/reload")
                    assert daemon.ready().status == 200
                    if last:
                        check_last(daemon, last)
                save(daemon, f"Turn {turn}, with room")
                check_last(daemon, f"Turn {turn}, with room")
                wait_until(lambda: daemon.ready().fields["status"] == "ok", "all is well again")
        assert daemon.stop() == 0
        with daemon.store() as store:
            assert store.rows("PRAGMA integrity_check") == [("ok",)]
            assert read_last_good(daemon.last_good).revision() == store.revision()
    return {"saves": saves, "calls": caller.calls}


def cold(folder: str, times: str) -> dict[str, int]:
    """Start on a full disk again and again, after a clean stop and after a kill by turns."""
    disk = small_disk(folder, times)
    with new_daemon(disk.parent) as daemon:
        for turn in range(int(times)):
            daemon.start()
            save(daemon, f"Turn {turn}")
            check_last(daemon, f"Turn {turn}")
            wait_until(lambda: daemon.ready().fields["status"] == "ok", "all is well")
            if turn % 2:
                wait_until(lambda: has_kept_all(daemon), "the last-good file is written")
                daemon.kill()
            else:
                assert daemon.stop() == 0
            with full_disk(disk, 0):
                daemon.start()
                with calling(daemon):
                    assert served_name(daemon) == f"Turn {turn}"
            wait_until(lambda: daemon.ready().fields["status"] == "ok", "all is well again")
            save(daemon, f"Turn {turn}, with room")
            check_last(daemon, f"Turn {turn}, with room")
            assert daemon.stop() == 0
    return {"times": int(times)}


def has_kept_all(daemon: Daemon) -> bool:
    """Tell whether the last-good file stands where the store does."""
    with daemon.store() as store:
        revision = store.revision()
    return daemon.last_good.exists() and read_last_good(daemon.last_good).revision() == revision


def test_disk_that_fills_up_under_a_running_daemon(
    tmp_path: Path, how_many: Callable[[int, int], int]
) -> None:
    """No call notices, no acknowledged save is lost, and room is all that it takes to go on."""
    times = how_many(5, 50)
    done = run_apart(under_a_running_daemon, tmp_path, times, timeout=600)
    assert done["saves"] > 0
    note_fault(
        "disk full",
        "a disk of a few MB, filled and freed under the running daemon",
        times,
        f"{done['calls']:,} calls answered as ever; the first save without room refused each time, "
        f"0 of {done['saves']:,} acknowledged lost; well again by itself",
    )


def test_start_on_a_full_disk(tmp_path: Path, how_many: Callable[[int, int], int]) -> None:
    """The first call is answered as saved last, and with room again saves are followed."""
    times = how_many(2, 10)
    run_apart(cold, tmp_path, times, timeout=600)
    note_fault(
        "disk full",
        "the daemon started without a byte left, after a stop or a kill",
        times,
        "every call answered as saved last; well again by itself",
    )
