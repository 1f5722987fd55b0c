"""`python -m benchmarks`: measure, print the table, write `results.json`.

`scale` takes a quarter of an hour and is measured only where it is asked for.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.downloads import measure_downloads
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.figures import RESULTS, LeftOut, Row, table_text, tell, write_results
from benchmarks.hook_load import load_bench, measure_latency, measure_throughput
from benchmarks.hook_steps import measure_steps
from benchmarks.in_process import measure_compiling, measure_lookup
from benchmarks.memory import measure_memory
from benchmarks.peers.side_by_side import measure_peers
from benchmarks.reloading import measure_reload
from benchmarks.scaling import measure_scale
from benchmarks.starting import measure_start
from benchmarks.workers import measure_workers
from benchmarks.workplace import furnish

IN_PROCESS: Final[Mapping[str, Callable[[Effort], Row]]] = {
    "lookup": measure_lookup,
    "compile": measure_compiling,
    "memory": measure_memory,
    "steps": measure_steps,
}
ON_DAEMON: Final = ("peers", "start", "reload", "downloads", "workers", "throughput", "latency")
ON_REQUEST: Final = ("scale",)


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; returns 0 however fast it was."""
    usual = (*IN_PROCESS, *ON_DAEMON)
    names = (*usual, *ON_REQUEST)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="see that it runs; judge nothing by it"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="the JSON file to write")
    options = parser.parse_args(arguments)
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    if load > cores / 2:
        print(
            f"the machine is busy (load {load:.1f}, {cores} cores): trust ratios only",
            file=sys.stderr,
        )
    measured = measure(options.only or usual, QUICK if options.quick else FULL)
    print(table_text(keep_rows(measured, options.results)))
    return 0


def keep_rows(measured: Iterable[tuple[str, Row | LeftOut]], results: Path) -> list[Row | LeftOut]:
    """Write what is measured as soon as all rows of a name are there, and return all rows.

    What comes later takes minutes, and may fail.
    """
    rows: list[Row | LeftOut] = []
    for _, group in groupby(measured, itemgetter(0)):
        named = list(group)
        write_results(named, results)
        rows += [row for _, row in named]
    return rows


def measure(names: Sequence[str], effort: Effort) -> Iterator[tuple[str, Row | LeftOut]]:
    """Measure the rows with these names, each told on stderr as it begins; yield them by name."""
    for name in (name for name in IN_PROCESS if name in names):
        tell(name)
        yield name, IN_PROCESS[name](effort)
    if "scale" in names:
        yield from (("scale", row) for row in measure_scale(effort))
    wanted = [name for name in ON_DAEMON if name in names]
    if not wanted:
        return
    with TemporaryDirectory() as folder:
        tell("furnish")
        workplace = furnish(Path(folder), effort.schedules)
        if "peers" in wanted:
            # First: what changes schedules leaves them otherwise than peers have them.
            tell("peers")
            yield from (("peers", row) for row in measure_peers(effort, workplace))
        alone = {
            "start": measure_start,
            "reload": measure_reload,
            "downloads": measure_downloads,
            "workers": measure_workers,
        }
        for name, measure_one in alone.items():
            if name in wanted:
                tell(name)
                yield name, measure_one(effort, workplace)
        with ExitStack() as stack:
            loaded = {"throughput": measure_throughput, "latency": measure_latency}
            chosen = [name for name in loaded if name in wanted]
            bench = stack.enter_context(load_bench(workplace)) if chosen else None
            for name in chosen:
                assert bench is not None
                tell(name)
                yield name, loaded[name](effort, bench)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
