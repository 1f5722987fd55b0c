"""Keeps the last-good file up to date, in a thread of its own: it may take a while."""

import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import structlog

from pbx_adapters.data_dir import NEWER_LAST_GOOD_FILE
from pbx_adapters.in_service import InService, find_stand_ins
from schedules.errors import BereikbaarError
from schedules.last_good import read_last_good, write_last_good
from schedules.sqlite_store import open_store

QUIET_SECONDS: Final = 2.0
# While somebody goes on editing, writing may take at most a twentieth of the time from the calls.
_REST_PER_SECOND_WRITTEN: Final = 20
RETRY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0

_log = structlog.get_logger()


class Noted(NamedTuple):
    """What is in service: a store revision, and what differs from it.

    `kept` holds, for each schedule that can't be compiled, the revision of the table that was kept,
    None without one.
    """

    revision: int
    kept: Mapping[str, int | None]


class LastGoodKeeper(threading.Thread):
    """Writes the last-good file once something has been in service for a moment.

    `note` tells what was taken in. `stop` writes what is still to be written and ends the thread.
    """

    def __init__(self, data_dir: Path, path: Path) -> None:
        super().__init__(name="last-good", daemon=True)
        self._data_dir = data_dir
        self._path = path
        self._changed = threading.Condition()
        self._wanted = Noted(0, {})
        # None until the file there is has been read.
        self._written: Noted | None = None
        self._pause_seconds = QUIET_SECONDS
        self._is_stopping = False

    def note(self, noted: Noted) -> None:
        """Have the file written for what is in service now, soon."""
        with self._changed:
            self._wanted = noted
            self._changed.notify()

    def stop(self) -> None:
        """Write what is still to be written, then end; waits for it, but not for ever."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self.join(STOP_SECONDS)

    def run(self) -> None:
        """Write whenever a newer revision has settled."""
        while self._wait():
            started = monotonic()
            is_written = self._write()
            rest = (monotonic() - started) * _REST_PER_SECOND_WRITTEN
            self._pause_seconds = max(QUIET_SECONDS, rest) if is_written else RETRY_SECONDS
        if self._is_behind():
            self._write()

    def _wait(self) -> bool:
        """Wait until there is something to write; tell whether to go on after that."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._is_behind())
            # A burst of changes is written once.
            self._changed.wait_for(lambda: self._is_stopping, timeout=self._pause_seconds)
            return not self._is_stopping

    def _is_behind(self) -> bool:
        return self._wanted.revision != 0 and self._wanted != self._written

    def _revision_on_disk(self) -> int:
        try:
            return read_last_good(self._path).revision()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is to be written anew
            return 0

    def _write(self) -> bool:
        """Write the file if the store still stands there; tell whether that is done."""
        wanted = self._wanted
        if self._written is None:
            # Not before: reading all of it takes time that the first calls are waiting for.
            self._written = Noted(self._revision_on_disk(), {})
            if not self._is_behind():
                return True
            if wanted.revision < self._written.revision:
                self._keep_newer(wanted.revision, self._written.revision)
        try:
            with (
                closing(open_store(self._data_dir, create=False)) as store,
                store.reading(),
            ):
                # What was saved meanwhile is not in service yet; once it is, a note of it follows.
                if store.revision() == wanted.revision:
                    stand_ins = find_stand_ins(wanted.kept, self._path, store)
                    write_last_good(self._path, InService(store, stand_ins))
        except Exception as error:  # noqa: BLE001 - the thread has to outlive any fault
            why = str(error) if isinstance(error, BereikbaarError) else repr(error)
            _log.warning("last_good_not_written", why=why)
            return False
        self._written = wanted
        return True

    def _keep_newer(self, revision: int, served: int) -> None:
        """Keep a file beside that holds saves which the store has lost, and tell of it."""
        newer = self._path.with_name(NEWER_LAST_GOOD_FILE)
        _log.warning("store_went_back", revision=revision, served=served, kept=newer.name)
        with suppress(OSError):
            newer.unlink(missing_ok=True)
            newer.hardlink_to(self._path)
