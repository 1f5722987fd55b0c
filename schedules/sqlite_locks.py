"""The rows of edit locks; a statement a function, within the transaction of whoever calls.

Locks decide no call, so they have no seal. What is further ahead than a lock may last is damaged,
or of a clock that was wrong: it doesn't count.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from schedules.edit_locks import (
    MAX_LOCK_SECONDS,
    BrokenLock,
    EditLock,
    check_held_by,
    make_lock,
)
from schedules.errors import NotFoundError
from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_rows import Row

# Up to, not including, its last second.
_IS_LIVE: Final = "expires_at > ? AND expires_at <= ?"
_LAST_READABLE: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


def live_locks(store: SqliteReader, at: datetime) -> tuple[EditLock, ...]:
    """Return the locks that hold at an aware instant, by schedule."""
    sql = f"SELECT schedule_id, holder, expires_at FROM locks WHERE {_IS_LIVE} ORDER BY schedule_id"  # noqa: S608 - our own text
    return tuple(_lock_of(row) for row in store.rows(sql, *_life(at)))


def live_lock(store: SqliteReader, schedule_id: str, at: datetime) -> EditLock | None:
    """Return the lock that holds on a schedule at an aware instant."""
    sql = (
        "SELECT schedule_id, holder, expires_at FROM locks "  # noqa: S608 - our own text
        f"WHERE schedule_id = ? AND {_IS_LIVE}"
    )
    rows = store.rows(sql, schedule_id, *_life(at))
    return _lock_of(rows[0]) if rows else None


def held_lock(store: SqliteReader, schedule_id: str, user: str, at: datetime) -> EditLock:
    """Return the lock that a user holds; raises what `check_held_by` does."""
    broken = [
        one
        for one in broken_locks(store, schedule_id)
        if one.holder == user and at - one.broken_at <= timedelta(seconds=MAX_LOCK_SECONDS)
    ]
    lock = live_lock(store, schedule_id, at)
    return check_held_by(user, schedule_id, lock, broken[-1] if broken else None)


def put_lock(
    store: SqliteReader, schedule_id: str, user: str, at: datetime, seconds: int
) -> EditLock:
    """Lock a schedule, for whoever it was locked before, and sweep out what has expired."""
    lock = make_lock(schedule_id, user, at, seconds)
    store.rows(f"DELETE FROM locks WHERE NOT ({_IS_LIVE})", *_life(at))  # noqa: S608 - our own text
    store.rows(
        "INSERT INTO locks VALUES (?, ?, ?) ON CONFLICT (schedule_id) DO UPDATE SET "
        "holder = excluded.holder, expires_at = excluded.expires_at",
        lock.schedule_id,
        lock.holder,
        int(lock.expires_at.timestamp()),
    )
    _count(store)
    return lock


def remove_lock(store: SqliteReader, schedule_id: str) -> None:
    """Remove the lock on a schedule."""
    store.rows("DELETE FROM locks WHERE schedule_id = ?", schedule_id)
    _count(store)


def break_lock(store: SqliteReader, schedule_id: str, user: str, at: datetime) -> EditLock:
    """Remove a lock, whoever holds it, and note that; raises `NotFoundError`."""
    lock = live_lock(store, schedule_id, at)
    if lock is None:
        raise NotFoundError(f"nobody holds a lock on schedule {schedule_id}; nothing to break")
    remove_lock(store, schedule_id)
    store.rows(
        "INSERT INTO broken_locks VALUES (?, ?, ?, ?)",
        schedule_id,
        lock.holder,
        user,
        int(at.timestamp()),
    )
    return lock


def broken_locks(store: SqliteReader, schedule_id: str) -> tuple[BrokenLock, ...]:
    """Return who broke whose lock on a schedule, and when, oldest first."""
    rows = store.rows(
        "SELECT schedule_id, holder, broken_by, broken_at FROM broken_locks "
        "WHERE schedule_id = ? AND broken_at BETWEEN 0 AND ? ORDER BY rowid",
        schedule_id,
        _LAST_READABLE,
    )
    return tuple(
        BrokenLock(of, holder, breaker, _instant(seconds)) for of, holder, breaker, seconds in rows
    )


def forget_locks(store: SqliteReader, schedule_id: str) -> None:
    """Remove all that is known of locks on a schedule."""
    remove_lock(store, schedule_id)
    store.rows("DELETE FROM broken_locks WHERE schedule_id = ?", schedule_id)


def _count(store: SqliteReader) -> None:
    store.rows("UPDATE state SET lock_changes = lock_changes + 1")


def _life(at: datetime) -> tuple[float, float]:
    return at.timestamp(), at.timestamp() + MAX_LOCK_SECONDS


def _lock_of(row: Row) -> EditLock:
    schedule_id, holder, seconds = row
    return EditLock(schedule_id, holder, _instant(seconds))


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
