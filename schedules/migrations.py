"""The SQLite database: opening it, and bringing its tables to this version."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import methodcaller
from pathlib import Path
from typing import Final

from schedules.errors import (
    DamagedStoreError,
    NewerStoreError,
    OutdatedStoreError,
    StoreUnavailableError,
)
from schedules.migration_steps import STEPS

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

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


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
    return [name for name in STEPS if name not in taken]


def check_not_newer(db: sqlite3.Connection) -> None:
    """Refuse a database that a newer version has changed; raises `StoreUnavailableError`."""
    if unknown := set(applied(db)) - STEPS.keys():
        raise NewerStoreError(
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
    for step in STEPS.values():
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
        with alone_in(path.parent), telling(path):
            return _prepared(_connected(path), create=create)
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: {error.strerror}: check the data directory, its owner and its mode"
        ) from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
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
        raise OutdatedStoreError(
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
        kind = DamagedStoreError if code in _DAMAGE else StoreUnavailableError
        raise kind(f"{path}: {_CAUSES.get(code, error)}") from error
    except UnicodeDecodeError as error:
        # An error whose message quotes damaged text never becomes an sqlite3.Error.
        damaged = _CAUSES[sqlite3.SQLITE_CORRUPT]
        raise DamagedStoreError(f"{path}: {damaged}") from error
