"""Keeps the last-good file up to date, in a thread of its own: it may take a while."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from schedules.errors import BereikbaarError, StoreUnavailableError
from schedules.last_good import read_last_good, write_last_good
from schedules.sqlite_store import open_store

QUIET_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 30.0

_log = structlog.get_logger()


class LastGoodKeeper(threading.Thread):
    """Writes the last-good file once a good revision has been in service for a moment.

    `note` tells of a revision that was taken in without trouble: only such a one may become the
    last good. `stop` writes what is still to be written and ends the thread.
    """

    def __init__(self, data_dir: Path, path: Path) -> None:
        super().__init__(name="last-good", daemon=True)
        self._data_dir = data_dir
        self._path = path
        self._changed = threading.Condition()
        self._wanted = self._written = 0
        self._pause_seconds = QUIET_SECONDS
        self._is_stopping = False

    def note(self, revision: int) -> None:
        """Have the file written for this store revision, soon."""
        with self._changed:
            self._wanted = revision
            self._changed.notify()

    def stop(self) -> None:
        """Write what is still to be written, then end; waits for it."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self.join()

    def run(self) -> None:
        """Write whenever a newer revision has settled."""
        self._written = self._revision_on_disk()
        while self._wait():
            self._pause_seconds = QUIET_SECONDS if self._write() else RETRY_SECONDS
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
        return self._wanted not in (0, self._written)

    def _revision_on_disk(self) -> int:
        try:
            return read_last_good(self._path).revision()
        except StoreUnavailableError:
            return 0

    def _write(self) -> bool:
        """Write the file if the store still stands where it was good; tell whether that is done."""
        wanted = self._wanted
        try:
            with (
                closing(open_store(self._data_dir, create=False)) as store,
                store.reading(),
            ):
                # One that was saved meanwhile may not be good; if it is, a note of it follows.
                if store.revision() == wanted:
                    write_last_good(self._path, store)
        except (BereikbaarError, OSError) as error:
            _log.warning("last_good_not_written", why=str(error))
            return False
        self._written = wanted
        return True
