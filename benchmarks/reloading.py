"""How soon a change that another process saved reaches calls.

Run as `python -m benchmarks.reloading DATA_DIR`, it is that other process: for each line of its
input it turns round the hours of the schedules whose ids stand there, saves all or none, and prints
the last one's new revision and two instants of the machine's monotonic clock, before and after the
transaction, as JSON.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from shutil import which
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Final

from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row, percentile
from benchmarks.raw_http import request_text
from benchmarks.workplace import Workplace, running_daemon
from schedules.model import Schedule, WeeklyHours, slot_of
from schedules.sqlite_store import open_store

_ASK_AGAIN_SECONDS: Final = 0.001
_PATIENCE_SECONDS: Final = 30.0
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def measure_reload(effort: Effort, workplace: Workplace) -> Row:
    """Change random schedules at random instants, asking for the answer all the time."""
    rng = Random(5)
    waits, commits = [], []
    with (
        running_daemon(workplace) as server,
        committing(workplace.data_dir) as commit,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        for _ in range(effort.changes):
            # Not in step with whatever the daemon does at fixed intervals.
            sleep(rng.uniform(0, 0.1))
            schedule = rng.choice(workplace.schedules)
            change = commit(schedule.id)
            request = question_about(schedule.id, server.port, workplace.token)
            answered_at = wait_for(connection, request, int(change["revision"]))
            waits.append((answered_at - change["after"]) * 1e3)
            commits.append((change["after"] - change["before"]) * 1e3)
    return Row(
        f"a saved change reaches calls, p99, {len(workplace.schedules):,} schedules",
        percentile(waits, 0.99),
        "ms",
        (Goal("figure", "at most", 250, 100),),
        parts={
            "p50, ms": percentile(waits, 0.5),
            "longest, ms": max(waits),
            "changes": len(waits),
            "saving itself, p50, ms": median(commits),
            "the command line's start (--help), ms": _command_start() * 1e3,
        },
        rounds=tuple(waits),
    )


@contextmanager
def committing(data_dir: Path) -> Iterator[Callable[..., dict[str, float]]]:
    """Run the other process, as a function from schedules' ids to what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reloading", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def commit(*schedule_ids: str) -> dict[str, float]:
        orders.write(f"{' '.join(schedule_ids)}\n")
        orders.flush()
        answer: dict[str, float] = json.loads(answers.readline())
        return answer

    try:
        yield commit
    finally:
        process.communicate("", timeout=30)


def question_about(schedule_id: str, port: int, token: str) -> bytes:
    """Return the request that `wait_for` repeats."""
    return request_text(f"/hook/generic?schedule={schedule_id}", port, token).encode()


def wait_for(connection: socket.socket, request: bytes, revision: int) -> float:
    """Ask until the answer is of this revision or a later one; returns `monotonic` then."""
    deadline = monotonic() + _PATIENCE_SECONDS
    while monotonic() < deadline:
        connection.sendall(request)
        fields = json.loads(read_body(connection))
        if int(fields["revision"]) >= revision:
            return monotonic()
        sleep(_ASK_AGAIN_SECONDS)
    raise TimeoutError(f"revision {revision} was not served within {_PATIENCE_SECONDS:.0f} s")


def read_body(connection: socket.socket) -> bytes:
    """Return the body of the next answer on a connection."""
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        if end:
            _, _, rest = head.partition(b"Content-Length: ")
            if len(body) >= int(rest.partition(b"\r\n")[0]):
                return body
        data = connection.recv(65_536)
        if not data:
            raise ConnectionError("the daemon closed the connection")
        received += data


def _command_start() -> float:
    script = which("bereikbaar", path=str(Path(sys.executable).parent))
    assert script is not None, "the command is not installed: run `make bench`"
    started = perf_counter()
    subprocess.run([script, "--help"], check=True, capture_output=True)
    return perf_counter() - started


def turned_round(schedule: Schedule) -> Schedule:
    """Return a schedule that is open all week or, if it was, closed all week."""
    is_open = schedule.week.mon[0].status == "open"
    day = (slot_of(f"00:00-24:00 {'closed' if is_open else 'open'}"),)
    return schedule.replace(week=WeeklyHours(**dict.fromkeys(_WEEKDAYS, day)))


def main(data_dir: Path) -> None:
    """Save a change of the schedules asked for, line by line, until the input ends."""
    with closing(open_store(data_dir)) as store:
        for line in sys.stdin:
            schedules = [turned_round(store.current(one).schedule()) for one in line.split()]
            before = monotonic()
            with store.writing("benchmark", datetime.now(UTC)) as writer:
                revisions = [writer.save(one, summary="turned round") for one in schedules]
            answer = {"revision": revisions[-1], "before": before, "after": monotonic()}
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
