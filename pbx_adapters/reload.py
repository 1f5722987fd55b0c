"""Follows the store in a thread of its own, and puts each change into service."""

import asyncio
import gc
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

import structlog

from pbx_adapters.audio_watch import AudioWatch
from pbx_adapters.data_dir import LAST_GOOD_FILE
from pbx_adapters.last_good_keeper import LastGoodKeeper, Noted
from pbx_adapters.loader import LoadedTables, told
from pbx_adapters.metrics import Metrics
from pbx_adapters.serving import Service, Serving
from pbx_adapters.store_check import CHECK_SECONDS, StoreCheck, find_damaged
from routing_engine.compiler import TargetCheck
from routing_engine.table import IntervalTable, first_day_for
from schedules.errors import ConflictError, StoreUnavailableError
from schedules.forward_rules import ForwardPolicy
from schedules.last_good import read_last_good
from schedules.revisions import Revision
from schedules.sqlite_store import DATABASE_NAME, SqliteStore, open_store

POLL_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 1.0
# Longer than the last-good file may take to be written.
STOP_SECONDS: Final = 6.0
MAX_RETRY_SECONDS: Final = 30.0
# The event loop may be held up, or be ending.
_SWAP_SECONDS: Final = 1.0
_RELEASED_AT_ONCE: Final = 100
# Trying again may cost the calls at most a twentieth of the time.
_REST_PER_SECOND_TRIED: Final = 20

_log = structlog.get_logger()


class Reloader(threading.Thread):
    """Keeps `serving` at what the store holds.

    `clock` gives epoch seconds; callers may be forwarded as `policy` says, and hear the messages
    that `audio` finds. A change committed by any process is found by polling the database's data
    version; the call path never waits for the disk. `first_reading` is done once the store has been
    read, or was found wanting. Every `check_seconds`, and after any other write to its files, the
    store is read to see whether it is whole. One process of a daemon `keeps_last_good`, the file.
    """

    def __init__(  # noqa: PLR0913 - its wiring
        self,
        data_dir: Path,
        serving: Serving,
        metrics: Metrics,
        *,
        policy: ForwardPolicy,
        audio: AudioWatch,
        clock: Callable[[], int],
        loop: asyncio.AbstractEventLoop,
        check_seconds: float = CHECK_SECONDS,
        keeps_last_good: bool = True,
    ) -> None:
        super().__init__(name="reload", daemon=True)
        self._data_dir = data_dir
        self._serving = serving
        self._metrics = metrics
        self._clock = clock
        self._loop = loop
        self._check_seconds = check_seconds
        self._last_good_path = data_dir / LAST_GOOD_FILE
        self._database_path = data_dir / DATABASE_NAME
        targets = TargetCheck(policy, audio.has)
        self._loaded = LoadedTables(targets, self._read_good, list_messages=audio.look_up)
        self._audio = audio
        # Schedules to be compiled anew, since what can be played is something else now.
        self._touched: frozenset[str] = frozenset()
        self._service: Service | None = None
        self._wake = threading.Event()
        self._is_stopping = False
        self._trouble = ""
        # What the last check found.
        self._damaged: frozenset[str] = frozenset()
        self._load_ended_at = 0.0
        self._opened_file: tuple[int, int] | None = None
        self.first_reading: asyncio.Future[None] = loop.create_future()
        self._waiting: deque[asyncio.Future[None]] = deque([self.first_reading])
        self._keeper = LastGoodKeeper(data_dir, self._last_good_path) if keeps_last_good else None

    def request(self) -> None:
        """Have everything read anew, soon."""
        self._waiting.append(self._loop.create_future())
        self._wake.set()

    async def reload(self) -> None:
        """Read everything anew, and return when it is in service or was found wanting."""
        done = self._loop.create_future()
        self._waiting.append(done)
        self._wake.set()
        await done

    def stop(self) -> None:
        """End the thread, with the last-good file up to date; a disk that hangs can't hold it."""
        self._is_stopping = True
        self._wake.set()
        self.join(STOP_SECONDS)

    def run(self) -> None:
        """Follow the store; when it can't be read, answer from what is there and try again."""
        if self._keeper is not None:
            self._keeper.start()
        while not self._is_stopping:
            waiting = self._take_waiting()
            started = perf_counter()
            self._load_ended_at = 0.0
            is_readable = False
            # Not even a fault in telling of faults may end the thread.
            with suppress(Exception):
                is_readable = self._follow_or_survive(waiting)
            self._settle(waiting)
            if not is_readable:
                # Following what was loaded costs nothing.
                ended = self._load_ended_at or perf_counter()
                rest = (ended - started) * _REST_PER_SECOND_TRIED
                self._pause(min(max(RETRY_SECONDS, rest), MAX_RETRY_SECONDS))
        if self._keeper is not None:
            self._keeper.stop()
        self._settle(self._take_waiting())

    def _follow_or_survive(self, waiting: list[asyncio.Future[None]]) -> bool:
        """Follow the store until it has to be opened anew; tell whether it could be read."""
        try:
            with closing(self._open_store()) as store:
                self._follow(store, waiting)
        except StoreUnavailableError as error:
            self._survive(str(error))
        except Exception as error:  # noqa: BLE001 - the thread has to outlive any fault
            # Its text may quote what is stored; that is for the log alone.
            why = f"reading the store failed: {type(error).__name__}; the log has more"
            self._survive(why, error)
        else:
            return True
        return False

    def _open_store(self) -> SqliteStore:
        # A database that has gone is a fault, and an empty one in its place would hide it.
        is_new = self._service is None and not self._last_good_path.exists()
        self._opened_file = _identity(self._database_path)
        return open_store(self._data_dir, create=is_new or self._database_path.exists())

    def _follow(self, store: SqliteStore, waiting: list[asyncio.Future[None]]) -> None:
        # Both are read before the content, so that a write in between is noticed afterwards.
        check = StoreCheck(self._data_dir, self._check_seconds, monotonic())
        seen = store.data_version()
        locks = store.lock_changes()
        if self._trouble:
            # Loading reads less than a check: it mustn't call whole what one found damaged.
            for _ in find_damaged(self._data_dir):
                pass
        self._load_all(store)
        self._load_ended_at = perf_counter()
        self._settle(waiting)
        while not self._is_stopping:
            self._pause(POLL_SECONDS)
            # A backup that was put back is another file, and this connection holds the old one.
            if self._waiting or _identity(self._database_path) != self._opened_file:
                return
            version = store.data_version()
            written = self._loaded.revision, locks
            is_committed = version != seen
            if is_committed:
                seen = version
                locks = store.lock_changes()
                self._load_changes(store)
            # A save, or a lock that somebody renews each minute: no cause for a check.
            is_explained = (self._loaded.revision, locks) != written
            damaged = check.step(monotonic(), is_committed=is_committed, is_explained=is_explained)
            if damaged is not None and damaged != self._damaged:
                # Only another connection sees it: this one has pages in memory.
                self._damaged = damaged
                return
            # Once a day everything is made anew: its messages may be gone, or be there again.
            if self._loaded.first_day != first_day_for(self._clock()):
                self._load_all(store)
            self._follow_audio(store)

    def _follow_audio(self, store: SqliteStore) -> None:
        """Compile anew what uses messages that are gone, or are there again."""
        news = self._audio.step(monotonic())
        if news is not None:
            self._metrics.audio_bytes.set(news.size)
            if news.playable is not None:
                self._touched |= self._loaded.touched_by(news.playable)
        # Some may have been deleted since.
        self._touched &= self._loaded.tables.keys()
        if not self._touched:
            return
        with store.reading():
            # Else a change waits that comes first.
            if store.revision() == self._loaded.revision:
                loaded = self._loaded.load_again(self._touched, store)
                self._touched = frozenset()
                self._put_into_service(loaded, "messages_followed")

    def _load_all(self, store: SqliteStore) -> None:
        started = perf_counter()
        if (revision := self._see(store)) < self._loaded.revision:
            _log.warning("store_went_back", revision=revision, served=self._loaded.revision)
        former = list(self._loaded.tables.values())

        def serve_meanwhile(service: Service) -> None:
            former.extend(service.snapshot.tables.values())
            self._tell(Serving.put, self._serving, service)

        # Tables live long: collecting garbage among them while they are made only costs time.
        gc.disable()
        try:
            # Not where a service is answering already: this one is slower.
            serve = None if self._service else serve_meanwhile
            loaded = self._loaded.load_all(store, self._clock(), serve)
            self._touched = frozenset()
            self._put_into_service(loaded, "loaded")
            gc.freeze()
        finally:
            gc.enable()
        self._metrics.reload_duration.observe(perf_counter() - started)
        self._release(former)

    def _release(self, tables: list[IntervalTable]) -> None:
        """Let go of tables that are served no more: calls would wait while all go at once."""
        is_swapped = threading.Event()
        self._tell(is_swapped.set)
        is_swapped.wait(_SWAP_SECONDS)
        while tables:
            del tables[-_RELEASED_AT_ONCE:]

    def _see(self, store: SqliteStore) -> int:
        """Show and return the store's revision; an empty store in a full one's place is refused."""
        revision = store.revision()
        self._metrics.store_revision.set(revision)
        if revision == 0 and (self._loaded.revision or self._last_good_path.exists()):
            raise StoreUnavailableError(
                f"{self._database_path}: is empty and takes the place of a store that was not: "
                f"restore a backup; to begin anew, stop the daemon and remove {LAST_GOOD_FILE}"
            )
        return revision

    def _load_changes(self, store: SqliteStore) -> None:
        started = perf_counter()
        if self._see(store) == self._loaded.revision:
            return
        try:
            # What belongs together is read at one moment: numbers move between schedules.
            with store.reading():
                changes = store.changed_since(self._loaded.revision)
                loaded = self._loaded.load_changes(changes, store)
        except ConflictError:
            self._load_all(store)
            return
        self._put_into_service(loaded, "reloaded")
        self._metrics.reload_duration.observe(perf_counter() - started)

    def _put_into_service(self, loaded: LoadedTables, event: str) -> None:
        self._loaded = loaded
        self._trouble = ""
        self._publish(loaded.service())
        self._metrics.show_tables(loaded, self._clock())
        if self._keeper is not None:
            self._keeper.note(Noted(loaded.revision, loaded.kept))
        _log.info(
            event,
            revision=loaded.revision,
            schedules=len(loaded.tables),
            failed=len(loaded.failed),
        )

    def _survive(self, why: str, fault: Exception | None = None) -> None:
        """Go on with the service there is, else with the last-good file's."""
        self._metrics.last_reload_successful.set(0)
        troubles = [*self._loaded.failed.values(), why]
        if self._service is None:
            try:
                loaded = self._loaded.load_last_good(
                    read_last_good(self._last_good_path), self._clock()
                )
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, try again later
                troubles.append(told(error))
                self._tell(Serving.put_troubles, self._serving, tuple(troubles))
            else:
                self._loaded = loaded
                self._service = loaded.service()
                self._metrics.show_tables(loaded, self._clock())
                self._metrics.last_reload_successful.set(0)
                troubles = [*loaded.failed.values(), why]
                self._trouble = ""
        if self._service is not None:
            self._publish(self._service.with_troubles(tuple(troubles)))
        if why != self._trouble:
            self._trouble = why
            is_serving = self._service is not None
            revision = self._loaded.revision if is_serving else None
            _log.error("store_unavailable", why=why, serving_revision=revision, exc_info=fault)

    def _read_good(self) -> Iterator[Revision]:
        with suppress(StoreUnavailableError):
            yield from read_last_good(self._last_good_path).currents()

    def _publish(self, service: Service) -> None:
        self._service = service
        self._tell(Serving.put, self._serving, service)

    def _tell(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a function on the event loop, unless the daemon is going down already."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    def _take_waiting(self) -> list[asyncio.Future[None]]:
        # One by one: the event loop may be adding another.
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _settle(self, waiting: list[asyncio.Future[None]]) -> None:
        for done in waiting:
            self._tell(_finish, done)

    def _pause(self, seconds: float) -> None:
        if self._wake.wait(seconds):
            self._wake.clear()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
