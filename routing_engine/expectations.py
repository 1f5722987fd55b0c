"""Saved expectations, judged on the compiled table (semantics.md rule 27)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from routing_engine.decision import CallStatus
from routing_engine.table import IntervalTable
from schedules.date_text import instants_of, parse_zone
from schedules.model import Expectation, Schedule


class FailingExpectation(NamedTuple):
    """An expectation that doesn't hold: what is decided instead at `at`, and by which rule.

    `position` is its place in the schedule's `expect`; `at` is in epoch seconds, of a doubled time
    the first instant at which it fails.
    """

    position: int
    expectation: Expectation
    at: int
    status: CallStatus
    rule: str


def failing_expectations(
    schedule: Schedule, table: IntervalTable, at: int
) -> list[FailingExpectation]:
    """Return the expectations that fail at an instant from `at` (epoch seconds) on.

    Judged without overrides. A local time that occurs twice must hold twice.
    """
    failing = (
        _first_failure(position, expectation, table, at)
        for position, expectation in enumerate(schedule.expect)
    )
    return [failure for failure in failing if failure is not None]


def made_failing(
    before: Iterable[FailingExpectation], after: Iterable[FailingExpectation]
) -> list[FailingExpectation]:
    """Return what fails after a save and did not before: an old failure isn't this save's doing."""
    known = {failure.expectation for failure in before}
    return [failure for failure in after if failure.expectation not in known]


def expected_instants(expectation: Expectation, table: IntervalTable) -> Iterator[int]:
    """Yield the instants, in epoch seconds, that an expectation is about, in order."""
    if expectation.at.tzinfo is not None:
        yield int(expectation.at.timestamp())
    else:
        yield from instants_of(expectation.at, parse_zone(table.zone.name))


def _first_failure(
    position: int, expectation: Expectation, table: IntervalTable, from_at: int
) -> FailingExpectation | None:
    for at in expected_instants(expectation, table):
        if at < from_at:
            continue
        interval = table.planned_interval_at(at)
        if interval.outcome.status != expectation.status:
            return FailingExpectation(
                position, expectation, at, interval.outcome.status, interval.rule
            )
    return None
