"""What holds at an instant, and until when, with overrides and without."""

from datetime import date, timedelta

import pytest

from routing_engine.decision import Outcome
from routing_engine.table import HORIZON_DAYS, DayProfile, IntervalTable, first_day_for
from tests.engine import CLOSED, OFFICE_DAY, OPEN, day_of, instant, schedule_of, table_of

OPEN_CALL = Outcome("open", "continue")
CLOSED_CALL = Outcome("closed", "hangup")


def table_with_overrides() -> IntervalTable:
    """Make office hours with two overrides on 1 June 2026 that touch at 16:30."""
    return table_of(
        schedule_of(
            OFFICE_DAY,
            overrides={
                "later": {
                    "from": "2026-06-01T16:30+02:00",
                    "until": "2026-06-01T18:00+02:00",
                    "slot": "open",
                    "reason": "Langer open",
                },
                "eerder": {
                    "from": "2026-06-01T16:00+02:00",
                    "until": "2026-06-01T16:30+02:00",
                    "slot": "break",
                    "reason": "Pauze",
                },
            },
        )
    )


@pytest.mark.parametrize(
    ("moment", "rule", "until", "status"),
    [
        ("2026-06-01T08:59:59", "week/mon", "2026-06-01T09:00", "closed"),
        ("2026-06-01T09:00:00", "week/mon", "2026-06-01T16:00", "open"),
        ("2026-06-01T15:59:59", "week/mon", "2026-06-01T16:00", "open"),
        ("2026-06-01T16:00:00", "overrides/eerder", "2026-06-01T16:30", "break"),
        ("2026-06-01T16:29:59", "overrides/eerder", "2026-06-01T16:30", "break"),
        ("2026-06-01T16:30:00", "overrides/later", "2026-06-01T18:00", "open"),
        ("2026-06-01T17:59:59", "overrides/later", "2026-06-01T18:00", "open"),
        ("2026-06-01T18:00:00", "week/mon", "2026-06-02T00:00", "closed"),
    ],
)
def test_an_interval_ends_where_the_next_rule_begins(
    moment: str, rule: str, until: str, status: str
) -> None:
    """An override cuts the slot before it; after it the weekly hours go on."""
    interval = table_with_overrides().interval_at(instant(moment))
    assert (interval.rule, interval.until_at) == (rule, instant(until))
    assert interval.outcome.status == status


def test_planned_intervals_leave_overrides_aside() -> None:
    """What is planned at 16:10 is the open slot, to its own end."""
    interval = table_with_overrides().planned_interval_at(instant("2026-06-01T16:10"))
    assert (interval.rule, interval.slot, interval.reason) == ("week/mon", (540, 1020), "weekly")
    assert interval.until_at == instant("2026-06-01T17:00")


def test_an_override_has_neither_day_nor_slot() -> None:
    """It holds by instant, not by wall clock."""
    interval = table_with_overrides().interval_at(instant("2026-06-01T17:30"))
    assert (interval.day, interval.slot, interval.reason) == (None, None, "override")
    assert interval.title == "Langer open"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-06-01T15:59:59", False),
        ("2026-06-01T16:00:00", True),
        ("2026-06-01T16:30:00", True),
        ("2026-06-01T17:59:59", True),
        ("2026-06-01T18:00:00", False),
    ],
)
def test_is_overridden_at(moment: str, expected: bool) -> None:  # noqa: FBT001 - a verdict
    """From the first second of one override to the last of the next that touches it."""
    assert table_with_overrides().is_overridden_at(instant(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        pytest.param("2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", id="spring"),
        pytest.param("2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", id="autumn"),
        pytest.param("2026-10-25T02:30+01:00", "2026-10-26T00:00+01:00", id="autumn-again"),
    ],
)
def test_an_interval_ends_at_the_latest_when_the_clock_changes(moment: str, until: str) -> None:
    """A slot of a whole day is cut in two by the change of clocks."""
    table = table_of(schedule_of(OPEN))
    assert table.interval_at(instant(moment)).until_at == instant(until)


def test_intervals_follow_each_other_without_gap() -> None:
    """Each begins where the one before it ends."""
    table = table_with_overrides()
    at, ends = instant("2026-06-01T08:00"), []
    for _ in range(3):
        at = table.interval_at(at).until_at
        ends.append(at)
    assert ends == [instant(f"2026-06-01T{time}") for time in ("09:00", "16:00", "16:30")]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (0, (0, 540, 5)),
        (539, (0, 540, 5)),
        (540, (540, 1020, 7)),
        (1019, (540, 1020, 7)),
        (1020, (1020, 1440, 5)),
        (1439, (1020, 1440, 5)),
    ],
)
def test_a_profile_gives_the_slot_of_a_minute(minute: int, expected: tuple[int, int, int]) -> None:
    """Both edges of each slot; the last one ends at 24:00."""
    profile = DayProfile((540, 1020, 1440), bytes((5, 7, 5)))
    assert profile.slot_at(minute) == expected


@pytest.mark.parametrize(
    ("moment", "day", "minute"),
    [
        ("2026-06-01T00:00", "2026-06-01", 0),
        ("2026-06-01T23:59:59", "2026-06-01", 1439),
        ("2026-05-31T22:00Z", "2026-06-01", 0),
        ("2026-12-31T23:00Z", "2027-01-01", 0),
        ("1969-12-31T22:59Z", "1969-12-31", 1439),
    ],
)
def test_the_wall_clock_shows_day_and_minute(moment: str, day: str, minute: int) -> None:
    """In Amsterdam, whatever way the instant is written."""
    assert table_of(schedule_of()).wall_clock(instant(moment)) == (day_of(day), minute)


def test_days_outside_the_index_are_planned_directly() -> None:
    """One day before it and one after it have the rule of their weekday (rule 18)."""
    table = table_of(schedule_of(CLOSED, thu=OPEN), first="2026-01-01")
    first = day_of("2026-01-01")
    for day in (first - 1, first, first + HORIZON_DAYS - 1, first + HORIZON_DAYS):
        assert table.rule_on(day)[0] == (
            "week/" + ("thu", "fri", "sat", "sun", "mon", "tue", "wed")[day % 7]
        )


def test_the_day_before_the_index_is_not_its_last() -> None:
    """An exception on the last day indexed holds there alone."""
    last = date(2026, 1, 1) + timedelta(days=HORIZON_DAYS - 1)
    laatste = {"name": "Laatste", "dates": [str(last)]}
    table = table_of(schedule_of(exceptions={"laatste": laatste}), first="2026-01-01")
    day = day_of(str(last))
    for place, expected in ((day, True), (day - 1, False), (day_of("2025-12-31"), False)):
        rule, _ = table.rule_on(place)
        assert (rule == "exceptions/laatste") is expected


def test_tables_begin_before_yesterday() -> None:
    """Yesterday is indexed in every time zone (semantics.md rule 18)."""
    assert first_day_for(0) == -2
    assert first_day_for(86_399) == -2
    assert first_day_for(86_400) == -1
