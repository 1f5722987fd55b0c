"""Saves over overrides that were set meanwhile, whatever database keeps them (rules 7 and 20)."""

from datetime import datetime

import pytest

from schedules.errors import ConflictError
from schedules.model import Schedule
from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule


def override(slot: str, day: int = 22) -> dict[str, str]:
    """Return an override of two hours on a day of November 2026."""
    return {
        "from": f"2026-11-{day}T10:00Z",
        "until": f"2026-11-{day}T12:00Z",
        "slot": slot,
        "reason": "Proef",
    }


BRAND = {"brand": override("closed")}


@pytest.fixture
def read(store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime) -> Schedule:
    """Return a schedule as it was read, at revision 1; piet has set an override since."""
    first = make_schedule()
    with store.writing("jan", saved_at) as writer:
        writer.save(first, summary="eerste")
    with store.writing("piet", saved_at) as writer:
        writer.save(make_schedule(overrides=BRAND), summary="brand")
    return first


def test_an_edit_is_saved_over_an_override_set_meanwhile(
    store: ScheduleStore, read: Schedule, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """The brake stays on, and the edit isn't refused."""
    with store.writing("jan", saved_at) as writer:
        edited = read.replace(name="Nieuw")
        assert writer.save(edited, summary="naam", expected_revision=1) == 3
    assert store.current("hoofdkantoor").schedule() == make_schedule(name="Nieuw", overrides=BRAND)


def test_an_edit_that_changes_nothing_makes_no_revision(
    store: ScheduleStore, read: Schedule, saved_at: datetime
) -> None:
    """What was read, saved again, takes the override off for nobody."""
    with store.writing("jan", saved_at) as writer:
        assert writer.save(read, summary="", expected_revision=1) == 2
    assert set(store.current("hoofdkantoor").schedule().overrides) == {"brand"}


def test_an_edit_over_more_than_overrides_is_refused(
    store: ScheduleStore, read: Schedule, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Once anything else was changed as well, the edit has to be repeated."""
    with store.writing("piet", saved_at) as writer:
        writer.save(make_schedule(overrides=BRAND, notes="druk"), summary="notitie")
    with (
        pytest.raises(ConflictError, match=r"changed by piet.*is at revision 3, not 1"),
        store.writing("jan", saved_at) as writer,
    ):
        writer.save(read.replace(name="Nieuw"), summary="", expected_revision=1)


def test_both_changed_the_same_override(
    store: ScheduleStore, read: Schedule, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Which of the two is meant is for a person to say; the present one stays."""
    edited = make_schedule(read.id, overrides={"brand": override("open")})
    with (
        pytest.raises(ConflictError, match="override brand was changed meanwhile"),
        store.writing("jan", saved_at) as writer,
    ):
        writer.save(edited, summary="", expected_revision=1)
    assert store.current("hoofdkantoor").schedule() == make_schedule(overrides=BRAND)


def test_a_rebased_override_passes_a_lock_and_a_rebased_edit_does_not(
    store: ScheduleStore, read: Schedule, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """What counts is what changes for the schedule as it stands."""
    with store.writing("kees", saved_at) as writer:
        writer.take_lock(read.id, 60)
    later = make_schedule(overrides={"later": override("open", day=23)})
    with store.writing("jan", saved_at) as writer:
        writer.save(later, summary="", expected_revision=1)
    assert set(store.current(read.id).schedule().overrides) == {"brand", "later"}
    with (
        pytest.raises(ConflictError, match="edited by kees"),
        store.writing("jan", saved_at) as writer,
    ):
        writer.save(read.replace(name="Nieuw"), summary="", expected_revision=1)


def test_a_revision_that_never_was_is_no_base(
    store: ScheduleStore, read: Schedule, saved_at: datetime
) -> None:
    """A number ahead of the history is refused as before."""
    with (
        pytest.raises(ConflictError, match="is at revision 2, not 7"),
        store.writing("jan", saved_at) as writer,
    ):
        writer.save(read.replace(name="Nieuw"), summary="", expected_revision=7)
