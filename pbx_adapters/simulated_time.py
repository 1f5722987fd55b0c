"""The moment that an operator's `at` names (semantics.md rule 5)."""

from typing import Final
from zoneinfo import ZoneInfo

from pbx_adapters.answer import format_instant
from pbx_adapters.refusals import RefusedError
from routing_engine.decision import Decision
from routing_engine.snapshot import RoutingSnapshot
from schedules.date_text import instants_of, parse_moment
from schedules.errors import FaultyValueError

_DEFAULT_ZONE: Final = "Europe/Amsterdam"
# 2000-01-01T00:00:00Z and 2101-01-01T00:00:00Z in epoch seconds.
_FIRST_AT: Final = 946_684_800
_END_AT: Final = 4_133_980_800


def zone_of(decision: Decision, snapshot: RoutingSnapshot) -> ZoneInfo:
    """Return the zone of the schedule that decides; where there is none, Dutch time."""
    table = snapshot.tables.get(decision.schedule)
    return ZoneInfo(table.zone.name if table is not None else _DEFAULT_ZONE)


def parse_at(text: str, zone: ZoneInfo) -> int:
    """Return the one instant that `at` names, in epoch seconds (semantics.md rule 5)."""
    try:
        moment = parse_moment(text)
    except FaultyValueError as error:
        detail = "; ".join(f"at: {problem}; {remedy}" for problem, remedy in error.faults)
        raise RefusedError("bad-request", detail) from None
    if moment.tzinfo is not None:
        at = int(moment.timestamp())
        if not _FIRST_AT <= at < _END_AT:
            raise RefusedError("bad-request", f"at: {text} lies outside 2000 to 2100, in UTC")
        return at
    instants = instants_of(moment, zone)
    if not instants:
        raise RefusedError("bad-request", f"at: {text} does not exist in {zone.key}")
    if len(instants) > 1:
        both = ", ".join(format_instant(at) for at in instants)
        raise RefusedError(
            "ambiguous-time", f"at: {text} occurs twice in {zone.key}; send one of {both}"
        )
    return instants[0]
