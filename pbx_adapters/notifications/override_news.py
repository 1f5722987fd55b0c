"""Which overrides began and ended in a while, of a schedule that may have been saved meanwhile.

Overrides of one schedule never overlap (semantics.md rule 7): at most one runs at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from schedules.model import Schedule
from schedules.slot_text import format_treatment

EndReason = Literal["ended", "cleared", "replaced", "schedule-deleted"]


class Planned(NamedTuple):
    """One override as a schedule has it; moments are epoch seconds."""

    override: str
    from_at: int
    until_at: int
    treatment: str
    reason: str

    def is_same_as(self, other: "Planned") -> bool:
        """Tell whether it goes on as the other: only its end and its reason may differ."""
        return self[:2] == other[:2] and self.treatment == other.treatment


class Span(NamedTuple):
    """From when on a schedule has which overrides; `is_deleted` where it is no more.

    `mark` is what the revision that says so is known by.
    """

    since: int
    planned: Sequence[Planned]
    mark: str
    is_deleted: bool = False


class Transition(NamedTuple):
    """An override began at an instant, or ended; `why` is None for a beginning.

    `mark` is that of the span in which it did.
    """

    at: int
    planned: Planned
    why: EndReason | None
    mark: str


def planned_in(schedule: Schedule) -> tuple[Planned, ...]:
    """Return the overrides that a schedule has."""
    return tuple(
        Planned(
            override_id,
            int(override.from_at.timestamp()),
            int(override.until_at.timestamp()),
            format_treatment(override.slot),
            override.reason,
        )
        for override_id, override in schedule.overrides.items()
    )


def running_at(planned: Iterable[Planned], at: int) -> Planned | None:
    """Return the override that runs at an instant."""
    return next((one for one in planned if one.from_at <= at < one.until_at), None)


def follow_overrides(
    running: Planned | None, spans: Sequence[Span], until: int
) -> tuple[list[Transition], Planned | None]:
    """Return what began and ended from the first span's start to an instant, and what runs then.

    `running` is what ran before the first span; each span lasts up to the next.
    """
    found: list[Transition] = []
    for at, span in _looks(spans, until):
        now = running_at(span.planned, at)
        if running is not None and (now is None or not now.is_same_as(running)):
            found.append(_end_of(running, now, at, span))
            running = None
        if now is not None and running is None:
            found.append(Transition(at, now, None, span.mark))
        running = now
    return found, running


def _looks(spans: Sequence[Span], until: int) -> Iterator[tuple[int, Span]]:
    """Yield the instants at which something may begin or end, each with what holds from there."""
    at = spans[0].since
    for index, span in enumerate(spans):
        # A clock that was put back between two saves makes nothing happen twice.
        at = min(max(at, span.since), until)
        is_last = index + 1 == len(spans)
        end = until if is_last else min(spans[index + 1].since, until)
        yield at, span
        edges = {edge for one in span.planned for edge in (one.from_at, one.until_at)}
        for edge in sorted(edges):
            if at < edge < end or (is_last and at < edge <= end):
                yield edge, span
        at = max(at, end)


def _end_of(running: Planned, now: Planned | None, at: int, span: Span) -> Transition:
    if running.until_at <= at:
        return Transition(running.until_at, running, "ended", span.mark)
    why: EndReason = "cleared" if now is None else "replaced"
    return Transition(at, running, "schedule-deleted" if span.is_deleted else why, span.mark)
