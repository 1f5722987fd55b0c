"""What every store promises of deletions and linked numbers."""

from datetime import datetime

import pytest

from schedules.errors import ConflictError, NotFoundError
from schedules.store import ScheduleStore
from schedules.telephone import NumberBlock
from tests.store.saving import MakeSchedule, Save


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
