"""A store that is damaged says so, and never gives a wrong answer."""

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from schedules.errors import DamagedRowsError, StoreUnavailableError
from schedules.revisions import DamagedRevisionError
from schedules.sqlite_store import DATABASE_NAME, SqliteStore, open_store
from tests.store.saving import MakeSchedule, MakeToken
from tests.store.sqlite_rows import damage, save

AUDIO = {"gesloten": {"name": "Gesloten", "sha256": "a" * 64}}


class TestDamage:
    """What is no longer what was saved is never given out as if it were."""

    @pytest.fixture
    def data_dir(
        self, tmp_path: Path, make_schedule: MakeSchedule, make_token: MakeToken, saved_at: datetime
    ) -> Path:
        """Make a store of two schedules, of two revisions the second, with numbers and tokens."""
        with closing(open_store(tmp_path)) as store:
            save(
                store,
                saved_at,
                make_schedule("a", numbers=["+31850000000"], audio=AUDIO),
                make_schedule("b", numbers=["+31850000100..99"]),
            )
            save(store, saved_at, make_schedule("b", name="Nieuw", numbers=["+31850000100..99"]))
            with store.writing("jan", saved_at) as writer:
                writer.add_token(make_token("t1", schedules=frozenset({"a"})))
        return tmp_path

    @pytest.mark.parametrize(
        "sql",
        [
            pytest.param("document = replace(document, 'closed', 'open')", id="other-hours"),
            pytest.param("document = ''", id="looks-deleted"),
            pytest.param("document = x'ff00fe'", id="no-text"),
            pytest.param("document = CAST(x'7bff7d' AS TEXT)", id="broken-utf-8"),
            pytest.param("document = 5", id="a-number"),
            pytest.param("saved_at = 'gisteren'", id="no-time"),
            pytest.param("saved_at = 5", id="time-is-a-number"),
            pytest.param("author = 'piet'", id="other-author"),
        ],
    )
    def test_damaged_row_is_told_and_the_others_are_given(self, data_dir: Path, sql: str) -> None:
        """One schedule is named as damaged; the other one is read as always."""
        damage(data_dir, f"UPDATE revisions SET {sql} WHERE schedule_id = 'a'")  # noqa: S608
        with closing(open_store(data_dir)) as store:
            damaged, whole = store.currents()
            assert (damaged.schedule_id, whole.schedule_id) == ("a", "b")
            with pytest.raises(DamagedRevisionError, match="schedule a, revision 1"):
                damaged.schedule()
            assert whole.schedule().name == "Nieuw"

    @pytest.mark.parametrize(
        ("read", "sql"),
        [
            ("currents", "DELETE FROM schedules WHERE id = 'b'"),
            ("currents", "DELETE FROM schedules"),
            ("currents", "UPDATE schedules SET revision = 1 WHERE id = 'b'"),
            ("currents", "UPDATE schedules SET id = 'c' WHERE id = 'b'"),
            ("currents", "UPDATE state SET schedules_seal = 'kapot'"),
            ("currents", "DELETE FROM state"),
            ("numbers", "DELETE FROM numbers WHERE schedule_id = 'a'"),
            ("numbers", "UPDATE numbers SET first = first + 1, last = last + 1"),
            ("numbers", "UPDATE numbers SET schedule_id = 'b'"),
            ("numbers", "UPDATE numbers SET last = 5e300"),
            ("tokens", "UPDATE tokens SET is_operator = 1"),
            ("tokens", "UPDATE tokens SET schedules = '[]'"),
            ("tokens", "UPDATE tokens SET created_at = 'kapot'"),
            ("tokens", "DELETE FROM tokens"),
            ("all_tokens", "UPDATE tokens SET revoked_at = created_at"),
            ("revision", "DELETE FROM state"),
        ],
    )
    def test_lost_or_altered_row_of_a_table_is_told(
        self, data_dir: Path, read: str, sql: str
    ) -> None:
        """Rows that decide something are sealed together: reading on would answer wrongly."""
        damage(data_dir, sql)
        with closing(open_store(data_dir)) as store:
            answer: Callable[[], object] = getattr(store, read)
            with pytest.raises(StoreUnavailableError, match="restore a backup"):
                list(answer())  # type: ignore[call-overload]

    @pytest.mark.parametrize(
        "sql",
        [
            pytest.param("DELETE FROM audio_references", id="all-gone"),
            pytest.param("DELETE FROM audio_references WHERE schedule_id = 'a'", id="one-gone"),
            pytest.param("UPDATE audio_references SET sha256 = 'b'", id="other-message"),
            pytest.param("UPDATE audio_references SET schedule_id = 'q'", id="other-schedule"),
            pytest.param("INSERT INTO audio_references VALUES ('c', 'a')", id="no-message"),
            pytest.param("INSERT INTO audio_references VALUES (x'ff', 'a')", id="no-text"),
            pytest.param("UPDATE state SET audio_seal = 'kapot'", id="seal"),
            pytest.param("UPDATE state SET audio_seal = '0'", id="another-seal"),
        ],
    )
    def test_which_messages_are_needed_is_made_anew(
        self, data_dir: Path, saved_at: datetime, make_schedule: MakeSchedule, sql: str
    ) -> None:
        """It follows from all revisions, earlier ones and those of deleted schedules too."""
        other = {"weg": {"name": "Weg", "sha256": "c" * 64}}
        with closing(open_store(data_dir)) as store:
            save(store, saved_at, make_schedule("b", audio=other))
            with store.writing("jan", saved_at) as writer:
                writer.delete("b", summary="", is_forced=True)
        damage(data_dir, sql)
        with closing(open_store(data_dir)) as store:
            with pytest.raises(DamagedRowsError, match="run `bereikbaar audio collect`"):
                store.audio_references()
            with store.writing("jan", saved_at) as writer:
                assert writer.mend_audio_references()
                assert not writer.mend_audio_references()
            assert store.audio_references() == {"a" * 64, "c" * 64}
            assert store.audio_users("c" * 64) == ("b",)
            save(store, saved_at, make_schedule("a", audio=AUDIO | other))
            assert store.audio_users("c" * 64) == ("a", "b")

    def test_a_note_outlives_the_text_that_named_the_message(
        self, data_dir: Path, saved_at: datetime
    ) -> None:
        """A revision of which the text is lost takes no message with it."""
        damage(data_dir, "UPDATE revisions SET document = '{}' WHERE schedule_id = 'a'")
        damage(data_dir, "UPDATE state SET audio_seal = '0'")
        with closing(open_store(data_dir)) as store:
            with store.writing("jan", saved_at) as writer:
                writer.mend_audio_references()
            assert store.audio_references() == {"a" * 64}

    def test_pointer_at_an_earlier_revision_is_damaged(self, data_dir: Path) -> None:
        """A revision that is whole but isn't the current one doesn't pass for it."""
        damage(data_dir, "UPDATE schedules SET revision = 1 WHERE id = 'b'")
        with (
            closing(open_store(data_dir)) as store,
            pytest.raises(DamagedRevisionError, match="checksum"),
        ):
            store.current("b").schedule()

    def test_saving_over_a_damaged_revision_mends_the_schedule(
        self, data_dir: Path, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The remedy works: the same document applied again is a new, whole revision."""
        damage(data_dir, "UPDATE revisions SET author = 'x' WHERE schedule_id = 'a'")
        mended = make_schedule("a", numbers=["+31850000000"], audio=AUDIO)
        with closing(open_store(data_dir)) as store:
            save(store, saved_at, mended)
            assert next(store.currents()).schedule() == mended
            assert store.current("a").revision == 2

    def test_flipped_bits_are_never_silently_wrong(self, data_dir: Path, tmp_path: Path) -> None:
        """Whatever bits of the file turn, each answer is the true one or an error."""
        with closing(open_store(data_dir)) as store:
            truth = _everything(store)
            store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = (data_dir / DATABASE_NAME).read_bytes()
        dice = random.Random(20261122)
        trial_dir = tmp_path / "trial"
        told = 0
        for _ in range(400):
            shutil.rmtree(trial_dir, ignore_errors=True)
            trial_dir.mkdir()
            broken = bytearray(whole)
            for _ in range(dice.choice((1, 4, 32))):
                broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
            (trial_dir / DATABASE_NAME).write_bytes(broken)
            try:
                with closing(open_store(trial_dir)) as store:
                    assert _everything(store) == truth
            except (StoreUnavailableError, DamagedRevisionError):
                told += 1
        assert told > 50


def _everything(store: SqliteStore) -> tuple[object, ...]:
    schedules = [(r.schedule_id, r.revision, r.schedule()) for r in store.currents()]
    return schedules, list(store.numbers()), store.tokens(), store.audio_references()


def test_a_lost_number_stops_the_next_link(
    tmp_path: Path, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """A number whose row is lost can't be given to another schedule unnoticed."""
    with closing(open_store(tmp_path)) as store:
        save(store, saved_at, make_schedule("een", numbers=["+31850000000"]))
    damage(tmp_path, "DELETE FROM numbers")
    with closing(open_store(tmp_path)) as store:
        with pytest.raises(StoreUnavailableError, match="numbers are damaged"):
            save(store, saved_at, make_schedule("twee", numbers=["+31850000000"]))
        assert [revision.schedule_id for revision in store.currents()] == ["een"]
