"""The store in SQLite: one file, `bereikbaar.db`, that holds configuration only.

Schedules are appended as whole documents; next to them stand the tables that need a constraint
across schedules (architecture.md: Decided). Each thread opens a store of its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schedules.edit_locks import BrokenLock, EditLock
from schedules.migrations import open_database
from schedules.recording_pins import PinHash, SetPin
from schedules.sqlite_audio import audio_references, audio_users
from schedules.sqlite_locks import broken_locks, live_lock, live_locks
from schedules.sqlite_pins import recording_pin, set_pins
from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_writer import SqliteWriter

DATABASE_NAME: Final = "bereikbaar.db"


def open_store(data_dir: Path, *, create: bool = True) -> "SqliteStore":
    """Open the store in a data directory, creating and migrating it where that is needed.

    Without `create` an absent store, or one that has to be migrated, is refused. Raises
    `StoreUnavailableError`, which names the file and the cause.
    """
    path = data_dir / DATABASE_NAME
    return SqliteStore(open_database(path, create=create), path)


class SqliteStore(SqliteReader):
    """A `ScheduleStore` on one SQLite connection; `open_store` makes it."""

    def lock(self, schedule_id: str, at: datetime) -> EditLock | None:
        """Return the lock that holds on a schedule at an aware instant."""
        return live_lock(self, schedule_id, at)

    def locks(self, at: datetime) -> tuple[EditLock, ...]:
        """Return all locks that hold at an aware instant, by schedule."""
        return live_locks(self, at)

    def broken_locks(self, schedule_id: str) -> tuple[BrokenLock, ...]:
        """Return who broke whose lock on a schedule, and when, oldest first."""
        return broken_locks(self, schedule_id)

    def lock_changes(self) -> int:
        """Return how often locks were taken, renewed or given up."""
        return int(self.rows("SELECT lock_changes FROM state")[0][0])

    def audio_references(self) -> frozenset[str]:
        """Return the SHA-256 of each message that a kept revision names."""
        return audio_references(self)

    def audio_users(self, sha256: str) -> tuple[str, ...]:
        """Return the ids of the schedules of which a kept revision names this message."""
        return audio_users(self, sha256)

    def recording_pin(self, schedule_id: str) -> PinHash | None:
        """Return what is kept of a schedule's PIN for recordings."""
        return recording_pin(self, schedule_id)

    def set_pins(self) -> tuple[SetPin, ...]:
        """Return which schedules have a PIN for recordings."""
        return set_pins(self)

    @contextmanager
    def writing(self, author: str, saved_at: datetime) -> Iterator[SqliteWriter]:
        """Open a transaction that is saved when the block ends and undone when it raises."""
        if saved_at.tzinfo is None:
            raise ValueError("saved_at needs an offset")
        with self.telling():
            # A deferred one may read, be overtaken, and then write over what it never saw.
            self.db.execute("BEGIN IMMEDIATE")
        writer: SqliteWriter | None = None
        try:
            writer = SqliteWriter(self, author, saved_at.astimezone(UTC))
            yield writer
            writer.finish()
            with self.telling():
                self.db.commit()
        except BaseException:
            if writer is not None:
                # What it wrote from here on would be saved by itself, without a transaction.
                writer.end()
            with suppress(sqlite3.Error):
                self.db.rollback()
            raise
