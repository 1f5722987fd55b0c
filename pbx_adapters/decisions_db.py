"""`decisions.db`: what calls write, apart from the store so that it wakes nobody.

No call needs what it holds. One that is damaged is put aside and begun anew.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schedules.errors import BereikbaarError

if TYPE_CHECKING:
    from sqlite_utils import Database

_SET: Final = "decisions"
_BUSY_SECONDS: Final = 5.0
# With the steps that it should have taken, SQLite's plain error means tables that aren't there.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_CALLS: Final = (
    """CREATE TABLE runs (
        run INTEGER PRIMARY KEY, prefix TEXT NOT NULL UNIQUE, used_until INTEGER NOT NULL)""",
    """CREATE TABLE schedules (
        schedule INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, used_until INTEGER NOT NULL)""",
    """CREATE TABLE kinds (
        kind INTEGER PRIMARY KEY, status TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (status, action, reason))""",
    """CREATE TABLE outcomes (
        outcome INTEGER PRIMARY KEY, told TEXT NOT NULL UNIQUE, schedule INTEGER NOT NULL,
        kind INTEGER NOT NULL, used_until INTEGER NOT NULL)""",
    "CREATE INDEX outcomes_by_use ON outcomes (used_until)",
    """CREATE TABLE calls (
        id INTEGER PRIMARY KEY, decided_at INTEGER NOT NULL, number INTEGER, caller INTEGER,
        dialect TEXT NOT NULL, callid TEXT NOT NULL, outcome INTEGER NOT NULL,
        schedule INTEGER NOT NULL, kind INTEGER NOT NULL, valid_until INTEGER)""",
    "CREATE INDEX calls_by_time ON calls (decided_at)",
    "CREATE INDEX calls_by_number ON calls (number, decided_at) WHERE number IS NOT NULL",
    "CREATE INDEX calls_by_caller ON calls (caller, decided_at) WHERE caller IS NOT NULL",
    "CREATE INDEX calls_by_schedule ON calls (schedule, decided_at)",
    "CREATE INDEX calls_by_kind ON calls (kind, decided_at)",
    # Every zone of today is a whole number of quarters away from UTC.
    """CREATE TABLE quarter_counts (
        quarter_at INTEGER NOT NULL, kind INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (quarter_at, kind)) WITHOUT ROWID""",
    """CREATE TABLE day_counts (
        day_at INTEGER NOT NULL, number INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (day_at, number)) WITHOUT ROWID""",
    """CREATE TRIGGER calls_added AFTER INSERT ON calls BEGIN
        INSERT INTO quarter_counts VALUES (new.decided_at - new.decided_at % 900, new.kind, 1)
            ON CONFLICT DO UPDATE SET calls = calls + 1;
        INSERT INTO day_counts
            VALUES (new.decided_at - new.decided_at % 86400, coalesce(new.number, 0), 1)
            ON CONFLICT DO UPDATE SET calls = calls + 1;
    END""",
    """CREATE TRIGGER calls_removed AFTER DELETE ON calls BEGIN
        UPDATE quarter_counts SET calls = calls - 1
            WHERE quarter_at = old.decided_at - old.decided_at % 900 AND kind = old.kind;
        UPDATE day_counts SET calls = calls - 1
            WHERE day_at = old.decided_at - old.decided_at % 86400
            AND number = coalesce(old.number, 0);
    END""",
)


class DecisionsUnavailableError(BereikbaarError):
    """What calls write can't be read or written; it is damaged where `is_damaged`."""

    def __init__(self, told: str, *, is_damaged: bool = False) -> None:
        super().__init__(told)
        self.is_damaged = is_damaged


def m001_token_uses(db: "Database") -> None:
    """Keep when each token was last sent, in epoch seconds, to the minute."""
    db.execute(
        "CREATE TABLE token_uses (token_id TEXT NOT NULL PRIMARY KEY, used_at INTEGER NOT NULL) "
        "WITHOUT ROWID"
    )


def m002_calls(db: "Database") -> None:
    """Keep what was decided for each call; see `call_record.py`.

    Of what many calls share there is one row each, which goes with the last of them: `used_until`
    is the end of the hour of that one. Both counts follow their calls by triggers. Moments are
    epoch seconds; a number is that of its E.164 digits.
    """
    for statement in _CALLS:
        db.execute(statement)


# Each release may add steps, none is edited.
STEPS: Final = {step.__name__: step for step in (m001_token_uses, m002_calls)}


@contextmanager
def writing_decisions(path: Path) -> Iterator["Database"]:
    """Open the database for one transaction, made where it isn't.

    One that is damaged is renamed to `decisions.db.damaged`, and the next attempt makes another.
    Raises `DecisionsUnavailableError`.
    """
    try:
        with _telling(path):
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(_connect(path, "rw")) as connection:
                yield from _prepared(connection)
    except DecisionsUnavailableError as error:
        if error.is_damaged:
            _put_aside(path)
        raise


def _prepared(connection: sqlite3.Connection) -> Iterator["Database"]:
    from sqlite_utils import Database, Migrations

    # A power cut may lose the last writes: nothing here is worth a call's waiting for the disk.
    # The calls' indexes are written all over: with SQLite's 2 MB that takes twice as long.
    # What is removed, such as who called whom when, must not be left in the file.
    for pragma in (
        "journal_mode = wal",
        "synchronous = normal",
        "cache_size = -16000",
        "secure_delete = on",
    ):
        connection.execute(f"PRAGMA {pragma}")
    db = Database(connection, execute_plugins=False)
    migrations = Migrations(_SET)
    for step in STEPS.values():
        migrations()(step)
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check_not_newer({step.name for step in migrations.applied(db)})
        migrations.apply(db)
        yield db
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise


def _check_not_newer(taken: set[str]) -> None:
    if unknown := taken - STEPS.keys():
        raise DecisionsUnavailableError(
            f"it belongs to a newer version, which added {', '.join(sorted(unknown))}; install "
            "that version, or move the file away"
        )


def read_decisions(path: Path, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table, none where there is no database or table yet.

    Raises `DecisionsUnavailableError`.
    """
    with reading_decisions(path, table) as db:
        return [] if db is None else db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours


@contextmanager
def reading_decisions(path: Path, table: str) -> Iterator[sqlite3.Connection | None]:
    """Open the database to be read, None where there is none or no such table yet.

    Raises `DecisionsUnavailableError`.
    """
    with _telling(path):
        if not path.exists() or not path.stat().st_size:
            yield None
            return
        with closing(_connect(path, "ro")) as connection:
            # A call's own id may be any text; one that is none must not hide the others.
            connection.text_factory = lambda raw: raw.decode(errors="replace")
            known = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            yield connection if (table,) in known.fetchall() else None


class HeldOpen:
    """Keeps the database from being synchronised to the disk after every transaction.

    The last one to close a database does that. For one thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: sqlite3.Connection | None = None
        self._inode = 0

    def hold(self) -> None:
        """Hold the database that is there, if one is; let go of one that was moved away."""
        with suppress(OSError, sqlite3.Error):
            inode = self._path.stat().st_ino if self._path.exists() else 0
            if self._held is not None and inode == self._inode:
                return
            self.let_go()
            if inode:
                connection = _connect(self._path, "rw")
                self._held, self._inode = connection, inode
                # Until it is read, it isn't open.
                connection.execute("PRAGMA user_version").fetchall()

    def let_go(self) -> None:
        """Let what was written be synchronised, and its log be removed."""
        held, self._held = self._held, None
        if held is not None:
            with suppress(sqlite3.Error):
                held.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
    )


def damaged_path(path: Path) -> Path:
    """Return what a damaged database is renamed to."""
    return path.with_name(f"{path.name}.damaged")


def _put_aside(path: Path) -> None:
    """Let the next one begin anew; what is left of this one stays beside it."""
    with suppress(OSError):
        path.replace(damaged_path(path))
    for suffix in ("-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Tell what goes wrong in operators' words, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        # What Python itself refuses to pass on has no code, and says nothing of the file.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
        if code in _DAMAGE:
            told = f"{path}: is damaged ({error}); the daemon puts it aside and begins another"
            raise DecisionsUnavailableError(told, is_damaged=True) from error
        told = f"{path}: {error}; check its owner, its mode, the disk and the space on it"
        raise DecisionsUnavailableError(told) from error
    except DecisionsUnavailableError as error:
        raise DecisionsUnavailableError(f"{path}: {error}") from None
    except OSError as error:
        told = f"{path}: {error.strerror}; check the data directory, its owner and its mode"
        raise DecisionsUnavailableError(told) from error
