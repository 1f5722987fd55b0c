"""Edit locks, whatever database keeps them (semantics.md rule 26)."""

from datetime import datetime, timedelta

import pytest

from schedules.edit_locks import BrokenLock, EditLock
from schedules.errors import ConflictError, LockedError, NotFoundError
from schedules.store import ScheduleStore
from tests.store.saving import MakeSchedule, MakeStore

HALF_AN_HOUR = 30 * 60
OVERRIDE = {
    "from": "2026-11-22T10:00Z",
    "until": "2026-11-22T12:00Z",
    "slot": "open",
    "reason": "Proef",
}


@pytest.fixture
def store(make_store: MakeStore, make_schedule: MakeSchedule, saved_at: datetime) -> ScheduleStore:
    """Open a store with one schedule, which jan has locked for half an hour."""
    store = make_store()
    with store.writing("jan", saved_at) as writer:
        writer.save(make_schedule(), summary="eerste")
        writer.take_lock("hoofdkantoor", HALF_AN_HOUR)
    return store


def after(at: datetime, seconds: float) -> datetime:
    """Return an instant so many seconds later."""
    return at + timedelta(seconds=seconds)


class TestTaking:
    """One user at a time holds the lock of a schedule."""

    def test_a_lock_names_its_holder_and_its_end(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """It is shown alone and among all."""
        lock = EditLock("hoofdkantoor", "jan", after(saved_at, HALF_AN_HOUR))
        assert store.lock("hoofdkantoor", saved_at) == lock
        assert store.locks(saved_at) == (lock,)
        assert store.lock("filiaal", saved_at) is None

    def test_somebody_else_is_refused_naming_holder_end_and_remedy(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """Taking it over isn't done by asking for it."""
        with (
            pytest.raises(
                LockedError,
                match=r"hoofdkantoor is being edited by jan until 2026-11-22 at 10:30:00 UTC; "
                r"wait.*lock break hoofdkantoor",
            ),
            store.writing("piet", saved_at) as writer,
        ):
            writer.take_lock("hoofdkantoor", 60)
        lock = store.lock("hoofdkantoor", saved_at)
        assert lock is not None
        assert lock.holder == "jan"

    @pytest.mark.parametrize("way", ["take", "renew"])
    def test_the_holder_renews_it(self, store: ScheduleStore, saved_at: datetime, way: str) -> None:
        """It then lasts as long as was asked, from that moment on."""
        later = after(saved_at, 600)
        with store.writing("jan", later) as writer:
            renew = writer.take_lock if way == "take" else writer.renew_lock
            lock = renew("hoofdkantoor", HALF_AN_HOUR)
        assert lock.expires_at == after(saved_at, 600 + HALF_AN_HOUR)
        assert store.locks(later) == (lock,)

    @pytest.mark.parametrize(("seconds", "refusals"), [(HALF_AN_HOUR - 1, 1), (HALF_AN_HOUR, 0)])
    def test_it_holds_up_to_not_including_its_last_second(
        self,
        store: ScheduleStore,
        make_schedule: MakeSchedule,
        saved_at: datetime,
        seconds: int,
        refusals: int,
    ) -> None:
        """One second before the end others wait; at the end it is gone."""
        at = after(saved_at, seconds)
        assert len(store.locks(at)) == refusals
        changed = make_schedule(name="Nieuw")
        if refusals:
            with pytest.raises(LockedError), store.writing("piet", at) as writer:
                writer.save(changed, summary="")
        else:
            with store.writing("piet", at) as writer:
                writer.save(changed, summary="")
                assert writer.take_lock("hoofdkantoor", 60).holder == "piet"

    def test_fractions_of_a_second_never_lengthen_it(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """It ends at a whole second."""
        with store.writing("jan", after(saved_at, 0.7)) as writer:
            lock = writer.take_lock("hoofdkantoor", 60)
        assert lock.expires_at == after(saved_at, 60)
        assert store.lock("hoofdkantoor", after(saved_at, 59.9)) == lock
        assert store.lock("hoofdkantoor", after(saved_at, 60)) is None

    def test_a_clock_that_was_wrong_locks_nobody_out(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """What lasts longer from now on than any lock may was taken in another time."""
        with store.writing("jan", after(saved_at, 3_600 * 24 * 365)) as writer:
            writer.take_lock("hoofdkantoor", HALF_AN_HOUR)
        assert store.locks(saved_at) == ()
        with store.writing("piet", saved_at) as writer:
            writer.save(make_schedule(name="Nieuw"), summary="")

    @pytest.mark.parametrize("seconds", [0, -1, 24 * 3_600 + 1])
    def test_a_lock_lasts_a_day_at_most(
        self, store: ScheduleStore, saved_at: datetime, seconds: int
    ) -> None:
        """Anything else is a mistake of the caller."""
        with (
            pytest.raises(ValueError, match="lasts 1 to 86400 seconds"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.take_lock("hoofdkantoor", seconds)

    def test_only_a_schedule_that_is_there_is_locked(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """A mistyped id is told; so is one that was deleted, and the deletion ends its lock."""
        with (
            pytest.raises(NotFoundError, match="hoofdkantoor"),
            store.writing("jan", saved_at) as w,
        ):
            w.take_lock("hoofkantoor", 60)
        with store.writing("jan", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="")
        assert store.locks(saved_at) == ()
        with (
            pytest.raises(NotFoundError, match="deleted"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.take_lock("hoofdkantoor", 60)


class TestSaving:
    """Whoever doesn't hold the lock changes nothing but overrides."""

    @pytest.mark.parametrize("act", ["save", "delete"])
    def test_it_stops_everybody_else(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime, act: str
    ) -> None:
        """Saving and deleting are refused, and the transaction with it."""
        with (  # noqa: PT012 - the first save is to be undone with the second
            pytest.raises(LockedError, match="edited by jan"),
            store.writing("piet", saved_at) as writer,
        ):
            writer.save(make_schedule("filiaal"), summary="")
            if act == "save":
                writer.save(make_schedule(name="Nieuw"), summary="")
            else:
                writer.delete("hoofdkantoor", summary="", is_forced=True)
        assert [one.schedule_id for one in store.currents()] == ["hoofdkantoor"]
        assert store.current("hoofdkantoor").revision == 1

    def test_the_holder_saves_and_others_read(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The lock stays his until he gives it up."""
        with store.writing("jan", saved_at) as writer:
            assert writer.save(make_schedule(name="Nieuw"), summary="") == 2
        assert store.current("hoofdkantoor").schedule().name == "Nieuw"
        assert len(store.locks(saved_at)) == 1

    def test_saving_what_is_there_already_is_no_change(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Nothing is refused where nothing would be saved."""
        with store.writing("piet", saved_at) as writer:
            assert writer.save(make_schedule(), summary="") == 1

    def test_an_override_passes(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The emergency brake is set and taken off by anybody (rule 7)."""
        with store.writing("piet", saved_at) as writer:
            assert writer.save(make_schedule(overrides={"nood": OVERRIDE}), summary="") == 2
        with store.writing("piet", saved_at) as writer:
            assert writer.save(make_schedule(), summary="") == 3

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"name": "Nieuw"}, id="name"),
            pytest.param({"numbers": ["+31850000000"]}, id="numbers"),
            pytest.param(
                {"forwards": {"a": {"name": "A", "number": "+31612345678"}}}, id="forward"
            ),
            pytest.param({"holidays": {"koningsdag": {}}}, id="holiday"),
            pytest.param({"expect": [{"at": "2026-12-25T10:00", "status": "closed"}]}, id="expect"),
        ],
    )
    def test_what_comes_along_with_an_override_does_not_pass(
        self,
        store: ScheduleStore,
        make_schedule: MakeSchedule,
        saved_at: datetime,
        other: dict[str, object],
    ) -> None:
        """A save that changes an override and anything else is held up as a whole."""
        with pytest.raises(LockedError), store.writing("piet", saved_at) as writer:
            writer.save(make_schedule(overrides={"nood": OVERRIDE}, **other), summary="")
        assert store.current("hoofdkantoor").revision == 1

    def test_a_deleted_schedule_comes_back_only_by_a_save(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Its lock went with it, so that anybody may bring it back."""
        with store.writing("jan", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="")
        with store.writing("piet", saved_at) as writer:
            assert writer.save(make_schedule(), summary="") == 3


class TestGivingUp:
    """A lock is released by its holder or broken by an operator."""

    def test_a_released_lock_is_gone(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Anybody may save then; nothing is left to release or renew."""
        with store.writing("jan", saved_at) as writer:
            assert writer.release_lock("hoofdkantoor").holder == "jan"
        with store.writing("piet", saved_at) as writer:
            writer.save(make_schedule(name="Nieuw"), summary="")
        with (
            pytest.raises(NotFoundError, match="jan holds no lock"),
            store.writing("jan", saved_at) as w,
        ):
            w.release_lock("hoofdkantoor")
        with (
            pytest.raises(NotFoundError, match="jan holds no lock"),
            store.writing("jan", saved_at) as w,
        ):
            w.renew_lock("hoofdkantoor", 60)

    @pytest.mark.parametrize("act", ["release", "renew"])
    def test_nobody_releases_or_renews_the_lock_of_another(
        self, store: ScheduleStore, saved_at: datetime, act: str
    ) -> None:
        """That is what breaking is for."""
        with (
            pytest.raises(LockedError, match="edited by jan"),
            store.writing("piet", saved_at) as w,
        ):
            w.release_lock("hoofdkantoor") if act == "release" else w.renew_lock("hoofdkantoor", 60)
        assert len(store.locks(saved_at)) == 1

    def test_a_broken_lock_is_noted_and_its_holder_told(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """He doesn't get it back by renewing; taking it again is a step of its own."""
        later = after(saved_at, 90)
        with store.writing("piet", later) as writer:
            assert writer.break_lock("hoofdkantoor").holder == "jan"
            writer.save(make_schedule(name="Nieuw"), summary="")
        assert store.locks(later) == ()
        assert store.broken_locks("hoofdkantoor") == (
            BrokenLock("hoofdkantoor", "jan", "piet", later),
        )
        with (
            pytest.raises(ConflictError, match="broken by piet on 2026-11-22 at 10:01:30 UTC"),
            store.writing("jan", later) as writer,
        ):
            writer.renew_lock("hoofdkantoor", 60)
        with store.writing("jan", later) as writer:
            assert writer.take_lock("hoofdkantoor", 60).holder == "jan"

    def test_after_a_break_the_next_holder_is_named(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """Who holds it now matters more than who broke it."""
        with store.writing("piet", saved_at) as writer:
            writer.break_lock("hoofdkantoor")
            writer.take_lock("hoofdkantoor", 60)
        with (
            pytest.raises(LockedError, match="edited by piet"),
            store.writing("jan", saved_at) as w,
        ):
            w.renew_lock("hoofdkantoor", 60)

    def test_a_break_long_ago_is_told_no_more(
        self, store: ScheduleStore, saved_at: datetime
    ) -> None:
        """A day later the lock would have expired all the same."""
        with store.writing("piet", saved_at) as writer:
            writer.break_lock("hoofdkantoor")
        with (
            pytest.raises(NotFoundError, match="expired, or never was"),
            store.writing("jan", after(saved_at, 24 * 3_600 + 1)) as writer,
        ):
            writer.renew_lock("hoofdkantoor", 60)

    def test_there_is_nothing_to_break(self, store: ScheduleStore, saved_at: datetime) -> None:
        """A lock that has expired is none."""
        at = after(saved_at, HALF_AN_HOUR)
        with (
            pytest.raises(NotFoundError, match="nobody holds"),
            store.writing("piet", at) as writer,
        ):
            writer.break_lock("hoofdkantoor")
        assert store.broken_locks("hoofdkantoor") == ()

    def test_a_refused_transaction_takes_no_lock(
        self, store: ScheduleStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Locks are taken and broken with the rest of a transaction, or not at all."""
        with (  # noqa: PT012 - the break is to be undone with the rest
            pytest.raises(KeyError),
            store.writing("piet", saved_at) as writer,
        ):
            writer.break_lock("hoofdkantoor")
            writer.save(make_schedule(name="Nieuw"), summary="")
            raise KeyError
        assert [lock.holder for lock in store.locks(saved_at)] == ["jan"]
        assert store.broken_locks("hoofdkantoor") == ()


def test_locks_are_no_change_of_the_schedules(store: ScheduleStore, saved_at: datetime) -> None:
    """The store revision stays, so that nobody reads schedules again; that of locks counts."""
    revision, changes = store.revision(), store.lock_changes()
    with store.writing("jan", saved_at) as writer:
        writer.renew_lock("hoofdkantoor", 60)
    assert store.revision() == revision
    assert store.lock_changes() > changes
