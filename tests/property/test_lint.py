"""Lint over every schedule that can be made."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from routing_engine.compiler import TargetCheck
from routing_engine.lint import lint_schedule
from routing_engine.lint_findings import CODES, Finding
from routing_engine.lint_loops import Forwarding, find_hops, lint_forwards
from routing_engine.snapshot import link_numbers
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import instant, table_of
from tests.strategies import FIRST_DAY, LAST_DAY, schedules_strategy

_MOMENTS = st.datetimes(
    datetime.combine(FIRST_DAY, datetime.min.time()),
    datetime.combine(LAST_DAY, datetime.min.time()),
)


def part_at(document: object, place: str) -> object:
    """Return what stands at a place of a document; raises LookupError where nothing does."""
    for step in place.replace("[", ".[").split("."):
        if step.startswith("["):
            assert isinstance(document, list)
            document = document[int(step.strip("[]"))]
        else:
            assert isinstance(document, dict)
            document = document[step]
    return document


def judge(schedule: Schedule, moment: datetime, *, is_missing: bool) -> list[Finding]:
    """Judge a schedule whose messages are all there, or all gone."""
    targets = TargetCheck(ForwardPolicy(), lambda _: not is_missing)
    table, at = table_of(schedule, first=str(moment.date())), instant(moment.isoformat())
    own = [(str(entry), schedule.id) for entry in schedule.numbers]
    linked = link_numbers([*own, *((one.number, "x") for one in schedule.forwards.values())])
    hops = find_hops(schedule, table, linked)
    found = lint_forwards({schedule.id: Forwarding(table, hops)}, at)
    return [*lint_schedule(schedule, table, targets=targets, at=at), *found[schedule.id]]


@given(schedules_strategy(), _MOMENTS, st.booleans())
def test_lint_never_raises(schedule: Schedule, moment: datetime, is_missing: bool) -> None:  # noqa: FBT001 - drawn
    """Each finding has a known code, says what to do, and names places that are there.

    A holiday that nobody decided on, and numbers that are none, are what isn't.
    """
    document = schedule.model_dump(mode="json", by_alias=True)
    for finding in judge(schedule, moment, is_missing=is_missing):
        assert finding.code in CODES
        assert finding.problem
        assert finding.remedy
        if finding.code not in {"undecided-holiday", "not-linked"}:
            for place in finding.places:
                assert part_at(document, place), place
