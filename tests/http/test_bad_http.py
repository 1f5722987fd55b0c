"""What is no HTTP, breaks off or is too large, and what a fault of ours looks like."""

import asyncio
import logging
import socket
import struct
from dataclasses import replace

import pytest

from pbx_adapters.connection_limits import MAX_BODY_BYTES
from tests.http.probe import CALM, CHUNKED, GET, POST, SHORT, Client, Run, serving, until


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
