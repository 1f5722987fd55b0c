"""What stands between an edit and its save, beside the schedule's own consistency."""

from pbx_adapters.answer import format_instant
from routing_engine.caller_changes import compile_at
from routing_engine.compiler import TargetCheck
from routing_engine.expectations import FailingExpectation, failing_expectations, made_failing
from schedules.consistency import refused_forwards
from schedules.date_text import format_moment
from schedules.errors import Fault
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule


def new_refused_forwards(
    before: Schedule | None, after: Schedule, policy: ForwardPolicy
) -> list[Fault]:
    """Return a fault for each forward that may not be used, unless it was there already.

    A number that a rule came to forbid after it was saved must not stand in the way of other edits:
    calls don't go there anyway (semantics.md rule 19).
    """
    known = set() if before is None else set(refused_forwards(before, policy))
    return [fault for fault in refused_forwards(after, policy) if fault not in known]


def expectations_made_failing(
    before: Schedule | None, after: Schedule, targets: TargetCheck, at: int
) -> list[Fault]:
    """Return a fault for each expectation that fails after a save and did not before (rule 27).

    `at` is the present, in epoch seconds: expectations before it are not judged.
    """
    if not after.expect:
        return []

    def failing(schedule: Schedule) -> list[FailingExpectation]:
        return failing_expectations(schedule, compile_at(schedule, targets, at), at)

    found = made_failing([] if before is None else failing(before), failing(after))
    return list(map(_fault_of, found))


def _fault_of(failure: FailingExpectation) -> Fault:
    expected = failure.expectation
    moment = format_moment(expected.at)
    if expected.at.tzinfo is None:
        moment += f" ({format_instant(failure.at)})"
    return Fault(
        f"expect[{failure.position}]",
        f"{moment} is to be {expected.status}, but {failure.rule} makes it {failure.status}",
        "correct the hours or the expectation, or --allow-failing-expectations",
    )
