"""From starting the daemon to its first right answer, and where that time goes.

Run as `python -m benchmarks.starting DATA_DIR`, it reads and compiles everything once and prints
how long that took as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

from audio_store.masters import MasterFiles
from benchmarks.cores import cpu_seconds
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row
from benchmarks.in_process import FIRST_DAY
from benchmarks.workplace import Workplace, started_daemon, wait_for_answer, wait_until_loaded
from pbx_adapters.data_dir import AUDIO_FOLDER
from routing_engine.compiler import TargetCheck, compile_schedule
from schedules.forward_rules import ForwardPolicy
from schedules.sqlite_store import open_store

_PROJECT: Final = Path(__file__).parents[1]
_PROGRAM: Final = ("admin_cli", "audio_store", "pbx_adapters", "routing_engine", "schedules")
_IMPORT_DAEMON: Final = "from admin_cli.serve import import_daemon; import_daemon()"


def measure_start(effort: Effort, workplace: Workplace) -> Row:
    """Start the real daemon several times; the store's file is in the system's cache."""
    write_bytecode()
    starts = [start_once(workplace) for _ in range(effort.starts)]
    times = tuple(start.seconds for start in starts)
    parts = [_measure_parts(workplace.data_dir) for _ in range(min(effort.starts, 3))]
    imports = [_time_imports() for _ in range(min(effort.starts, 3))]
    return Row(
        f"start to first answer, {len(workplace.schedules):,} schedules",
        median(times),
        "s",
        (Goal("figure", "at most", 3, 1.5),),
        parts={
            "CPU of the daemon until then, s": median(start.cpu for start in starts),
            "of which interpreter and imports, s": median(imports),
            "of which rows from SQLite, s": median(part["store"] for part in parts),
            "until all schedules are compiled, s": median(start.loaded for start in starts),
            "CPU of the daemon until all are, s": median(start.loaded_cpu for start in starts),
            "of which documents to models, s": median(part["model"] for part in parts),
            "of which models to tables, s": median(part["compile"] for part in parts),
        },
        rounds=times,
    )


def write_bytecode() -> None:
    """Compile the program's modules, as installing it does.

    Else each start would do so anew where Python is told to write none
    (`PYTHONDONTWRITEBYTECODE`).
    """
    folders = [_PROJECT / name for name in _PROGRAM]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *folders], check=True)


class Start(NamedTuple):
    """Seconds until the first right answer and until all is loaded, and the CPU's by then."""

    seconds: float
    cpu: float
    loaded: float
    loaded_cpu: float


def start_once(workplace: Workplace) -> Start:
    """Start the real daemon, and end it once all is loaded."""
    with started_daemon(workplace) as server:
        seconds = wait_for_answer(server, workplace) - server.started_at
        cpu = cpu_seconds(server.pid)
        loaded = wait_until_loaded(server) - server.started_at
        return Start(seconds, cpu, loaded, cpu_seconds(server.pid))


def _time_imports() -> float:
    # As `admin_cli.main` has it.
    variables = {"PYDANTIC_DISABLE_PLUGINS": "true"}
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-c", _IMPORT_DAEMON], check=True, env={**os.environ, **variables}
    )
    return perf_counter() - started


def _measure_parts(data_dir: Path) -> dict[str, float]:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.starting", str(data_dir)],
        check=True,
        capture_output=True,
        text=True,
    )
    parts: dict[str, float] = json.loads(child.stdout)
    return parts


def main(data_dir: Path) -> None:
    """Read and compile everything as the daemon does, and print the seconds of each step."""
    import gc

    gc.disable()
    targets = TargetCheck(ForwardPolicy(), MasterFiles(data_dir / AUDIO_FOLDER).look_up())
    laps = _laps()
    with closing(open_store(data_dir)) as store:
        next(laps)
        currents = list(store.currents())
        seconds = {"store": next(laps)}
    schedules = [current.schedule() for current in currents]
    seconds["model"] = next(laps)
    for schedule in schedules:
        compile_schedule(schedule, revision=1, first_day=FIRST_DAY, targets=targets)
    seconds["compile"] = next(laps)
    sys.stdout.write(json.dumps(seconds))


def _laps() -> Iterator[float]:
    """Yield the seconds since the last time that it was asked."""
    before = perf_counter()
    while True:
        now = perf_counter()
        yield now - before
        before = now


if __name__ == "__main__":
    main(Path(sys.argv[1]))
