"""What grows with the number of schedules: a row for each of several counts, all else alike.

All counts take a quarter of an hour, 100,000 schedules most of that. The smaller questions are
those of the other rows, asked with other counts.
"""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Final

from benchmarks import scale_parts as part
from benchmarks.collecting import read_collections
from benchmarks.cores import cpu_seconds
from benchmarks.effort import Effort
from benchmarks.figures import Row, percentile, tell
from benchmarks.hook_load import REQUESTS, hook_requests
from benchmarks.in_process import time_lookups
from benchmarks.memory import measure_memory
from benchmarks.raw_http import LoadGenerator, Window
from benchmarks.reloading import committing, measure_reload, question_about, read_body, wait_for
from benchmarks.starting import start_once, write_bytecode
from benchmarks.workplace import Server, Workplace, furnish, running_daemon
from pbx_adapters.data_dir import CONTROL_SOCKET

_MANY: Final = 100_000
_CALLS_A_SECOND: Final = 500
_CHANGES_TIMED: Final = 21
_SAVED_TOGETHER: Final = 1_000
_WARMING_CALLS: Final = 4
_PATIENCE_SECONDS: Final = 300.0
_RELOAD_REQUEST: Final = (
    b"POST /-/reload HTTP/1.1\r\nHost: daemon\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


_Parts = dict[str, float]


def measure_scale(effort: Effort) -> Iterator[Row]:
    """Measure everything for each count of schedules; a step is told on stderr as it begins."""
    for count in effort.sizes:
        # One start of so many takes as long as all rounds of fewer.
        starts = 1 if count >= _MANY else min(effort.starts, 3)
        changes = min(effort.changes, _CHANGES_TIMED)
        sized = effort._replace(
            schedules=count, kept_in_memory=count, starts=starts, changes=changes
        )
        _tell(count, "lookup")
        lookups = time_lookups(sized)
        _tell(count, "memory")
        parts = {part.SCHEDULES: float(count), part.TABLE_BYTES: measure_memory(sized).figure}
        with TemporaryDirectory() as folder:
            _tell(count, "furnish")
            workplace = furnish(Path(folder) / "data", count)
            parts |= _measure_waiting(sized, workplace)
            _tell(count, "calls, changes, everything read anew")
            parts |= _measure_daemon(effort, workplace, Path(folder) / "collections.json")
        yield Row(
            f"look-up in process, each called before, {count:,} schedules",
            median(lookups),
            "µs",
            (),
            parts=parts,
            rounds=lookups,
        )


def _tell(count: int, step: str) -> None:
    tell(f"scale, {count:,} schedules: {step}")


def _measure_waiting(effort: Effort, workplace: Workplace) -> _Parts:
    """Take how long a start and a change take, as of the rows of their own."""
    count = len(workplace.schedules)
    _tell(count, "start")
    write_bytecode()
    starts = [start_once(workplace) for _ in range(effort.starts)]
    _tell(count, "reload")
    change = measure_reload(effort, workplace)
    return {
        part.FIRST_ANSWER: median(start.seconds for start in starts),
        part.ALL_COMPILED: median(start.loaded for start in starts),
        part.CHANGE: change.parts["p50, ms"],
        part.LONGEST_CHANGE: change.parts["longest, ms"],
    }


def _measure_daemon(effort: Effort, workplace: Workplace, notes: Path) -> _Parts:
    """Take what calls to a daemon cost, and how long they wait while it has other work."""
    command = [sys.executable, "-m", "benchmarks.collecting", str(notes)]
    with running_daemon(workplace, command) as daemon:
        loaded_at = perf_counter()
        parts = {part.DAEMON_MB: _memory_mb(daemon, "VmRSS")}
        with (
            LoadGenerator(
                {"hook": (daemon.port, list(hook_requests(workplace, daemon.port)))}, notes.parent
            ) as generator,
            ThreadPoolExecutor(1) as beside,
        ):
            calls = _Calls(generator, beside, effort)
            parts |= calls.measure_cost(daemon, min(len(workplace.schedules), REQUESTS))
            parts |= _measure_waits(calls, workplace, daemon)
        parts[part.RELOADED_MB] = _memory_mb(daemon, "VmRSS")
        parts[part.PEAK_MB] = _memory_mb(daemon, "VmHWM")
        ended_at = perf_counter()
    collections = [one for one in read_collections(notes) if one.began_at < ended_at]
    before = [one.seconds * 1e3 for one in collections if one.began_at < loaded_at]
    after = [one.seconds * 1e3 for one in collections if one.began_at >= loaded_at]
    return parts | {
        part.COLLECTIONS: len(after),
        part.COLLECTION_LONGEST: max(after, default=0.0),
        part.COLLECTION_LONGEST_BEFORE: max(before, default=0.0),
    }


@dataclass(frozen=True, slots=True)
class _Calls:
    """Calls to the daemon, and a thread for what is done meanwhile."""

    generator: LoadGenerator
    beside: ThreadPoolExecutor
    effort: Effort

    def measure_cost(self, daemon: Server, called: int) -> _Parts:
        """Load the daemon as much as it can bear, once `called` schedules have had calls."""
        answers = 0
        while answers < _WARMING_CALLS * called:
            answers += self._flood().answers
        windows = []
        for _ in range(self.effort.rounds):
            before = cpu_seconds(daemon.pid)
            window = self._flood()
            windows.append((window, cpu_seconds(daemon.pid) - before))
        return {
            part.RATE: median(window.answers / window.seconds for window, _ in windows),
            part.REQUEST_CPU: median(used / window.answers * 1e6 for window, used in windows),
            part.PACE: _CALLS_A_SECOND,
        }

    def waits_during(self, work: Callable[[], _Parts]) -> tuple[list[float], _Parts]:
        """Return how long calls wait until some work is done, in ms, and what the work gives."""
        doing = self.beside.submit(work)
        waits: list[float] = []
        while not (waits and doing.done()):
            window = self.generator.pace("hook", self.effort.latency_seconds, _CALLS_A_SECOND)
            waits.extend(seconds * 1e3 for seconds in window.latencies)
        return waits, doing.result()

    def _flood(self) -> Window:
        return self.generator.flood("hook", self.effort.throughput_seconds)


def _measure_waits(calls: _Calls, workplace: Workplace, daemon: Server) -> _Parts:
    """Take the waits of calls: beside no other work, beside changes, beside a whole reload."""

    def rest() -> _Parts:
        sleep(calls.effort.download_seconds)
        return {}

    quiet, _ = calls.waits_during(rest)
    changing, changes = calls.waits_during(
        lambda: _save_changes(workplace, daemon, calls.effort.changes)
    )
    reloading, reload = calls.waits_during(lambda: _read_anew(workplace))
    return {
        part.QUIET_P99: percentile(quiet, 0.99),
        part.QUIET_LONGEST: max(quiet),
        **changes,
        part.CHANGES_P99: percentile(changing, 0.99),
        part.CHANGES_LONGEST: max(changing),
        **reload,
        part.RELOAD_P99: percentile(reloading, 0.99),
        part.RELOAD_LONGEST: max(reloading),
    }


def _save_changes(workplace: Workplace, daemon: Server, count: int) -> _Parts:
    """Save changes as fast as they can be saved: each for itself, then many at once."""
    rng = Random(8)
    ids = [schedule.id for schedule in workplace.schedules]
    together = rng.sample(ids, min(len(ids), _SAVED_TOGETHER))
    with (
        committing(workplace.data_dir) as commit,
        socket.create_connection(("127.0.0.1", daemon.port)) as connection,
    ):

        def served_after(schedule_id: str, change: dict[str, float]) -> float:
            question = question_about(schedule_id, daemon.port, workplace.token)
            answered_at = wait_for(connection, question, int(change["revision"]))
            return (answered_at - change["after"]) * 1e3

        chosen = [rng.choice(ids) for _ in range(count)]
        alone = [commit(one) for one in chosen]
        alone_served = served_after(chosen[-1], alone[-1])
        bulk = commit(*together)
        bulk_served = served_after(together[-1], bulk)
    saving = sum(change["after"] - change["before"] for change in alone)
    return {
        part.SAVED_ALONE: count,
        part.SAVED_ALONE_RATE: count / saving,
        part.SAVED_ALONE_SERVED: alone_served,
        part.SAVED_TOGETHER: len(together),
        part.SAVED_TOGETHER_RATE: len(together) / (bulk["after"] - bulk["before"]),
        part.SAVED_TOGETHER_SERVED: bulk_served,
    }


def _read_anew(workplace: Workplace) -> _Parts:
    """Have the daemon read and compile everything, as an operator would."""
    started = perf_counter()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(str(workplace.data_dir / CONTROL_SOCKET))
        connection.sendall(_RELOAD_REQUEST)
        told = read_body(connection)
    assert not json.loads(told).get("why"), f"the reload failed: {told!r}"
    return {part.RELOAD: perf_counter() - started}


def _memory_mb(server: Server, field: str) -> float:
    """Return what a line of the process's status says, in MB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / 1e6
