"""Gaps, overlaps and what else must hold across a schedule."""

from hypothesis import given
from hypothesis import strategies as st

from schedules.consistency import coverage_faults, inconsistencies, refused_forwards
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule, slot_of
from schedules.slot_text import DAY_MINUTES, format_minute
from tests.strategies import schedules_strategy

SPANS = st.tuples(st.integers(0, DAY_MINUTES - 1), st.integers(1, DAY_MINUTES)).map(
    lambda pair: (pair[0], min(sum(pair), DAY_MINUTES))
)


@given(st.lists(SPANS, max_size=6))
def test_a_day_is_sound_when_each_minute_is_set_once(spans: list[tuple[int, int]]) -> None:
    """Rule 4, minute by minute: gaps and overlaps are told, and only those."""
    slots = [slot_of(f"{format_minute(a)}-{format_minute(b)} open") for a, b in spans]
    uses = [sum(a <= minute < b for a, b in spans) for minute in range(DAY_MINUTES)]
    faults = [problem for problem, _ in coverage_faults(slots)]
    unset = [minute for minute, count in enumerate(uses) if count == 0]
    gaps = [minute for minute in unset if minute == 0 or uses[minute - 1]]
    told = [fault for fault in faults if fault.startswith("nothing is set")]
    assert [fault.split()[4] for fault in told] == list(map(format_minute, gaps))
    assert (len(told) < len(faults)) is any(count > 1 for count in uses)


@given(schedules_strategy())
def test_what_is_sound_is_not_refused(schedule: Schedule) -> None:
    """A valid schedule has no faults as a whole, nor by its forwards."""
    assert inconsistencies(schedule) == []
    assert refused_forwards(schedule, ForwardPolicy()) == []
