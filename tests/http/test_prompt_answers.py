"""Requests that are answered as soon as their head has been read, without a task."""

import asyncio
import logging
import re
from dataclasses import replace
from typing import cast

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from pbx_adapters.refusals import bare_answer
from pbx_adapters.url_table import answer_now
from tests.http.probe import (
    CALM,
    GET,
    POST,
    READY,
    REFUSED,
    SHORT,
    UNREADABLE,
    Client,
    Run,
    serving,
    until,
)

SLOW = GET.replace(b"/ ", b"/slow ")
BODIES = re.compile(rb"\r\n\r\n(.+?)(?=HTTP|$)")
CLOSING = b"\r\nConnection: close\r\n\r\n"
KEPT_1_0 = b"\r\nConnection: keep-alive\r\n\r\n"


@pytest.mark.parametrize(
    ("request_text", "had_task"),
    [
        pytest.param(READY % 7, False, id="alone"),
        pytest.param(POST.replace(b"/echo", b"/ready?7").replace(b"10", b"0"), True, id="post"),
        pytest.param(
            READY[:-2] % 7 + b"Content-Length: 3\r\n\r\nabc", True, id="a-body-though-get"
        ),
        pytest.param(
            READY[:-4] % 7 + b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            True,
            id="upgrade",
        ),
        pytest.param((READY % 7).replace(b"ready", b"re%61dy"), True, id="path-in-other-words"),
    ],
)
def test_get_alone_needs_no_task(run: Run, request_text: bytes, *, had_task: bool) -> None:
    """What takes more than an answer gets a task, and the same answer; the connection is kept."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            assert await client.ask(READY % 1) == (200, b"1")
            probe.had_tasks.clear()
            assert await client.ask(request_text) == (200, b"7")
            assert probe.had_tasks == [had_task]
            assert await client.ask(READY % 2) == (200, b"2")

    run(main())


@pytest.mark.parametrize(
    "request_text",
    [
        pytest.param(READY[:-4] % 7 + CLOSING, id="told-to-close"),
        pytest.param((READY % 7).replace(b"1.1", b"1.0"), id="of-http-1.0"),
    ],
)
def test_answer_on_a_connection_that_ends_is_made_once(run: Run, request_text: bytes) -> None:
    """It is made at once and sent by aiohttp, which says that it closes, and does."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            await client.ask(READY % 1)
            probe.had_tasks.clear()
            await client.send(request_text)
            assert (await client.rest()).endswith(b"\r\n\r\n7")
            assert probe.had_tasks == [False]

    run(main())


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        pytest.param(REFUSED, 403, id="refused"),
        pytest.param(
            (READY[:-4] % 7 + KEPT_1_0).replace(b"1.1", b"1.0"), 200, id="kept-by-http-1.0"
        ),
    ],
)
def test_other_answers_are_made_once(run: Run, request_text: bytes, status: int) -> None:
    """What is no ready message is sent by aiohttp, once, and the next answer is its own."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            await client.ask(READY % 1)
            probe.had_tasks.clear()
            assert (await client.ask(request_text))[0] == status
            assert await client.ask(READY % 2) == (200, b"2")
            assert await client.ask(POST + b"0123456789") == (200, b"0123456789")
            assert len(probe.had_tasks) == 2

    run(main())


def test_answers_come_in_the_order_of_the_requests(run: Run) -> None:
    """What was sent behind a slow request waits for it, also when it came much later."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            await client.ask(READY % 1)
            await client.send(GET.replace(b"/ ", b"/slow "))
            await until(lambda: probe.started == 1)
            await client.send(READY % 2)
            await client.send(REFUSED + READY % 3)
            probe.gate.set()
            answers = [await client.answer() for _ in range(4)]
            assert answers == [(200, b"slow"), (200, b"2"), (403, b"refused"), (200, b"3")]

    run(main())


def test_head_in_two_pieces_is_answered_once(run: Run) -> None:
    """Wherever it is cut, and though a part of it comes along with the one before."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            request = READY % 7
            for place in range(1, len(request)):
                await client.send(request + request[:place])
                assert await client.answer() == (200, b"7")
                await client.send(request[place:])
                assert await client.answer() == (200, b"7")
            assert len(probe.had_tasks) == 2 * (len(request) - 1)

    run(main())


def test_first_request_needs_no_task_either(run: Run) -> None:
    """It may come before the task has begun that handles all others of its connection."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            for number in range(50):
                client = await Client.tcp(port)
                assert await client.ask(READY % number) == (200, b"%d" % number)
                assert await client.ask(READY % 7) == (200, b"7")
                assert await client.ask() == (200, b"hello")
            assert probe.had_tasks == [False] * 100

    run(main())


@pytest.mark.parametrize(
    ("sent", "bodies"),
    [
        pytest.param(READY % 7, [b"7"], id="at-once"),
        pytest.param(POST + b"0123456789", [b"0123456789"], id="by-task"),
        pytest.param(READY % 7 + REFUSED + READY % 8, [b"7", b"refused", b"8"], id="pipelined"),
        pytest.param(SLOW + READY % 7, [b"slow", b"7"], id="slow"),
        pytest.param(REFUSED + GET[:9], [b"refused"], id="half-a-head-behind-it"),
        pytest.param(POST + b"01234", [], id="half-a-body"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_who_says_that_no_more_will_come_is_answered(
    run: Run, sent: bytes, bodies: list[bytes]
) -> None:
    """As `nc -N` does it: all that came whole is answered, and then the connection ends."""

    async def main() -> None:
        async with serving(CALM) as (probe, server, port):
            for count in range(1, 21):
                client = await Client.tcp(port)
                client.writer.write(sent)
                client.writer.write_eof()
                if sent.startswith(SLOW):
                    await until(lambda: probe.started == count)  # noqa: B023 - done in this round
                    await asyncio.sleep(SHORT / 30)
                    probe.gate.set()
                received = await client.rest()
                probe.gate.clear()
                assert BODIES.findall(received) == bodies
                client.close()
            await until(lambda: server.connection_count == 0)

    run(main())


def test_connection_answers_any_number(run: Run) -> None:
    """Each head taken is told to its parser, which else stops behind each, for ever, after some."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            for number in range(500):
                assert await client.ask(READY % number) == (200, b"%d" % number)
            assert probe.had_tasks.count(False) >= 499
            await client.send(READY % 1 + READY % 2)
            assert [await client.answer() for _ in range(2)] == [(200, b"1"), (200, b"2")]

    run(main())


def test_each_answer_puts_off_the_end_of_an_idle_connection(run: Run) -> None:
    """The keep-alive time counts from the last answer, and then ends the connection."""

    async def main() -> None:
        async with serving(replace(CALM, keepalive_seconds=SHORT * 3)) as (probe, _server, port):
            client = await Client.tcp(port)
            loop = asyncio.get_running_loop()
            until_at = loop.time() + SHORT * 5
            while loop.time() < until_at:
                assert (await client.ask(READY % 1))[0] == 200
                await asyncio.sleep(SHORT / 3)
            assert probe.had_tasks.count(False) > 1
            assert await client.rest() == b""

    run(main())


@pytest.mark.parametrize("together", [1, 50])
def test_who_asks_on_and_reads_nothing_is_made_to_wait(run: Run, together: int) -> None:
    """Answers wait for the client in the kernel and a small buffer, then no request is read."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            client = await Client.tcp(port)
            transport = cast("asyncio.Transport", client.writer.transport)
            transport.pause_reading()
            request = GET.replace(b"/ ", b"/ready?" + b"a" * 4000 + b" ")
            for place in range(sent := 10_000):
                client.writer.write(request)
                if place % together == 0:
                    await asyncio.sleep(0)
            handled = -1
            while handled != len(probe.had_tasks):
                handled = len(probe.had_tasks)
                await asyncio.sleep(SHORT)
            assert handled < sent / 2
            transport.resume_reading()
            for _ in range(sent):
                assert (await client.answer())[0] == 200

    run(main())


def test_what_is_no_request_is_refused(run: Run) -> None:
    """Also where it comes by itself, after what was answered at once."""

    async def main() -> None:
        async with serving(CALM) as (_probe, _server, port):
            client = await Client.tcp(port)
            await client.ask(READY % 1)
            await client.send(b"NONSENSE\r\n\r\n")
            assert b" 400 " in await client.rest()

    run(main())


def test_request_that_the_parser_fails_at_is_refused(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it stays, and one line in the log tells of many, whatever went before."""

    async def main() -> None:
        async with serving(CALM) as (probe, _server, port):
            others = asyncio.all_tasks()
            client = await Client.tcp(port)
            await client.ask(READY % 1)
            assert await client.ask(UNREADABLE) == (400, bare_answer("bad-request"))
            assert await client.rest() == b""
            busy = await Client.tcp(port)
            await busy.send(SLOW)
            await until(lambda: probe.started == 1)
            await busy.send(UNREADABLE)
            # Half an answer would be taken for that to the request before.
            assert await busy.rest() == b""
            probe.gate.set()
            await until(lambda: asyncio.all_tasks() == others)

    with structlog.testing.capture_logs() as lines:
        run(main())
    assert [(line["event"], line["error"]) for line in lines] == [
        ("request_unreadable", "IndexError")
    ]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_handler_that_waits_is_no_prompt_one() -> None:
    """A mistake in the table of handlers is told, rather than leaving a call half answered."""

    async def wait(_request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0)
        raise AssertionError

    with pytest.raises(RuntimeError, match="has to wait"):
        answer_now(wait, make_mocked_request("GET", "/"))
