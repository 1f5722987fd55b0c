"""The model: frozen, consistent, and its own document."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from schedules.date_text import DateRange
from schedules.errors import InvalidScheduleError
from schedules.forward_rules import ForwardPolicy
from schedules.model import (
    CLOSED_ALL_DAY,
    ExceptionDays,
    Expectation,
    Override,
    Reading,
    Schedule,
    Slot,
    Treatment,
)
from schedules.telephone import NumberBlock

OPEN = ["00:00-24:00 open"]
SOUND: dict[str, Any] = {
    "id": "kantoor",
    "name": "Kantoor",
    "pbx": "3cx",
    "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), OPEN),
}
WINTER = timezone(timedelta(hours=1))


def schedule_of(**fields: object) -> Schedule:
    """Build the sound schedule with some fields of one's own."""
    return Schedule.model_validate(SOUND | fields)


def test_a_schedule_is_a_value() -> None:
    """Equal schedules are equal, and none can be changed."""
    schedule = schedule_of()
    assert schedule == schedule_of()
    with pytest.raises(ValidationError, match="frozen"):
        schedule.name = "Anders"  # type: ignore[misc]


def test_an_inconsistent_schedule_cannot_be_built() -> None:
    """All its faults are told (semantics.md rules 8 and 19)."""
    with pytest.raises(InvalidScheduleError) as refused:
        schedule_of(
            exceptions={
                "een": {"name": "Een", "dates": ["2026-12-05"]},
                "twee": {"name": "Twee", "dates": ["2026-12-05"]},
            },
            holidays={"koningsdag": {"slots": ["00:00-24:00 closed voicemail"]}},
        )
    assert {fault.place for fault in refused.value.faults} == {
        "holidays.koningsdag.slots[0]",
        "exceptions.twee.dates[0]",
    }


@pytest.mark.parametrize("flag", ["is_stored", "is_whole_judged_later"])
def test_some_readers_judge_the_whole_elsewhere(flag: str) -> None:
    """The store vouches for what it kept; a document's reader judges the whole itself."""
    reading = Reading(is_stored=flag == "is_stored", is_whole_judged_later=flag != "is_stored")
    schedule = Schedule.model_validate(SOUND | {"template": "week/zo"}, context=reading)
    assert schedule.template == "week/zo"


def test_the_store_vouches_for_numbers() -> None:
    """A number that the numbering plan dropped since it was saved still reads."""
    fields = {"numbers": ["+31190000000..9"], "forwards": {"f": {"name": "F", "number": "0900"}}}
    schedule = Schedule.model_validate(SOUND | fields, context=Reading(is_stored=True))
    assert schedule.numbers == (NumberBlock(31190000000, 31190000009),)
    assert schedule.forwards["f"].number == "0900"
    with pytest.raises(ValidationError, match="no such number"):
        schedule_of(numbers=["+31190000000..9"])


def test_parts_may_be_given_as_they_are() -> None:
    """Code builds parts from values, by the names of their fields."""
    slot = Slot(start=0, end=1440, status="open")
    days = DateRange(date(2026, 12, 5), date(2026, 12, 5))
    exception = ExceptionDays(name="Dag", dates=(days,), slots=(slot,))
    override = Override(
        from_at=datetime(2026, 11, 22, 10, tzinfo=WINTER),
        until_at=datetime(2026, 11, 22, 12, tzinfo=WINTER),
        slot=Treatment(status="closed"),
        reason="Nu",
    )
    schedule = schedule_of(
        exceptions={"dag": exception},
        overrides={"nu": override},
        numbers=[NumberBlock(31850000000, 31850000000)],
        expect=[Expectation(at=datetime(2026, 12, 25, 10, tzinfo=WINTER), status="open")],
    )
    assert schedule == schedule_of(
        exceptions={"dag": {"name": "Dag", "dates": ["2026-12-05"], "slots": OPEN}},
        overrides={
            "nu": {
                "from": "2026-11-22T10:00+01:00",
                "until": "2026-11-22T12:00+01:00",
                "slot": "closed",
                "reason": "Nu",
            }
        },
        numbers=["0850000000"],
        expect=[{"at": "2026-12-25T10:00+01:00", "status": "open"}],
    )


def test_days_are_shared() -> None:
    """Equal days of any schedule are one object in memory."""
    assert schedule_of().week.mon is schedule_of(id="ander").week.sun


def test_a_day_may_mix_texts_and_slots() -> None:
    """Each slot is read in the form in which it is given."""
    slots: list[object] = ["00:00-12:00 open", Slot(start=720, end=1440, status="closed")]
    day = ExceptionDays.model_validate({"name": "Dag", "slots": slots}).slots
    assert [(slot.start, slot.status) for slot in day] == [(0, "open"), (720, "closed")]


def test_a_slot_that_runs_backwards_cannot_be_built() -> None:
    """A slot ends after it starts, however it is built."""
    with pytest.raises(ValidationError, match="ends before it starts"):
        Slot(start=720, end=720, status="open")


def test_an_exception_begun_empty_is_a_draft_closed_all_day() -> None:
    """Rule 9: no dates yet, one closed slot of 24 hours."""
    draft = ExceptionDays(name="Nieuw")
    assert draft.dates == ()
    assert draft.slots == CLOSED_ALL_DAY


def test_replacing_fields_checks_the_whole() -> None:
    """A change gives another schedule, and is refused when the rest contradicts it."""
    schedule = schedule_of(forwards={"f": {"name": "F", "number": "0612345678"}})
    assert schedule.replace(name="Nieuw") == schedule_of(
        name="Nieuw", forwards={"f": {"name": "F", "number": "0612345678"}}
    )
    with pytest.raises(InvalidScheduleError, match="'week/zo' is not a day"):
        schedule.replace(template="week/zo")
    with pytest.raises(InvalidScheduleError, match="name: is empty"):
        schedule.replace(name="")


def test_a_schedule_adds_its_countries_to_the_policy() -> None:
    """`forward_countries` widens the policy for one schedule, and leaves the policy alone."""
    policy = ForwardPolicy("NL", frozenset({"DE"}))
    assert schedule_of().forward_policy(policy) is policy
    widened = schedule_of(forward_countries=["BE"]).forward_policy(policy)
    assert widened == ForwardPolicy("NL", frozenset({"BE", "DE"}))
