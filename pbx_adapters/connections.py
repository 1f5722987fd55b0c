"""Serve with aiohttp, with caps and time-outs on its connections.

aiohttp has no cap on connections, gives a first request's head all of the keep-alive time, and
waits for a dripped body for ever. Here one sweep a second looks at every live connection, so that
a request itself pays for one thin method call and no timer (quality.md, Faults).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

from pbx_adapters.addresses import lies_in
from pbx_adapters.connection_limits import MAX_REFUSED_OPEN, ConnectionLimits, DropReason
from pbx_adapters.http_connection import HttpConnection, http_server
from pbx_adapters.listening import find_readable
from pbx_adapters.logs import Throttle
from pbx_adapters.refusals import bare_answer
from pbx_adapters.url_table import App

_SECONDS_BETWEEN_LINES = 10.0
# The first waits for the last one, in a flood for a millisecond or two.
_MOST_TOGETHER = 32

_BUSY = bare_answer("unavailable")
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Content-Type: application/json\r\n"
    b"Bereikbaar-Detail: too many connections; try again in a moment\r\n"
    b"Content-Length: %d\r\n"
    b"Retry-After: 1\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b"%b"
) % (len(_BUSY), _BUSY)


class _Doorman(asyncio.Protocol):
    """A new connection's first protocol: hands it to aiohttp or turns it away."""

    __slots__ = ("_guard", "_transport")

    def __init__(self, guard: "ConnectionGuard") -> None:
        self._guard = guard
        self._transport: asyncio.Transport | None = None

    def connection_made(self, base: asyncio.BaseTransport) -> None:
        """Admit the client, or answer 503 and say goodbye."""
        # uvloop's transports are none of asyncio's classes.
        transport = cast("asyncio.Transport", base)
        peer = transport.get_extra_info("peername")
        ip = peer[0] if isinstance(peer, tuple) else None
        connection = self._guard.admit(transport, ip)
        if connection is not None:
            transport.set_protocol(connection)
            connection.connection_made(transport)
            return
        self._transport = transport
        transport.write(_REFUSAL)
        # Closing over a request that was not read resets the connection, and on some systems the
        # client then never sees the 503.
        if self._guard.may_linger(transport):
            transport.write_eof()
        else:
            transport.close()

    def data_received(self, data: bytes) -> None:  # noqa: ARG002
        """Close: the request has come, the answer is on its way."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget a refused client."""
        if self._transport is not None:
            self._guard.forget_refused(self._transport)


class ConnectionGuard:
    """The connections being served, counted and swept."""

    def __init__(
        self, app: App, limits: ConnectionLimits, on_drop: Callable[[DropReason], None]
    ) -> None:
        self.http = http_server(app.handler)
        self.prompt_handlers = app.prompt_handlers
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.on_drop = on_drop
        # A flood of bad requests must not become a flood of lines.
        self.throttle = Throttle(_SECONDS_BETWEEN_LINES, self.loop.time)
        self._live: set[HttpConnection] = set()
        # Given in this turn of the event loop, and to whom.
        self._answers: list[tuple[asyncio.Transport, bytes]] = []
        self._per_ip: Counter[str] = Counter()
        # Refused clients that may still read their answer, and whether a sweep has seen them.
        self._refused: dict[asyncio.Transport, bool] = {}
        self._next_sweep = self.loop.call_later(limits.sweep_seconds, self._sweep)

    @property
    def connection_count(self) -> int:
        """How many connections are being served."""
        return len(self._live)

    def protocol(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        return _Doorman(self)

    def admit(self, transport: asyncio.Transport, ip: str | None) -> HttpConnection | None:
        """Count a new client in, or answer None and report the cap that keeps it out."""
        if len(self._live) >= self.limits.max_connections:
            self.on_drop("max_connections")
            return None
        if ip is not None:
            per_ip = self.limits.max_connections_per_ip
            if 0 < per_ip <= self._per_ip[ip] and not lies_in(ip, self.limits.trusted):
                self.on_drop("max_connections_per_ip")
                return None
            self._per_ip[ip] += 1
        connection = HttpConnection(self, transport, ip)
        self._live.add(connection)
        return connection

    def forget(self, connection: HttpConnection, ip: str | None) -> None:
        """Count a lost connection out."""
        self._live.discard(connection)
        if ip is not None:
            self._per_ip[ip] -= 1
            if not self._per_ip[ip]:
                del self._per_ip[ip]

    def send_soon(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send an answer together with the others that are given in this turn of the event loop.

        A client on the same machine is woken by each that is sent by itself, which takes longer
        than sending.
        """
        if not self._answers:
            self.loop.call_soon(self.send_answers)
        self._answers.append((transport, answer))
        if len(self._answers) >= _MOST_TOGETHER:
            self.send_answers()

    def send_answers(self) -> None:
        """Send what is to be sent soon; called before a connection is closed in good order too."""
        answers, self._answers = self._answers, []
        for transport, answer in answers:
            # Its client may have gone since.
            if not transport.is_closing():
                transport.write(answer)

    def may_linger(self, transport: asyncio.Transport) -> bool:
        """Whether a refused client may stay to read its answer, until the next sweep but one."""
        if len(self._refused) >= MAX_REFUSED_OPEN:
            return False
        self._refused[transport] = False
        return True

    def forget_refused(self, transport: asyncio.Transport) -> None:
        """Count a refused client out that has left."""
        self._refused.pop(transport, None)

    def close_waiting(self) -> bool:
        """Close every connection without a request at hand; answer whether any is left.

        One whose bytes lie in the kernel is about to have a request.
        """
        waiting = {one.descriptor: one for one in self._live if one.is_waiting}
        for descriptor in waiting.keys() - find_readable(waiting):
            waiting[descriptor].force_close()
        return bool(self._live)

    def stop(self) -> None:
        """End the sweeps and whatever connection is left."""
        self._next_sweep.cancel()
        for transport in list(self._refused):
            transport.abort()
        for connection in list(self._live):
            connection.drop()

    def _sweep(self) -> None:
        # First, so that a fault below can't end the sweeping.
        self._next_sweep = self.loop.call_later(self.limits.sweep_seconds, self._sweep)
        now = self.loop.time()
        for connection in list(self._live):
            reason = connection.drop_if_slow(now, self.limits)
            if reason is not None:
                self.on_drop(reason)
        for transport, is_overdue in list(self._refused.items()):
            if is_overdue:
                transport.abort()
            self._refused[transport] = True
