"""Purging a schedule for good, whatever database kept it (semantics.md rule 20)."""

from datetime import datetime

import pytest

from schedules.errors import ConflictError, NotFoundError
from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule, MakeStore, MakeToken


@pytest.fixture
def store(make_store: MakeStore, make_schedule: MakeSchedule, saved_at: datetime) -> ScheduleStore:
    """Open a store with a schedule in force, and one of three revisions that was deleted."""
    store = make_store()
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("blijft", numbers=["+31850000000"]), summary="")
        writer.save(make_schedule("weg", numbers=["+31850000001"]), summary="")
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("weg", name="Anders"), summary="")
        writer.take_lock("weg", 60)
    with store.writing("piet", saved_at) as writer:
        writer.break_lock("weg")
        writer.delete("weg", summary="opgeheven")
    return store


def purge(store: ScheduleStore, at: datetime, schedule_id: str = "weg") -> int:
    """Purge a schedule in a transaction of its own."""
    with store.writing("jan", at) as writer:
        return writer.purge(schedule_id)


def test_nothing_is_left_of_it(store: ScheduleStore, saved_at: datetime) -> None:
    """Revisions and notes of locks are gone; the other schedule is as it was."""
    before = store.history("blijft")
    assert purge(store, saved_at) == 3
    with pytest.raises(NotFoundError, match="there is no schedule 'weg'"):
        store.history("weg")
    assert store.broken_locks("weg") == ()
    assert [one.schedule_id for one in store.currents()] == ["blijft"]
    assert list(store.numbers()) == [("+31850000000", "blijft")]
    assert store.history("blijft") == before


@pytest.mark.parametrize("schedule_id", ["blijft", "nooit-geweest"])
def test_only_a_deleted_schedule_is_purged(
    store: ScheduleStore, saved_at: datetime, schedule_id: str
) -> None:
    """One that is in force has to be deleted first; one that isn't there is told as such."""
    kind = ConflictError if schedule_id == "blijft" else NotFoundError
    with pytest.raises(kind, match="delete it first" if kind is ConflictError else "no schedule"):
        purge(store, saved_at, schedule_id)
    assert [one.schedule_id for one in store.currents()] == ["blijft"]
    assert len(store.history("weg")) == 3


def test_no_token_outlives_what_it_is_for(
    store: ScheduleStore, make_token: MakeToken, saved_at: datetime
) -> None:
    """Whatever got the id next would be open to it: each such token has to be revoked first."""
    with store.writing("jan", saved_at) as writer:
        for token_id, schedules in (("a1", {"weg"}), ("b2", {"blijft", "weg"}), ("c3", {"blijft"})):
            writer.add_token(make_token(token_id, schedules=frozenset(schedules)))
        writer.add_token(make_token("d4"))
    with pytest.raises(ConflictError) as refused:
        purge(store, saved_at)
    told = str(refused.value).splitlines()
    assert [line.partition(";")[2] for line in told] == [
        " `bereikbaar token revoke a1` first",
        " `bereikbaar token revoke b2` first",
    ]
    assert len(store.history("weg")) == 3
    for token_id in ("a1", "b2"):
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token(token_id)
    assert purge(store, saved_at) == 3


def test_it_is_purged_once(store: ScheduleStore, saved_at: datetime) -> None:
    """The second time there is nothing by that name."""
    purge(store, saved_at)
    with pytest.raises(NotFoundError):
        purge(store, saved_at)


def test_a_purge_that_is_undone_leaves_all(store: ScheduleStore, saved_at: datetime) -> None:
    """A failure after it in the same transaction brings everything back."""
    before = store.history("weg"), store.broken_locks("weg"), store.revision()
    with (  # noqa: PT012 - the failure comes after the purge
        pytest.raises(KeyError),
        store.writing("jan", saved_at) as writer,
    ):
        writer.purge("weg")
        raise KeyError
    assert (store.history("weg"), store.broken_locks("weg"), store.revision()) == before


def test_deleting_and_purging_at_once(
    store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Both fit in one transaction; the id is free then, and counts from 1."""
    with store.writing("jan", saved_at) as writer:
        writer.delete("blijft", summary="", is_forced=True)
        assert writer.purge("blijft") == 2
        assert writer.purge("weg") == 3
    assert list(store.currents()) == []
    with store.writing("jan", saved_at) as writer:
        assert writer.save(make_schedule("weg"), summary="") == 1
    assert [one.schedule_id for one in store.currents()] == ["weg"]


def test_who_knew_of_the_deletion_hears_nothing_new(
    store: ScheduleStore, saved_at: datetime
) -> None:
    """A reader that follows along needn't read everything again."""
    known = store.revision()
    purge(store, saved_at)
    changes = store.changed_since(known)
    assert (changes.revision, changes.changed, changes.deleted) == (known + 1, (), ())


def test_who_missed_the_deletion_reads_everything_again(
    store: ScheduleStore, saved_at: datetime
) -> None:
    """What is purged can't be told as deleted, so that a difference can't be told."""
    known = store.revision() - 1
    assert store.changed_since(known).deleted == ("weg",)
    purge(store, saved_at)
    with pytest.raises(ConflictError, match="purged; read everything again"):
        store.changed_since(known)
