"""PINs of schedules, whatever database keeps them."""

from datetime import datetime

import pytest

from schedules.errors import NotFoundError
from schedules.recording_pins import PinHash, SetPin
from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule, MakeStore


@pytest.fixture
def store(make_store: MakeStore, make_schedule: MakeSchedule, saved_at: datetime) -> ScheduleStore:
    """Open a store with two schedules."""
    store = make_store()
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("een"), summary="")
        writer.save(make_schedule("twee"), summary="")
    return store


def put(store: ScheduleStore, at: datetime, schedule_id: str, pin: PinHash | None) -> None:
    """Set or remove a PIN in a transaction of its own."""
    with store.writing("jan", at) as writer:
        writer.set_recording_pin(schedule_id, pin)


def test_a_schedule_has_no_pin_until_it_gets_one(store: ScheduleStore, saved_at: datetime) -> None:
    """It is kept for that schedule alone, can be replaced, and removed twice."""
    first, second = PinHash("0a", "1b"), PinHash("2c", "3d")
    assert store.recording_pin("een") is None
    put(store, saved_at, "een", first)
    assert store.recording_pin("een") == first
    assert store.recording_pin("twee") is None
    put(store, saved_at, "twee", first)
    put(store, saved_at, "een", second)
    assert store.recording_pin("een") == second
    assert store.set_pins() == (SetPin("een", "jan", saved_at), SetPin("twee", "jan", saved_at))
    put(store, saved_at, "een", None)
    put(store, saved_at, "een", None)
    assert store.recording_pin("een") is None
    assert [one.schedule_id for one in store.set_pins()] == ["twee"]


def test_a_pin_is_no_revision(store: ScheduleStore, saved_at: datetime) -> None:
    """Neither the schedule's revision nor the store's counts it: no daemon reads anything anew."""
    before = store.revision(), list(store.currents())
    put(store, saved_at, "een", PinHash("0a", "1b"))
    assert (store.revision(), list(store.currents())) == before


def test_another_connection_sees_it(
    store: ScheduleStore, make_store: MakeStore, saved_at: datetime
) -> None:
    """The daemon takes a recording by the PIN that was just set."""
    put(store, saved_at, "een", PinHash("0a", "1b"))
    assert make_store().recording_pin("een") == PinHash("0a", "1b")


@pytest.mark.parametrize("pin", [PinHash("0a", "1b"), None], ids=["set", "remove"])
@pytest.mark.parametrize("schedule_id", ["twee", "nooit-geweest"])
def test_only_a_schedule_that_is_there_gets_one(
    store: ScheduleStore, saved_at: datetime, schedule_id: str, pin: PinHash | None
) -> None:
    """One that was deleted, or never was, is told as such."""
    with store.writing("jan", saved_at) as writer:
        writer.delete("twee", summary="")
    with pytest.raises(NotFoundError, match=schedule_id):
        put(store, saved_at, schedule_id, pin)


def test_a_purged_schedule_leaves_no_pin(
    store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Whatever gets its id next isn't open to who knew the PIN."""
    put(store, saved_at, "een", PinHash("0a", "1b"))
    with store.writing("jan", saved_at) as writer:
        writer.delete("een", summary="")
        writer.purge("een")
        writer.save(make_schedule("een"), summary="")
    assert store.recording_pin("een") is None
    assert store.set_pins() == ()


def test_a_pin_that_is_undone_was_never_set(store: ScheduleStore, saved_at: datetime) -> None:
    """It goes with the rest of its transaction."""
    with (  # noqa: PT012 - the failure comes after it
        pytest.raises(KeyError),
        store.writing("jan", saved_at) as writer,
    ):
        writer.set_recording_pin("een", PinHash("0a", "1b"))
        raise KeyError
    assert store.recording_pin("een") is None
