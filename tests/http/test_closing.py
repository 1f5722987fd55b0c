"""How `RunningServer.close` drains, on real sockets on loopback."""

import asyncio
import socket
from contextlib import ExitStack

import pytest
from aiohttp import web

from pbx_adapters.connections import ConnectionGuard
from pbx_adapters.url_table import App
from tests.http.probe import CALM, GET, PATIENCE, POST, Client, Run, serving, until


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
            with ExitStack() as stack:
                address = ("127.0.0.1", port)
                socks = [stack.enter_context(socket.create_connection(address)) for _ in range(50)]
                for sock in socks:
                    sock.sendall(GET)
                await server.close()
                for sock in socks:
                    assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")

    run(main())


def test_close_passes_over_what_lies_in_the_kernel(run: Run) -> None:
    """A busy loop has neither accepted nor read everything when it comes to closing."""

    async def main() -> None:
        async with serving(CALM) as (_probe, server, port):
            address = ("127.0.0.1", port)
            with socket.create_connection(address) as early, ExitStack() as stack:
                await until(lambda: server.connection_count == 1)
                assert not server._has_to_accept()
                # Nothing is awaited in between, so that the loop knows of none of it.
                early.sendall(GET)
                late = stack.enter_context(socket.create_connection(address))
                assert server._has_to_accept()
                assert server._guard.close_waiting()
                await until(lambda: server.connection_count == 2)
                assert not server._has_to_accept()
                assert (await asyncio.to_thread(early.recv, 1000)).startswith(b"HTTP/1.1 200 ")
                assert server._guard.close_waiting()
                await until(lambda: server.connection_count == 0)
                assert await asyncio.to_thread(late.recv, 1000) == b""

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


def test_connection_whose_socket_is_gone_has_no_descriptor(run: Run) -> None:
    """Transports of some loops know no socket any more once they are closing."""

    class Closing(asyncio.Transport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            assert name == "socket"
            return default

        def abort(self) -> None:
            """Be gone already."""

    async def main() -> None:
        guard = ConnectionGuard(App(answer_never), CALM, print)
        connection = guard.admit(Closing(), None)
        assert connection is not None
        assert connection.descriptor == -1
        guard.stop()

    async def answer_never(_request: web.BaseRequest) -> web.StreamResponse:
        raise AssertionError

    run(main())
