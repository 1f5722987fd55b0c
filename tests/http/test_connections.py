"""Caps and time-outs of `pbx_adapters.connections`, on real sockets on loopback."""

import asyncio
import logging
import resource
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pbx_adapters.connection_limits import ConnectionLimits, fit_to_descriptors
from pbx_adapters.listening import bind_tcp, bind_unix
from pbx_adapters.server import serve_guarded
from tests.http.probe import CALM, CHUNKED, GET, POST, SHORT, Client, Probe, Run, serving, until


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


def test_trusted_proxy_has_no_cap_of_its_own(run: Run) -> None:
    """Its connections are of many clients; all together they stay within max_connections."""

    async def main() -> None:
        limits = replace(
            CALM,
            max_connections=3,
            max_connections_per_ip=1,
            trusted=(ip_network("127.0.0.2/32"),),
        )
        async with serving(limits) as (probe, _, port):
            proxied = [await Client.tcp(port, "127.0.0.2") for _ in range(2)]
            assert [(await client.ask())[0] for client in proxied] == [200, 200]
            assert (await (await Client.tcp(port, "127.0.0.3")).ask())[0] == 200
            assert b" 503 " in await (await Client.tcp(port, "127.0.0.2")).rest()
            assert probe.drops == {"max_connections": 1}

    run(main())


def test_unix_clients_have_no_address_to_cap(run: Run, folder: Path) -> None:
    """Clients of a Unix socket count towards max_connections only."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        limits = replace(CALM, max_connections=2, max_connections_per_ip=1)
        server = await serve_guarded(probe.app, [bind_unix(path)], limits, probe.on_drop)
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


def test_chunk_that_ends_with_the_time_is_not_the_whole(run: Run) -> None:
    """The end of a chunk wakes whoever reads, without bytes; cut off then, the body isn't over."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            client = await Client.tcp(port)
            await client.send(CHUNKED + b"1\r\nx")
            await until(lambda: probe.started == 1)
            await asyncio.sleep(0.05)
            (connection,) = server._guard._live
            request = connection._current_request
            assert request is not None
            connection.data_received(b"\r\n")
            connection._end_body(request)
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")

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


@pytest.mark.parametrize("head", [CHUNKED, GET + CHUNKED.replace(b"chunked", b"Chunked")])
@pytest.mark.parametrize("is_together", [True, False])
def test_very_many_tiny_chunks_are_cut_off(run: Run, head: bytes, *, is_together: bool) -> None:
    """A body in chunks of a byte each, which would take all the time there is, isn't read."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            client = await Client.tcp(port)
            chunks = b"1\r\nx\r\n" * 300
            if not is_together:
                await client.send(head)
                await until(lambda: probe.started == 1)
            await client.send(head + chunks if is_together else chunks)
            await until(lambda: probe.drops == {"tiny_chunks": 1})
            await until(lambda: server.connection_count == 0)
            client.close()

    run(main())


@pytest.mark.parametrize(
    ("head", "body", "sent"),
    [
        pytest.param(
            CHUNKED, b"x" * 48_000, b"a0\r\n" + b"x" * 160 + b"\r\n", id="chunks-of-20-ms"
        ),
        pytest.param(
            POST.replace(b"10", b"48000"), b"\r\n" * 24_000, b"\r\n" * 80, id="not-chunked"
        ),
        pytest.param(CHUNKED, b"x" * 90, b"1\r\nx\r\n" * 90, id="few-tiny-ones"),
    ],
)
def test_other_bodies_are_read(run: Run, head: bytes, body: bytes, sent: bytes) -> None:
    """Chunks of audio frames, line ends in a body, and a few tiny chunks are no attack."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            times = len(body) // 160 or 1
            end = b"0\r\n\r\n" if head is CHUNKED else b""
            assert await client.ask(head + sent * times + end) == (200, body)
            assert not probe.drops

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


def test_cap_fits_the_descriptors() -> None:
    """The cap stays below the number of files the process may open, a lower cap is kept."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fitted = fit_to_descriptors(ConnectionLimits(max_connections=10**9))
    assert 0 < fitted.max_connections < soft
    assert fit_to_descriptors(ConnectionLimits(max_connections=1)).max_connections == 1


def test_aiohttp_still_has_what_the_sweep_reads(run: Run) -> None:
    """Aiohttp's private attributes that `HttpConnection` reads mean what it takes them for.

    When this fails after an upgrade of aiohttp, look at `HttpConnection` before anything else.
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
