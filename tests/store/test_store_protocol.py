"""What every store promises, whatever database keeps it (architecture.md: Decided)."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from schedules.errors import ConflictError, NotFoundError, StoreUnavailableError
from schedules.model import Schedule
from schedules.revisions import DamagedRevisionError, Revision, document_of
from schedules.store import ScheduleStore, Token
from schedules.telephone import NumberBlock

MakeStore = Callable[[], ScheduleStore]
MakeSchedule = Callable[..., Schedule]
MakeToken = Callable[..., Token]


@pytest.fixture
def save(store: ScheduleStore, saved_at: datetime) -> Callable[..., None]:
    """Save schedules in one transaction of their own."""

    def save(*schedules: Schedule, author: str = "jan", summary: str = "bewaard") -> None:
        with store.writing(author, saved_at) as writer:
            for schedule in schedules:
                writer.save(schedule, summary=summary)

    return save


Save = Callable[..., None]


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


class TestDeletion:
    """A deleted schedule keeps its revisions."""

    def test_deleted_schedule_is_gone_but_its_history_stays(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """It is no longer current; history says who deleted it."""
        save(make_schedule("a"), make_schedule("b"))
        with store.writing("piet", saved_at) as writer:
            writer.delete("a", summary="opgeheven")
            assert writer.current("a") is None
        assert [r.schedule_id for r in store.currents()] == ["b"]
        with pytest.raises(NotFoundError, match="deleted by piet"):
            store.current("a")
        first, last = store.history("a")
        assert first.schedule().id == "a"
        assert last.is_deletion
        assert (last.author, last.summary) == ("piet", "opgeheven")
        with pytest.raises(NotFoundError, match="deleted"):
            last.schedule()

    def test_saving_again_continues_the_numbering(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The same content saved after the deletion is a new revision."""
        save(make_schedule())
        with store.writing("jan", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="")
        with store.writing("jan", saved_at) as writer:
            assert writer.save(make_schedule(), summary="", expected_revision=0) == 3
        assert store.current("hoofdkantoor").schedule() == make_schedule()

    def test_linked_numbers_forbid_it_unless_forced(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The refusal names the numbers; forced, they are free."""
        save(make_schedule(numbers=["+31850000000", "+31850000100..99"]))
        with (
            pytest.raises(ConflictError, match=r"\+31850000000, \+31850000100\.\.99"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.delete("hoofdkantoor", summary="")
        with store.writing("jan", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="", is_forced=True)
        assert list(store.numbers()) == []
        save(make_schedule("b", numbers=["+31850000150"]))

    def test_unknown_or_deleted_schedule_is_not_found(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Nothing is deleted twice."""
        save(make_schedule())
        with store.writing("jan", saved_at) as writer:
            writer.delete("hoofdkantoor", summary="")
        for schedule_id in ("hoofdkantoor", "nooit-geweest"):
            with pytest.raises(NotFoundError), store.writing("jan", saved_at) as writer:
                writer.delete(schedule_id, summary="")


CLASHES = [
    pytest.param(["+31850000150"], ["+31850000150"], id="same-number"),
    pytest.param(["+31850000150"], ["+31850000100..99"], id="block-over-number"),
    pytest.param(["+31850000100..99"], ["+31850000100"], id="first-of-block"),
    pytest.param(["+31850000100..99"], ["+31850000199"], id="last-of-block"),
    pytest.param(["+31850000100..99"], ["+31850000190..209"], id="blocks-overlap-at-the-end"),
    pytest.param(["+31850000100..99"], ["+31850000090..109"], id="blocks-overlap-at-the-start"),
    pytest.param(["+31850000100..99"], ["+31850000120..9"], id="block-within-block"),
    pytest.param(["+31850000000..99999"], ["+31850099999"], id="last-of-the-largest-block"),
    pytest.param(["+31850099999"], ["+31850000000..99999"], id="largest-block-over-its-last"),
]
NEIGHBOURS = [
    pytest.param(["+31850000100..99"], ["+31850000099"], id="one-before"),
    pytest.param(["+31850000100..99"], ["+31850000200"], id="one-after"),
    pytest.param(["+31850000000..99999"], ["+31850100000"], id="after-the-largest-block"),
]


class TestNumbers:
    """A number is linked to one schedule at most (semantics.md rule 25)."""

    @pytest.mark.parametrize(("held", "wanted"), CLASHES)
    def test_clash_is_refused_naming_the_holder(
        self,
        store: ScheduleStore,
        save: Save,
        make_schedule: MakeSchedule,
        held: list[str],
        wanted: list[str],
    ) -> None:
        """Linking what another schedule holds, as a whole or in part, changes nothing."""
        save(make_schedule("magazijn", numbers=held))
        with pytest.raises(ConflictError) as refusal:
            save(make_schedule("winkel", numbers=wanted))
        assert f"winkel: {wanted[0]} is linked to magazijn" in str(refusal.value)
        assert "unlink it there first" in str(refusal.value)
        assert [holder for _, holder in store.numbers()] == ["magazijn"]

    @pytest.mark.parametrize(("held", "wanted"), NEIGHBOURS)
    def test_neighbours_do_not_clash(
        self,
        store: ScheduleStore,
        save: Save,
        make_schedule: MakeSchedule,
        held: list[str],
        wanted: list[str],
    ) -> None:
        """The number before or after a block is free."""
        save(make_schedule("magazijn", numbers=held))
        save(make_schedule("winkel", numbers=wanted))
        assert sorted(store.numbers()) == sorted([(held[0], "magazijn"), (wanted[0], "winkel")])

    def test_every_clash_is_named_at_once(self, save: Save, make_schedule: MakeSchedule) -> None:
        """One refusal lists them all, also between schedules of the same transaction."""
        save(
            make_schedule("a", numbers=["+31850000000"]),
            make_schedule("b", numbers=["+31850000001"]),
        )
        with pytest.raises(ConflictError) as refusal:
            save(
                make_schedule("c", numbers=["+31850000000..9", "+31850000055"]),
                make_schedule("d", numbers=["+31850000050..9"]),
            )
        lines = str(refusal.value).splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("schedule c: +31850000000..9 is linked to a already, within")
        assert lines[1].startswith("schedule c: +31850000000..9 is linked to b already, within")
        assert lines[2].startswith("schedule c: +31850000055 is linked to d already, within")

    @pytest.mark.parametrize("order", ["giver-first", "taker-first"])
    def test_number_moves_within_one_transaction(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule, order: str
    ) -> None:
        """Whichever schedule is saved first, only the end of the transaction counts."""
        save(make_schedule("a", numbers=["+31850000100..99"]), make_schedule("b"))
        giver, taker = make_schedule("a"), make_schedule("b", numbers=["+31850000150"])
        save(*((giver, taker) if order == "giver-first" else (taker, giver)))
        assert list(store.numbers()) == [("+31850000150", "b")]

    def test_numbers_swap_within_one_transaction(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """Two schedules may exchange what they hold."""
        save(
            make_schedule("a", numbers=["+31850000000"]),
            make_schedule("b", numbers=["+31850000001"]),
        )
        save(
            make_schedule("a", numbers=["+31850000001"]),
            make_schedule("b", numbers=["+31850000000"]),
        )
        assert list(store.numbers()) == [("+31850000000", "b"), ("+31850000001", "a")]

    def test_holder_of_a_block(
        self, store: ScheduleStore, save: Save, make_schedule: MakeSchedule
    ) -> None:
        """The holder of the lowest taken number is named; free blocks have none."""
        save(
            make_schedule("a", numbers=["+31850000100..99"]),
            make_schedule("b", numbers=["+31850000205"]),
        )
        cases = {
            (31850000150, 31850000150): "a",
            (31850000190, 31850000299): "a",
            (31850000200, 31850000299): "b",
            (31850000200, 31850000204): None,
            (31850000000, 31850000099): None,
        }
        found = {span: store.holder_of(NumberBlock(*span)) for span in cases}
        assert found == cases


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


class TestTokens:
    """Tokens are kept by the hash of their secret (quality.md: Threats)."""

    def test_token_is_read_back_equal(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Scopes and networks come back as they were given."""
        token = make_token(
            is_operator=True,
            schedules=frozenset({"a", "b"}),
            networks=("10.0.0.0/8", "2001:db8::/32"),
        )
        with store.writing("jan", saved_at) as writer:
            writer.add_token(token)
        assert store.tokens() == (token,)
        assert store.revision() == 1

    def test_revoked_token_is_kept_but_not_live(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Of two with one name, the one revoked by id is no longer live; both are kept."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1"))
            writer.add_token(make_token("t2"))
        with store.writing("jan", saved_at) as writer:
            revoked = writer.revoke_token("t1")
        assert revoked == dataclasses.replace(make_token("t1"), revoked_at=saved_at)
        assert [token.id for token in store.tokens()] == ["t2"]
        assert [token.id for token in store.all_tokens()] == ["t1", "t2"]

    def test_name_is_enough_while_one_live_token_has_it(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """A shared name is refused, naming the ids; once one is revoked the name will do."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1"))
            writer.add_token(make_token("t2"))
        with (
            pytest.raises(ConflictError, match="t1, t2"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.revoke_token("centrale")
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t2")
            assert writer.revoke_token("centrale").id == "t1"
        assert store.tokens() == ()

    def test_unknown_or_revoked_token_is_not_found(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """The refusal names what was probably meant."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token())
        with (
            pytest.raises(NotFoundError, match="did you mean centrale"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.revoke_token("central")
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")
        with pytest.raises(NotFoundError), store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")

    @pytest.mark.parametrize("taken", ["id", "sha256"])
    def test_taken_id_or_secret_is_refused(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime, taken: str
    ) -> None:
        """Neither two ids nor two secrets are alike."""
        first = make_token("t1")
        second = dataclasses.replace(make_token("t2"), **{taken: getattr(first, taken)})
        with store.writing("jan", saved_at) as writer:
            writer.add_token(first)
        with pytest.raises(ConflictError), store.writing("jan", saved_at) as writer:
            writer.add_token(second)
        assert store.tokens() == (first,)


class TestRevisionValues:
    """A revision knows whether it is what was saved."""

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"document": "{}"}, id="document"),
            pytest.param({"schedule_id": "ander"}, id="rows-of-two-schedules-swapped"),
            pytest.param({"revision": 2}, id="rows-of-two-revisions-swapped"),
            pytest.param({"author": "piet"}, id="author"),
            pytest.param({"summary": "iets anders"}, id="summary"),
            pytest.param({"sha256": "0" * 64}, id="checksum"),
            pytest.param({"document": ""}, id="looks-deleted"),
        ],
    )
    def test_altered_revision_is_not_intact(
        self, make_schedule: MakeSchedule, saved_at: datetime, changes: dict[str, object]
    ) -> None:
        """Any altered field shows, and the schedule isn't given out."""
        document = document_of(make_schedule())
        revision = Revision("hoofdkantoor", 1, document, "", "jan", saved_at, "eerste").sealed()
        altered = dataclasses.replace(revision, **changes)  # type: ignore[arg-type]
        assert revision.is_intact
        assert not altered.is_intact
        assert not altered.is_deletion
        with pytest.raises(DamagedRevisionError, match=r"revision \d.*roll back"):
            altered.schedule()

    def test_unreadable_document_names_revision_and_remedy(self, saved_at: datetime) -> None:
        """An intact text that is no schedule for this version is told as such."""
        revision = Revision("a", 4, '{"id": "a"}', "", "jan", saved_at, "").sealed()
        with pytest.raises(DamagedRevisionError, match=r"schedule a, revision 4.*roll back"):
            revision.schedule()
