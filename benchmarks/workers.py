"""Two workers against one process, on whatever cores the load generator leaves them.

Both daemons are there all the time, each on its own copy of the store; short windows of load take
turns, in which the other daemon is paused.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import time
from typing import Final, NamedTuple

from benchmarks.cores import cpu_seconds
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row
from benchmarks.hook_load import hook_requests
from benchmarks.raw_http import CONNECTIONS, LoadGenerator
from benchmarks.workplace import Server, Workplace, paused, started_daemon, wait_until_loaded

_WORKERS: Final = {"one": 1, "two": 2}
_WARMING_CALLS: Final = 4
# All begin at one moment, so that what one takes to start isn't taken from another.
_COUNTING: Final = """
import sys, time
begin, seconds = map(float, sys.argv[1:])
time.sleep(max(0, begin - time.time()))
count = 0
while time.time() < begin + seconds:
    count += 1
print(count)
"""


class _Measured(NamedTuple):
    """A window: answers a second, and the cores that daemon and generator used on average."""

    rate: float
    daemon: float
    generator: float

    def alone(self, workers: int) -> float:
        """Return the answers a second of as many cores as workers, had they these to themselves."""
        left = (os.cpu_count() or 1) - self.generator
        return self.rate * workers / min(workers, left)


def measure_workers(effort: Effort, workplace: Workplace) -> Row:
    """Count answers a second of one process and of two workers; the generator's share is counted.

    On a machine of two cores the generator takes part of what two workers would have: their
    figure is per core that it left.
    """
    pure_work = [
        _pure_work(2, effort.throughput_seconds) / _pure_work(1, effort.throughput_seconds)
        for _ in range(effort.rounds)
    ]
    with _running(workplace) as (servers, generator):
        triplets = [
            [_measure(servers, generator, name, effort.throughput_seconds) for name in turn]
            for turn in [("one", "two", "one")] * effort.triplets
        ]
    ones = [mean((before.alone(1), after.alone(1))) for before, _, after in triplets]
    twos = [two.alone(2) for _, two, _ in triplets]
    ratios = tuple(two / one for one, two in zip(ones, twos, strict=True))
    return Row(
        f"two workers, {CONNECTIONS} connections, generator counted",
        median(twos),
        "requests/s",
        (Goal("ratio", "at least", 1.5, 1.8),),
        peer=median(ones),
        ratio=median(ratios),
        parts={
            "counting in two processes beside one, nothing else running": median(pure_work),
            "two workers, requests/s as they were": median(two.rate for _, two, _ in triplets),
            "one process, requests/s as they were": median(one.rate for one, _, _ in triplets),
            "two workers, cores used": median(two.daemon for _, two, _ in triplets),
            "one process, cores used": median(one.daemon for one, _, _ in triplets),
            "generator's share of a core, two workers": median(
                two.generator for _, two, _ in triplets
            ),
            "generator's share of a core, one process": median(
                one.generator for one, _, _ in triplets
            ),
        },
        rounds=ratios,
    )


def _pure_work(processes: int, seconds: float) -> int:
    """Have so many processes count for a while, all at once; returns how far they got together."""
    command = [sys.executable, "-c", _COUNTING, str(time() + 0.5), str(seconds)]
    counting = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
    return sum(int(one.communicate()[0]) for one in counting)


@contextmanager
def _running(workplace: Workplace) -> Iterator[tuple[dict[str, Server], LoadGenerator]]:
    """Start both daemons and the load generator, and warm them up."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(workplace.data_dir, copy)
        with (
            started_daemon(workplace, BEREIKBAAR_WORKERS="1") as one,
            started_daemon(replace(workplace, data_dir=copy), BEREIKBAAR_WORKERS="2") as two,
        ):
            servers = {"one": one, "two": two}
            for name, server in servers.items():
                wait_until_loaded(server, _WORKERS[name])
            requests = {
                name: (server.port, list(hook_requests(workplace, server.port)))
                for name, server in servers.items()
            }
            with LoadGenerator(requests, Path(folder)) as generator:
                for name, workers in _WORKERS.items():
                    answers = 0
                    # First calls cost more, and each worker has its own.
                    while answers < workers * _WARMING_CALLS * len(workplace.schedules):
                        answers += generator.flood(name, 0.5).answers
                yield servers, generator


def _measure(
    servers: dict[str, Server], generator: LoadGenerator, name: str, seconds: float
) -> _Measured:
    """Load one daemon as much as it can bear."""
    processes = _processes(servers[name].pid)
    others = [
        pid for other, server in servers.items() if other != name for pid in _processes(server.pid)
    ]
    with paused(others):
        before = sum(map(cpu_seconds, processes))
        window = generator.flood(name, seconds)
        used = sum(map(cpu_seconds, processes)) - before
    return _Measured(
        window.answers / window.seconds,
        used / window.seconds,
        window.generator_cpu / window.seconds,
    )


def _processes(pid: int) -> list[int]:
    """Return a daemon's processes: the one that was started, and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
