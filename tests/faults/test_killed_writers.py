"""Writers and the daemon are killed at any moment: nothing that was told is lost, or half."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

from schedules.last_good import read_last_good
from schedules.sqlite_store import open_store
from tests.e2e.daemon import NUMBER, PATIENCE, Daemon, wait_until
from tests.faults.commit_writer import IDS
from tests.faults.fault_table import note_fault


def start_writer(data_dir: Path, first: int) -> "subprocess.Popen[str]":
    """Start a process that saves numbered commits."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.commit_writer", data_dir, str(first)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )


def kill_a_writer(daemon: Daemon, dice: random.Random, first: int, *, is_alone: bool) -> int:
    """Kill a writer after some commits, somewhere in the next; return the last one it told.

    Unless it `is_alone`, the daemon is killed before it or after it.
    """
    process = start_writer(daemon.data_dir, first)
    assert process.stdout is not None
    with process.stdout as told:
        try:
            last = [int(told.readline()) for _ in range(dice.randrange(1, 6))][-1]
            time.sleep(dice.uniform(0, 0.02))
            if not is_alone and dice.random() < 0.5:
                daemon.kill()
        finally:
            process.kill()
            process.wait(PATIENCE)
        if not is_alone:
            daemon.kill()
        # What it had told before it was killed counts as well.
        return max([last, *(int(line) for line in told if line.endswith("\n"))])


def check_whole(data_dir: Path) -> int:
    """Check that nothing is half or damaged; return the number of the last commit there is."""
    with closing(open_store(data_dir)) as store:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        names = {store.current(schedule_id).schedule().name for schedule_id in IDS}
        assert len(names) == 1, "a commit of three schedules was saved in part"
        assert all(revision.is_intact for revision in store.history("office"))
        assert {holder for _, holder in store.numbers()} == {"office"}
        assert len(store.tokens()) == 1
    return int(names.pop().removeprefix("Commit "))


def seconds_to_first_answer(daemon: Daemon) -> tuple[float, str]:
    """Start the daemon; return how long the first answer took, and which schedule it named."""
    began = time.monotonic()
    daemon.start(is_ready=False)
    while (answer := daemon.call()).status != 200:
        time.sleep(0.005)
    return time.monotonic() - began, str(answer.fields["schedule_name"])


def test_whatever_moment_writer_and_daemon_are_killed_at(
    daemon: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """The first answer is of the last commit, every told one is there, and the files are whole."""
    kills, dice = how_many(30, 200), random.Random(200)
    clean = [seconds_to_first_answer(daemon)[0]]
    for _ in range(4):
        assert daemon.stop() == 0
        clean.append(seconds_to_first_answer(daemon)[0])
    number, commits, took = 0, 0, list[float]()
    for _ in range(kills):
        told = kill_a_writer(daemon, dice, number + 1, is_alone=False)
        seconds, name = seconds_to_first_answer(daemon)
        took.append(seconds)
        before, number = number, check_whole(daemon.data_dir)
        # One commit at most was saved without having been told.
        assert told <= number <= told + 1
        assert name == f"Commit {number}"
        commits += told - before
        assert daemon.ready().fields["status"] == "ok"
        if daemon.last_good.exists():
            assert read_last_good(daemon.last_good).revision() <= 3 * number + 2
    note_fault(
        "kill -9 during commits",
        "writer and daemon, at random moments",
        kills,
        f"0 of {commits:,} told commits lost, 0 in part, 0 corrupt; first answer after "
        f"{median(took):.1f} s, {max(took):.1f} s at most (after a clean stop "
        f"{median(clean):.1f} s)",
    )


def test_daemon_goes_on_while_writers_are_killed(
    daemon: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """It answers at every moment, and follows up to the last commit there is."""
    kills, dice, number = how_many(10, 50), random.Random(7), 0
    daemon.start()

    def is_named(name: str) -> bool:
        answer = daemon.call(did=NUMBER)
        assert (answer.status, answer.fields["status"]) == (200, "open")
        return bool(answer.fields["schedule_name"] == name)

    for _ in range(kills):
        told = kill_a_writer(daemon, dice, number + 1, is_alone=True)
        number = check_whole(daemon.data_dir)
        assert told <= number <= told + 1
        wait_until(partial(is_named, f"Commit {number}"), "the daemon has followed")
        assert daemon.ready().fields["status"] == "ok"
    note_fault(
        "kill -9 during commits",
        "the writer, beside a running daemon",
        kills,
        "0 told commits lost; every call answered, the last commit in service",
    )
