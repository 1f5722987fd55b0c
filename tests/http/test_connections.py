"""Caps, time-outs and draining of `pbx_adapters.connections`, on real sockets on loopback."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import stat
import struct
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from aiohttp import web

from pbx_adapters.connection_limits import MAX_BODY_BYTES, ConnectionLimits, fit_to_descriptors
from pbx_adapters.listening import ListenError, bind_tcp, bind_unix
from pbx_adapters.server import RunningServer, serve_guarded
from pbx_adapters.url_table import dispatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    Run = Callable[[Coroutine[Any, Any, None]], None]

PATIENCE = 10.0
LONG = 60.0
SHORT = 0.3
CALM = ConnectionLimits(
    head_seconds=LONG, body_seconds=LONG, keepalive_seconds=LONG, sweep_seconds=0.05
)
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"


def loop_factories() -> list[Any]:
    """The standard event loop, and uvloop where it is installed."""
    factories = [pytest.param(asyncio.new_event_loop, id="asyncio")]
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415 -- optional

        factories.append(pytest.param(uvloop.new_event_loop, id="uvloop"))
    return factories


@pytest.fixture(params=loop_factories())
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on each kind of loop."""

    async def bounded(main: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.wait_for(main, 6 * PATIENCE)
        finally:
            while Client.opened:
                Client.opened.pop().close()
            await asyncio.sleep(0.02)

    def run_on_loop(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(bounded(main))

    return run_on_loop


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for a Unix socket."""
    with TemporaryDirectory(prefix="bk") as name:
        yield Path(name)


class Probe:
    """An application under test, and what happened in it."""

    def __init__(self) -> None:
        self.drops: Counter[str] = Counter()
        self.started = self.cancelled = 0
        self.gate = asyncio.Event()
        self.handler = dispatch(
            {
                "/": {"GET": self.hello},
                "/slow": {"GET": self.slow},
                "/big": {"GET": self.big},
                "/bug": {"GET": self.bug},
                "/echo": {"POST": self.echo},
                "/early": {"POST": self.hello},
            },
            self.nothing,
        )

    def on_drop(self, reason: str) -> None:
        """Count what the server reports."""
        self.drops[reason] += 1

    async def hello(self, _request: web.BaseRequest) -> web.Response:
        """Answer at once."""
        return web.Response(text="hello")

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
    server = await serve_guarded(probe.handler, bind_tcp("127.0.0.1", 0), limits, probe.on_drop)
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


def test_past_max_connections_is_refused_with_503(run: Run) -> None:
    """A connection past the cap gets 503 and is closed, those within it go on."""

    async def main() -> None:
        async with serving(replace(CALM, max_connections=2)) as (probe, server, port):
            first, second = await Client.tcp(port), await Client.tcp(port)
            assert (await first.ask())[0] == (await second.ask())[0] == 200
            third = await Client.tcp(port)
            await third.send(GET)
            refusal = await third.rest()
            assert refusal.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b"\r\nConnection: close\r\n" in refusal
            head, body = refusal.split(b"\r\n\r\n")
            assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"
            assert probe.drops == {"max_connections": 1}
            assert (await first.ask())[0] == 200
            second.close()
            await until(lambda: server.connection_count == 1)
            assert (await (await Client.tcp(port)).ask())[0] == 200

    run(main())


def test_cap_per_address_spares_other_addresses(run: Run) -> None:
    """One address at its cap is refused, another is served, and a freed place is reused."""

    async def main() -> None:
        async with serving(replace(CALM, max_connections_per_ip=1)) as (probe, server, port):
            first = await Client.tcp(port, "127.0.0.2")
            assert (await first.ask())[0] == 200
            assert b" 503 " in await (await Client.tcp(port, "127.0.0.2")).rest()
            assert (await (await Client.tcp(port, "127.0.0.3")).ask())[0] == 200
            assert probe.drops == {"max_connections_per_ip": 1}
            first.close()
            await until(lambda: server.connection_count == 1)
            assert (await (await Client.tcp(port, "127.0.0.2")).ask())[0] == 200

    run(main())


def test_unix_clients_have_no_address_to_cap(run: Run, folder: Path) -> None:
    """Clients of a Unix socket count towards max_connections only."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        limits = replace(CALM, max_connections=2, max_connections_per_ip=1)
        server = await serve_guarded(probe.handler, [bind_unix(path)], limits, probe.on_drop)
        clients = [await Client.unix(path) for _ in range(2)]
        assert [(await client.ask())[0] for client in clients] == [200, 200]
        assert b" 503 " in await (await Client.unix(path)).rest()
        assert probe.drops == {"max_connections": 1}
        await server.close()

    run(main())


def test_flood_of_refused_clients_is_not_held(run: Run) -> None:
    """However many clients are refused and stay silent, all are closed and good calls go on."""

    async def main() -> None:
        async with serving(replace(CALM, max_connections=1)) as (probe, _server, port):
            good = await Client.tcp(port)
            assert (await good.ask())[0] == 200
            flood = [await Client.tcp(port) for _ in range(300)]
            answers = await asyncio.gather(*(client.rest() for client in flood))
            assert all(b" 503 " in answer for answer in answers)
            assert probe.drops == {"max_connections": 300}
            assert (await good.ask())[0] == 200

    run(main())


@pytest.mark.parametrize(
    ("sent_at_once", "dripped"),
    [
        pytest.param(b"", b"", id="silent"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: te", b"", id="half-a-head"),
        pytest.param(b"GET / HTTP/1.1\r\n", b"X-A: 1\r\n", id="dripped-fields"),
        pytest.param(b"", b"\r\n", id="dripped-blank-lines"),
        pytest.param(GET, b"GET /" + b"x" * 500, id="second-head-on-a-kept-connection"),
        pytest.param(GET + b"GET / HT", b"", id="half-a-head-after-a-request"),
    ],
)
def test_late_head_is_closed(run: Run, sent_at_once: bytes, dripped: bytes) -> None:
    """A head that is not complete in time closes its connection, however it drips."""

    async def main() -> None:
        async with serving(replace(CALM, head_seconds=SHORT)) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(sent_at_once)
            if sent_at_once.startswith(GET):
                assert await client.answer() == (200, b"hello")
            dripping = asyncio.create_task(client.drip(dripped))
            assert await client.rest() == b""
            assert probe.drops == {"slow_head": 1}
            await until(lambda: server.connection_count == 0)
            dripping.cancel()

    run(main())


def test_idle_connection_outlives_the_head_time(run: Run) -> None:
    """Idling between requests falls under keepalive_seconds and not under head_seconds."""

    async def main() -> None:
        async with serving(replace(CALM, head_seconds=SHORT)) as (probe, _server, port):
            kept, silent = await Client.tcp(port), await Client.tcp(port)
            assert (await kept.ask(POST + b"0123456789"))[0] == 200
            await silent.rest()
            await asyncio.sleep(2 * SHORT)
            assert (await kept.ask())[0] == 200
            assert probe.drops == {"slow_head": 1}

    run(main())


def test_head_and_body_in_pieces_leave_the_connection_idle(run: Run) -> None:
    """A request that arrived in pieces, but in time, starts no head time-out afterwards."""

    async def main() -> None:
        async with serving(replace(CALM, head_seconds=SHORT)) as (probe, _server, port):
            client = await Client.tcp(port)
            for piece in (POST[:20], POST[20:], b"01234", b"56789"):
                await client.send(piece)
                await asyncio.sleep(0.03)
            assert await client.answer() == (200, b"0123456789")
            await asyncio.sleep(2 * SHORT)
            assert (await client.ask())[0] == 200
            assert not probe.drops

    run(main())


def test_keepalive_ends_an_idle_connection(run: Run) -> None:
    """An idle connection is closed after keepalive_seconds."""

    async def main() -> None:
        async with serving(replace(CALM, keepalive_seconds=SHORT)) as (_probe, server, port):
            client = await Client.tcp(port)
            assert (await client.ask())[0] == 200
            assert await client.rest() == b""
            await until(lambda: server.connection_count == 0)

    run(main())


@pytest.mark.parametrize(
    ("sent_at_once", "dripped"),
    [
        pytest.param(POST, b"", id="no-body"),
        pytest.param(POST.replace(b"10", b"9999"), b"x", id="dripped"),
        pytest.param(CHUNKED, b"1\r\nx\r\n", id="dripped-chunks"),
    ],
)
def test_late_body_is_answered_408_and_closed(
    run: Run, caplog: pytest.LogCaptureFixture, sent_at_once: bytes, dripped: bytes
) -> None:
    """A body that is not complete in time gets 408, is closed, and leaves no traceback."""

    async def main() -> None:
        async with serving(replace(CALM, body_seconds=SHORT)) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(sent_at_once)
            dripping = asyncio.create_task(client.drip(dripped))
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
            await until(lambda: server.connection_count == 0)
            assert probe.drops == {"slow_body": 1}
            dripping.cancel()

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_body_nobody_reads_does_not_hold_the_connection(run: Run) -> None:
    """A client that goes on dripping after an early answer is closed."""

    async def main() -> None:
        async with serving(CALM) as (_probe, server, port):
            client = await Client.tcp(port)
            head = POST.replace(b"/echo", b"/early").replace(b"10", b"9999")
            assert (await client.ask(head))[0] == 200
            dripping = asyncio.create_task(client.drip(b"x"))
            await client.rest()
            await until(lambda: server.connection_count == 0)
            dripping.cancel()

    run(main())


def test_handler_may_take_longer_than_any_client(run: Run) -> None:
    """The time-outs bind the client: a handler that is slow after a whole request is left alone."""

    async def main() -> None:
        limits = replace(CALM, head_seconds=SHORT, body_seconds=SHORT, send_seconds=SHORT)
        async with serving(limits) as (probe, _server, port):
            client, silent = await Client.tcp(port), await Client.tcp(port)
            await client.send(GET.replace(b"/ ", b"/slow "))
            await silent.rest()
            await asyncio.sleep(2 * SHORT)
            probe.gate.set()
            assert await client.answer() == (200, b"slow")

    run(main())


def test_reader_that_takes_nothing_is_closed(run: Run) -> None:
    """A client that leaves its answer untouched is cut off; one that reads gets all of it."""

    async def main() -> None:
        async with serving(replace(CALM, send_seconds=SHORT)) as (probe, server, port):
            stuck = await Client.tcp(port)
            await stuck.send(GET.replace(b"/ ", b"/big "))
            await until(lambda: probe.drops == {"slow_reader": 1})
            await until(lambda: server.connection_count == 0)
            good = await Client.tcp(port)
            status, body = await good.ask(GET.replace(b"/ ", b"/big "))
            assert (status, len(body)) == (200, 32_000_000)
            assert probe.drops == {"slow_reader": 1}
            stuck.close()

    run(main())


@pytest.mark.parametrize(
    "size", [pytest.param(MAX_BODY_BYTES, id="at"), pytest.param(MAX_BODY_BYTES + 1, id="past")]
)
def test_body_size(run: Run, size: int) -> None:
    """A body of 64 KiB is taken, one byte more is 413."""

    async def main() -> None:
        async with serving(CALM) as (_probe, _server, port):
            client = await Client.tcp(port)
            status, _body = await client.ask(POST.replace(b"10", b"%d" % size) + bytes(size))
            assert status == (200 if size == MAX_BODY_BYTES else 413)

    run(main())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\r\n\r\n", id="tls"),
        pytest.param(b"GET / HTTP/1.1\r\nHost test\r\n\r\n", id="no-colon"),
        pytest.param(POST.replace(b"10", b"1, 2") + b"x", id="two-lengths"),
        pytest.param(
            CHUNKED.replace(b"Host", b"Content-Length: 3\r\nHost") + b"0\r\n\r\n", id="smuggled"
        ),
        pytest.param(CHUNKED + b"zz\r\n", id="broken-chunk"),
        pytest.param(GET[:-2] + b"X: " + b"a" * 20_000 + b"\r\n\r\n", id="long-field"),
        pytest.param(GET[:-2] + b"X: a\r\n" * 200 + b"\r\n", id="many-fields"),
        pytest.param(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", id="long-line"),
    ],
)
def test_bad_http_is_400_and_leaves_the_log_alone(
    run: Run, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    """Malformed requests get 400 and no traceback; the next client is served."""

    async def main() -> None:
        async with serving(CALM) as (_probe, _server, port):
            assert (await (await Client.tcp(port)).ask(data))[0] == 400
            assert (await (await Client.tcp(port)).ask())[0] == 200

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_client_that_breaks_off_leaves_the_log_alone(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that resets its connection in the middle of a body is not logged as a fault."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(POST + b"012")
            await until(lambda: probe.started == 1)
            sock = client.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.writer.transport.abort()
            await until(lambda: server.connection_count == 0)
            await asyncio.sleep(0.05)

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_bug_in_a_handler_is_500_and_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of our own is still answered 500 with its traceback in the log."""

    async def main() -> None:
        async with serving(CALM) as (_probe, _server, port):
            assert (await (await Client.tcp(port)).ask(GET.replace(b"/ ", b"/bug ")))[0] == 500

    run(main())
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


def test_slow_clients_do_not_hinder_good_calls(run: Run) -> None:
    """Hundreds of partial heads and dripped bodies are all closed while good calls are answered."""

    async def main() -> None:
        limits = replace(CALM, head_seconds=SHORT, body_seconds=SHORT)
        async with serving(limits) as (probe, server, port):
            good = await Client.tcp(port)
            assert (await good.ask())[0] == 200
            slow = [await Client.tcp(port) for _ in range(400)]
            for number, client in enumerate(slow):
                await client.send(POST + b"x" if number % 2 else GET[:-4])
            reaped = asyncio.gather(*(client.rest() for client in slow))
            while not reaped.done():
                assert (await good.ask())[0] == 200
                await asyncio.sleep(0.01)
            await until(lambda: server.connection_count == 1)
            # On a busy machine a client's time may be up before it has sent its head.
            assert probe.drops.keys() == {"slow_head", "slow_body"}
            assert probe.drops.total() == 400

    run(main())


def test_close_answers_requests_in_flight(run: Run) -> None:
    """All of 50 requests being handled are answered, then the application ends."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            clients = [await Client.tcp(port) for _ in range(50)]
            for client in clients:
                await client.send(GET.replace(b"/ ", b"/slow "))
            await until(lambda: probe.started == 50)
            closing = asyncio.create_task(server.close(PATIENCE))
            await asyncio.sleep(0.3)
            assert not closing.done()
            probe.gate.set()
            answers = [await client.answer() for client in clients]
            assert answers == [(200, b"slow")] * 50
            assert [await client.rest() for client in clients] == [b""] * 50
            await closing
            assert server.connection_count == 0

    run(main())


def test_close_answers_what_was_sent_but_not_yet_accepted(run: Run) -> None:
    """Requests that lie in the kernel when the server starts to close are answered too."""

    async def main() -> None:
        async with serving(CALM) as (_probe, server, port):
            socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
            for sock in socks:
                sock.sendall(GET)
            await server.close()
            for sock in socks:
                with sock:
                    assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")

    run(main())


def test_close_waits_for_a_body_on_its_way(run: Run) -> None:
    """A request whose body is still arriving is in flight: it is read and answered."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(POST + b"01234")
            await until(lambda: probe.started == 1)
            closing = asyncio.create_task(server.close(PATIENCE))
            await asyncio.sleep(0.3)
            assert await client.ask(b"56789") == (200, b"0123456789")
            await closing

    run(main())


def test_close_ends_idle_connections_before_those_in_flight(run: Run) -> None:
    """Idle connections and half heads are closed, new ones refused, while a request goes on."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            idle, half, busy = [await Client.tcp(port) for _ in range(3)]
            assert (await idle.ask())[0] == 200
            await half.send(GET[:-4])
            await busy.send(GET.replace(b"/ ", b"/slow "))
            await until(lambda: probe.started == 1)
            closing = asyncio.create_task(server.close(PATIENCE))
            assert await idle.rest() == await half.rest() == b""
            assert not closing.done()
            with pytest.raises(ConnectionRefusedError):
                await Client.tcp(port)
            probe.gate.set()
            assert await busy.answer() == (200, b"slow")
            await closing

    run(main())


def test_close_gives_up_after_the_grace(run: Run) -> None:
    """A handler that outlasts the grace is cancelled, and closing twice does no harm."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(GET.replace(b"/ ", b"/slow "))
            await until(lambda: probe.started == 1)
            await asyncio.wait_for(server.close(grace_seconds=0.1), PATIENCE)
            assert await client.rest() == b""
            assert probe.cancelled == 1
            await server.close()

    run(main())


def test_listens_on_ipv6(run: Run) -> None:
    """An IPv6 host is served."""
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")

    async def main() -> None:
        probe = Probe()
        server = await serve_guarded(probe.handler, bind_tcp("::1", 0), CALM, probe.on_drop)
        client = Client(*await asyncio.open_connection("::1", server.addresses[0][1]))
        assert (await client.ask())[0] == 200
        await server.close()

    run(main())


def test_name_with_two_addresses_listens_on_one_port() -> None:
    """Every address of a host gets the same port, also when the kernel chose it."""
    sockets = bind_tcp("localhost", 0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    for sock in sockets:
        sock.close()


def test_shared_port_can_be_bound_twice() -> None:
    """Workers may share a port."""
    [first] = bind_tcp("127.0.0.1", 0, is_shared=True)
    port = first.getsockname()[1]
    [second] = bind_tcp("127.0.0.1", port, is_shared=True)
    assert second.getsockname()[1] == port
    first.close()
    second.close()


def test_port_in_use_is_a_clear_error() -> None:
    """The error for a port in use names the address and the remedy."""
    [taken] = bind_tcp("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}: another process .* choose"):
        bind_tcp("127.0.0.1", port)
    taken.close()


@pytest.mark.parametrize(
    ("host", "message"),
    [
        pytest.param("no-such-host.invalid", "not a known host", id="unknown-name"),
        pytest.param("192.0.2.1", "no such address", id="address-of-another-machine"),
    ],
)
def test_wrong_host_is_a_clear_error(host: str, message: str) -> None:
    """The error for a host this machine does not have says so."""
    with pytest.raises(ListenError, match=message):
        bind_tcp(host, 0)


def test_socket_file_is_private_and_removed(run: Run, folder: Path) -> None:
    """The socket file has mode 0600 whatever the umask, and goes when the server closes."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        before = os.umask(0)
        try:
            sock = bind_unix(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server = await serve_guarded(probe.handler, [sock], CALM, probe.on_drop)
        assert (await (await Client.unix(path)).ask())[0] == 200
        await server.close()
        assert not path.exists()

    run(main())


def test_socket_file_of_a_successor_is_left(run: Run, folder: Path) -> None:
    """A closing server does not remove the file that another has put in its place."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        server = await serve_guarded(probe.handler, [bind_unix(path)], CALM, probe.on_drop)
        path.rename(folder / "old")
        successor = bind_unix(path)
        await server.close()
        assert path.exists()
        successor.close()

    run(main())


def test_stale_socket_file_is_replaced(folder: Path) -> None:
    """A socket file that nobody listens on does not stand in the way."""
    path = folder / "s"
    bind_unix(path).close()
    assert path.exists()
    sock = bind_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    sock.close()


def test_live_socket_is_refused(folder: Path) -> None:
    """A socket that someone listens on is not taken over."""
    path = folder / "s"
    live = bind_unix(path)
    with pytest.raises(ListenError, match="another process already does; stop it"):
        bind_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    live.close()


def test_other_file_is_left_alone(folder: Path) -> None:
    """A file that is no socket is refused and kept."""
    path = folder / "s"
    path.write_text("kept")
    with pytest.raises(ListenError, match="is no socket"):
        bind_unix(path)
    assert path.read_text() == "kept"


def test_missing_folder_is_a_clear_error(folder: Path) -> None:
    """A folder that does not exist is named in the error."""
    with pytest.raises(ListenError, match="No such file or directory"):
        bind_unix(folder / "none" / "s")


@pytest.mark.parametrize("length", [pytest.param(107, id="at"), pytest.param(108, id="past")])
def test_length_of_a_socket_path(folder: Path, length: int) -> None:
    """107 bytes are the most a socket path may have."""
    path = folder / ("s" * (length - len(str(folder)) - 1))
    if length > 107:
        with pytest.raises(ListenError, match="108 bytes long and may be at most 107"):
            bind_unix(path)
    else:
        bind_unix(path).close()


def test_cap_fits_the_descriptors() -> None:
    """The cap stays below the number of files the process may open, a lower cap is kept."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fitted = fit_to_descriptors(ConnectionLimits(max_connections=10**9))
    assert 0 < fitted.max_connections < soft
    assert fit_to_descriptors(ConnectionLimits(max_connections=1)).max_connections == 1


def test_aiohttp_still_has_what_the_sweep_reads(run: Run) -> None:
    """The private attributes of aiohttp that `_Connection` reads still mean what it takes them for.

    When this fails after an upgrade of aiohttp, look at `_Connection` before anything else.
    """

    async def main() -> None:
        app = web.Application()
        seen: list[tuple[Any, Any, int]] = []

        async def handler(request: web.BaseRequest) -> web.Response:
            peer: Any = request.protocol
            seen.append((peer._waiter, peer._current_request is request, peer._request_count))
            return web.Response()

        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        [sock] = bind_tcp("127.0.0.1", 0)
        await web.SockSite(runner, sock).start()
        client = await Client.tcp(sock.getsockname()[1])
        await until(lambda: bool(runner.server and runner.server.connections))
        assert runner.server is not None
        peer: Any = runner.server.connections[0]
        await until(lambda: peer._waiter is not None and not peer._waiter.done())
        await client.send(GET[:-4])
        await asyncio.sleep(0.05)
        assert not peer._waiter.done()
        assert (peer._current_request, peer._request_count) == (None, 0)
        await client.ask(GET[-4:])
        assert seen == [(None, True, 1)]
        await until(lambda: peer._waiter is not None)
        assert not peer._waiter.done()
        assert (peer._current_request, peer._request_count) == (None, 1)
        client.close()
        await runner.cleanup()

    run(main())
