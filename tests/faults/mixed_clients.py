"""Clients that call or download on connections they keep, each answer told as a line of JSON.

Run as `python -m tests.faults.mixed_clients PLAN.json` it is those clients, until its input ends.
A request whose connection dies is asked once more on a new one, as HTTP clients on PBXs do.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Thread
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import uvloop

_ATTEMPTS: Final = 2
_DIALECTS: Final = ("3cx", "swyx", "asterisk", "freeswitch", "generic")
_DIED: Final = (ConnectionError, asyncio.IncompleteReadError)


class Asked(NamedTuple):
    """One request and what came of it.

    `subject`: the schedule's id, empty for a number of nobody, or a message's hash. `code`: of
    HTTP, 0 where no answer came. `body`: the answer's text, or the hash of the bytes that came, or
    why none did.
    `asked_at`, `sent_at`, `answered_at`: seconds of the monotonic clock, at which it was due, it
    was first sent, and answered; `clock`: the real time at both ends. `length`: bytes of the body.
    """

    subject: str
    code: int
    body: str
    asked_at: float
    sent_at: float
    answered_at: float
    clock: tuple[float, float]
    attempts: int
    length: int


class Plan(NamedTuple):
    """Whom to ask what: `subjects` are numbers by schedule id, or hashes of messages.

    `rate`: requests a second of all clients together. `requests_kept`: after about so many a
    client opens another connection. `answer_seconds`: after so long there is no answer.
    """

    port: int
    token: str
    answer_seconds: float
    is_calling: bool
    subjects: list[tuple[str, str]]
    clients: int
    rate: float
    requests_kept: int
    seed: int


class Connection:
    """One connection, opened when it is needed."""

    def __init__(self, port: int, answer_seconds: float) -> None:
        """Take the port, and how long an answer may take; nothing is opened yet."""
        self._port = port
        self._answer_seconds = answer_seconds
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes, int]:
        """Send a request; return code, body and attempts: 0 and why, where no answer came."""
        why: list[str] = []
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._answer_seconds):
                    return *await self._exchange(request), attempt
            except _DIED as error:
                why.append(repr(error))
                self.close()
            except TimeoutError:
                why.append(f"nothing within {self._answer_seconds:.0f} s")
                self.close()
                break
        return 0, ", ".join(why).encode(), len(why)

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
        body = await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        """Close it, if it is open."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def call_request(plan: Plan, number: str, rng: Random) -> bytes:
    """Write a call in one of the ways in which PBXs ask."""
    dialect = rng.choice(_DIALECTS)
    called = number if rng.random() < 0.5 else f"0{number.removeprefix('+31')}"
    query = {"did": called, "cli": f"+316{rng.randrange(10_000_000, 60_000_000)}"}
    if rng.random() < 0.1:
        query["format"] = "xml"
    text = urlencode(query)
    head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plan.token}\r\n"
    if rng.random() < 0.7:
        return f"GET /hook/{dialect}?{text} {head}\r\n".encode()
    form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(text)}\r\n"
    return f"POST /hook/{dialect} {head}{form}\r\n{text}".encode()


def download_request(plan: Plan, digest: str, _rng: Random) -> bytes:
    """Write the request for a message."""
    return (
        f"GET /audio/{digest}.wav HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plan.token}\r\n\r\n"
    ).encode()


async def ask_on(
    plan: Plan, rng: Random, is_going: Callable[[], bool], tell: Callable[[Asked], None]
) -> None:
    """Ask at random moments, on one connection after another, and tell of each answer."""
    write = call_request if plan.is_calling else download_request
    connection = Connection(plan.port, plan.answer_seconds)
    due_at, answered_at = time.monotonic(), 0.0
    while is_going():
        due_at += rng.expovariate(plan.rate / plan.clients)
        await asyncio.sleep(due_at - time.monotonic())
        subject, asked = rng.choice(plan.subjects)
        request = write(plan, asked, rng)
        began, sent_at = time.time(), time.monotonic()
        # A client that still waited for its last answer was late by that; one that the machine
        # woke late wasn't kept by the daemon.
        asked_at = due_at if due_at < answered_at else sent_at
        code, body, attempts = await connection.ask(request)
        answered_at = time.monotonic()
        text = body.decode() if plan.is_calling or code != 200 else sha256(body).hexdigest()
        told = Asked(
            *(subject, code, text, asked_at, sent_at, answered_at),
            clock=(began, time.time()),
            attempts=attempts,
            length=len(body),
        )
        tell(told)
        if rng.random() * plan.requests_kept < 1:
            connection.close()
    connection.close()


async def ask_until_told(plan: Plan) -> None:
    """Have all clients ask until the input ends; each waits for its last answer."""
    ended, told = asyncio.Event(), SimpleQueue[Asked | None]()
    # Whoever reads may be busy judging: no client shall wait for that.
    telling = Thread(target=tell_all, args=(told,))
    telling.start()

    async def wait_for_end() -> None:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        ended.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(wait_for_end())
        for client in range(plan.clients):
            rng = Random(1_000 * plan.seed + client)
            group.create_task(ask_on(plan, rng, lambda: not ended.is_set(), told.put))
    told.put(None)
    telling.join()


def tell_all(told: SimpleQueue[Asked | None]) -> None:
    """Write what is told, until None is."""
    while (asked := told.get()) is not None:
        sys.stdout.write(f"{json.dumps(asked)}\n")
    sys.stdout.flush()


def main(path: Path) -> None:
    """Ask as a plan says."""
    told: dict[str, Any] = json.loads(path.read_text())
    # An interrupt is for whoever started it, and then ends the input.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask_until_told(Plan(**told)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
