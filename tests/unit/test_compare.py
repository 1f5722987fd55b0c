"""What a change alters for callers, as spans of time."""

from routing_engine.compare import Difference, differences
from routing_engine.decision import Outcome
from routing_engine.table import IntervalTable
from schedules.forward_rules import ForwardPolicy
from tests.engine import OFFICE_DAY, OPEN, instant, schedule_of, table_of

OPEN_CALL = Outcome("open", "continue")
CLOSED_CALL = Outcome("closed", "hangup")


def spans(
    before: IntervalTable | None, after: IntervalTable | None, start: str, end: str
) -> list[Difference]:
    """List the differences between two moments."""
    return list(differences(before, after, instant(start), instant(end)))


def test_equal_tables_differ_nowhere() -> None:
    """A year of nothing."""
    table = table_of(schedule_of(OFFICE_DAY))
    assert spans(table, table, "2026-01-01T00:00", "2027-01-01T00:00") == []


def test_a_difference_runs_over_neighbouring_slots_and_days() -> None:
    """Days cut otherwise, but closed where they were open: one span, cut by the period's ends."""
    found = spans(
        table_of(schedule_of(OPEN)),
        table_of(schedule_of(("00:00-12:00 closed", "12:00-24:00 closed"))),
        "2026-06-01T06:00",
        "2026-06-03T18:00",
    )
    ends = instant("2026-06-01T06:00"), instant("2026-06-03T18:00")
    assert found == [Difference(*ends, OPEN_CALL, CLOSED_CALL)]


def test_differences_that_touch_but_are_not_alike_are_two() -> None:
    """Open becomes closed, then break: callers notice two changes."""
    found = spans(
        table_of(schedule_of(OPEN)),
        table_of(schedule_of(("00:00-12:00 closed", "12:00-24:00 break"))),
        "2026-06-01T00:00",
        "2026-06-02T00:00",
    )
    assert [(one.from_at, one.after) for one in found] == [
        (instant("2026-06-01T00:00"), CLOSED_CALL),
        (instant("2026-06-01T12:00"), Outcome("break", "hangup")),
    ]


def test_what_was_before_keeps_differences_apart_too() -> None:
    """Open becomes closed, then break becomes closed: two changes."""
    found = spans(
        table_of(schedule_of(("00:00-12:00 open", "12:00-24:00 break"))),
        table_of(schedule_of()),
        "2026-06-01T00:00",
        "2026-06-02T00:00",
    )
    assert [(one.from_at, one.before) for one in found] == [
        (instant("2026-06-01T00:00"), OPEN_CALL),
        (instant("2026-06-01T12:00"), Outcome("break", "hangup")),
    ]


def test_another_address_for_voicemail_is_a_difference() -> None:
    """Though status, action and message stay the same."""
    day = ("00:00-24:00 closed voicemail",)
    tables = [
        table_of(schedule_of(day, voicemail_email=f"{name}@example.nl")) for name in ("een", "twee")
    ]
    (found,) = spans(tables[0], tables[1], "2026-06-01T00:00", "2026-06-02T00:00")
    assert found.after == Outcome("closed", "voicemail", voicemail="twee@example.nl")


def test_a_difference_returns_after_a_pause() -> None:
    """Two equal spans with an hour of no change between them stay two."""
    found = spans(
        table_of(schedule_of(OPEN)),
        table_of(
            schedule_of(
                (
                    "00:00-09:00 open",
                    "09:00-10:00 closed",
                    "10:00-11:00 open",
                    "11:00-12:00 closed",
                    "12:00-24:00 open",
                )
            )
        ),
        "2026-06-01T00:00",
        "2026-06-02T00:00",
    )
    assert [one.until_at - one.from_at for one in found] == [3600, 3600]


def test_what_is_wrong_with_a_target_is_no_difference() -> None:
    """Only what a caller notices counts: a refused forward that would continue anyway does not."""
    storing = {"storing": {"name": "Storing", "number": "+31612345678"}}
    forward = schedule_of(("00:00-24:00 open forward=storing",), forwards=storing)
    refused = table_of(forward, policy=ForwardPolicy(region="BE"))
    plain = table_of(schedule_of(OPEN))
    assert spans(plain, refused, "2026-06-01T00:00", "2026-06-08T00:00") == []


def test_no_schedule_differs_from_any() -> None:
    """A schedule that is new, or gone; none on both sides is no difference."""
    table = table_of(schedule_of(OPEN))
    start, end = "2026-06-01T00:00", "2026-06-02T00:00"
    whole = instant(start), instant(end)
    assert spans(None, table, start, end) == [Difference(*whole, None, OPEN_CALL)]
    assert spans(table, None, start, end) == [Difference(*whole, OPEN_CALL, None)]
    assert spans(None, None, start, end) == []


def test_an_override_is_a_difference_too() -> None:
    """From its first minute up to its last."""
    override = {
        "from": "2026-06-01T10:00+02:00",
        "until": "2026-06-01T10:01+02:00",
        "slot": "closed",
        "reason": "Even dicht",
    }
    found = spans(
        table_of(schedule_of(OPEN)),
        table_of(schedule_of(OPEN, overrides={"dicht": override})),
        "2026-06-01T00:00",
        "2026-06-02T00:00",
    )
    ends = instant("2026-06-01T10:00"), instant("2026-06-01T10:01")
    assert found == [Difference(*ends, OPEN_CALL, CLOSED_CALL)]
