"""What a change alters for callers, as spans and as sentences."""

from routing_engine.compare import Difference, describe_differences, differences
from routing_engine.decision import Outcome
from routing_engine.table import IntervalTable
from schedules.forward_rules import ForwardPolicy
from tests.engine import CLOSED, OFFICE_DAY, OPEN, SHA256, instant, schedule_of, table_of

OPEN_CALL = Outcome("open", "continue")
CLOSED_CALL = Outcome("closed", "hangup")
LONG_DAY = ("00:00-09:00 closed", "09:00-18:00 open", "18:00-24:00 closed")


def spans(
    before: IntervalTable | None, after: IntervalTable | None, start: str, end: str
) -> list[Difference]:
    """List the differences between two moments."""
    return list(differences(before, after, instant(start), instant(end)))


def sentences(
    before: IntervalTable | None, after: IntervalTable, start: str, end: str
) -> list[str]:
    """Tell the differences between two moments."""
    names = {f"{SHA256}.wav": "Welkom"}
    return describe_differences(spans(before, after, start, end), after, names)


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


def test_weekly_repetitions_are_told_once() -> None:
    """An hour longer open on Mondays, over four weeks; by the wall clock in summer and winter."""
    before = table_of(schedule_of(OFFICE_DAY))
    after = table_of(schedule_of(OFFICE_DAY, mon=LONG_DAY))
    assert sentences(before, after, "2026-10-12T00:00", "2026-11-09T00:00") == [
        (
            "every Monday 17:00-18:00 (4 times from 2026-10-12 to 2026-11-02): "
            "closed (hang up) becomes open (normal route)"
        ),
    ]


def test_two_repetitions_are_told_each() -> None:
    """With dates, in order of time."""
    before = table_of(schedule_of(OFFICE_DAY))
    after = table_of(schedule_of(OFFICE_DAY, mon=LONG_DAY))
    change = "closed (hang up) becomes open (normal route)"
    assert sentences(before, after, "2026-06-01T00:00", "2026-06-15T00:00") == [
        f"Mon 2026-06-01 17:00-18:00: {change}",
        f"Mon 2026-06-08 17:00-18:00: {change}",
    ]


def test_repetitions_and_single_days_stand_in_order_of_time() -> None:
    """What begins first is told first; an exception stands between."""
    before = table_of(schedule_of(OFFICE_DAY))
    dicht = {"name": "Dicht", "dates": ["2026-05-27"]}
    after = table_of(schedule_of(OFFICE_DAY, mon=LONG_DAY, exceptions={"dicht": dicht}))
    assert sentences(before, after, "2026-05-26T00:00", "2026-06-16T00:00") == [
        "Wed 2026-05-27 09:00-17:00: open (normal route) becomes closed (hang up)",
        (
            "every Monday 17:00-18:00 (3 times from 2026-06-01 to 2026-06-15): "
            "closed (hang up) becomes open (normal route)"
        ),
    ]


def test_spans_of_days_name_both_their_ends() -> None:
    """To midnight is 24:00; further on the day is named, in a week's repetition as well."""
    before = table_of(schedule_of(OPEN))
    change = "open (normal route) becomes closed (hang up)"
    evening = table_of(schedule_of(OPEN, mon=("00:00-18:00 open", "18:00-24:00 closed")))
    assert sentences(before, evening, "2026-06-01T00:00", "2026-06-08T00:00") == [
        f"Mon 2026-06-01 18:00-24:00: {change}"
    ]
    weekend = table_of(
        schedule_of(OPEN, sat=CLOSED, sun=("00:00-12:00 closed", "12:00-24:00 open"))
    )
    assert sentences(before, weekend, "2026-06-01T00:00", "2026-06-15T00:00") == [
        f"Sat 2026-06-06 00:00 to Sun 2026-06-07 12:00: {change}",
        f"Sat 2026-06-13 00:00 to Sun 2026-06-14 12:00: {change}",
    ]
    assert sentences(before, weekend, "2026-06-01T00:00", "2026-06-29T00:00") == [
        "every Saturday 00:00 to Sunday 12:00 (4 times from 2026-06-06 to 2026-06-27): " + change
    ]


def test_spans_of_other_lengths_are_no_repetition() -> None:
    """From a Monday to a Friday may be four days or eleven: only equal spans are one sentence."""
    before = table_of(schedule_of(OPEN))
    dates = ["2026-06-01..2026-06-04", "2026-06-15..2026-06-25", "2026-07-06..2026-07-16"]
    weken = {"name": "Weken", "dates": [*dates, "2026-08-03..2026-08-13"]}
    after = table_of(schedule_of(OPEN, exceptions={"weken": weken}))
    change = "open (normal route) becomes closed (hang up)"
    assert sentences(before, after, "2026-06-01T00:00", "2026-09-01T00:00") == [
        f"Mon 2026-06-01 00:00 to Fri 2026-06-05 00:00: {change}",
        f"Mon 2026-06-15 00:00 to Fri 2026-06-26 00:00: {change}",
        f"Mon 2026-07-06 00:00 to Fri 2026-07-17 00:00: {change}",
        f"Mon 2026-08-03 00:00 to Fri 2026-08-14 00:00: {change}",
    ]


def test_targets_and_messages_are_named() -> None:
    """A message by its name where it has one, else by its file."""
    targets = {
        "forwards": {"storing": {"name": "Storing", "number": "+31612345678"}},
        "audio": {
            "welkom": {"name": "Welkom", "sha256": SHA256},
            "nieuw": {"name": "Nieuw", "sha256": "cd" * 32},
        },
        "voicemail_email": "post@example.nl",
    }
    day = ("00:00-12:00 closed audio=welkom voicemail", "12:00-24:00 break audio=nieuw")
    before = table_of(schedule_of(("00:00-24:00 open forward=storing",), **targets))
    after = table_of(schedule_of(day, **targets))
    was = "open (forward to +31612345678) becomes"
    assert sentences(before, after, "2026-06-01T00:00", "2026-06-02T00:00") == [
        (
            f"Mon 2026-06-01 00:00-12:00: {was} "
            "closed (message 'Welkom', voicemail to post@example.nl)"
        ),
        f"Mon 2026-06-01 12:00-24:00: {was} break (message '{'cd' * 32}.wav', hang up)",
    ]


def test_a_new_schedule_is_told_as_such() -> None:
    """Where there was none, callers had no schedule."""
    after = table_of(schedule_of(OPEN))
    assert sentences(None, after, "2026-06-01T00:00", "2026-06-01T12:00") == [
        "Mon 2026-06-01 00:00-12:00: no schedule becomes open (normal route)"
    ]


def test_scattered_mondays_are_told_each() -> None:
    """Three Mondays of a year are not every Monday."""
    dates = ["2026-10-05", "2027-02-01", "2027-08-02"]
    dicht = {"name": "Dicht", "dates": dates}
    before = table_of(schedule_of(OFFICE_DAY))
    after = table_of(schedule_of(OFFICE_DAY, exceptions={"dicht": dicht}))
    assert sentences(before, after, "2026-10-01T00:00", "2027-09-01T00:00") == [
        f"Mon {date} 09:00-17:00: open (normal route) becomes closed (hang up)" for date in dates
    ]
