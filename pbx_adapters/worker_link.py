"""What a worker and its supervisor tell each other, and the worker's end of it."""

import asyncio
import pickle
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from pbx_adapters.call_slice import CallSlice
from pbx_adapters.metric_sums import Family

REPORT_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
LENGTH: Final = struct.Struct("!I")


class Report(NamedTuple):
    """What a worker says of itself, about once a second.

    `revision` of the store is in service, 0 before any. `is_ready`: it answers calls, or is about
    to; `is_listening`: it does; `is_well`: it follows the store. `reloads` is the number of the
    last reload it has done, `wants_reload` asks for one of all workers. `uses` of tokens are those
    that are new since the report before. `families` is None where the metrics of the report before
    are good enough. `calls` are to be recorded. `wants_exposition` asks for the metrics of all.
    """

    revision: int
    is_ready: bool
    is_listening: bool
    is_well: bool
    troubles: tuple[str, ...]
    reloads: int
    uses: dict[str, int]
    families: list[Family] | None
    calls: CallSlice = CallSlice()
    wants_reload: bool = False
    wants_exposition: bool = False


class Reply(NamedTuple):
    """What the supervisor answers to each report.

    `others_revision` is the least that other workers serve, None without others; `troubles` are
    theirs. `reloads` is the number of the last reload asked for, and `reloaded` of the last one
    that all have done. `takes_calls`: whether there is room for more to be recorded.
    """

    others_revision: int | None
    troubles: tuple[str, ...]
    reloads: int
    reloaded: int
    takes_calls: bool = True
    exposition: bytes = b""


class LostError(Exception):
    """The supervisor is gone."""


class _Asked(NamedTuple):
    """Somebody who waits for the reply to a report that is yet to be made."""

    done: "asyncio.Future[Reply]"
    wants_reload: bool
    wants_exposition: bool


class WorkerLink(threading.Thread):
    """Exchanges reports for replies, in a thread of its own: a full pipe holds up no call.

    `make_report` is called in this thread with what is wanted, `on_lost` in it as well once the
    supervisor is gone; `on_reply` on the event loop with each reply. Each report takes a round of
    the event loop first, so that one which hangs falls silent.
    """

    def __init__(
        self,
        connection: socket.socket,
        make_report: Callable[[bool, bool], Report],
        on_reply: Callable[[Reply], None],
        on_lost: Callable[[], object],
    ) -> None:
        super().__init__(name="link", daemon=True)
        self._connection = connection
        self._make_report = make_report
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._asked: deque[_Asked] = deque()
        self._wake = threading.Event()
        # The last one, for the thread that makes reports.
        self.reply = Reply(None, (), 0, 0)
        self.is_stopping = False

    def wake(self) -> None:
        """Report at once."""
        self._wake.set()

    async def ask(
        self, seconds: float, *, wants_reload: bool = False, wants_exposition: bool = False
    ) -> Reply:
        """Return the reply to a report made from now on; raises `TimeoutError`."""
        asked = _Asked(self._loop.create_future(), wants_reload, wants_exposition)
        self._asked.append(asked)
        self._wake.set()
        return await asyncio.wait_for(asked.done, seconds)

    def stop(self) -> None:
        """Report what is left and end the thread; a supervisor that hangs can't hold it."""
        self.is_stopping = True
        self._wake.set()
        self.join(STOP_SECONDS)

    def run(self) -> None:
        """Report once a second, and when somebody asks."""
        try:
            with self._connection:
                while not self.is_stopping:
                    self._wake.wait(REPORT_SECONDS)
                    self._wake.clear()
                    self._exchange()
                self._wake.set()
                # Again as long as there is more to say.
                while self._wake.is_set():
                    self._wake.clear()
                    self._exchange()
        except (LostError, OSError):
            self._on_lost()

    def _exchange(self) -> None:
        # One by one: the event loop may be adding another.
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        self._await_beat()
        report = self._make_report(
            any(one.wants_reload for one in asked), any(one.wants_exposition for one in asked)
        )
        self._connection.sendall(message_of(report))
        reply = self.reply = self._receive()
        self._tell(self._on_reply, reply)
        for one in asked:
            self._tell(_settle, one.done, reply)

    def _await_beat(self) -> None:
        """Wait until the event loop has come round; raises `LostError`."""
        beat = threading.Event()
        if not self._tell(beat.set):
            return
        while not beat.wait(REPORT_SECONDS):
            with suppress(BlockingIOError):
                # The supervisor sends nothing unasked.
                if not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    raise LostError

    def _receive(self) -> Reply:
        (length,) = LENGTH.unpack(self._read(LENGTH.size))
        return reply_of(self._read(length))

    def _read(self, length: int) -> bytes:
        received = bytearray()
        while len(received) < length:
            chunk = self._connection.recv(length - len(received))
            if not chunk:
                raise LostError
            received += chunk
        return bytes(received)

    def _tell(self, function: Callable[..., object], *arguments: object) -> bool:
        """Have the event loop call a function; tell whether there still is one."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            return False
        return True


def message_of(content: Report | Reply) -> bytes:
    """Return what is sent: the length, and then the content."""
    data = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def report_of(data: bytes) -> Report:
    """Return what a worker sent."""
    report: Report = pickle.loads(data)  # noqa: S301 - over a pair of sockets that nobody else has
    return report


def reply_of(data: bytes) -> Reply:
    """Return what the supervisor sent."""
    reply: Reply = pickle.loads(data)  # noqa: S301 - as above
    return reply


def _settle(done: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not done.done():
        done.set_result(reply)
