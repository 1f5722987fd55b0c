"""Edit locks: one user at a time edits a schedule (semantics.md rule 26)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schedules.errors import ConflictError, LockedError, NotFoundError

# Also the bound on what is believed: no clock that was wrong for a while locks for years.
MAX_LOCK_SECONDS: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class EditLock:
    """Who edits a schedule, up to, not including, `expires_at`: aware, in UTC, whole seconds."""

    schedule_id: str
    holder: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BrokenLock:
    """A note that somebody took a lock away from its holder; `broken_at` is aware, in UTC."""

    schedule_id: str
    holder: str
    broken_by: str
    broken_at: datetime


def make_lock(schedule_id: str, holder: str, at: datetime, seconds: int) -> EditLock:
    """Return a lock from an aware instant on; raises `ValueError` for other than 1 s to 24 h."""
    if not 0 < seconds <= MAX_LOCK_SECONDS:
        raise ValueError(f"a lock lasts 1 to {MAX_LOCK_SECONDS} seconds, not {seconds}")
    return EditLock(schedule_id, holder, (at + timedelta(seconds=seconds)).replace(microsecond=0))


def check_free_for(user: str, lock: EditLock | None) -> None:
    """Check that nobody else holds a lock; raises `LockedError`, which names him."""
    if lock is not None and lock.holder != user:
        raise LockedError(
            f"schedule {lock.schedule_id} is being edited by {lock.holder} until "
            f"{_moment(lock.expires_at)}; wait, ask for it, or "
            f"`bereikbaar lock break {lock.schedule_id}`"
        )


def check_held_by(
    user: str, schedule_id: str, lock: EditLock | None, broken: BrokenLock | None
) -> EditLock:
    """Return the lock that a user holds; `broken` is the last one that was taken away from him.

    Raises `LockedError` when somebody else holds it, `ConflictError` when it was broken, and
    `NotFoundError` when there is none.
    """
    check_free_for(user, lock)
    if lock is not None:
        return lock
    if broken is not None:
        raise ConflictError(
            f"the lock of {user} on schedule {schedule_id} was broken by {broken.broken_by} on "
            f"{_moment(broken.broken_at)}; see what was changed, and take it again"
        )
    raise NotFoundError(f"{user} holds no lock on schedule {schedule_id}; it expired, or never was")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d at %H:%M:%S} UTC"
