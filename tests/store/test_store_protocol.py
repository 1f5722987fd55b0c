"""What every store promises of revisions, conflicts, transactions and changes."""

from datetime import datetime, timedelta, timezone

import pytest

from schedules.errors import ConflictError, NotFoundError, StoreUnavailableError
from schedules.revisions import document_of
from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule, MakeStore, MakeToken, Save


class TestRevisions:
    """Schedules are kept as revisions, appended only (semantics.md rule 20)."""

    def test_saved_schedule_is_read_back_equal(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """A saved schedule comes back as it was, with who saved it, when and why."""
        schedule = make_schedule(
            numbers=["+31850000000", "+31850000100..99"],
            exceptions={"open-dag": {"name": "Open dag", "dates": ["2026-12-05"]}},
        )
        with store.writing("jan", saved_at) as writer:
            assert writer.save(schedule, summary="eerste") == 1

        revision = store.current("hoofdkantoor")
        assert revision.schedule() == schedule
        assert (revision.revision, revision.author, revision.summary) == (1, "jan", "eerste")
        assert revision.saved_at == saved_at
        assert revision.document == document_of(schedule)
        assert revision.is_intact

    def test_time_is_kept_as_utc(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """A time of another offset is the same instant when read back, in UTC."""
        amsterdam = saved_at.astimezone(timezone(timedelta(hours=1)))
        with store.writing("jan", amsterdam) as writer:
            writer.save(make_schedule(), summary="")
        assert store.current("hoofdkantoor").saved_at == saved_at
        assert store.current("hoofdkantoor").saved_at.utcoffset() == timedelta(0)

    def test_naive_time_is_refused(self, store: ScheduleStore, saved_at: datetime) -> None:
        """A time without an offset is a mistake of the caller."""
        with (
            pytest.raises(ValueError, match="offset"),
            store.writing("jan", saved_at.replace(tzinfo=None)),
        ):
            pass

    def test_each_change_is_a_revision_and_history_keeps_all(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """Every change counts one up, and all earlier ones stay as they were."""
        for name in ("Een", "Twee", "Drie"):
            save(make_schedule(name=name), summary=name)
        assert [r.revision for r in store.history("hoofdkantoor")] == [1, 2, 3]
        assert [r.schedule().name for r in store.history("hoofdkantoor")] == ["Een", "Twee", "Drie"]
        assert store.current("hoofdkantoor").revision == 3

    def test_revisions_are_numbered_per_schedule(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """Each schedule counts for itself."""
        save(make_schedule("a"), make_schedule("b"))
        save(make_schedule("b", name="Nieuw"))
        assert {r.schedule_id: r.revision for r in store.currents()} == {"a": 1, "b": 2}

    def test_identical_content_makes_no_revision(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Saving what is there already changes nothing, whatever revision was read."""
        save(make_schedule())
        before = store.revision()
        with store.writing("piet", saved_at) as writer:
            assert writer.save(make_schedule(), summary="weer", expected_revision=7) == 1
        assert len(store.history("hoofdkantoor")) == 1
        assert store.revision() == before

    def test_writer_sees_its_own_changes(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Within a transaction, reading gives what it has written so far."""
        with store.writing("jan", saved_at) as writer:
            assert writer.current("hoofdkantoor") is None
            writer.save(make_schedule(), summary="")
            current = writer.current("hoofdkantoor")
            assert current is not None
            assert current.revision == 1

    def test_unknown_schedule_names_those_like_it(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """A mistyped id is answered with what was probably meant."""
        save(make_schedule("hoofdkantoor"), make_schedule("magazijn"))
        with pytest.raises(NotFoundError, match="did you mean hoofdkantoor"):
            store.current("hoofkantoor")
        with pytest.raises(NotFoundError, match="check the spelling"):
            store.history("zzz")


class TestConflicts:
    """An edit is refused when the schedule changed since it was read (semantics.md rule 20)."""

    def test_stale_revision_says_who_changed_it_and_when(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The refusal names the author and the time, and what to do."""
        save(make_schedule())
        save(make_schedule(name="Nieuw"), author="piet", summary="andere naam")
        with (
            pytest.raises(ConflictError, match=r"piet on 2026-11-22 at 10:00 UTC.*read it again"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.save(make_schedule(name="Mijn"), summary="", expected_revision=1)
        assert store.current("hoofdkantoor").schedule().name == "Nieuw"

    def test_present_revision_is_accepted(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """An edit of what is current goes through."""
        save(make_schedule())
        with store.writing("jan", saved_at) as writer:
            new = make_schedule(name="Nieuw")
            assert writer.save(new, summary="", expected_revision=1) == 2

    def test_revision_zero_means_new(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """A schedule that isn't to exist yet is made once only."""
        with store.writing("jan", saved_at) as writer:
            assert writer.save(make_schedule(), summary="", expected_revision=0) == 1
        with pytest.raises(ConflictError), store.writing("jan", saved_at) as writer:
            writer.save(make_schedule(name="Nieuw"), summary="", expected_revision=0)

    def test_absent_or_deleted_schedule_has_no_revision_to_change(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The refusal tells one that never was from one that was deleted."""
        with (
            pytest.raises(ConflictError, match="doesn't exist"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.save(make_schedule(), summary="", expected_revision=3)
        save(make_schedule())
        with store.writing("piet", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="opgeheven")
        with (
            pytest.raises(ConflictError, match="deleted by piet"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.save(make_schedule(name="Nieuw"), summary="", expected_revision=1)


class TestTransactions:
    """A transaction is saved whole or not at all."""

    def test_exception_after_several_saves_undoes_all(
        self,
        make_store: MakeStore,
        save: Save,
        make_schedule: MakeSchedule,
        make_token: MakeToken,
        saved_at: datetime,
    ) -> None:
        """What was saved before the failure is gone too, also for another connection."""
        store, other = make_store(), make_store()
        save(make_schedule("a", numbers=["+31850000000"]))
        before = store.revision()
        with (  # noqa: PT012 - the failure comes after the saves
            pytest.raises(KeyError, match="halfway"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.save(make_schedule("a", name="Nieuw"), summary="")
            writer.save(make_schedule("b", numbers=["+31850000001"]), summary="")
            writer.add_token(make_token())
            writer.delete("a", summary="", is_forced=True)
            raise KeyError("halfway")

        for one in (store, other):
            assert [(r.schedule_id, r.revision) for r in one.currents()] == [("a", 1)]
            assert list(one.numbers()) == [("+31850000000", "a")]
            assert one.all_tokens() == ()
            assert one.revision() == before

    def test_store_goes_on_after_a_refusal(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """A refused transaction leaves the connection fit for the next one."""
        save(make_schedule("a", numbers=["+31850000000"]))
        with pytest.raises(ConflictError):
            save(make_schedule("b", numbers=["+31850000000"]))
        save(make_schedule("b", numbers=["+31850000001"]))
        assert [r.schedule_id for r in store.currents()] == ["a", "b"]

    def test_each_transaction_with_a_change_counts_once(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The store revision goes up by one, however much a transaction changes."""
        assert store.revision() == 0
        save(make_schedule("a"), make_schedule("b"))
        assert store.revision() == 1
        with store.writing("jan", saved_at):
            pass
        assert store.revision() == 1

    def test_writer_is_of_no_use_afterwards(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """What is saved after the transaction has ended would stand alone: it is refused."""
        with store.writing("jan", saved_at) as writer:
            pass
        with pytest.raises(StoreUnavailableError, match="ended"):
            writer.save(make_schedule(), summary="")
        assert list(store.currents()) == []

    def test_reading_holds_one_moment(
        self, make_store: MakeStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """What another connection saves meanwhile shows afterwards only."""
        save(make_schedule("a"))
        reader = make_store()
        with reader.reading():
            assert reader.revision() == 1
            save(make_schedule("b"))
            assert [r.schedule_id for r in reader.currents()] == ["a"]
            assert reader.revision() == 1
        assert [r.schedule_id for r in reader.currents()] == ["a", "b"]


class TestChanges:
    """A reader that knows a store revision learns what is new since."""

    def test_only_what_changed_is_given(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Saved schedules come with their current revision, deleted ones by id."""
        save(make_schedule("a"), make_schedule("b"), make_schedule("c"))
        known = store.revision()
        save(make_schedule("b", name="Twee"))
        save(make_schedule("b", name="Drie"))
        with store.writing("jan", saved_at) as writer:
            writer.delete("c", summary="")

        changes = store.changed_since(known)
        assert [(r.schedule_id, r.revision) for r in changes.changed] == [("b", 3)]
        assert changes.deleted == ("c",)
        assert changes.revision == store.revision() == known + 3
        assert not changes.has_new_tokens

    def test_nothing_changed(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """Up to date means empty."""
        save(make_schedule())
        changes = store.changed_since(store.revision())
        assert (changes.changed, changes.deleted, changes.has_new_tokens) == ((), (), False)

    def test_token_changes_are_told(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Adding and revoking a token both count."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token())
        assert store.changed_since(0).has_new_tokens
        assert not store.changed_since(1).has_new_tokens
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")
        assert store.changed_since(1).has_new_tokens

    def test_store_that_went_back_asks_to_read_all_again(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """After an older backup was put back, a difference can't be told."""
        save(make_schedule())
        with pytest.raises(ConflictError, match="read everything again"):
            store.changed_since(9)

    def test_data_version_differs_after_another_connection_saved(
        self, make_store: MakeStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """Polling tells that something was committed, and is quiet otherwise."""
        poller = make_store()
        before = poller.data_version()
        assert poller.data_version() == before
        save(make_schedule())
        assert poller.data_version() != before
