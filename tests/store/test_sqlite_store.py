"""What the SQLite store adds to the protocol: opening, migrations, append-only revisions."""

import dataclasses
import random
import re
import sqlite3
import stat
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from schedules.errors import DamagedRowsError, StoreUnavailableError
from schedules.migrations import applied, check_promises, migrate, pending
from schedules.recording_pins import PinHash
from schedules.sqlite_store import DATABASE_NAME, SqliteStore, open_store
from schedules.store import Token
from tests.store.saving import MakeSchedule, MakeToken
from tests.store.sqlite_rows import damage, save


class TestOpening:
    """The file is made private and durable, or refused with its name and the cause."""

    def test_new_store_is_for_its_owner_only(self, tmp_path: Path) -> None:
        """Folder 0700, database and its log 0600."""
        data_dir = tmp_path / "data"
        with closing(open_store(data_dir)):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()}
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert set(modes.values()) == {0o600}
        assert DATABASE_NAME in modes

    def test_reopened_store_holds_what_was_saved(
        self, tmp_path: Path, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Closing and opening again loses nothing, and needs no leave to create."""
        with closing(open_store(tmp_path)) as store:
            save(store, saved_at, make_schedule())
        with closing(open_store(tmp_path, create=False)) as store:
            assert store.current("hoofdkantoor").schedule() == make_schedule()

    def test_commits_survive_a_power_cut(self, sqlite_store: SqliteStore) -> None:
        """The connection logs ahead, syncs every commit, and checks its references."""
        held = [
            sqlite_store.rows(f"PRAGMA {pragma}")[0][0]
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        ]
        assert held == ["wal", 2, 1, 1]

    @pytest.mark.parametrize(
        "pragma",
        [
            "synchronous = NORMAL",
            "synchronous = OFF",
            "foreign_keys = OFF",
            "recursive_triggers = OFF",
        ],
    )
    def test_lesser_promise_is_refused(self, sqlite_store: SqliteStore, pragma: str) -> None:
        """What is read back has to be what was asked for."""
        check_promises(sqlite_store.db)
        sqlite_store.db.execute(f"PRAGMA {pragma}")
        with pytest.raises(StoreUnavailableError, match=pragma.partition(" ")[0]):
            check_promises(sqlite_store.db)

    def test_absent_store_is_not_created_unasked(self, tmp_path: Path) -> None:
        """Without leave to create, nothing appears on disk."""
        with pytest.raises(StoreUnavailableError, match=r"bereikbaar\.db: there is no store"):
            open_store(tmp_path / "data", create=False)
        assert list(tmp_path.iterdir()) == []

    def test_store_that_lacks_a_step_is_not_migrated_unasked(self, tmp_path: Path) -> None:
        """An empty database needs its tables first."""
        (tmp_path / DATABASE_NAME).touch()
        with pytest.raises(StoreUnavailableError, match="run `migrate`"):
            open_store(tmp_path, create=False)

    def test_newer_database_is_refused(self, tmp_path: Path) -> None:
        """A step this version doesn't know is named, and nothing is changed."""
        open_store(tmp_path).close()
        damage(
            tmp_path,
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('bereikbaar', 'm999_from_the_future', '')",
        )
        for create in (True, False):
            with pytest.raises(StoreUnavailableError, match=r"newer version.*m999_from_the_future"):
                open_store(tmp_path, create=create)

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"geen database, maar een brief\n" * 500, id="text"),
            pytest.param(random.Random(1).randbytes(40_960), id="noise"),
        ],
    )
    def test_other_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        """What is no database is told as such and left as it is."""
        (tmp_path / DATABASE_NAME).write_bytes(content)
        with pytest.raises(StoreUnavailableError, match=r"bereikbaar\.db: it is no database"):
            open_store(tmp_path)
        assert (tmp_path / DATABASE_NAME).read_bytes() == content

    def test_folder_in_the_way_is_refused(self, tmp_path: Path) -> None:
        """A folder of that name can't be opened."""
        (tmp_path / DATABASE_NAME).mkdir()
        with pytest.raises(StoreUnavailableError, match=r"bereikbaar\.db: it can't be opened"):
            open_store(tmp_path)

    def test_file_as_data_directory_is_refused(self, tmp_path: Path) -> None:
        """A data directory that is a file names the cause."""
        (tmp_path / "data").touch()
        with pytest.raises(StoreUnavailableError, match="data directory"):
            open_store(tmp_path / "data")


def told_by_library(db: sqlite3.Connection) -> list[str]:
    """Return the steps that sqlite-utils says were taken."""
    return [step.name for step in Migrations("bereikbaar").applied(Database(db))]


class TestMigrations:
    """Steps are taken once, all or none."""

    def test_steps_are_pending_until_taken(self) -> None:
        """A fresh database lacks them all; afterwards none, and taking them again does nothing."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            before = pending(db)
            assert before[0] == "m001_schedules_numbers_tokens"
            assert migrate(db) == before
            assert pending(db) == []
            assert applied(db) == before
            assert told_by_library(db) == before
            assert migrate(db) == []

    def test_store_of_an_earlier_version_keeps_all_it_had(
        self, tmp_path: Path, saved_at: datetime
    ) -> None:
        """A store that an earlier version made holds the same after the later steps, and works."""
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
            connection.executescript(Path(__file__).with_name("m001.sql").read_text())
        with closing(open_store(tmp_path)) as store:
            (current,) = store.currents()
            assert (current.schedule_id, current.revision, current.author) == (
                "hoofdkantoor",
                2,
                "piet",
            )
            assert current.schedule().name == "Nieuw"
            assert list(store.numbers()) == [("+31850000000", "hoofdkantoor")]
            assert [token.name for token in store.tokens()] == ["centrale"]
            assert [one.is_intact for one in store.history("filiaal")] == [True, True]
            assert store.revision() == 3
            with store.writing("jan", saved_at) as writer:
                writer.take_lock("hoofdkantoor", 60)
                assert writer.purge("filiaal") == 2

    @pytest.fixture
    def m002(self, tmp_path: Path) -> Path:
        """Make the store of a version that noted no messages: four schedules, one purged."""
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
            connection.executescript(Path(__file__).with_name("m002.sql").read_text())
        return tmp_path

    def test_messages_of_earlier_revisions_are_noted(self, m002: Path, saved_at: datetime) -> None:
        """Those that only an old revision or a deleted schedule names too; a text that looks like
        one doesn't count.
        """
        with closing(open_store(m002)) as store:
            assert store.audio_references() == {"a" * 64, "b" * 64, "c" * 64, "d" * 64}
            assert store.audio_users("a" * 64) == ("filiaal", "hoofdkantoor")
            assert store.audio_users("b" * 64) == ("hoofdkantoor",)
            assert store.set_pins() == ()
            assert [one.holder for one in store.broken_locks("filiaal")] == ["piet"]
            assert all(one.is_intact for one in store.history("hoofdkantoor"))
            with store.writing("jan", saved_at) as writer:
                assert writer.purge("winkel") == 2
            assert store.audio_references() == {"a" * 64, "b" * 64}

    @pytest.fixture
    def m003(self, tmp_path: Path) -> Path:
        """Make the store of a version whose tokens lasted for ever: three, one revoked."""
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
            connection.executescript(Path(__file__).with_name("m003.sql").read_text())
        return tmp_path

    def test_earlier_tokens_stay_as_they_are_and_get_a_key_each(
        self, m003: Path, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """They go on without an end; whoever serves the store is told that they changed."""
        with closing(open_store(m003)) as store:
            tokens = store.all_tokens()
            assert [dataclasses.replace(token, table_key="") for token in tokens] == [
                make_token(
                    "a1",
                    sha256="a" * 64,
                    schedules=frozenset({"hoofdkantoor"}),
                    networks=("10.0.0.0/8", "2001:db8::/32"),
                ),
                make_token("b2", sha256="b" * 64, name="beheer", is_operator=True),
                make_token("c3", sha256="c" * 64, name="oud", revoked_at=saved_at),
            ]
            assert all(re.fullmatch("[0-9a-f]{64}", token.table_key) for token in tokens)
            assert len({token.table_key for token in tokens}) == 3
            assert store.changed_since(2).has_new_tokens
            with store.writing("jan", saved_at) as writer:
                assert writer.revoke_token("a1").table_key == tokens[0].table_key
        with closing(open_store(m003)) as store:
            assert [token.id for token in store.tokens()] == ["b2"]

    @pytest.mark.parametrize(
        "sql",
        [
            pytest.param("UPDATE tokens SET is_operator = 1 WHERE id = 'a1'", id="altered"),
            pytest.param("DELETE FROM tokens WHERE id = 'a1'", id="lost"),
            pytest.param("UPDATE state SET tokens_seal = 'kapot'", id="seal"),
            pytest.param("UPDATE tokens SET name = CAST(x'ff' AS TEXT)", id="no-text"),
        ],
    )
    def test_damage_to_earlier_tokens_still_shows(self, m003: Path, sql: str) -> None:
        """The step seals its own change, and nothing that was altered before it."""
        damage(m003, sql)
        with (
            closing(open_store(m003)) as store,
            pytest.raises(DamagedRowsError, match="rows of tokens are damaged"),
        ):
            store.tokens()

    def test_a_damaged_revision_does_not_stop_the_steps(self, m002: Path) -> None:
        """What it can be seen to name is kept all the same."""
        damage(m002, "UPDATE revisions SET document = document || x'ff00' WHERE revision = 1")
        damage(m002, "DELETE FROM schedules WHERE id = 'winkel'")
        with closing(open_store(m002)) as store:
            assert store.audio_references() == {"a" * 64, "b" * 64, "c" * 64, "d" * 64}

    def test_a_step_that_fails_leaves_the_store_as_it_was(self, m002: Path) -> None:
        """What the step had made before is undone, and the version before it could go on."""
        with closing(sqlite3.connect(m002 / DATABASE_NAME)) as db:
            db.execute("CREATE TABLE recording_pins (id TEXT)")
            before = list(db.iterdump())
        with pytest.raises(StoreUnavailableError, match="recording_pins"):
            open_store(m002)
        with closing(sqlite3.connect(m002 / DATABASE_NAME)) as db:
            assert list(db.iterdump()) == before

    def test_failing_step_leaves_nothing_behind(self) -> None:
        """A table in the way stops the step; what it made before is undone."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.execute("CREATE TABLE tokens (id TEXT)")
            with pytest.raises(sqlite3.OperationalError, match="tokens"):
                migrate(db)
            assert Database(db).table_names() == ["tokens"]
            assert not db.in_transaction


class TestAppendOnly:
    """Revisions are never rewritten (semantics.md rule 20)."""

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE revisions SET summary = 'anders'",
            "DELETE FROM revisions",
            "INSERT OR REPLACE INTO revisions SELECT * FROM revisions",
            "DELETE FROM revisions WHERE schedule_id = 'opgeheven'",
        ],
    )
    def test_database_itself_refuses(
        self,
        sqlite_store: SqliteStore,
        make_schedule: MakeSchedule,
        saved_at: datetime,
        sql: str,
    ) -> None:
        """Neither a change nor a removal passes, of a deleted schedule either."""
        save(sqlite_store, saved_at, make_schedule(), make_schedule("opgeheven"))
        with sqlite_store.writing("jan", saved_at) as writer:
            writer.delete("opgeheven", summary="")
        before = sqlite_store.history("hoofdkantoor")
        with pytest.raises(sqlite3.IntegrityError, match="revisions are never"):
            sqlite_store.db.execute(sql)
        assert sqlite_store.history("hoofdkantoor") == before

    def test_only_a_deleted_schedule_loses_its_row(
        self, sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """The row that protects the revisions can't be removed before them."""
        save(sqlite_store, saved_at, make_schedule())
        with pytest.raises(sqlite3.IntegrityError, match="only a deleted schedule is purged"):
            sqlite_store.db.execute("DELETE FROM schedules")


class TestPurge:
    """A purge leaves nothing that could be read (semantics.md rule 20)."""

    def test_file_holds_nothing_of_it(
        self, tmp_path: Path, make_schedule: MakeSchedule, saved_at: datetime
    ) -> None:
        """Neither in a page that is free now, nor, once it is closed, in its log."""
        with closing(open_store(tmp_path)) as store:
            for number in range(50):
                notes = f"vertrouwelijk {number} " + "x" * 500
                audio = {"m": {"name": "M", "sha256": f"{number:02}" * 32}}
                save(store, saved_at, make_schedule("weg", notes=notes, audio=audio))
            with store.writing("jan", saved_at) as writer:
                writer.set_recording_pin("weg", PinHash("zout", "vertrouwelijk"))
            save(store, saved_at, make_schedule("blijft", notes="openbaar"))
            with store.writing("jan", saved_at) as writer:
                writer.delete("weg", summary="")
            with store.writing("jan", saved_at) as writer:
                assert writer.purge("weg") == 51
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"openbaar" in content
        assert b"vertrouwelijk" not in content
        assert b"weg" not in content
        assert b"49" * 32 not in content


class TestTokensAtRest:
    """A copy of the database gives no access (quality.md: Threats)."""

    def test_database_holds_no_secret(
        self, tmp_path: Path, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Only what a token's value type has is written, and it has no room for the secret."""
        with closing(open_store(tmp_path)) as store, store.writing("jan", saved_at) as writer:
            writer.add_token(make_token())
            columns = [row[1] for row in store.rows("PRAGMA table_info(tokens)")]
        assert sorted(columns) == sorted(Token.__dataclass_fields__)
        assert "secret" not in columns


def test_a_writer_ends_with_its_block(
    sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """What is kept of a transaction that was undone can write nothing more, not even by itself."""
    kept = []

    def begin_and_break_off() -> None:
        with sqlite_store.writing("jan", saved_at) as writer:
            kept.append(writer)
            raise KeyError

    with pytest.raises(KeyError):
        begin_and_break_off()
    with pytest.raises(StoreUnavailableError, match="has ended"):
        kept[0].save(make_schedule(), summary="te laat")
    assert list(sqlite_store.currents()) == []


def test_the_order_of_keys_makes_no_revision(
    sqlite_store: SqliteStore, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """The same forwards in another order are the same schedule."""
    een = {"name": "Een", "number": "+31612345678"}
    save(sqlite_store, saved_at, make_schedule(forwards={"a": een, "b": een}))
    save(sqlite_store, saved_at, make_schedule(forwards={"b": een, "a": een}))
    assert len(sqlite_store.history("hoofdkantoor")) == 1
