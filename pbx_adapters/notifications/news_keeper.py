"""Keeps what happened in the store as deliveries in the outbox, one for each who asked for it."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from pbx_adapters.notifications.look import Event
from pbx_adapters.notifications.news import Follower, News, begin
from pbx_adapters.notifications.outbox import (
    NewDelivery,
    Position,
    add_deliveries,
    begin_following,
    give_up_others,
    has_position,
    move_on,
    read_followed,
    writing_outbox,
)
from pbx_adapters.notifications.settings import EventKind, Receiver
from routing_engine.compiler import TargetCheck
from schedules.errors import StoreUnavailableError
from schedules.sqlite_store import DATABASE_NAME, SqliteStore, open_store

_ID_BYTES: Final = 16

_log = structlog.get_logger()


class NewsKeeper:
    """Follows the store in a data directory, for these receivers.

    Where nothing was followed yet it begins at the present. To be used in one thread.
    """

    def __init__(
        self,
        data_dir: Path,
        outbox: Path,
        receivers: Mapping[str, Receiver],
        targets: TargetCheck,
    ) -> None:
        self._data_dir = data_dir
        self._database = data_dir / DATABASE_NAME
        self._outbox = outbox
        self._receivers = receivers
        self._targets = targets
        self._store: SqliteStore | None = None
        self._file = ""
        self._version = -1
        self._follower: Follower | None = None
        # Where the outbox stands; the follower may be further where there was nothing to keep.
        self._kept = Position("", 0, 0)

    def step(self, at: int) -> None:
        """Keep what happened up to an instant.

        Raises `StoreUnavailableError` and `OutboxUnavailableError`; the next step finds it again.
        """
        try:
            store = self._opened()
            version = store.data_version()
            follower = self._follower or self._begin(store, at)
            if version != self._version or follower.is_due(at):
                self._keep(follower, follower.look(store, self._file, at), at)
                self._version = version
        except StoreUnavailableError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
        self._store = None

    def _opened(self) -> SqliteStore:
        """Return the store: a backup that was put back is another file."""
        try:
            found = self._database.stat()
        except OSError as error:
            raise StoreUnavailableError(f"{self._database}: {error.strerror}") from None
        file = f"{found.st_dev}:{found.st_ino}"
        if file != self._file:
            self.close()
        if self._store is None:
            self._store = open_store(self._data_dir, create=False)
            self._version = -1
            self._file = file
        return self._store

    def _begin(self, store: SqliteStore, at: int) -> Follower:
        with writing_outbox(self._outbox) as db:
            followed = read_followed(db)
            if followed is None:
                followed = begin(store, self._file, at)
                begin_following(db, followed)
                _log.info("notifications_begin", revision=followed.position.revision)
            give_up_others(db, self._receivers)
        self._kept = followed.position
        self._follower = Follower(followed, self._targets, self._is_wanted)
        return self._follower

    def _keep(self, follower: Follower, news: News, at: int) -> None:
        if news.events or news.seen or news.running:
            with writing_outbox(self._outbox) as db:
                before = self._kept
                if not has_position(db):
                    # Damaged, put aside and begun anew; what is known here isn't.
                    begin_following(db, follower.followed)
                    before = follower.position
                moved = move_on(db, before, news.position, news.seen, news.running)
                if moved:
                    add_deliveries(db, self._deliveries_of(news), at)
            if not moved:
                # Another daemon has been here.
                self._follower = None
                return
            self._kept = news.position
        if news.other_history:
            _log.warning("notifications_left_out", schedules=news.other_history, why="restored")
        follower.take(news)

    def _is_wanted(self, kind: EventKind, schedule_id: str, company: str | None) -> bool:
        return any(one.wants(kind, schedule_id, company) for one in self._receivers.values())

    def _deliveries_of(self, news: News) -> Iterator[NewDelivery]:
        for event in news.events:
            for receiver in self._receivers.values():
                if receiver.wants(event.kind, event.schedule, event.company):
                    yield _delivery_of(event, receiver)


def _delivery_of(event: Event, receiver: Receiver) -> NewDelivery:
    key = f"{receiver.name}\n{event.key}".encode()
    return NewDelivery(
        f"msg_{hashlib.blake2b(key, digest_size=_ID_BYTES).hexdigest()}",
        receiver.name,
        receiver.channel,
        event.kind,
        event.schedule,
        event.at,
        event.told,
    )
