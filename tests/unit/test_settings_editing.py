"""A new schedule, its settings, and one like another."""

import pytest
from hypothesis import given

from schedules.errors import InvalidScheduleError
from schedules.model import Schedule
from schedules.settings_editing import duplicate_of, new_schedule, with_settings
from tests.strategies import WEEKDAYS, schedules_strategy


def refused(error: pytest.ExceptionInfo[InvalidScheduleError]) -> set[str]:
    """Return the places that are refused."""
    return {fault.place for fault in error.value.faults}


def test_a_new_schedule_is_closed_all_week() -> None:
    """Where nothing is said of its hours; empty texts are none."""
    made = new_schedule("BE", id="a", name="A", pbx="3cx", company="", voicemail_email="",
                        numbers=["02 512 00 00"])  # fmt: skip
    week = made.model_dump(mode="json")["week"]
    assert week == {day: ["00:00-24:00 closed"] for day in WEEKDAYS}
    assert (made.company, made.voicemail_email) == (None, None)
    assert [str(block) for block in made.numbers] == ["+3225120000"]


def test_a_new_schedule_with_faults() -> None:
    """All of them are told."""
    with pytest.raises(InvalidScheduleError) as error:
        new_schedule(id="A", name="", pbx="4cx", numbers=["1"], timezone="Mars")
    assert refused(error) == {"id", "name", "pbx", "numbers[0]", "timezone"}


def with_voicemail() -> Schedule:
    """Return a schedule with a voicemail slot on each day."""
    week = {day: ["00:00-24:00 closed voicemail"] for day in WEEKDAYS}
    return new_schedule(id="a", name="A", pbx="3cx", voicemail_email="a@example.nl", week=week)


def test_settings() -> None:
    """What is given changes, and what is not given stays."""
    before = with_voicemail()
    after = with_settings(before, name="B", notes="let op", forward_countries=["BE"])
    assert (after.name, after.notes, after.forward_countries) == ("B", "let op", ("BE",))
    assert (after.id, after.pbx, after.week) == ("a", "3cx", before.week)
    assert with_settings(after, notes="").notes is None


def test_settings_with_faults() -> None:
    """Those of one field, and those of the whole by another, are told together."""
    with pytest.raises(InvalidScheduleError) as error:
        with_settings(with_voicemail(), name="", voicemail_email="", timezone="Mars")
    assert refused(error) == {"name", "timezone", *(f"week.{day}[0]" for day in WEEKDAYS)}


@given(schedules_strategy())
def test_a_duplicate(schedule: Schedule) -> None:
    """It differs in id, name, numbers and overrides, and in nothing else."""
    copy = duplicate_of(schedule, "kopie", "Kopie")
    assert (copy.id, copy.name, copy.numbers, copy.overrides) == ("kopie", "Kopie", (), {})
    kept = {"id", "name", "numbers", "overrides"}
    assert copy.model_dump(exclude=kept) == schedule.model_dump(exclude=kept)
