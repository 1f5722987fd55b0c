"""What a change alters for callers: two tables of one schedule, compared instant by instant."""

from collections.abc import Iterator
from typing import NamedTuple

from routing_engine.decision import NOTICED, Outcome
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS


class Difference(NamedTuple):
    """A span, in epoch seconds, in which callers notice a change; None where there is no table."""

    from_at: int
    until_at: int
    before: Outcome | None
    after: Outcome | None


def differences(
    before: IntervalTable | None, after: IntervalTable | None, from_at: int, until_at: int
) -> Iterator[Difference]:
    """Yield the spans in which status, action, message or target differ, in order.

    Neighbouring spans with the same change are one.
    """
    pending: Difference | None = None
    at = from_at
    while at < until_at:
        old = before.interval_at(at) if before is not None else None
        new = after.interval_at(at) if after is not None else None
        next_at = min([until_at, *(interval.until_at for interval in (old, new) if interval)])
        was, becomes = (old.outcome if old else None), (new.outcome if new else None)
        if _noticed(was) != _noticed(becomes):
            found = Difference(at, next_at, was, becomes)
            if pending is not None and _is_continued(pending, found):
                pending = pending._replace(until_at=next_at)
            else:
                if pending is not None:
                    yield pending
                pending = found
        elif before is not None and after is not None:
            next_at = max(next_at, _end_of_equal_days(before, after, at, until_at))
        at = next_at
    if pending is not None:
        yield pending


def _end_of_equal_days(before: IntervalTable, after: IntervalTable, at: int, until_at: int) -> int:
    """Return up to when nothing can differ, since the days from `at` on are equal in both tables.

    Most changes touch a few days of the year: the others need no look at each of their slots.
    """
    if before.overrides or after.overrides or before.zone is not after.zone:
        return at
    offset, offset_until = after.zone.offset_at(at)
    day = first = (at + offset) // DAY_SECONDS
    last = (until_at + offset) // DAY_SECONDS + 1
    while day < last and before.day_outcomes(day) == after.day_outcomes(day):
        day += 1
    return at if day == first else min(day * DAY_SECONDS - offset, offset_until, until_at)


def _noticed(outcome: Outcome | None) -> object:
    return None if outcome is None else outcome[NOTICED]


def _is_continued(pending: Difference, found: Difference) -> bool:
    return (
        pending.until_at == found.from_at
        and _noticed(pending.before) == _noticed(found.before)
        and _noticed(pending.after) == _noticed(found.after)
    )
