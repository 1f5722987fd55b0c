"""From a call to its decision. Total: every query gets one, whatever is asked."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

from routing_engine.decision import NOTICED, CallQuery, CallStatus, Decision, Outcome
from routing_engine.snapshot import RoutingSnapshot
from routing_engine.table import Interval, IntervalTable
from routing_engine.zones import DAY_SECONDS, FOREVER

SEARCH_DAYS: Final = 400

_KEPT: Final = 4_096


def resolve(snapshot: RoutingSnapshot, query: CallQuery) -> Decision:
    """Decide one call: the table's standing decision while it holds, else a new one.

    An unknown number or schedule continues on the PBX's normal route (semantics.md rule 16), and
    so does a linked number whose schedule has no usable table.
    """
    table = None
    if query.schedule is not None:
        table = snapshot.tables.get(query.schedule)
    elif query.number is not None:
        numbers = snapshot.numbers
        table = numbers.singles.get(query.number) or numbers.block_holder_of(query.number)
    if table is None:
        return _decide_without_table(snapshot, query)
    decision = table.current
    if decision is None or not decision.holds_from <= query.at < decision.holds_until:
        decision = table.current = decide(table, query.at)
    return decision


def decide_span(
    table: IntervalTable, from_at: int, until_at: int
) -> Iterator[tuple[int, int, Decision]]:
    """Yield `(from, until, decision)` for all of a span of epoch seconds, in order, without a gap.

    Each decision is the one that every call from `from` up to, not including, `until` gets.
    """
    at = same_until = from_at
    while at < until_at:
        decision = decide(table, at, same_until)
        # Where nothing was found to change, that much is known of the next decision too.
        known_until = at + SEARCH_DAYS * DAY_SECONDS
        same_until = known_until if decision.valid_until is None else decision.valid_until
        yield at, min(decision.holds_until, until_at), decision
        at = decision.holds_until


def decide(table: IntervalTable, at: int, same_until: int = -FOREVER) -> Decision:
    """Decide what happens to a caller at an instant, in epoch seconds, and until when.

    Up to `same_until` the caller's lot is known to stay what it is, which spares the search.
    """
    interval = table.interval_at(at)
    valid_until, next_status, searched_to = find_change(table, at, interval, same_until)
    # Where nothing was found, the first edge not reached is looked at once it comes within reach.
    holds_until = min(interval.until_at, searched_to)
    # By place, in the order of the fields: by name it would take four times as long.
    return Decision(
        interval.outcome,
        table.schedule,
        table.schedule_name,
        interval.reason,
        interval.rule,
        interval.title,
        interval.day,
        interval.slot,
        table.revision,
        valid_until,
        next_status,
        _shared(at),
        _shared(holds_until),
    )


@lru_cache(maxsize=_KEPT)
def _shared(at: int) -> int:
    """Return the one kept copy of an instant.

    Many schedules open and close together: what they share stays near the processor, and telling
    whether a decision holds is most of what a call costs.
    """
    return at


def find_change(
    table: IntervalTable, at: int, interval: Interval, same_until: int = -FOREVER
) -> tuple[int | None, CallStatus | Literal[""], int]:
    """Find the first later instant at which a caller notices a difference, and the status then.

    Status, action, audio and target count; searched to 400 days ahead (semantics.md rule 17). The
    third value is the instant from which the same search could find something else.
    """
    noticed = interval.outcome[NOTICED]
    reach = SEARCH_DAYS * DAY_SECONDS
    change_at = max(interval.until_at, same_until)
    while change_at <= at + reach:
        outcome, until_at = table.outcome_at(change_at)
        if outcome is not interval.outcome and outcome[NOTICED] != noticed:
            return change_at, outcome.status, FOREVER
        change_at = until_at
    return None, "", change_at - reach


def _decide_without_table(snapshot: RoutingSnapshot, query: CallQuery) -> Decision:
    schedule = query.schedule
    if schedule is None and query.number is not None:
        schedule = snapshot.unusable_numbers.holder_of(query.number)
    return out_of_service(schedule) if schedule in snapshot.unusable else UNKNOWN_NUMBER


def out_of_service(schedule: str) -> Decision:
    """Answer for a linked number whose schedule has no usable table: the normal route."""
    return _normal_route(Outcome("unknown", "continue", error="unavailable"), schedule)


def _normal_route(outcome: Outcome, schedule: str) -> Decision:
    return Decision(
        outcome=outcome,
        schedule=schedule,
        schedule_name="",
        reason="outside-service" if schedule else "unknown-number",
        rule="",
        title="",
        day=None,
        slot=None,
        revision=None,
        valid_until=None,
        next_status="",
        holds_from=-FOREVER,
        holds_until=FOREVER,
    )


UNKNOWN_NUMBER: Final = _normal_route(Outcome("unknown", "continue"), "")
