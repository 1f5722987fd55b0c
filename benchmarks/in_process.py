"""The engine by itself: a look-up against the peer's, and compiling.

Timed in CPU seconds of this process, so that other work on the machine weighs less.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from random import Random
from statistics import median
from time import process_time
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from benchmarks.company import TODAY, generate_schedules
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row, median_ratio
from routing_engine.compiler import TargetCheck, compile_schedule
from routing_engine.decision import CallQuery
from routing_engine.resolver import decide, resolve
from routing_engine.snapshot import RoutingSnapshot, assemble_snapshot
from routing_engine.table import HORIZON_DAYS, IntervalTable
from routing_engine.zones import DAY_SECONDS
from schedules.date_text import epoch_day, instants_of
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule

TARGETS: Final = TargetCheck(ForwardPolicy(), lambda _sha256: True)
FIRST_DAY: Final = epoch_day(TODAY) - 2

# Five to half past eight in the morning in the Netherlands, in winter.
MORNING: Final = epoch_day(TODAY) * DAY_SECONDS + 7 * 3600 + 25 * 60
_CALLS_A_SECOND: Final = 1_000
_DAY_CALLS: Final = 20
_YEARS: Final = range(TODAY.year, TODAY.year + 3)
_UTC: Final = ZoneInfo("UTC")
_BLOCKS: Final = 20
_PEER_SHARE: Final = 5
_JUDGED: Final = 500
_JUDGED_AT: Final = 100

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Call:
    """The same call for both sides; neither pays for making it."""

    query: CallQuery
    schedule: str
    moment: datetime


def measure_lookup(effort: Effort) -> Row:
    """Look up random numbers in live time, in blocks that take turns with the peer's.

    Calls come a thousand a second from five to half past eight on, so that many companies open
    meanwhile. A whole day with few calls to each schedule is measured beside it.
    """
    from benchmarks.peer_hours import peer_hours

    schedules = list(generate_schedules(effort.schedules))
    tables = {schedule.id: compile_table(schedule) for schedule in schedules}
    snapshot = snapshot_of(tables)
    hours = {schedule.id: peer_hours(schedule, _YEARS) for schedule in schedules}
    compare_answers(schedules, tables, hours)
    ours: list[float] = []
    peers: list[float] = []
    anew: list[float] = []
    rng = Random(1)
    count = effort.calls_per_round
    with quiet():
        for calls in _rounds(rng, schedules, effort):
            times = [0.0, 0.0, 0.0]
            for block in _blocks(calls, count // _BLOCKS):
                # Only our own cost depends on the calls before; of the slower ones fewer will do.
                some = block[::_PEER_SHARE]
                times[0] += _time(partial(_resolve_all, snapshot, block)) / count
                times[1] += _time(partial(_ask_all, hours, some)) / count * _PEER_SHARE
                times[2] += _time(partial(_decide_all, tables, some)) / count * _PEER_SHARE
            for values, seconds in zip((ours, peers, anew), times, strict=True):
                values.append(seconds * 1e6)
        midnight = MORNING // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS
        calls = list(_calls(rng, schedules, _DAY_CALLS * len(schedules), midnight, DAY_SECONDS))
        whole_day = _time(partial(_resolve_all, snapshot, calls)) / len(calls) * 1e6
    return Row(
        f"look-up in process, {len(schedules):,} schedules",
        median(ours),
        "µs",
        (Goal("figure", "at most", 2, 1), Goal("ratio", "at least", 10, 10)),
        peer=median(peers),
        ratio=median_ratio(list(zip(peers, ours, strict=True))),
        parts={
            "each decided anew (decide), µs": median(anew),
            f"over a day with {_DAY_CALLS} calls a schedule, µs": whole_day,
        },
        rounds=tuple(ours),
    )


def time_lookups(effort: Effort) -> tuple[float, ...]:
    """Return what a look-up takes in µs of CPU time, in rounds like those of `measure_lookup`.

    Every schedule has been called before: with very many it would take minutes until all have.
    """
    schedules = list(generate_schedules(effort.schedules))
    snapshot = snapshot_of({schedule.id: compile_table(schedule) for schedule in schedules})
    for schedule in schedules:
        resolve(snapshot, CallQuery(MORNING - 1, f"+{schedule.numbers[0].first}"))
    with quiet():
        return tuple(
            _time(partial(_resolve_all, snapshot, calls)) / len(calls) * 1e6
            for calls in _rounds(Random(1), schedules, effort)
        )


def measure_compiling(effort: Effort) -> Row:
    """Compile schedules not seen before, in a process that has compiled others."""
    from opening_hours import OpeningHours

    from benchmarks.peer_hours import osm_hours

    schedules = generate_schedules(effort.compiled_per_round * (effort.rounds + 1))
    for schedule in islice(schedules, effort.compiled_per_round):
        compile_table(schedule)
    ours, peers = [], []
    with quiet():
        for _ in range(effort.rounds):
            # A round holds its own schedules: keeping all would measure the memory's caches.
            fresh = list(islice(schedules, effort.compiled_per_round))
            seconds = _time(partial(list, map(compile_table, fresh)))
            ours.append(seconds / len(fresh) * 1e6)
            texts = [osm_hours(schedule, _YEARS) for schedule in fresh]
            seconds = _time(partial(list, map(OpeningHours, texts)))
            peers.append(seconds / len(fresh) * 1e6)
    return Row(
        f"compile one schedule, {HORIZON_DAYS} days",
        median(ours),
        "µs",
        (Goal("figure", "at most", 60, 20),),
        peer=median(peers),
        ratio=median_ratio(list(zip(peers, ours, strict=True))),
        rounds=tuple(ours),
    )


def compile_table(schedule: Schedule) -> IntervalTable:
    """Compile a schedule as the daemon does, all its messages present."""
    return compile_schedule(schedule, revision=1, first_day=FIRST_DAY, targets=TARGETS)


def snapshot_of(tables: dict[str, IntervalTable]) -> RoutingSnapshot:
    """Link tables to the numbers that their schedules have."""
    links = ((entry, table.schedule) for table in tables.values() for entry in table.numbers)
    return assemble_snapshot(
        revision=1, links=links, tables=tables, unusable=frozenset(), horizon_at=0
    )


def compare_answers(
    schedules: Sequence[Schedule], tables: dict[str, IntervalTable], hours: dict[str, Any]
) -> None:
    """Assert that both sides say open, or not, at the same random instants."""
    rng = Random(2)
    first = (FIRST_DAY + 2) * DAY_SECONDS
    chosen = rng.sample(list(schedules), min(_JUDGED, len(schedules)))
    for schedule in chosen:
        for _ in range(_JUDGED_AT):
            # To the quarter of an hour, so that many fall on a boundary; and a second before it.
            at = first + rng.randrange(399 * 96) * 900 - rng.randrange(2)
            if _occurs_twice(at, schedule.timezone):
                continue
            is_open = tables[schedule.id].interval_at(at).outcome.status == "open"
            is_peer_open = hours[schedule.id].is_open(datetime.fromtimestamp(at, _UTC))
            moment = datetime.fromtimestamp(at, UTC)
            assert is_open == is_peer_open, f"{schedule.id} at {moment}: {is_open}, peer differs"


def _occurs_twice(at: int, zone: str) -> bool:
    """Tell whether the clocks show this time twice: there the peer has a fault.

    A minute before clocks go back it calls a place closed that always is open.
    """
    local = datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)
    return len(instants_of(local, ZoneInfo(zone))) > 1


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector out of what is timed, as the daemon keeps it off its tables."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _rounds(rng: Random, schedules: Sequence[Schedule], effort: Effort) -> Iterator[list[_Call]]:
    """Yield the calls of each round, which follows on the one before."""
    count = effort.calls_per_round
    seconds = count // _CALLS_A_SECOND
    for number in range(effort.rounds):
        started_at = MORNING + number * count // _CALLS_A_SECOND
        yield list(_calls(rng, schedules, count, started_at, seconds))


def _calls(
    rng: Random, schedules: Sequence[Schedule], count: int, started_at: int, seconds: int
) -> Iterator[_Call]:
    """Yield calls in order of time, spread evenly, to random numbers of random schedules."""
    for place in range(count):
        at = started_at + place * seconds // count
        schedule = rng.choice(schedules)
        block = rng.choice(schedule.numbers)
        called = f"+{rng.randint(block.first, block.last)}"
        yield _Call(CallQuery(at, called), schedule.id, datetime.fromtimestamp(at, _UTC))


def _blocks(values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _time(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


def _resolve_all(snapshot: RoutingSnapshot, calls: Sequence[_Call]) -> None:
    for call in calls:
        resolve(snapshot, call.query)


def _ask_all(hours: dict[str, Any], calls: Sequence[_Call]) -> None:
    for call in calls:
        hours[call.schedule].state(call.moment)


def _decide_all(tables: dict[str, IntervalTable], calls: Sequence[_Call]) -> None:
    for call in calls:
        decide(tables[call.schedule], call.query.at)
