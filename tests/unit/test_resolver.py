"""Every query gets a decision: known or not, in service or not, at any instant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_engine.decision import CallQuery, Outcome
from routing_engine.resolver import decide, decide_span, out_of_service, resolve
from routing_engine.snapshot import assemble_snapshot
from routing_engine.zones import DAY_SECONDS
from tests.engine import CLOSED, OFFICE_DAY, OPEN, instant, schedule_of, snapshot_of, table_of

NOON = instant("2026-06-01T12:00")
UNUSABLE = (("+31850000009", "kapot"), ("+31850000200..99", "kapot"))


@pytest.mark.parametrize(
    ("query", "schedule"),
    [
        pytest.param(CallQuery(NOON, number="+31850000000"), "kantoor", id="by-number"),
        pytest.param(CallQuery(NOON, number="+31850000100"), "winkel", id="first-of-a-block"),
        pytest.param(CallQuery(NOON, number="+31850000199"), "winkel", id="last-of-a-block"),
        pytest.param(CallQuery(NOON, schedule="winkel"), "winkel", id="by-id"),
        pytest.param(CallQuery(NOON, schedule="los"), "los", id="by-id-though-not-linked"),
        pytest.param(
            CallQuery(NOON, number="+31850000000", schedule="winkel"), "winkel", id="id-goes-first"
        ),
    ],
)
def test_a_query_reaches_its_schedule(query: CallQuery, schedule: str) -> None:
    """By a linked number, a block, or the id of any schedule."""
    snapshot = snapshot_of(
        table_of(schedule_of(OPEN, numbers=["+31850000000"])),
        table_of(schedule_of(OPEN, id="winkel", numbers=["+31850000100..99"])),
        table_of(schedule_of(OPEN, id="los")),
    )
    decision = resolve(snapshot, query)
    assert decision.schedule == schedule
    assert decision.outcome == Outcome("open", "continue")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(CallQuery(NOON, number="+31850000001"), id="number-not-linked"),
        pytest.param(CallQuery(NOON, number="+31850000200"), id="one-past-a-block"),
        pytest.param(CallQuery(NOON), id="unreadable-number"),
        *(
            pytest.param(CallQuery(NOON, number=text), id=f"no-e164-{text}")
            for text in ("", "+", "abc")
        ),
        pytest.param(CallQuery(NOON, schedule="nergens"), id="no-such-schedule"),
        pytest.param(CallQuery(NOON, number="+31850000000", schedule=""), id="empty-id"),
    ],
)
def test_what_is_unknown_takes_the_normal_route(query: CallQuery) -> None:
    """Status unknown, no schedule, no end (rule 16)."""
    table = table_of(schedule_of(OPEN, numbers=["+31850000000", "+31850000100..99"]))
    decision = resolve(snapshot_of(table), query)
    assert decision.outcome == Outcome("unknown", "continue")
    assert (decision.reason, decision.rule, decision.schedule) == ("unknown-number", "", "")
    assert (decision.valid_until, decision.next_status) == (None, "")


@pytest.mark.parametrize(
    "query",
    [
        CallQuery(NOON, number="+31850000009"),
        CallQuery(NOON, number="+31850000250"),
        CallQuery(NOON, schedule="kapot"),
    ],
    ids=["by-number", "by-block", "by-id"],
)
def test_a_schedule_without_a_table_is_outside_service(query: CallQuery) -> None:
    """Its calls take the normal route, and the answer says it is unavailable."""
    snapshot = snapshot_of(table_of(schedule_of()), unusable=UNUSABLE)
    decision = resolve(snapshot, query)
    assert decision == out_of_service("kapot")
    assert decision.outcome == Outcome("unknown", "continue", error="unavailable")
    assert (decision.reason, decision.schedule) == ("outside-service", "kapot")


def test_a_number_of_a_schedule_nobody_knows_is_unknown() -> None:
    """A link that points nowhere decides nothing."""
    snapshot = assemble_snapshot(
        revision=3,
        links=[("+31850000000", "weg"), ("+31850000100..99", "weg")],
        tables={},
        unusable=frozenset(),
        horizon_at=0,
    )
    assert resolve(snapshot, CallQuery(NOON, number="+31850000100")).reason == "unknown-number"
    assert resolve(snapshot, CallQuery(NOON, number="+31850000000")).reason == "unknown-number"


def test_a_standing_decision_is_given_again_while_it_holds() -> None:
    """The very same one up to the end of its slot, another from there, another before it."""
    snapshot = snapshot_of(table_of(schedule_of(OFFICE_DAY)))
    first, last, after, before = (
        resolve(snapshot, CallQuery(instant(f"2026-06-01T{time}"), schedule="kantoor"))
        for time in ("10:00:00", "16:59:59", "17:00:00", "09:59:59")
    )
    assert first is last
    assert after.outcome.status == "closed"
    assert before is not first
    assert (before.outcome, before.valid_until) == (first.outcome, first.valid_until)


def test_a_decision_without_end_is_made_anew_each_minute() -> None:
    """A minute later the search reaches a minute further, and may find a change (rule 17)."""
    feest = {"name": "Dicht", "dates": ["2027-06-01"]}
    snapshot = snapshot_of(table_of(schedule_of(OPEN, exceptions={"feest": feest})))
    change = instant("2027-06-01T00:00")
    limit = change - 400 * DAY_SECONDS
    found = [
        resolve(snapshot, CallQuery(at, schedule="kantoor")).valid_until
        for at in (limit - 60, limit - 1, limit, limit + 59)
    ]
    assert found == [None, None, change, change]


@given(at=st.one_of(st.integers(-(10**15), 10**15), st.integers(0, 2**33)))
def test_any_instant_gets_a_decision(at: int) -> None:
    """However wrong the clock is, the weekly hours answer."""
    schedule = schedule_of(OPEN, holidays={"koningsdag": {"slots": [*OPEN]}})
    decision = decide(table_of(schedule), at)
    assert decision.outcome == Outcome("open", "continue")
    assert decision.valid_until is None


def test_what_never_changes_is_decided_once_a_slot() -> None:
    """A schedule that is always open is looked at again at the end of its slot, not before."""
    decision = decide(table_of(schedule_of(OPEN)), NOON)
    assert (decision.valid_until, decision.next_status) == (None, "")
    assert decision.holds_until == instant("2026-06-02T00:00")


def test_a_span_is_cut_where_anything_changes() -> None:
    """Office hours from Sunday morning to Monday noon, the clocks going back in the night before.

    Worked out by hand: until 03:00 summer time the offset is two hours, from then on one.
    """
    table = table_of(schedule_of(OFFICE_DAY, sun=CLOSED))
    spans = [
        (from_at, until_at, decision.outcome.status, decision.rule, decision.valid_until)
        for from_at, until_at, decision in decide_span(
            table, instant("2026-10-25T00:30+02:00"), instant("2026-10-26T12:00+01:00")
        )
    ]
    opens, closes = instant("2026-10-26T08:00Z"), instant("2026-10-26T16:00Z")
    assert spans == [
        (instant("2026-10-24T22:30Z"), instant("2026-10-25T01:00Z"), "closed", "week/sun", opens),
        (instant("2026-10-25T01:00Z"), instant("2026-10-25T23:00Z"), "closed", "week/sun", opens),
        (instant("2026-10-25T23:00Z"), opens, "closed", "week/mon", opens),
        (opens, instant("2026-10-26T11:00Z"), "open", "week/mon", closes),
    ]


def test_a_span_is_cut_where_a_change_comes_within_reach() -> None:
    """From 400 days before the change on, the decision names it (rule 17)."""
    feest = {"name": "Dicht", "dates": ["2027-06-01"]}
    table = table_of(schedule_of(OPEN, exceptions={"feest": feest}))
    change = instant("2027-06-01T00:00")
    limit = change - 400 * DAY_SECONDS
    found = [
        (from_at, until_at, decision.valid_until)
        for from_at, until_at, decision in decide_span(table, limit - 60, limit + 60)
    ]
    assert found == [(limit - 60, limit, None), (limit, limit + 60, change)]


def test_an_empty_span_has_no_decision() -> None:
    """Nothing is decided between an instant and itself."""
    assert list(decide_span(table_of(schedule_of(OPEN)), NOON, NOON)) == []
