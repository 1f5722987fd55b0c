"""Serve with aiohttp, with caps and time-outs on its connections.

aiohttp has no cap on connections, gives a first request's head all of the keep-alive time, and
waits for a dripped body for ever. Here one sweep a second looks at every live connection, so that
a request itself pays for one thin method call and no timer (quality.md, Faults).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, cast

from aiohttp import EMPTY_PAYLOAD, web
from aiohttp.http import HttpProcessingError

from pbx_adapters.addresses import lies_in
from pbx_adapters.connection_limits import (
    IS_RECORDING,
    MAX_REFUSED_OPEN,
    ConnectionLimits,
    has_tiny_chunks,
)
from pbx_adapters.listening import find_readable
from pbx_adapters.refusals import bare_answer

DropReason = Literal[
    "max_connections",
    "max_connections_per_ip",
    "slow_head",
    "slow_body",
    "slow_reader",
    "tiny_chunks",
]


# Half a megabyte of head would fit into aiohttp's own limits, and that for every connection.
_HEAD_LIMITS = {"max_line_size": 8190, "max_field_size": 4096, "max_headers": 64}
# How long the rest of a body that nobody wants is read, so that the client sees its answer.
_LINGERING_SECONDS = 2.0

_BUSY = bare_answer("unavailable")
_MALFORMED = bare_answer("bad-request")
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


class _Connection(web.RequestHandler):
    """aiohttp's connection, and the one place that reads its private attributes.

    They are `_waiter` (pending while no request is at hand), `_current_request` (the one being
    handled), `_request_count` (heads completed) and `_messages` (heads not handled yet, with their
    bodies).
    """

    __slots__ = (
        "_body_key",
        "_body_since",
        "_guard",
        "_head_since",
        "_ip",
        "_is_chunked",
        "_peer",
        "_unsent",
        "_unsent_since",
    )

    def __init__(self, guard: "ConnectionGuard", peer: asyncio.Transport, ip: str | None) -> None:
        super().__init__(
            guard.http,
            loop=guard.loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=guard.limits.keepalive_seconds,
            lingering_time=_LINGERING_SECONDS,
            **_HEAD_LIMITS,  # type: ignore[arg-type]
        )
        self._guard = guard
        # aiohttp forgets its transport when it starts to close it; a sweep may still abort it.
        self._peer = peer
        self._ip = ip
        self._head_since: float | None = guard.loop.time()
        self._is_chunked = False
        self._body_key = self._body_since = 0.0
        self._unsent, self._unsent_since = 0, 0.0

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guard.forget(self, self._ip)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # A quarter of a megabyte of them, which is read at once, would hold up all calls for half
        # a second, and that before any token is looked at.
        if has_tiny_chunks(data, is_chunked=self._is_chunked):
            self._guard.on_drop("tiny_chunks")
            self.drop()
            return
        heads = self._request_count
        super().data_received(data)
        if self._request_count != heads:
            message, body = self._messages[-1]
            self._is_chunked = getattr(message, "chunked", False)
            is_more = not data.endswith(b"\r\n\r\n") and body is EMPTY_PAYLOAD
            # What follows a request without a body is part of the next head.
            self._head_since = self._loop.time() if is_more else None
        elif self._head_since is None and self.is_waiting:
            self._head_since = self._loop.time()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """As aiohttp, but not for a client's fault: each would log a traceback."""
        exc = kw.get("exc_info")
        is_gone = isinstance(exc, ConnectionError) and self.transport is None
        if not is_gone and not isinstance(exc, HttpProcessingError | web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """As aiohttp, but the hook's own answer to what is no request or has a broken body."""
        if not isinstance(exc, HttpProcessingError | web.RequestPayloadError):
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("part of another answer has been sent")
        headers = {"Bereikbaar-Detail": "the request is not framed or encoded as HTTP says"}
        response = web.Response(
            body=_MALFORMED, status=400, content_type="application/json", headers=headers
        )
        response.force_close()
        return response

    @property
    def is_waiting(self) -> bool:
        """Whether no request is at hand: idle, or part of a head has come."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def descriptor(self) -> int:
        """The file descriptor of its socket, negative once that is closed."""
        found = self._peer.get_extra_info("socket")
        # uvloop has none any more once it is closing.
        return -1 if found is None else int(found.fileno())

    def drop(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._peer.abort()

    def drop_if_slow(self, now: float, limits: ConnectionLimits) -> DropReason | None:
        """Close this connection if its client has used up its time.

        now: the loop's time in seconds. Answers why it was closed, or None.
        """
        if self._is_head_late(now - limits.head_seconds):
            self.drop()
            return "slow_head"
        if self._is_reader_stuck(now, limits.send_seconds):
            self.drop()
            return "slow_reader"
        request = self._current_request
        if request is None or request.content.is_eof():
            return None
        # No further head can complete before this body has, so the count names the body.
        if self._body_key != self._request_count:
            self._body_key, self._body_since = self._request_count, now
        elif now - self._body_since >= (
            limits.recording_seconds if request.get(IS_RECORDING) else limits.body_seconds
        ):
            self._end_body(request)
            return "slow_body"
        return None

    def _is_head_late(self, latest: float) -> bool:
        return self._head_since is not None and self._head_since <= latest and self.is_waiting

    def _is_reader_stuck(self, now: float, send_seconds: float) -> bool:
        unsent = self._peer.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
            return False
        return now - self._unsent_since >= send_seconds

    def _end_body(self, request: web.BaseRequest) -> None:
        # The handler that waits for the body gets the 408 as an exception of aiohttp's own kind:
        # answered like any other, without a traceback in the log.
        timed_out = web.HTTPRequestTimeout(text="The request body took too long.\n")
        timed_out.force_close()
        self.close()
        request.content.set_exception(timed_out)
        # The end of a chunk may have woken the handler, which finds no data: told of the body's end
        # now it would take what has come for the whole. It waits once more first, and until then
        # nothing wakes it again.
        self.pause_reading()
        self._loop.call_soon(self._tell_end, request, timed_out)

    def _tell_end(self, request: web.BaseRequest, timed_out: web.HTTPRequestTimeout) -> None:
        request.content.set_exception(timed_out)
        request.content.feed_eof()
        self.resume_reading()


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
        self, http: web.Server, limits: ConnectionLimits, on_drop: Callable[[DropReason], None]
    ) -> None:
        self.http = http
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.on_drop = on_drop
        self._live: set[_Connection] = set()
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

    def admit(self, transport: asyncio.Transport, ip: str | None) -> _Connection | None:
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
        connection = _Connection(self, transport, ip)
        self._live.add(connection)
        return connection

    def forget(self, connection: _Connection, ip: str | None) -> None:
        """Count a lost connection out."""
        self._live.discard(connection)
        if ip is not None:
            self._per_ip[ip] -= 1
            if not self._per_ip[ip]:
                del self._per_ip[ip]

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
