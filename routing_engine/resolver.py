"""From a call to its decision. Total: every query gets one, whatever is asked."""

from typing import Final, Literal

from routing_engine.decision import NOTICED, CallQuery, CallStatus, Decision, Outcome
from routing_engine.snapshot import RoutingSnapshot
from routing_engine.table import Interval, IntervalTable
from routing_engine.zones import DAY_SECONDS, FOREVER

SEARCH_DAYS: Final = 400


def resolve(snapshot: RoutingSnapshot, query: CallQuery) -> Decision:
    """Decide one call: the table's standing decision while it holds, else a new one.

    An unknown number or schedule continues on the PBX's normal route (semantics.md rule 16), and
    so does a linked number whose schedule has no usable table.
    """
    schedule = query.schedule
    if schedule is None and query.number is not None:
        numbers = snapshot.numbers
        schedule = numbers.singles.get(query.number) or numbers.holder_of(query.number)
    if schedule is None:
        return UNKNOWN_NUMBER
    table = snapshot.tables.get(schedule)
    if table is None:
        return out_of_service(schedule) if schedule in snapshot.unusable else UNKNOWN_NUMBER
    decision = table.current
    if decision is None or not decision.holds_from <= query.at < decision.holds_until:
        decision = table.current = decide(table, query.at)
    return decision


def decide(table: IntervalTable, at: int) -> Decision:
    """Decide what happens to a caller at an instant, in epoch seconds, and until when."""
    interval = table.interval_at(at)
    valid_until, next_status, searched_to = find_change(table, at, interval)
    # Where nothing was found, the first edge not reached is looked at once it comes within reach.
    holds_until = min(interval.until_at, searched_to)
    return Decision(
        outcome=interval.outcome,
        schedule=table.schedule,
        schedule_name=table.schedule_name,
        reason=interval.reason,
        rule=interval.rule,
        title=interval.title,
        day=interval.day,
        slot=interval.slot,
        revision=table.revision,
        valid_until=valid_until,
        next_status=next_status,
        holds_from=at,
        holds_until=holds_until,
    )


def find_change(
    table: IntervalTable, at: int, interval: Interval
) -> tuple[int | None, CallStatus | Literal[""], int]:
    """Find the first later instant at which a caller notices a difference, and the status then.

    Status, action, audio and target count; searched to 400 days ahead (semantics.md rule 17). The
    third value is the instant from which the same search could find something else.
    """
    noticed = interval.outcome[NOTICED]
    reach = SEARCH_DAYS * DAY_SECONDS
    change_at = interval.until_at
    while change_at <= at + reach:
        outcome, until_at = table.outcome_at(change_at)
        if outcome is not interval.outcome and outcome[NOTICED] != noticed:
            return change_at, outcome.status, FOREVER
        change_at = until_at
    return None, "", change_at - reach


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
