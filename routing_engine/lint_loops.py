"""Lint's view across schedules: forwards that lead to linked numbers, and round in circles."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from routing_engine.lint_findings import COMING_DAYS, Finding
from routing_engine.local_text import OCCURRENCES, local_at
from routing_engine.snapshot import LinkedNumbers
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS, FOREVER
from schedules.model import Schedule

# Further than this no call is passed on: Max-Forwards of SIP (RFC 3261, 8.1.1.6). It also keeps
# the search linear.
MAX_HOPS: Final = 70

_SHOWN: Final = 6


class Hop(NamedTuple):
    """A forward to a linked number: its id, the number (E.164), and whose number that is."""

    forward: str
    number: str
    schedule: str


class Forwarding(NamedTuple):
    """Where one schedule sends its callers on to, and its table, which knows when."""

    table: IntervalTable
    hops: Sequence[Hop]


class Loop(NamedTuple):
    """Schedules that pass a call on to each other without end at an instant (epoch seconds)."""

    schedules: Sequence[str]
    at: int


_Graph = Mapping[str, Collection[str]]
# A schedule, and the number that it forwards to.
_Step = tuple[str, str]


def find_hops(schedule: Schedule, table: IntervalTable, linked: LinkedNumbers[str]) -> list[Hop]:
    """Return the forwards in use that point at a linked number, of whichever schedule."""
    used = {outcome.forward for outcome in table.outcomes}
    return [
        Hop(forward_id, forward.number, holder)
        for forward_id, forward in schedule.forwards.items()
        if forward.number in used and (holder := linked.holder_of(forward.number)) is not None
    ]


def lint_forwards(forwardings: Mapping[str, Forwarding], at: int) -> dict[str, list[Finding]]:
    """Return what is found of the forwards of each schedule, by its id.

    `forwardings` holds every schedule that has hops; one that is not in it ends a chain. A loop is
    one only where at some instant of the coming year, from `at` (epoch seconds) on, every schedule
    in it forwards to the next. Takes time in proportion to the number of schedules.
    """
    loops = _find_loops(forwardings, at)
    return {
        schedule_id: [
            _looping(schedule_id, hop, forwarding.table, loops[schedule_id, hop.number])
            if (schedule_id, hop.number) in loops
            else _hopping(hop)
            for hop in forwarding.hops
        ]
        for schedule_id, forwarding in forwardings.items()
    }


def _looping(schedule_id: str, hop: Hop, table: IntervalTable, loop: Loop) -> Finding:
    moment = local_at(table.zone, loop.at)
    occurrence = OCCURRENCES[table.zone.occurrence_at(loop.at)]
    place = loop.schedules.index(schedule_id)
    names = [*loop.schedules[place:], *loop.schedules[:place], schedule_id]
    if len(names) > _SHOWN:
        names[_SHOWN - 1 : -1] = [f"({len(names) - _SHOWN} more)"]
    return Finding(
        "forward-loop",
        f"forwards.{hop.forward}.number",
        f"callers are passed on without end: {' → '.join(names)}, as on "
        f"{moment:%A %Y-%m-%d at %H:%M}{occurrence}",
        "forward one of them elsewhere at such times, or to voicemail",
    )


def _hopping(hop: Hop) -> Finding:
    return Finding(
        "forward-to-linked",
        f"forwards.{hop.forward}.number",
        f"{hop.number} is a number of schedule {hop.schedule}, whose hours then decide",
        f"make sure that {hop.schedule} answers at those times, or forward elsewhere",
    )


def _find_loops(forwardings: Mapping[str, Forwarding], at: int) -> dict[_Step, Loop]:
    """Return a loop for each schedule and number that take part in one."""
    # Of most schedules it is certain without a look at the clock that no chain comes back.
    tangled = _on_circles(
        {
            schedule_id: {hop.schedule for hop in forwarding.hops} & forwardings.keys()
            for schedule_id, forwarding in forwardings.items()
        }
    )
    callees = {
        schedule_id: {
            hop.number: hop.schedule
            for hop in forwardings[schedule_id].hops
            if hop.schedule in tangled
        }
        for schedule_id in tangled
    }
    tables = {schedule_id: forwardings[schedule_id].table for schedule_id in tangled}
    loops: dict[_Step, Loop] = {}
    for schedule_id in tangled:
        _follow_a_year(schedule_id, callees, tables, at, loops)
    return loops


def _follow_a_year(
    schedule_id: str,
    callees: dict[str, dict[str, str]],
    tables: Mapping[str, IntervalTable],
    at: int,
    loops: dict[_Step, Loop],
) -> None:
    """Add the loops that callers of one schedule meet, until each of its numbers is in one.

    A number that is in none is taken out of `callees`: then no other schedule needs to try it.
    """
    until_at = at + COMING_DAYS * DAY_SECONDS
    ahead = [number for number, callee in callees[schedule_id].items() if callees[callee]]
    while at < until_at and any((schedule_id, number) not in loops for number in ahead):
        steps, next_at = _follow(schedule_id, callees, tables, at)
        loop = Loop([caller for caller, _ in steps], at)
        for step in steps:
            loops.setdefault(step, loop)
        at = next_at
    callees[schedule_id] = {
        number: callee
        for number, callee in callees[schedule_id].items()
        if (schedule_id, number) in loops
    }


def _follow(
    schedule_id: str,
    callees: Mapping[str, Mapping[str, str]],
    tables: Mapping[str, IntervalTable],
    at: int,
) -> tuple[list[_Step], int]:
    """Follow a call at an instant; return the steps of the loop it ends in, none where it doesn't.

    The second value is the instant up to which it takes this same way.
    """
    steps: dict[str, str] = {}
    until_at = FOREVER
    while schedule_id not in steps and len(steps) < MAX_HOPS:
        outcome, holds_until = tables[schedule_id].outcome_at(at)
        until_at = min(until_at, holds_until)
        callee = callees[schedule_id].get(outcome.forward)
        if callee is None:
            return [], until_at
        steps[schedule_id] = outcome.forward
        schedule_id = callee
    start = list(steps).index(schedule_id) if schedule_id in steps else 0
    return list(steps.items())[start:], until_at


def _on_circles(graph: _Graph) -> _Graph:
    """Return what is left of a graph without the nodes that no circle leads to or comes from."""
    return _without_ends(_reversed(_without_ends(graph)))


def _without_ends(graph: _Graph) -> _Graph:
    """Take away the nodes that lead nowhere, again and again."""
    callers = _reversed(graph)
    left = {node: len(following) for node, following in graph.items()}
    ends = [node for node, count in left.items() if count == 0]
    # Grows while it is walked.
    for end in ends:
        for caller in callers[end]:
            left[caller] -= 1
            if left[caller] == 0:
                ends.append(caller)
    gone = set(ends)
    return {
        node: [other for other in following if other not in gone]
        for node, following in graph.items()
        if node not in gone
    }


def _reversed(graph: _Graph) -> _Graph:
    turned: dict[str, list[str]] = {node: [] for node in graph}
    for node, following in graph.items():
        for other in following:
            turned[other].append(node)
    return turned
