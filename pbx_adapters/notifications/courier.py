"""Brings what the outbox holds to its receivers, each in a thread of its own."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import structlog
from prometheus_client import Counter, Gauge

from pbx_adapters.notifications.outbox import (
    Attempt,
    Delivery,
    OutboxUnavailableError,
    count_waiting,
    due,
    note_attempt,
    put_outbox_aside,
    reading_outbox,
    writing_outbox,
)
from pbx_adapters.notifications.sending import send
from pbx_adapters.notifications.settings import Receiver, SmtpSettings

# A receiver that failed is left in peace for so long, whatever else there is for him.
REST_SECONDS: Final = 30
_AT_ONCE: Final = 20

_log = structlog.get_logger()


class _Report(NamedTuple):
    """What a sender reports: a delivery with what came of it, or that it is done."""

    receiver: str
    delivery: Delivery | None = None
    attempt: Attempt | None = None


class Courier:
    """Sends and notes what came of it; `sent` and `waiting` are what monitoring sees.

    A receiver that hangs holds up no other. `clock` gives epoch seconds. All but `stop` is to be
    used in one thread.
    """

    def __init__(  # noqa: PLR0913 - its wiring
        self,
        outbox: Path,
        receivers: Mapping[str, Receiver],
        smtp: SmtpSettings | None,
        *,
        sent: Counter,
        waiting: Gauge,
        clock: Callable[[], int],
    ) -> None:
        self._outbox = outbox
        self._receivers = receivers
        self._smtp = smtp
        self._sent = sent
        self._waiting = waiting
        self._clock = clock
        self._busy: set[str] = set()
        self._resting: dict[str, int] = {}
        self._failing: set[str] = set()
        self._reports: queue.SimpleQueue[_Report] = queue.SimpleQueue()
        # Taken from the queue, and still to be written.
        self._unwritten: list[_Report] = []
        self._is_stopping = threading.Event()

    def stop(self) -> None:
        """Have senders begin nothing more, and whoever waits go on."""
        self._is_stopping.set()
        self._reports.put(_Report(""))

    def step(self) -> None:
        """Begin to send whatever is due; raises `OutboxUnavailableError`.

        A damaged outbox is put aside.
        """
        try:
            self._begin_due(self._clock())
        except OutboxUnavailableError as error:
            if error.is_damaged:
                put_outbox_aside(self._outbox)
            raise

    def _begin_due(self, at: int) -> None:
        with reading_outbox(self._outbox) as db:
            if db is None:
                return
            self._waiting.set(count_waiting(db))
            for name, receiver in self._receivers.items():
                is_resting = at < self._resting.get(name, 0) <= at + REST_SECONDS
                if name in self._busy or is_resting:
                    continue
                if batch := due(db, name, at, _AT_ONCE):
                    work = threading.Thread(
                        target=self._send_all, args=(receiver, batch), daemon=True
                    )
                    work.start()
                    # Where there is no room for a thread, it is tried again.
                    self._busy.add(name)

    def wait(self, seconds: float) -> None:
        """Wait for reports, and write what came of attempts; raises `OutboxUnavailableError`."""
        with suppress(queue.Empty):
            self._unwritten.append(self._reports.get(timeout=seconds))
        while not self._reports.empty():
            self._unwritten.append(self._reports.get())
        at = self._clock()
        # Until that is written nobody is sent the same again.
        pairs = [(one.delivery, one.attempt) for one in self._unwritten]
        if any(delivery for delivery, _ in pairs):
            with writing_outbox(self._outbox) as db:
                tried = [
                    (delivery, attempt, note_attempt(db, delivery, attempt, at))
                    for delivery, attempt in pairs
                    if delivery is not None and attempt is not None
                ]
            for delivery, attempt, next_at in tried:
                self._tell(delivery, attempt, next_at, at)
        for one in self._unwritten:
            if one.delivery is None:
                self._busy.discard(one.receiver)
        self._unwritten.clear()

    def finish(self, seconds: float) -> None:
        """Note what came of the attempts under way, of those that end in time."""
        deadline = monotonic() + seconds
        self.wait(0)
        while self._busy and (left := deadline - monotonic()) > 0:
            self.wait(left)

    def _send_all(self, receiver: Receiver, batch: Sequence[Delivery]) -> None:
        for delivery in batch:
            if self._is_stopping.is_set():
                break
            attempt = send(delivery, receiver, self._smtp, self._clock())
            self._reports.put(_Report(receiver.name, delivery, attempt))
            if not attempt.is_sent and not attempt.is_final:
                break
        self._reports.put(_Report(receiver.name))

    def _tell(self, delivery: Delivery, attempt: Attempt, next_at: int | None, at: int) -> None:
        """Count an attempt, and log what is new about a receiver."""
        name = delivery.receiver
        if attempt.is_sent:
            self._sent.labels(delivery.channel, "sent").inc()
            if name in self._failing:
                self._failing.discard(name)
                _log.info("notifications_sent_again", receiver=name)
            return
        if next_at is None:
            self._sent.labels(delivery.channel, "given-up").inc()
            about = {"kind": delivery.kind, "schedule": delivery.schedule, "why": attempt.why}
            _log.error("notification_given_up", receiver=name, id=delivery.id, **about)
            return
        self._sent.labels(delivery.channel, "failed").inc()
        self._resting[name] = at + REST_SECONDS
        if name not in self._failing:
            self._failing.add(name)
            _log.warning("notification_failed", receiver=name, id=delivery.id, why=attempt.why)
