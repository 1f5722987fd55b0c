"""What a compiled schedule takes: growth of a fresh process that keeps tables and nothing else.

Run as `python -m benchmarks.memory FILE`, it is that process: it prints its figures as JSON.
"""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.company import generate_documents
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row
from benchmarks.in_process import compile_table
from routing_engine.snapshot import assemble_snapshot
from routing_engine.table import IntervalTable
from schedules.model import Reading, Schedule


def measure_memory(effort: Effort) -> Row:
    """Compile many schedules in a process of its own and ask how it grew."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "schedules.jsonl"
        with path.open("w") as file:
            for document in generate_documents(effort.kept_in_memory):
                file.write(f"{json.dumps(document)}\n")
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
    grown = json.loads(child.stdout)
    return Row(
        f"table memory, {effort.kept_in_memory:,} schedules",
        grown["whole"],
        "bytes",
        (Goal("figure", "at most", 1_536, 1_024),),
        parts={
            "of which numbers and snapshot, bytes": grown["snapshot"],
            "of which tables and caches, bytes": grown["tables"],
            "the last half alone, bytes": grown["last half"],
        },
    )


def main(path: Path) -> None:
    """Compile the documents of a file one by one and print how many bytes each took."""
    stored = Reading(is_stored=True)
    tables: dict[str, IntervalTable] = {}

    def take(line: str) -> None:
        schedule = Schedule.model_validate_json(line, context=stored)
        tables[schedule.id] = compile_table(schedule)

    with path.open() as file:
        count = sum(1 for _ in file)
    with path.open() as file:
        # What is made once, such as calendars and zones, belongs to no schedule.
        take(next(file))
        empty = half = resident_bytes()
        for number, line in enumerate(file, start=1):
            take(line)
            if number == count // 2:
                half = resident_bytes()
    gc.collect()
    compiled = resident_bytes()
    links = ((entry, table.schedule) for table in tables.values() for entry in table.numbers)
    snapshot = assemble_snapshot(
        revision=1, links=links, tables=tables, unusable=frozenset(), horizon_at=0
    )
    whole = resident_bytes()
    figures = {
        "whole": (whole - empty) / count,
        "tables": (compiled - empty) / count,
        "snapshot": (whole - compiled) / count,
        "last half": (compiled - half) / (count - count // 2),
        "schedules": len(snapshot.tables),
    }
    sys.stdout.write(json.dumps(figures))


def resident_bytes() -> int:
    """Return how much of this process is in memory now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
