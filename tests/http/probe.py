"""A server under test and a client spoken by hand, on real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import web

from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.listening import bind_tcp
from pbx_adapters.ready_response import ReadyResponse
from pbx_adapters.server import RunningServer, serve_guarded
from pbx_adapters.url_table import App, PromptHandler, dispatch

Run = Callable[[Coroutine[Any, Any, None]], None]

PATIENCE = 10.0
LONG = 60.0
SHORT = 0.3
CALM = ConnectionLimits(
    head_seconds=LONG, body_seconds=LONG, keepalive_seconds=LONG, sweep_seconds=0.05
)
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
READY = GET.replace(b"/ ", b"/ready?%d ")
REFUSED = GET.replace(b"/ ", b"/refused ")
# yarl, which reads the URL for aiohttp's parser, raises an IndexError.
UNREADABLE = GET.replace(b"/ ", b"http://[::1]:80@/ready ")
POST = b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"


def loop_factories() -> list[Any]:
    """The standard event loop, and uvloop where it is installed."""
    factories = [pytest.param(asyncio.new_event_loop, id="asyncio")]
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415 -- optional

        factories.append(pytest.param(uvloop.new_event_loop, id="uvloop"))
    return factories


class Probe:
    """An application under test, and what happened in it."""

    def __init__(self) -> None:
        self.drops: Counter[str] = Counter()
        self.started = self.cancelled = 0
        self.gate = asyncio.Event()
        # Of each request to a prompt handler, whether a task was made for it.
        self.had_tasks: list[bool] = []
        prompt: dict[str, PromptHandler] = {"/ready": self.ready, "/refused": self.refused}
        self.app = App(
            dispatch(
                {
                    "/": {"GET": self.hello},
                    "/slow": {"GET": self.slow},
                    "/big": {"GET": self.big},
                    "/bug": {"GET": self.bug},
                    "/echo": {"POST": self.echo},
                    "/early": {"POST": self.hello},
                    **{path: {"GET": one, "POST": one} for path, one in prompt.items()},
                },
                self.nothing,
            ),
            prompt,
        )

    def on_drop(self, reason: str) -> None:
        """Count what the server reports."""
        self.drops[reason] += 1

    async def hello(self, _request: web.BaseRequest) -> web.Response:
        """Answer at once."""
        return web.Response(text="hello")

    async def ready(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer the query in ready bytes, where the connection is kept."""
        self._note_task()
        body = request.query_string.encode()
        if not request.keep_alive:
            return web.Response(body=body)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        return ReadyResponse(head + body)

    async def refused(self, _request: web.BaseRequest) -> web.StreamResponse:
        """Answer at once, but not in ready bytes."""
        self._note_task()
        return web.Response(status=403, text="refused")

    def _note_task(self) -> None:
        self.had_tasks.append(asyncio.current_task() is not None)

    async def slow(self, _request: web.BaseRequest) -> web.Response:
        """Answer once the gate opens."""
        self.started += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return web.Response(text="slow")

    async def big(self, _request: web.BaseRequest) -> web.Response:
        """Answer more than the kernel buffers."""
        return web.Response(body=bytes(32_000_000))

    async def bug(self, _request: web.BaseRequest) -> web.Response:
        """Fail."""
        message = "a bug"
        raise ValueError(message)

    async def echo(self, request: web.BaseRequest) -> web.Response:
        """Answer the body."""
        self.started += 1
        return web.Response(body=await request.read())

    async def nothing(self, _request: web.BaseRequest, _methods: object) -> web.StreamResponse:
        """Refuse any other path."""
        raise web.HTTPNotFound


@asynccontextmanager
async def serving(limits: ConnectionLimits) -> AsyncIterator[tuple[Probe, RunningServer, int]]:
    """Serve a probe on a free TCP port."""
    probe = Probe()
    server = await serve_guarded(probe.app, bind_tcp("127.0.0.1", 0), limits, probe.on_drop)
    try:
        yield probe, server, server.addresses[0][1]
    finally:
        await server.close(grace_seconds=0.1)


class Client:
    """One connection, spoken by hand; `run` closes those a test leaves open."""

    opened: ClassVar[list[Client]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.is_answered = False
        self.opened.append(self)

    @classmethod
    async def tcp(cls, port: int, local: str = "127.0.0.1") -> Client:
        """Connect from a local address."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0)))

    @classmethod
    async def unix(cls, path: Path) -> Client:
        """Connect to a socket file."""
        return cls(*await asyncio.open_unix_connection(path))

    async def send(self, data: bytes) -> None:
        """Send bytes; a closed connection is no fault."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Read one response: its status and its body."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await asyncio.wait_for(
            self.reader.readexactly(int(fields[b"content-length"])), PATIENCE
        )
        return int(head.split()[1]), body

    async def ask(self, data: bytes = GET) -> tuple[int, bytes]:
        """Send a request and read its answer."""
        await self.send(data)
        return await self.answer()

    async def rest(self) -> bytes:
        """Read until the server closes; what has come counts, also where it then resets."""
        received = b""
        with suppress(ConnectionError):
            while chunk := await asyncio.wait_for(self.reader.read(4096), PATIENCE):
                received += chunk
                self.is_answered = True
        return received

    async def drip(self, data: bytes) -> None:
        """Send one byte at a time until there is an answer or the connection is gone."""
        for byte in data * 1000:
            if self.is_answered or self.writer.is_closing() or self.reader.at_eof():
                return
            await self.send(bytes([byte]))
            await asyncio.sleep(SHORT / 10)

    def close(self) -> None:
        """Hang up."""
        self.writer.close()
        self.writer.transport.abort()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait, with patience, for something to become so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 -- the condition is another object's plain state
            await asyncio.sleep(0.01)
