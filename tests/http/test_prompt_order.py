"""What is answered at once gives the same bytes, in the same order, as where each has a task."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx_adapters.connections import ConnectionGuard
from pbx_adapters.http_connection import HttpConnection
from pbx_adapters.listening import bind_tcp
from pbx_adapters.server import RunningServer, serve_guarded
from pbx_adapters.url_table import App
from tests.http.probe import (
    CALM,
    CHUNKED,
    GET,
    POST,
    READY,
    REFUSED,
    UNREADABLE,
    Client,
    Probe,
    Run,
    loop_factories,
    until,
)

# Ends each connection, so that all that was answered on it can be read.
LAST = GET[:-2].replace(b"/ ", b"/ready?last ") + b"Connection: close\r\n\r\n"
KINDS = [
    READY % 1,
    READY % 2,
    GET,
    REFUSED,
    GET.replace(b"/ ", b"http://test/ready?absolute "),
    (READY[:-2] % 3 + b"Connection: keep-alive\r\n\r\n").replace(b"1.1", b"1.0"),
    READY[:-2] % 4 + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    READY[:-2] % 5 + b"Expect: 100-continue\r\n\r\n",
    READY[:-2] % 6 + b"Content-Length: 3\r\n\r\nabc",
    CHUNKED.replace(b"POST /echo", b"GET /ready?7") + b"3\r\nabc\r\n0\r\n\r\n",
    POST + b"0123456789",
]


class Piece(NamedTuple):
    """Bytes of one send, and how many turns of the event loop pass until the next."""

    data: bytes
    turns: int


# Of enough turns for a task to be made, to answer and to be done with.
TURNS = st.integers(0, 6)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """Draw requests, some of them cut in two, of which any number is sent at a time."""
    drawn = []
    for request in draw(st.lists(st.sampled_from(KINDS), max_size=12)):
        cut = draw(st.just(0) | st.integers(0, len(request)))
        drawn += [
            Piece(request[:cut], draw(TURNS) if cut else 0),
            Piece(request[cut:], draw(TURNS)),
        ]
    return drawn


async def answers(port: int, sent: Sequence[Piece]) -> bytes:
    """Send pieces and what ends a connection; read all answers, undated."""
    client = await Client.tcp(port)
    for piece in sent:
        if piece.data:
            await client.send(piece.data)
        for _ in range(piece.turns):
            await asyncio.sleep(0)
    await client.send(LAST)
    received = await client.rest()
    client.close()
    Client.opened.remove(client)
    return re.sub(rb"\r\nDate: [^\r]*", b"", received)


class Wire(asyncio.Transport):
    """A transport that keeps what is sent on it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self._is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        assert not self._is_closed
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self._is_closed

    def close(self) -> None:
        """Take nothing any more."""
        self._is_closed = True

    abort = close


@contextmanager
def clients(count: int) -> Iterator[list[tuple[HttpConnection, Wire]]]:
    """Have so many let in, none of whose connections' tasks has begun; end them all."""
    guard = ConnectionGuard(Probe().app, CALM, lambda _why: None)
    wires = [Wire() for _ in range(count)]
    connections = [guard.admit(wire, None) for wire in wires]
    served = [(one, wire) for one, wire in zip(connections, wires, strict=True) if one is not None]
    assert len(served) == count
    for connection, wire in served:
        connection.connection_made(wire)
    yield served
    guard.stop()
    for connection, _wire in served:
        connection.connection_lost(None)


@pytest.mark.parametrize(
    ("first", "body"), [(REFUSED, b"refused"), (GET, b"hello")], ids=["at-once", "by-task"]
)
def test_who_comes_before_the_task_woke_waits_for_it(run: Run, first: bytes, body: bytes) -> None:
    """One turn of the loop may bring more than one read; an answer that waits is its request's."""

    async def main() -> None:
        with clients(1) as [(connection, wire)]:
            await asyncio.sleep(0)
            connection.data_received(first)
            connection.data_received(GET.replace(b"/ ", b"/ready?soon "))
            connection.data_received(GET.replace(b"/ ", b"/ready?next "))
            await until(lambda: wire.sent.endswith(b"\r\n\r\nnext"))
            assert re.findall(rb"\r\n\r\n(hello|refused|soon|next)", wire.sent) == [
                body,
                b"soon",
                b"next",
            ]

    run(main())


@pytest.mark.parametrize(
    ("first", "sent"),
    [
        pytest.param(READY % 7, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7", id="call"),
        pytest.param(UNREADABLE, b"HTTP/1.1 400 Bad Request\r\n", id="unreadable"),
    ],
)
def test_who_comes_with_the_connection_is_answered_at_once(
    run: Run, first: bytes, sent: bytes
) -> None:
    """One turn of the loop may bring both, before the connection's task has begun."""

    async def main() -> None:
        with clients(1) as [(connection, wire)]:
            connection.data_received(first)
            # Its task begins now, and would need another turn to answer.
            await asyncio.sleep(0)
            assert wire.sent.startswith(sent)

    run(main())


def test_who_asks_twice_before_the_task_has_begun_is_answered_in_order(run: Run) -> None:
    """The second request takes a task, which answers later than what was answered at once."""

    async def main() -> None:
        with clients(1) as [(connection, wire)]:
            connection.data_received(READY % 7)
            connection.data_received(GET)
            await until(lambda: wire.sent.endswith(b"hello"))
            assert re.findall(rb"\r\n\r\n(7|hello)", wire.sent) == [b"7", b"hello"]

    run(main())


def test_no_more_than_so_many_answers_wait_for_each_other(run: Run) -> None:
    """The first of very many is sent before the last one is given."""

    async def main() -> None:
        with clients(70) as served:
            await asyncio.sleep(0)
            for connection, _wire in served:
                connection.data_received(READY % 7)
            assert [bool(wire.sent) for _connection, wire in served] == [True] * 64 + [False] * 6
            await asyncio.sleep(0)
            assert {wire.sent.count(b"HTTP") for _connection, wire in served} == {1}

    run(main())


def test_answers_of_one_turn_are_sent_together(run: Run) -> None:
    """Each is sent once all that have come are answered, in their order, and once only."""

    async def main() -> None:
        with clients(2) as served:
            await asyncio.sleep(0)
            for number in (1, 2):
                for connection, _wire in served:
                    connection.data_received(READY % number)
            assert [wire.sent for _connection, wire in served] == [b"", b""]
            for _ in range(2):
                await asyncio.sleep(0)
                found = [re.findall(rb"\r\n\r\n(.)", wire.sent) for _connection, wire in served]
                assert found == [[b"1", b"2"], [b"1", b"2"]]

    run(main())


@pytest.mark.parametrize(
    ("end", "sent"),
    [
        pytest.param(HttpConnection.eof_received, b"7", id="half-closed"),
        pytest.param(HttpConnection.force_close, b"7", id="closed-by-us"),
        pytest.param(HttpConnection.drop, b"", id="dropped"),
    ],
)
def test_who_is_closed_in_that_turn_is_sent_his_answer_first(
    run: Run, end: Callable[[HttpConnection], object], sent: bytes
) -> None:
    """Unless he is dropped, which loses what is still to be sent to him, and to nobody else."""

    async def main() -> None:
        with clients(2) as served:
            await asyncio.sleep(0)
            for connection, _wire in served:
                connection.data_received(READY % 7)
            connection, wire = served[0]
            if not end(connection):
                wire.close()
            await asyncio.sleep(0)
            assert [wire.sent[-1:] for _connection, wire in served] == [sent, b"7"]

    run(main())


async def serve(*apps: App) -> list[RunningServer]:
    """Serve each on a free port."""
    return [
        await serve_guarded(app, bind_tcp("127.0.0.1", 0), CALM, lambda _why: None) for app in apps
    ]


@pytest.mark.parametrize("loop_factory", loop_factories())
def test_bytes_and_order_are_those_of_tasks(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """However requests of any kind are cut, and however far each has come when the next comes."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:

        @settings(max_examples=300)
        @given(sent=pieces())
        def compare(sent: list[Piece]) -> None:
            at_once, by_task = (
                runner.run(answers(server.addresses[0][1], sent)) for server in servers
            )
            assert at_once == by_task
            assert at_once.endswith(b"last")

        probe = Probe()
        servers = runner.run(serve(probe.app, probe.app._replace(prompt_handlers={})))
        try:
            compare()
        finally:
            for server in servers:
                runner.run(server.close(grace_seconds=0.1))
        assert False in probe.had_tasks
