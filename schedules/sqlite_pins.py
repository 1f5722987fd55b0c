"""The rows of recording PINs; a statement a function, within the transaction of whoever calls.

PINs decide no call, so like locks they have no seal.
"""

from datetime import datetime

from schedules.recording_pins import PinHash, SetPin
from schedules.sqlite_reader import SqliteReader


def recording_pin(store: SqliteReader, schedule_id: str) -> PinHash | None:
    """Return what is kept of a schedule's PIN."""
    sql = "SELECT salt, hash FROM recording_pins WHERE schedule_id = ?"
    rows = store.rows(sql, schedule_id)
    return PinHash(*map(str, rows[0])) if rows else None


def set_pins(store: SqliteReader) -> tuple[SetPin, ...]:
    """Return which schedules have a PIN, sorted."""
    rows = store.rows("SELECT schedule_id, set_by, set_at FROM recording_pins ORDER BY schedule_id")
    return tuple(SetPin(holder, set_by, _read_time(set_at)) for holder, set_by, set_at in rows)


def _read_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def put_pin(store: SqliteReader, schedule_id: str, pin: PinHash, author: str, at: datetime) -> None:
    """Give a schedule a PIN, in place of one it has; `at` is aware, in UTC."""
    store.rows(
        "INSERT INTO recording_pins VALUES (?, ?, ?, ?, ?) ON CONFLICT (schedule_id) DO UPDATE SET "
        "salt = excluded.salt, hash = excluded.hash, set_by = excluded.set_by, "
        "set_at = excluded.set_at",
        schedule_id,
        pin.salt,
        pin.hash,
        author,
        at.isoformat(),
    )


def remove_pin(store: SqliteReader, schedule_id: str) -> None:
    """Remove a schedule's PIN, if it has one."""
    store.rows("DELETE FROM recording_pins WHERE schedule_id = ?", schedule_id)
