"""A week of decisions, walked in one go, is what calls get one by one, for any schedule."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from routing_engine.decision import Decision
from routing_engine.resolver import decide, decide_span
from tests.engine import instant
from tests.oracle import DAY, MINUTE
from tests.property.cases import Case, cases, lot_of
from tests.strategies import NOTABLE_DAYS

_WEEK = 7 * DAY
# Most begin shortly before a day on which a mistake would show.
_STARTS = st.one_of(
    st.integers(instant("2026-01-01T00:00Z"), instant("2029-01-01T00:00Z")),
    st.builds(
        lambda day, seconds: (
            int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - seconds
        ),
        st.sampled_from(NOTABLE_DAYS),
        st.integers(-DAY, _WEEK),
    ),
)
_SECONDS = st.lists(st.integers(0, _WEEK - 1), max_size=30)


def fields_of(decision: Decision) -> dict[str, Any]:
    """Return all that a decision says but when it was made and how long it is kept."""
    names = set(Decision.__slots__) - {"holds_from", "holds_until"}
    return {name: getattr(decision, name) for name in names}


@given(case=cases(), start=_STARTS, length=st.one_of(st.just(_WEEK), st.integers(0, _WEEK)))
def test_the_spans_cover_exactly_what_was_asked(case: Case, start: int, length: int) -> None:
    """From the first second to the last, each span begins where the one before it ends."""
    spans = list(decide_span(case.table, start, start + length))
    assert [from_at for from_at, _, _ in spans[:1]] == [start][:length]
    assert [until_at for _, until_at, _ in spans[-1:]] == [start + length][:length]
    assert all(from_at < until_at for from_at, until_at, _ in spans)
    assert all(before[1] == after[0] for before, after in pairwise(spans))


@given(case=cases(), start=_STARTS, seconds=_SECONDS)
def test_each_instant_of_a_span_is_decided_alike(
    case: Case, start: int, seconds: list[int]
) -> None:
    """Its first second, its last and any between get the very fields that `decide` gives them."""
    spans = list(decide_span(case.table, start, start + _WEEK))
    for from_at, until_at, decision in spans:
        for at in (from_at, until_at - 1):
            assert fields_of(decide(case.table, at)) == fields_of(decision)
    for at in (start + second for second in seconds):
        (decision,) = (decision for first, last, decision in spans if first <= at < last)
        assert fields_of(decide(case.table, at)) == fields_of(decision)


@given(case=cases(), start=_STARTS, seconds=_SECONDS)
def test_each_instant_is_decided_as_the_wall_clock_does(
    case: Case, start: int, seconds: list[int]
) -> None:
    """The naive reading of the rules gives the same lot, error, rule and slot."""
    spans = list(decide_span(case.table, start, start + _WEEK))
    for at in (start + second for second in seconds):
        (decision,) = (decision for first, last, decision in spans if first <= at < last)
        answer = case.oracle.answer(at)
        assert lot_of(decision.outcome) == answer.lot
        assert decision.outcome.error == answer.error
        assert (decision.rule, decision.title) == (answer.rule, answer.title)
        assert decision.slot == answer.slot
        assert decision.day == (answer.day and (answer.day - date(1970, 1, 1)).days)


@given(case=cases(), start=_STARTS, second=st.integers(0, _WEEK - 1))
def test_the_next_change_is_found_in_a_walk_too(case: Case, start: int, second: int) -> None:
    """What is carried on from decision to decision is what a whole search finds."""
    at = start + second
    spans = decide_span(case.table, start, start + _WEEK)
    (decision,) = (decision for first, last, decision in spans if first <= at < last)
    within_a_day = case.oracle.change_by_minutes(at, DAY // MINUTE)
    if within_a_day is not None:
        assert (decision.valid_until, decision.next_status) == within_a_day
    else:
        assert decision.valid_until is None or decision.valid_until > at - at % MINUTE + DAY
