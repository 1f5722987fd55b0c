"""Looks whether a store is still whole, without compiling anything."""

import os
from collections.abc import Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Final

import structlog

from schedules.errors import DamagedRowsError
from schedules.sqlite_audio import reference_rows
from schedules.sqlite_rows import Row
from schedules.sqlite_store import DATABASE_NAME, open_store

CHECK_SECONDS: Final = 60.0
_SETTLED_SECONDS: Final = 1.0
# Each step holds up the changes that wait to be put into service, some 10 ms.
_SCHEDULES_A_STEP: Final = 200
_ROWS_A_STEP: Final = 2_000

_log = structlog.get_logger()


def find_damaged(data_dir: Path) -> Iterator[frozenset[str] | None]:
    """Read everything that is in force, a few rows with each step.

    Yields None while it goes on, and last the ids of schedules whose text is damaged. Raises
    `StoreUnavailableError` where rows are lost or altered; which schedule needs which message
    decides no call, so that this is only logged. Reads over a connection of its own: one that is
    kept open answers from memory what the disk no longer holds.
    """
    damaged = set()
    with closing(open_store(data_dir, create=False)) as store, store.reading():
        for number, revision in enumerate(store.currents(), start=1):
            if not revision.is_intact:
                damaged.add(revision.schedule_id)
            if number % _SCHEDULES_A_STEP == 0:
                yield None
        yield from _read(store.number_rows())
        store.tokens()
        try:
            yield from _read(reference_rows(store))
        except DamagedRowsError as error:
            _log.warning("audio_references_damaged", why=str(error))
    yield frozenset(damaged)


def _read(rows: Iterator[Row]) -> Iterator[None]:
    for number, _ in enumerate(rows, start=1):
        if number % _ROWS_A_STEP == 0:
            yield None


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked twenty times a second, beside calls
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


class CheckClock:
    """Tells when the next check is due: at regular intervals, and soon after an unknown write.

    `seconds` lie between checks; instants are of one monotonic clock, in seconds. After a write
    the check waits a little, so that many writes are one check, and a commit can come to its end.
    """

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self._regular_at = now + seconds
        self._hastened_at = inf
        self._suspected_at = inf

    def hasten(self, now: float) -> None:
        """Have the next check soon."""
        self._hastened_at = min(self._hastened_at, now + min(_SETTLED_SECONDS, self._seconds))

    def put_off(self, now: float) -> None:
        """Let the interval begin now, while a check is at work: a large store's takes long."""
        self._regular_at = now + self._seconds

    def suspect(self, now: float) -> None:
        """Have the next check soon, unless the suspicion is cleared before."""
        self._suspected_at = min(self._suspected_at, now + min(_SETTLED_SECONDS, self._seconds))

    def clear(self) -> None:
        """Drop the suspicion."""
        self._suspected_at = inf

    def is_due(self, now: float) -> bool:
        """Tell whether to check now; then the next one is an interval away."""
        if now < min(self._regular_at, self._hastened_at, self._suspected_at):
            return False
        self._regular_at = now + self._seconds
        self._hastened_at = self._suspected_at = inf
        return True


class StoreCheck:
    """Reads the store every so many seconds, and soon after a write that nobody explains.

    To be made before the content is read, so that a write in between is noticed. Instants are of
    one monotonic clock, in seconds.
    """

    def __init__(self, data_dir: Path, seconds: float, now: float) -> None:
        self._data_dir = data_dir
        self._clock = CheckClock(seconds, now)
        path = str(data_dir / DATABASE_NAME)
        self._files = (path, f"{path}-wal")
        self._footprint = self._read_footprint()
        self._checking: Iterator[frozenset[str] | None] | None = None

    def _read_footprint(self) -> list[tuple[int, int] | None]:
        """Return size and time of change of the database and its log, which tell of any write."""
        return [_size_and_time(file) for file in self._files]

    def step(self, now: float, *, is_committed: bool, is_explained: bool) -> frozenset[str] | None:
        """Do a little of a check that is due; return which schedules' text is damaged at its end.

        None while none has ended. `is_committed`: whether there was a commit since the step
        before; `is_explained`: whether it is known what that was. Raises as `find_damaged`.
        """
        before, self._footprint = self._footprint, self._read_footprint()
        if is_explained:
            self._clock.clear()
        elif is_committed:
            self._clock.hasten(now)
        elif self._footprint != before:
            # The log is written before its commit is seen: on a slow disk long before.
            self._clock.suspect(now)
        if self._clock.is_due(now):
            # What was written since may be seen only by a check that begins anew.
            self._checking = find_damaged(self._data_dir)
        if self._checking is None:
            return None
        self._clock.put_off(now)
        # A step at a time: a change must not wait for the whole check.
        damaged = next(self._checking)
        if damaged is not None:
            self._checking = None
        return damaged
