"""One connection of aiohttp's: its requests answered at once where nothing has to be waited for.

aiohttp makes a task of every request, which takes two turns of the event loop and a third of a
call's time. A call waits for nothing, so that it is answered as soon as its head has been read.
Time-outs that aiohttp lacks are here too (quality.md, Faults).
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage

from pbx_adapters.connection_limits import (
    IS_RECORDING,
    MAX_BODY_BYTES,
    ConnectionLimits,
    DropReason,
    has_tiny_chunks,
)
from pbx_adapters.ready_response import ReadyResponse
from pbx_adapters.refusals import bare_answer
from pbx_adapters.url_table import Handler, answer_now

if TYPE_CHECKING:
    from pbx_adapters.connections import ConnectionGuard

# Half a megabyte of head would fit into aiohttp's own limits, and that for every connection.
_HEAD_LIMITS = {"max_line_size": 8190, "max_field_size": 4096, "max_headers": 64}
# How long the rest of a body that nobody wants is read, so that the client sees its answer.
_LINGERING_SECONDS = 2.0

_MALFORMED = bare_answer("bad-request")
_DETAIL = "the request is not framed or encoded as HTTP says"
_REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: application/json\r\n"
    b"Bereikbaar-Detail: %b\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b"%b"
) % (_DETAIL.encode(), len(_MALFORMED), _MALFORMED)


_log = structlog.get_logger()


class HttpConnection(web.RequestHandler):
    """aiohttp's connection; this module is the one place that reads its private attributes.

    They are `_waiter` (pending while no request is at hand; done, it wakes the task that handles
    requests), `_current_request` (the one being handled), `_request_count` (heads completed),
    `_messages` (heads not handled yet, with their bodies), `_parser` (which is told of each head
    taken from them), `_upgraded`, `_loop`, `_keepalive_timeout` and `_next_keepalive_close_time`.
    """

    __slots__ = (
        "_answered",
        "_body_key",
        "_body_since",
        "_finished",
        "_guard",
        "_head_since",
        "_ip",
        "_is_chunked",
        "_is_half_closed",
        "_last_body",
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
        self._answered: web.StreamResponse | None = None
        # aiohttp forgets its transport when it starts to close it; a sweep may still abort it.
        self._peer = peer
        self._ip = ip
        self._head_since: float | None = guard.loop.time()
        self._is_chunked = False
        # Of `_request_count`, how many have been answered.
        self._finished = 0
        self._last_body: StreamReader = EMPTY_PAYLOAD
        self._is_half_closed = False
        self._body_key = self._body_since = 0.0
        self._unsent, self._unsent_since = 0, 0.0

    def connection_lost(self, exc: BaseException | None) -> None:
        """As aiohttp, and counted out."""
        self._guard.forget(self, self._ip)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Have the head parsed, and answered here and now where its handler waits for nothing."""
        # A quarter of a megabyte of them, which is read at once, would hold up all calls for half
        # a second, and that before any token is looked at.
        if has_tiny_chunks(data, is_chunked=self._is_chunked):
            self._guard.on_drop("tiny_chunks")
            self.drop()
            return
        heads = self._request_count
        # Nobody is woken until it is clear that there is something to wait for.
        waiter, self._waiter = self._waiter, None
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001 - URLs make aiohttp raise more than it knows of
            self._waiter = waiter
            self._refuse_unreadable(error)
            return
        self._waiter = waiter
        if self._request_count != heads:
            message, self._last_body = self._messages[-1]
            self._is_chunked = getattr(message, "chunked", False)
            is_more = not data.endswith(b"\r\n\r\n") and self._last_body is EMPTY_PAYLOAD
            # What follows a request without a body is part of the next head.
            self._head_since = self._loop.time() if is_more else None
            # Before its task has begun nobody waits, and no request can be at hand.
            is_idle = heads == 0 if waiter is None else not waiter.done()
            if is_idle and not self._answer_at_once() and waiter is not None:
                waiter.set_result(None)
        elif self._head_since is None and self.is_waiting:
            self._head_since = self._loop.time()

    def _answer_at_once(self) -> bool:
        """Answer a request that came by itself, if that takes no waiting; tell whether it did."""
        message, body = self._messages[0]
        parser = self._parser
        if (
            len(self._messages) > 1
            or parser is None
            or not isinstance(message, RawRequestMessage)
            or message.method != "GET"
            or body is not EMPTY_PAYLOAD
            or self._upgraded
            or self.writing_paused
        ):
            return False
        path, _, _ = message.path.partition("?")
        handler = self._guard.prompt_handlers.get(path)
        if handler is None:
            return False
        # Nobody writes to it or cancels it by its task: what is not ready is sent by aiohttp.
        request = _make_request(message, body, self, None, None)  # type: ignore[arg-type]
        response = answer_now(handler, request)
        if not isinstance(response, ReadyResponse):
            self._answered = response
            return False
        self._messages.popleft()
        self._finished += 1
        parser.message_consumed()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._guard.send_soon(self._peer, response.message)
        return True

    def take_answered(self) -> web.StreamResponse | None:
        """Hand over the response to the request at hand, if there is one already."""
        response, self._answered = self._answered, None
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """As aiohttp, and the end where the client has said that no more will come."""
        finished = await super().finish_response(request, resp, start_time)
        self._finished += 1
        if self._is_half_closed and self._finished == self._request_count:
            self.close()
        return finished

    def eof_received(self) -> bool:  # type: ignore[override]
        """Stay open until all that has come whole is answered; aiohttp would leave that."""
        self._guard.send_answers()
        is_whole = self._last_body.is_eof()
        self._is_half_closed = is_whole and self._finished != self._request_count
        return self._is_half_closed

    def _refuse_unreadable(self, error: Exception) -> None:
        """Refuse what the parser fails at, unless an answer to the request before is on its way."""
        throttle = self._guard.throttle
        if throttle.admits("unreadable"):
            # Should aiohttp itself be at fault, nothing else tells. A text might quote numbers.
            left_out = throttle.take_left_out("unreadable")
            _log.warning("request_unreadable", error=type(error).__name__, left_out=left_out)
        if self._finished == self._request_count:
            self._guard.send_soon(self._peer, _REFUSAL)
        self.force_close()

    def force_close(self) -> None:
        """As aiohttp, once what has been answered is sent."""
        self._guard.send_answers()
        super().force_close()

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
        headers = {"Bereikbaar-Detail": _DETAIL}
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


def http_server(handler: Handler) -> web.Server:
    """Return aiohttp's part of a server whose connections are `HttpConnection`s."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = cast("HttpConnection", request.protocol).take_answered()
        return await handler(request) if response is None else response

    return web.Server(answer, request_factory=_make_request)


def _make_request(
    message: RawRequestMessage,
    body: StreamReader,
    connection: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """Make aiohttp's own request, with the limit on its body: aiohttp answers 413 above it."""
    return web.BaseRequest(
        message,
        body,
        connection,
        writer,
        task,
        # To ask for the running one takes a system call in Python 3.11.
        connection._loop,  # noqa: SLF001
        client_max_size=MAX_BODY_BYTES,
    )
