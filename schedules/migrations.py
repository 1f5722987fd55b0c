"""The SQLite database: opening it, and its tables step by step.

Each release may add steps; none is ever edited.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schedules.errors import StoreUnavailableError

if TYPE_CHECKING:
    from sqlite_utils import Database

_SET: Final = "bereikbaar"
BUSY_SECONDS: Final = 5.0

# All are per connection, journal_mode aside; what was asked for is read back on every open.
# Without recursive triggers, INSERT OR REPLACE would remove revisions that are never removed.
_PROMISES: Final = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
}
_CAUSES: Final = {
    sqlite3.SQLITE_FULL: "disk full: free some space; nothing was saved",
    sqlite3.SQLITE_BUSY: "another process is writing: try again in a moment; nothing was saved",
    sqlite3.SQLITE_READONLY: "it can only be read: check its owner, its mode and the mount",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: check owner and mode of the file and its folder",
    sqlite3.SQLITE_IOERR: "reading or writing failed: check the disk, and the space left on it",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore a backup",
    sqlite3.SQLITE_NOTADB: "it is no database: move it away, or restore a backup",
}

# A schedule's row says which revision holds, and a deletion is a revision with an empty document.
# The seals are the exclusive or of a digest per row: a row that is lost or altered shows.
# Blocks have an index of their own: next to numbers they are few, and only they can reach beyond
# the number they start with.
_FIRST: Final = """
CREATE TABLE revisions (
    schedule_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    author TEXT NOT NULL,
    saved_at TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (schedule_id, revision)
);
CREATE TRIGGER revisions_are_never_rewritten BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never rewritten'); END;
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
CREATE INDEX schedules_changed_in ON schedules (changed_in);
CREATE TABLE numbers (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    schedule_id TEXT NOT NULL REFERENCES schedules (id)
);
CREATE INDEX numbers_first ON numbers (first);
CREATE INDEX numbers_blocks ON numbers (first, last) WHERE last > first;
CREATE INDEX numbers_schedule_id ON numbers (schedule_id);
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    is_operator INTEGER NOT NULL,
    schedules TEXT NOT NULL,
    networks TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, '0', '0', '0');
"""

# What was purged stands nowhere any more: a reader that is not yet at `forgotten_in`, the store
# revision of the last deletion that was purged, can't be told of it.
# Revisions can be removed only of a schedule without a row of its own, and that row only once the
# schedule is deleted: a purge, and nothing else.
_LOCKS_AND_PURGES: Final = """
CREATE TABLE locks (
    schedule_id TEXT NOT NULL PRIMARY KEY REFERENCES schedules (id),
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE broken_locks (
    schedule_id TEXT NOT NULL REFERENCES schedules (id),
    holder TEXT NOT NULL,
    broken_by TEXT NOT NULL,
    broken_at INTEGER NOT NULL
);
CREATE INDEX broken_locks_schedule_id ON broken_locks (schedule_id);
ALTER TABLE state ADD COLUMN lock_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN forgotten_in INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER revisions_are_never_removed;
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
WHEN EXISTS (SELECT 1 FROM schedules WHERE id = OLD.schedule_id)
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE TRIGGER schedules_are_deleted_first BEFORE DELETE ON schedules
WHEN EXISTS (
    SELECT 1 FROM revisions
    WHERE schedule_id = OLD.id AND revision = OLD.revision AND document <> ''
)
BEGIN SELECT RAISE(ABORT, 'only a deleted schedule is purged'); END;
"""


def m001_schedules_numbers_tokens(db: "Database") -> None:
    """Create the tables."""
    db.executescript(_FIRST)


def m002_locks_and_purges(db: "Database") -> None:
    """Add edit locks, and let a deleted schedule be purged."""
    db.executescript(_LOCKS_AND_PURGES)


_STEPS: Final = {
    step.__name__: step for step in (m001_schedules_numbers_tokens, m002_locks_and_purges)
}


def applied(db: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that this database has taken, in their order.

    Read from sqlite-utils' own table: every command opens the store, and importing that library
    takes longer than all else about it.
    """
    if not db.execute("PRAGMA table_info(_sqlite_migrations)").fetchall():
        return []
    names = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
    return [name for (name,) in db.execute(names, (_SET,))]


def pending(db: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that this database still lacks, in their order."""
    taken = applied(db)
    return [name for name in _STEPS if name not in taken]


def check_not_newer(db: sqlite3.Connection) -> None:
    """Refuse a database that a newer version has changed; raises `StoreUnavailableError`."""
    if unknown := set(applied(db)) - _STEPS.keys():
        raise StoreUnavailableError(
            "the database belongs to a newer version, which added "
            f"{', '.join(sorted(unknown))}; install that version, or restore a backup of this one"
        )


def migrate(db: sqlite3.Connection) -> list[str]:
    """Take the steps this database lacks, all or none, and return their names.

    Raises `StoreUnavailableError` for a database of a newer version.
    """
    check_not_newer(db)
    if not pending(db):
        return []
    from sqlite_utils import Database, Migrations  # noqa: PLC0415 - slow to import

    migrations = Migrations(_SET)
    for step in _STEPS.values():
        migrations()(step)
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have taken them while this one waited.
        steps = pending(db)
        migrations.apply(Database(db, execute_plugins=False))
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    return steps


def open_database(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the database file; with `create`, make and migrate it where that is needed.

    Raises `StoreUnavailableError`, also for one that is absent or lacks steps without `create`.
    """
    try:
        if not path.exists():
            if not create:
                raise StoreUnavailableError(
                    f"{path}: there is no store; name its folder with --data-dir, restore a "
                    "backup, or begin with `bereikbaar apply`"
                )
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        with _alone_in(path.parent), telling(path):
            return _prepared(_connected(path), create=create)
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: {error.strerror}: check the data directory, its owner and its mode"
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time open: switching to a log fails at once, however long it may wait.

    The folder is locked, not the file, whose locks are SQLite's own.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    # Damaged text has to reach its checksum: refusing to decode it would hide all other rows.
    connection.text_factory = methodcaller("decode", "utf-8", "replace")
    return connection


def _prepared(db: sqlite3.Connection, *, create: bool) -> sqlite3.Connection:
    try:
        for pragma, value in _PROMISES.items():
            db.execute(f"PRAGMA {pragma} = {value}")
        check_promises(db)
        if create:
            migrate(db)
        check_not_newer(db)
        _check_complete(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_complete(db: sqlite3.Connection) -> None:
    if steps := pending(db):
        raise StoreUnavailableError(
            f"the database lacks {', '.join(steps)} of this version; run `migrate`"
        )


def check_promises(db: sqlite3.Connection) -> None:
    """Check that a commit on this connection survives a power cut.

    Raises `StoreUnavailableError`.
    """
    for pragma, promised in _PROMISES.items():
        (held,) = db.execute(f"PRAGMA {pragma}").fetchone()
        if held != promised:
            raise StoreUnavailableError(
                f"{pragma} is {held} where {promised} is needed to keep what is saved; "
                "put the data directory on a local disk that can be written"
            )


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Tell the database's errors in operators' words, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise StoreUnavailableError(f"{path}: {_CAUSES.get(code, error)}") from error
    except UnicodeDecodeError as error:
        # An error whose message quotes damaged text never becomes an sqlite3.Error.
        damaged = _CAUSES[sqlite3.SQLITE_CORRUPT]
        raise StoreUnavailableError(f"{path}: {damaged}") from error
