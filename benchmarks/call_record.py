"""`python -m benchmarks.call_record DIR`: what a large record of calls takes to keep and to ask.

Fills DIR with 10,000 schedules and 30 days of made-up calls to them, unless it holds them already,
then asks as an operator would, and prints the median of five runs, of the CPU's time and in all.
The calls are decided by the engine and written by the function that the daemon writes with. 10
million of them take 1.7 GB and some 20 minutes. DIR stays; whoever named it removes it.
"""

import argparse
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, count, islice
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from subprocess import DEVNULL
from time import perf_counter, time
from typing import Final

from audio_store.masters import MasterFiles
from benchmarks.workplace import furnish
from pbx_adapters.answer import format_instant
from pbx_adapters.call_queries import (
    CallFilter,
    count_kinds,
    count_numbers,
    find_call,
    list_calls,
)
from pbx_adapters.call_record import (
    RecordedCall,
    RecordedOutcome,
    record_outcome,
    write_calls,
)
from pbx_adapters.data_dir import AUDIO_FOLDER, DECISIONS_FILE
from pbx_adapters.decisions_db import writing_decisions
from routing_engine.compiler import TargetCheck, compile_schedule
from routing_engine.decision import CallQuery, Decision
from routing_engine.resolver import resolve
from routing_engine.snapshot import RoutingSnapshot, assemble_snapshot
from routing_engine.table import first_day_for
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule

CALLS: Final = 10_000_000
SCHEDULES: Final = 10_000
DAYS: Final = 30

_DAY: Final = 86_400
_HOUR: Final = 3_600
_SLICE: Final = 10_000
_ROUNDS: Final = 5
_CALLERS: Final = 2_000_000
# Of a day's calls, in each hour of UTC.
_BY_HOUR: Final = (*(1,) * 6, 3, 12, 24, 26, 24, 18, 22, 24, 24, 18, 8, 5, 4, 3, 2, 1, 1, 1)
# Made anew once all calls are there, which is quicker than call by call.
_INDEXES: Final = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'calls' AND sql > ''"
)
_DIALECTS: Final = ("3cx", "3cx", "3cx", "swyx", "asterisk", "freeswitch", "generic")

_Question = tuple[str, list[str], Callable[[], object]]


def main(arguments: Sequence[str]) -> None:
    """Fill a directory where that is still to be done, then measure."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.call_record", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("data_dir", type=Path, metavar="DIR")
    parser.add_argument("--calls", type=int, default=CALLS, help="how many to make up")
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="for how many schedules")
    options = parser.parse_args(arguments)
    path = options.data_dir / DECISIONS_FILE
    if not path.exists():
        options.data_dir.mkdir(parents=True, exist_ok=True)
        fill(options.data_dir, options.calls, options.schedules, int(time()))
    print(f"\n{path.stat().st_size / 1e6:,.0f} MB; ms of the CPU, and in all")
    for name, command, ask in _questions(path):
        whole = _times(partial(_run, options.data_dir, command), RUSAGE_CHILDREN)
        print(f"command {whole}  its query {_times(ask)}  {name}", flush=True)
    for size in (100, 1_000):
        print(f"{_write_times(path, size)}  to write {size} more calls", flush=True)


def fill(data_dir: Path, calls: int, schedules: int, until_at: int) -> None:
    """Make schedules, and calls to them in the 30 days until an instant, in epoch seconds."""
    print(f"making {schedules:,} schedules", flush=True)
    saved_at = datetime.fromtimestamp(until_at, UTC) - timedelta(days=DAYS + 1)
    workplace = furnish(data_dir, schedules, saved_at)
    path = data_dir / DECISIONS_FILE
    made = generate_calls(data_dir, workplace.schedules, calls, until_at)
    with writing_decisions(path) as db:
        indexes = db.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
    started = perf_counter()
    for number in count(1):
        some = list(islice(made, _SLICE))
        with writing_decisions(path) as db:
            write_calls(db, some)
        if not some or number % 100 == 0:
            print(f"{number * _SLICE:,} calls in {perf_counter() - started:.0f} s", flush=True)
        if not some:
            break
    for name, statement in indexes:
        print(f"making the index {name}", flush=True)
        with writing_decisions(path) as db:
            db.execute(statement)


def _questions(path: Path) -> Iterator[_Question]:
    """Yield what operators ask: in words, as a command, and as the query behind it."""
    newest = list(list_calls(path, CallFilter(), 1_000))
    one = next(call for call in newest if call.number and call.outcome.revision)
    old_at = newest[0].at - DAYS * _DAY // 2
    month = (newest[0].at - 25 * _DAY - 1_234, newest[0].at - 4_321)

    def listed(name: str, options: list[str], wanted: CallFilter) -> _Question:
        return name, ["calls", "list", *options], lambda: list(list_calls(path, wanted, 101))

    yield listed("the first page of all", [], CallFilter())
    yield listed("half a month ago", ["--to", format_instant(old_at)], CallFilter(None, old_at))
    for status in ("closed", "unknown"):
        wanted = CallFilter(status=status)
        yield listed(f"of status {status}", ["--status", status], wanted)
    number, schedule = one.number or "", one.outcome.schedule
    yield listed("of a number", ["--number", number], CallFilter(number=number))
    wanted = CallFilter(schedule=schedule, status="break")
    options = ["--schedule", schedule, "--status", "break"]
    yield listed("of a schedule, those in a break", options, wanted)
    busiest, _ = count_numbers(path, None, None)[0]
    wanted = CallFilter(number=busiest, reason="unknown-number")
    options = ["--number", busiest, "--reason", "unknown-number"]
    yield listed("of the busiest number, unlike any of it", options, wanted)
    # The callers here are no hashes of numbers: only the query can be measured.
    yield listed("of all; the query: of a caller", [], CallFilter(caller=one.caller))
    yield "counts of all 30 days", ["calls", "stats"], lambda: _count(path, None, None)
    span = ["--from", format_instant(month[0]), "--to", format_instant(month[1])]
    yield "counts of 25 odd days", ["calls", "stats", *span], lambda: _count(path, *month)
    explained = ["explain", one.decision_id]
    yield "a call explained", explained, lambda: find_call(path, one.decision_id)


def _count(path: Path, from_at: int | None, until_at: int | None) -> object:
    return count_kinds(path, from_at, until_at), count_numbers(path, from_at, until_at)


def _run(data_dir: Path, command: list[str]) -> None:
    program = Path(sys.executable).with_name("bereikbaar")
    subprocess.run(
        [program, *command, "--data-dir", data_dir], check=True, stdout=DEVNULL, stderr=DEVNULL
    )


def _times(ask: Callable[[], object], who: int = RUSAGE_SELF) -> str:
    """Return the medians of some times that something took, of the CPU and in all."""
    cpu, whole = [], []
    for _ in range(_ROUNDS):
        used, started = _cpu_seconds(who), perf_counter()
        ask()
        whole.append(perf_counter() - started)
        cpu.append(_cpu_seconds(who) - used)
    return f"{median(cpu) * 1e3:7.1f} {median(whole) * 1e3:7.1f}"


def _cpu_seconds(who: int) -> float:
    used = getrusage(who)
    return used.ru_utime + used.ru_stime


def _write_times(path: Path, size: int) -> str:
    """Return how long it takes to write slices of calls like those that are there."""
    known = list(list_calls(path, CallFilter(), 100_000))
    rng = Random(2)
    run = f"{rng.getrandbits(48):012x}"
    numbers = count(1)

    def write() -> None:
        some = [
            call._replace(decision_id=f"{run}-{next(numbers):08x}", at=known[0].at)
            for call in rng.sample(known, size)
        ]
        with writing_decisions(path) as db:
            write_calls(db, some)

    return _times(write)


def generate_calls(
    data_dir: Path, schedules: Sequence[Schedule], calls: int, until_at: int
) -> Iterator[RecordedCall]:
    """Yield calls to made-up schedules, oldest first, in the 30 days until an instant.

    A few schedules get most of the calls, and office hours too; one call in 500 is to a number
    that nobody has linked. The daemon is taken to be started once a day.
    """
    rng = Random(1)
    from_at = until_at - DAYS * _DAY
    snapshot = _snapshot_of(data_dir, schedules, from_at)
    shares = list(accumulate(1 / (rank + 20) for rank in range(len(schedules))))
    outcomes: dict[int, tuple[Decision, RecordedOutcome]] = {}
    numbers: Iterator[int] = count(1)
    run = -1
    for number, at in enumerate(_moments(rng, calls, from_at, until_at)):
        if at // _DAY != run:
            run = at // _DAY
            numbers = count(1)
        if number % 500:
            chosen = schedules[bisect_left(shares, rng.random() * shares[-1])]
            block = rng.choice(chosen.numbers)
            called = f"+{rng.randint(block.first, block.last)}"
        else:
            called = f"+3120{rng.randrange(10**7):07}"
        decision = resolve(snapshot, CallQuery(at, called))
        kept = outcomes.get(id(decision))
        if kept is None:
            kept = outcomes[id(decision)] = decision, record_outcome(decision)
        caller = rng.randrange(_CALLERS) * 0x9E3779B97F4A7C15 & 2**63 - 1
        yield RecordedCall(
            f"{run:012x}-{next(numbers):08x}",
            at,
            rng.choice(_DIALECTS),
            called,
            caller if number % 10 else None,
            f"{at}.{number % 100_000}",
            kept[1],
        )


def _moments(rng: Random, calls: int, from_at: int, until_at: int) -> Iterator[int]:
    """Yield so many instants in order, most of them in office hours."""
    hours = range(from_at, until_at, _HOUR)
    # The epoch began on a Thursday.
    weights = [_BY_HOUR[at // _HOUR % 24] / (5 if at // _DAY % 7 in {2, 3} else 1) for at in hours]
    total, due = sum(weights), 0.0
    made = 0
    for at, weight in zip(hours, weights, strict=True):
        due += calls * weight / total
        yield from sorted(at + rng.randrange(_HOUR) for _ in range(round(due) - made))
        made = round(due)


def _snapshot_of(data_dir: Path, schedules: Sequence[Schedule], at: int) -> RoutingSnapshot:
    targets = TargetCheck(ForwardPolicy(), MasterFiles(data_dir / AUDIO_FOLDER).look_up())
    tables = {
        one.id: compile_schedule(one, revision=1, first_day=first_day_for(at), targets=targets)
        for one in schedules
    }
    links = ((entry, table.schedule) for table in tables.values() for entry in table.numbers)
    return assemble_snapshot(
        revision=1, links=links, tables=tables, unusable=frozenset(), horizon_at=0
    )


if __name__ == "__main__":
    main(sys.argv[1:])
