"""Keeps what was decided for each call, in a thread of its own: no call waits for it."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from math import inf
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from pbx_adapters.call_record import SharedRows, remove_calls_before, write_calls
from pbx_adapters.call_slice import CallSlice
from pbx_adapters.decisions_db import DecisionsUnavailableError, writing_decisions
from pbx_adapters.side_database import HeldOpen, damaged_path

FLUSH_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0
# Python's lock is held for a slice's rows at once, which a call may have to wait for.
SLICE: Final = 250
# What is written together; others who write, such as the keeper of token uses, wait for that.
_SLICES_AT_ONCE: Final = 8
# To write a call takes nearly as long as to answer one. While more come in a second than
# these they only wait, as text, which takes a ninth of that.
RUSH: Final = 1_000
# Some 30 MB of text.
MOST_WAITING: Final = 250_000
# For a process that answers no call. Beside calls it would sleep with Python's lock in its hands,
# and hold them up for half a second.
NICENESS: Final = 15
_REMOVED_AT_ONCE: Final = 1_000
_REMOVAL_SECONDS: Final = 60.0
# Of each second, what removing may take while much is to be removed.
_REMOVAL_SHARE: Final = 0.25
_DAY_SECONDS: Final = 86_400
# A clock that was set ahead by more than the first is believed after the second: if it is wrong,
# somebody has time to put it back before everything seems too old.
_LEAP_SECONDS: Final = 3_600
_DOUBT_SECONDS: Final = _DAY_SECONDS
# What SQLite refuses for its own sake, and would again.
_FAULTS_OF_DATA: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)

_log = structlog.get_logger()


class DecisionKeeper(threading.Thread):
    """Writes the calls that `source` hands out to the database at `path`, about once a second.

    `source` gives the calls that have waited longest, as many as it is asked for while it has them.
    While more than `RUSH` come in a second they wait here until fewer come. What is older than
    `retention_days` by `clock`, which gives epoch seconds, is removed little by little.

    What can't be written is told once and tried again. `tell_written` hears of every attempt
    whether it succeeded, `tell_dropped` how many calls could never be written, or found
    `MOST_WAITING` before them. On Linux the thread has a `niceness` of its own.
    """

    def __init__(  # noqa: PLR0913 - its wiring
        self,
        path: Path,
        source: Callable[[int], CallSlice],
        retention_days: int,
        clock: Callable[[], int],
        *,
        tell_written: Callable[[bool], None] = lambda _is_written: None,
        tell_dropped: Callable[[int], None] = lambda _count: None,
        flush_seconds: float = FLUSH_SECONDS,
        niceness: int = 0,
    ) -> None:
        super().__init__(name="decision-keeper", daemon=True)
        self._path = path
        self._source = source
        self._retention_seconds = retention_days * _DAY_SECONDS
        self._clock = clock
        self._tell_written = tell_written
        self._tell_dropped = tell_dropped
        self._flush_seconds = flush_seconds
        self._niceness = niceness
        # Taken from the source, and not known to be written.
        self._taken: deque[CallSlice] = deque()
        self._waiting = 0
        self._took_at = -inf
        self._shared = SharedRows()
        self._open = HeldOpen(path)
        self._is_told = False
        # By how much the clock is ahead of one that nobody sets.
        self._lead = clock() - monotonic()
        self._doubted_until = 0.0
        self._removes_at = monotonic()
        self._stopping = threading.Event()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Write the rest, then end; waits for it so long, and tells when that was too short."""
        self._stopping.set()
        self.join(seconds)
        if self.is_alive():
            why = f"the last took longer than {seconds:g} s"
            _log.warning("calls_not_recorded", why=why, waiting=self._waiting)

    def run(self) -> None:
        """Write what waits and remove what is too old, every second."""
        if self._niceness:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while not self._stopping.wait(self._flush_seconds):
            self._open.hold()
            self.flush()
            if monotonic() >= self._removes_at:
                is_done = self.remove_expired(self._flush_seconds * _REMOVAL_SHARE)
                self._removes_at = monotonic() + (_REMOVAL_SECONDS if is_done else 0)
                if is_done:
                    # What was removed is in the log still.
                    self._open.let_go()
        self._flush_all()
        self._open.let_go()

    def flush(self) -> None:
        """Take what has come, and write what has waited longest, unless calls come too fast."""
        if not self._is_rush(self._take_all()):
            self._write_some()

    def _flush_all(self) -> None:
        """Write all that waits, as long as it can be written."""
        while (self._take_all() or self._taken) and self._write_some():
            pass

    def remove_expired(self, seconds: float) -> bool:
        """Remove what is too old, for about so long; tell whether that is done, or has to wait."""
        if self._is_clock_doubtful() or not self._is_there():
            return True
        before = self._clock() - self._retention_seconds
        _remove_put_aside(self._path, before)
        ends_at = monotonic() + seconds
        removed = _REMOVED_AT_ONCE

        def remove() -> None:
            nonlocal removed
            with writing_decisions(self._path, self._open) as db:
                removed = remove_calls_before(db, before, _REMOVED_AT_ONCE)

        while removed == _REMOVED_AT_ONCE:
            if self._attempt(remove) is not None:
                return True
            if monotonic() >= ends_at or self._stopping.is_set():
                break
        return removed < _REMOVED_AT_ONCE

    def _is_clock_doubtful(self) -> bool:
        """Tell whether the clock was lately set far ahead, and not put back since."""
        lead = self._clock() - monotonic()
        ahead = lead - self._lead
        self._lead = lead
        if ahead > _LEAP_SECONDS:
            self._doubted_until = monotonic() + _DOUBT_SECONDS
            why = f"the clock went {ahead:.0f} s ahead at once; it is believed after a day"
            _log.warning("calls_not_removed", why=why)
        elif ahead < -_LEAP_SECONDS:
            self._doubted_until = 0.0
        return monotonic() < self._doubted_until

    def _is_there(self) -> bool:
        try:
            return self._path.exists()
        except OSError:
            # As where the folder can't be searched; whatever is to be written tells it.
            return False

    def _is_rush(self, came: int) -> bool:
        """Tell whether so many calls, taken just now, came too fast to be written meanwhile."""
        now = monotonic()
        seconds, self._took_at = now - self._took_at, now
        return came > RUSH * max(seconds, FLUSH_SECONDS)

    def _take_all(self) -> int:
        """Take what the source has, drop what there is no room for, and tell how much came."""
        came = 0
        ends_at = monotonic() + FLUSH_SECONDS
        while True:
            try:
                calls = self._source(SLICE)
            except Exception as error:  # noqa: BLE001 - the thread has to outlive any fault
                self._tell_fault(error)
                return came
            came += calls.size
            if self._waiting + calls.size > MOST_WAITING:
                self._tell_dropped(calls.size)
            elif calls.size:
                self._taken.append(calls)
                self._waiting += calls.size
            # What comes meanwhile waits for the next time, unless it keeps coming as fast.
            if calls.size < SLICE or monotonic() >= ends_at:
                return came

    def _write_some(self) -> bool:
        """Write what has waited longest, in one transaction; tell whether more may be written."""
        some = tuple(islice(self._taken, _SLICES_AT_ONCE))
        if not some:
            return True
        error = self._attempt(lambda: self._write(some))
        if error is not None and _is_of_the_file(error):
            return False
        for _ in some:
            self._taken.popleft()
        count = sum(calls.size for calls in some)
        self._waiting -= count
        if error is not None:
            # It would fail for ever, and keep every later call out.
            self._tell_dropped(count)
        return True

    def _write(self, slices: Iterable[CallSlice]) -> None:
        with writing_decisions(self._path, self._open) as db:
            for calls in slices:
                write_calls(db, calls.calls(), self._shared)

    def _attempt(self, work: Callable[[], None]) -> Exception | None:
        """Do what may fail, tell what comes of it, and return why it failed."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - as above
            self._tell_fault(error)
            # What is known of the database may hold no more.
            self._shared = SharedRows()
            self._open.let_go()
            return error
        self._tell_written(True)  # noqa: FBT003 - what a gauge is set to
        if self._is_told:
            _log.info("calls_recorded_again")
        self._is_told = False
        return None

    def _tell_fault(self, error: Exception) -> None:
        self._tell_written(False)  # noqa: FBT003 - as above
        if not self._is_told:
            _log.warning("calls_not_recorded", why=str(error) or repr(error))
        self._is_told = True


def _is_of_the_file(error: Exception) -> bool:
    """Tell whether the file is at fault, or the disk, so that the same may be written later."""
    return isinstance(error, DecisionsUnavailableError) and not isinstance(
        error.__cause__, _FAULTS_OF_DATA
    )


def _remove_put_aside(path: Path, before: int) -> None:
    """Remove a damaged database once all that it may hold is too old to be kept."""
    aside = damaged_path(path)
    with suppress(OSError):
        if aside.stat().st_mtime < before:
            aside.unlink()
