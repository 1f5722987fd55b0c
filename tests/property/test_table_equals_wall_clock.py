"""The compiled table answers as a plain reading of the wall clock does, for any schedule."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing_engine.day_plan import candidates, plan_day
from routing_engine.decision import CallQuery, Decision
from routing_engine.explain import explain_decision
from routing_engine.resolver import decide, resolve
from routing_engine.table import HORIZON_DAYS, IntervalTable
from schedules.model import Schedule
from tests.engine import OFFICE_DAY, OPEN, day_of, instant, schedule_of, snapshot_of, table_of
from tests.oracle import (
    DAY,
    MINUTE,
    SEARCH,
    Answer,
    Oracle,
    clock_changes,
    holidays_on,
)
from tests.property.cases import Case, cases, lot_of

HOUR: Final = 60 * MINUTE
EXAMPLES: Final = settings().max_examples
REASONS: Final = {
    "overrides": "override",
    "exceptions": "exception",
    "holidays": "holiday",
    "week": "weekly",
}
HOLIDAYS: Final = tuple(
    day
    for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(3 * 366))
    if day.year <= 2028 and holidays_on(day)
)
SOME_DAYS: Final = (*HOLIDAYS, date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1))
CLOCK_CHANGE_NIGHTS: Final = (
    ("2026-03-29T00:00+01:00", "2026-03-29T04:00+02:00"),
    ("2026-10-25T00:00+02:00", "2026-10-25T04:00+01:00"),
    ("2027-03-28T00:00+01:00", "2027-03-28T04:00+02:00"),
    ("2027-10-31T00:00+02:00", "2027-10-31T04:00+01:00"),
)

_INSTANTS = st.one_of(
    st.integers(instant("2026-01-01T00:00Z"), instant("2029-01-01T00:00Z")),
    st.sampled_from(CLOCK_CHANGE_NIGHTS).flatmap(
        lambda night: st.integers(instant(night[0]), instant(night[1]))
    ),
)
_FAR_INSTANTS = st.integers(instant("2015-01-01T00:00Z"), instant("2100-12-31T00:00Z"))


def found_at(table: IntervalTable, at: int) -> Answer:
    """Put the table's answer in the oracle's words."""
    interval = table.interval_at(at)
    day = None if interval.day is None else date(1970, 1, 1) + timedelta(days=interval.day)
    lot, error = lot_of(interval.outcome), interval.outcome.error
    return Answer(lot, error, interval.rule, interval.title, day, interval.slot)


@cache
def night_minutes(zone: str) -> tuple[int, ...]:
    """List each minute of the clock-change nights, Amsterdam's and the zone's own."""
    minutes: set[int] = set()
    for start, end in CLOCK_CHANGE_NIGHTS:
        minutes.update(range(instant(start), instant(end) + 1, MINUTE))
    for change in clock_changes(zone, 2026, 2027):
        minutes.update(range(change - 2 * HOUR, change + 2 * HOUR + 1, MINUTE))
    return tuple(sorted(minutes))


def boundaries_on(oracle: Oracle, day: date) -> Iterator[int]:
    """Walk each slot boundary of a date, and one minute either side; a doubled time is two."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall-clock time
    _, _, plan = oracle.day_rules(day)[0]
    for slot in plan:
        for fold in (0, 1):
            local = midnight + timedelta(minutes=slot.start)
            at = int(local.replace(tzinfo=oracle.zone, fold=fold).timestamp())
            yield from (at - MINUTE, at - 1, at, at + 1, at + MINUTE)


def override_edges(schedule: Schedule) -> Iterator[int]:
    """Walk the edges of the overrides, a minute and a second either side."""
    for override in schedule.overrides.values():
        for moment in (override.from_at, override.until_at):
            edge = int(moment.timestamp())
            yield from (edge - MINUTE, edge - 1, edge, edge + 1, edge + MINUTE)


def notable_instants(case: Case) -> Iterator[int]:
    """Walk the instants at which a mistake would show first."""
    yield from night_minutes(case.schedule.timezone)
    yield from override_edges(case.schedule)
    for day in SOME_DAYS:
        yield from boundaries_on(case.oracle, day)
    for exception in case.schedule.exceptions.values():
        for span in exception.dates:
            yield from boundaries_on(case.oracle, span.first)
            yield from boundaries_on(case.oracle, span.last + timedelta(days=1))


def test_the_nights_hold_each_hour_that_is_skipped_or_doubled() -> None:
    """Amsterdam's four nights have 3 + 5 + 3 + 5 hours of minutes, ends included."""
    assert len(night_minutes("UTC")) == (3 + 5 + 3 + 5) * 60 + 4
    assert len(HOLIDAYS) == 33
    assert clock_changes("Europe/Amsterdam", 2026, 2026) == (
        instant("2026-03-29T01:00Z"),
        instant("2026-10-25T01:00Z"),
    )


@given(case=cases(), far=st.lists(_FAR_INSTANTS, max_size=20), near=st.lists(_INSTANTS))
def test_the_table_answers_as_the_wall_clock_does(
    case: Case, far: list[int], near: list[int]
) -> None:
    """Lot, error, rule, title, date and slot are the oracle's, within the horizon and outside."""
    for at in (*notable_instants(case), *far, *near):
        assert found_at(case.table, at) == case.oracle.answer(at), datetime.fromtimestamp(at, UTC)


@given(case=cases(), near=st.lists(_INSTANTS, max_size=10))
def test_an_interval_holds_to_its_end(case: Case, near: list[int]) -> None:
    """Up to the last second before `until_at` the oracle's answer stays the interval's."""
    for at in (*near, *override_edges(case.schedule)):
        interval = case.table.interval_at(at)
        assert interval.until_at > at
        for later in (interval.until_at - 1, (at + interval.until_at) // 2):
            assert case.oracle.answer(later) == found_at(case.table, at)


@given(case=cases(), at=st.one_of(_INSTANTS, _FAR_INSTANTS))
def test_a_decision_is_the_oracles_answer(case: Case, at: int) -> None:
    """`resolve` by schedule id gives the answer with its reason and revision (rule 17)."""
    decision = resolve(snapshot_of(case.table), CallQuery(at, schedule=case.schedule.id))
    answer = case.oracle.answer(at)
    assert lot_of(decision.outcome) == answer.lot
    assert decision.outcome.error == answer.error
    assert (decision.rule, decision.title, decision.slot) == (
        answer.rule,
        answer.title,
        answer.slot,
    )
    assert decision.day == (answer.day and (answer.day - date(1970, 1, 1)).days)
    assert decision.reason == REASONS[answer.rule.partition("/")[0]]
    assert (decision.schedule, decision.schedule_name, decision.revision) == (
        case.schedule.id,
        case.schedule.name,
        7,
    )


@settings(max_examples=EXAMPLES // 2)
@given(case=cases(), at=_INSTANTS)
def test_the_next_change_is_the_first_minute_that_differs(case: Case, at: int) -> None:
    """Trying each minute of nine days finds the same change as the decision names."""
    decision = decide(case.table, at)
    expected = case.oracle.change_by_minutes(at, 9 * 24 * 60)
    if expected is not None:
        assert (decision.valid_until, decision.next_status) == expected
    else:
        assert decision.valid_until is None or decision.valid_until > at - at % MINUTE + 9 * DAY


@given(case=cases(), at=_INSTANTS)
def test_a_far_change_is_found_up_to_400_days_ahead(case: Case, at: int) -> None:
    """Trying each instant at which anything could change finds the same one, or none."""
    decision = decide(case.table, at)
    assert (decision.valid_until, decision.next_status) == case.oracle.change(at)


@st.composite
def rare_changes(draw: st.DrawFn) -> tuple[Schedule, int]:
    """Draw a schedule that changes on one date or at one instant only, and when that is."""
    day = draw(st.dates(date(2027, 3, 1), date(2029, 12, 31)))
    if draw(st.booleans()):
        start = draw(st.integers(0, 1439))
        clock = f"{start // 60:02}:{start % 60:02}"
        before = [f"00:00-{clock} open"] if start else []
        days = {"name": "Dicht", "dates": [str(day)], "slots": [*before, f"{clock}-24:00 closed"]}
        assume(clock_changes("Europe/Amsterdam", 2027, 2029).count(instant(f"{day}T{clock}")) == 0)
        return schedule_of(OPEN, exceptions={"dicht": days}), instant(f"{day}T{clock}")
    change = instant(f"{day}T00:00Z") + draw(st.integers(0, 1439)) * MINUTE
    times = [datetime.fromtimestamp(at, UTC).isoformat() for at in (change, change + 7 * DAY)]
    override = {"from": times[0], "until": times[1], "slot": "break", "reason": "Storing"}
    return schedule_of(OPEN, overrides={"storing": override}), change


@given(rare=rare_changes(), lateness=st.integers(0, 3 * MINUTE), earliness=st.integers(1, 3 * DAY))
def test_the_search_reaches_400_days_to_the_second(
    rare: tuple[Schedule, int], lateness: int, earliness: int
) -> None:
    """A change exactly 400 days ahead is found, one a second further is not (rule 17)."""
    schedule, change = rare
    snapshot = snapshot_of(table_of(schedule, first="2026-01-01"))
    for at in (change - SEARCH - earliness, change - SEARCH - MINUTE, change - SEARCH - 1):
        assert resolve(snapshot, CallQuery(at, schedule="kantoor")).valid_until is None
    for at in (change - SEARCH, change - SEARCH + lateness):
        assert resolve(snapshot, CallQuery(at, schedule="kantoor")).valid_until == change


@st.composite
def neighbouring_instants(draw: st.DrawFn) -> list[int]:
    """Draw instants of which many lie seconds or minutes apart."""
    start = draw(_INSTANTS)
    steps = st.one_of(st.integers(-90, 90), st.integers(-DAY, DAY))
    return [start, *(start + step for step in draw(st.lists(steps, min_size=1, max_size=12)))]


def without_span(decision: Decision) -> Decision:
    """Leave aside how long a decision may be remembered."""
    return replace(decision, holds_from=0, holds_until=0)


@given(
    case=st.one_of(
        cases(), rare_changes().map(lambda rare: Case(rare[0], "NL", frozenset(), "2026-01-01"))
    ),
    instants=neighbouring_instants(),
)
def test_remembering_a_decision_changes_no_answer(case: Case, instants: list[int]) -> None:
    """In whatever order instants are asked, to the second, the answer is that of a new table."""
    if case.schedule.id == "kantoor":
        change = case.oracle.change(instant("2026-03-01T00:00Z"))[0] or 0
        instants = [at - instants[0] + change - SEARCH for at in instants]
    expected = {at: without_span(decide(case.table, at)) for at in instants}
    for order in (instants, sorted(instants), sorted(instants, reverse=True)):
        snapshot = snapshot_of(case.table)
        for at in order:
            query = CallQuery(at, schedule=case.schedule.id)
            assert without_span(resolve(snapshot, query)) == expected[at]


@given(case=cases(), far=st.lists(st.dates(date(2015, 1, 1), date(2099, 12, 31)), max_size=5))
def test_the_day_index_is_the_plan_of_each_day(case: Case, far: list[date]) -> None:
    """The index holds 402 days or more as planned; outside it a day is as in a table of its own."""
    rules = case.table
    first_day = rules.recurring.first_day
    assert len(rules.recurring.day_index) == HORIZON_DAYS >= 402
    for day_number in range(first_day, first_day + HORIZON_DAYS):
        day = date(1970, 1, 1) + timedelta(days=day_number)
        rule = plan_day(rules, day_number)
        assert rule == next(candidates(rules, day_number))
        assert rules.name_and_title(rule)[0] == case.oracle.day_rules(day)[0][0]
    outside = (first_day - 1, first_day + HORIZON_DAYS)
    for day_number in (*outside, *(day_of(str(day)) for day in far)):
        other = table_of(case.schedule, first=str(date(1970, 1, 1) + timedelta(days=day_number)))
        assert plan_day(rules, day_number) == plan_day(other, day_number)


@given(case=cases(), at=_INSTANTS)
def test_an_explanation_names_the_winner_first_and_every_loser(case: Case, at: int) -> None:
    """The first consideration alone wins and is the decision's; all rules are there once."""
    for moment in (at, *override_edges(case.schedule)):
        considered = explain_decision(case.table, moment)
        decision = decide(case.table, moment)
        assert [one.wins for one in considered] == [True] + [False] * (len(considered) - 1)
        winner = considered[0]
        assert (winner.rule, winner.title) == (decision.rule, decision.title)
        assert (winner.status, winner.action) == decision.outcome[:2]
        assert {one.rule for one in considered} == case.oracle.considered(moment)
        assert len({one.rule for one in considered}) == len(considered)
        assert all(one.why for one in considered)


def test_no_change_within_400_days_has_no_end() -> None:
    """A schedule that is always the same has no `valid_until` and no next status."""
    decision = decide(table_of(schedule_of(OPEN)), instant("2026-06-01T12:00"))
    assert (decision.valid_until, decision.next_status) == (None, "")


def test_a_day_that_is_cut_in_equal_slots_never_changes() -> None:
    """Slots that treat callers alike have no change between them."""
    table = table_of(schedule_of(("00:00-09:00 open", "09:00-17:00 open", "17:00-24:00 open")))
    assert decide(table, instant("2026-06-01T12:00")).valid_until is None


def test_office_hours_change_at_each_boundary() -> None:
    """From closed to open at nine, whatever the season."""
    table = table_of(schedule_of(OFFICE_DAY))
    for day in ("2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"):
        decision = decide(table, instant(f"{day}T00:00"))
        assert (decision.valid_until, decision.next_status) == (instant(f"{day}T09:00"), "open")


def test_the_zones_of_the_oracle_are_those_of_the_library() -> None:
    """The instants of these tests are Amsterdam's: noon in summer is ten o'clock UTC."""
    noon = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert instant("2026-07-01T12:00") == int(noon.timestamp()) == instant("2026-07-01T10:00Z")
