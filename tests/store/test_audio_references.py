"""Which schedules need a message, whatever database notes it."""

from datetime import datetime

import pytest

from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule, MakeStore

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def audio(**messages: str) -> dict[str, dict[str, str]]:
    """Return the messages of a document, by id."""
    return {name: {"name": name, "sha256": sha256} for name, sha256 in messages.items()}


@pytest.fixture
def store(make_store: MakeStore, make_schedule: MakeSchedule, saved_at: datetime) -> ScheduleStore:
    """Open a store with a message that two schedules name, one twice, and one of its own."""
    store = make_store()
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("een", audio=audio(gesloten=A, weg=A, pauze=B)), summary="")
        writer.save(make_schedule("twee", audio=audio(gesloten=A)), summary="")
        writer.save(make_schedule("zonder"), summary="")
    return store


def test_a_store_without_messages_needs_none(make_store: MakeStore) -> None:
    """No message is anybody's."""
    store = make_store()
    assert store.audio_references() == frozenset()
    assert store.audio_users(A) == ()


def test_users_of_a_message_are_told(store: ScheduleStore) -> None:
    """Each schedule once, sorted."""
    assert store.audio_references() == {A, B}
    assert store.audio_users(A) == ("een", "twee")
    assert store.audio_users(B) == ("een",)
    assert store.audio_users(C) == ()


def test_an_earlier_revision_still_needs_its_message(
    store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Whoever rolls back to it has callers hear it again; a rollback notes nothing new."""
    for messages in (audio(gesloten=C), audio(gesloten=A, pauze=B), {}):
        with store.writing("jan", saved_at) as writer:
            writer.save(make_schedule("een", audio=messages), summary="")
    assert store.audio_references() == {A, B, C}
    assert store.audio_users(B) == ("een",)


def test_a_deleted_schedule_still_needs_its_messages(
    store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """It can be restored, and saved again."""
    with store.writing("jan", saved_at) as writer:
        writer.delete("een", summary="")
    assert store.audio_users(B) == ("een",)
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("een", audio=audio(nieuw=C)), summary="")
    assert store.audio_users(B) == store.audio_users(C) == ("een",)


def test_a_purged_schedule_needs_nothing(store: ScheduleStore, saved_at: datetime) -> None:
    """What others name too is still theirs; all in one transaction, which sees it already."""
    with store.writing("jan", saved_at) as writer:
        writer.delete("een", summary="")
        writer.purge("een")
        assert store.audio_references() == {A}
    assert store.audio_references() == {A}
    assert store.audio_users(A) == ("twee",)


def test_what_is_undone_noted_nothing(
    store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """A save and a purge that are undone leave the notes as they were."""
    with (  # noqa: PT012 - the failure comes after them
        pytest.raises(KeyError),
        store.writing("jan", saved_at) as writer,
    ):
        writer.save(make_schedule("drie", audio=audio(nieuw=C)), summary="")
        writer.delete("een", summary="")
        writer.purge("een")
        raise KeyError
    assert store.audio_references() == {A, B}
    assert store.audio_users(C) == ()
