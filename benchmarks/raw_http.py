"""Requests as ready bytes, and a process that sends them as fast, or as steadily, as it can.

Run as `python -m benchmarks.raw_http REQUESTS.json`, it is that process: it takes one order a
line as JSON on its input and answers each with one line of JSON. Nothing in it parses more of an
answer than its status and its length, so that it outruns any server written in Python.
"""

import asyncio
import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from benchmarks.cores import pin_to

CONNECTIONS = 16
_DRAIN_SECONDS = 5.0


class Window(NamedTuple):
    """What one window showed: answers, seconds, the generator's CPU seconds, latencies in seconds.

    Latencies count from the instant a request was due; only a paced window has them.
    """

    answers: int
    seconds: float
    generator_cpu: float
    latencies: tuple[float, ...]


class LoadGenerator:
    """The generating process, for one or more servers known by a name."""

    def __init__(self, requests: dict[str, tuple[int, list[str]]], folder: Path) -> None:
        """Start it for `requests`: per server its port and the texts of whole requests."""
        path = folder / "requests.json"
        path.write_text(json.dumps(requests))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.raw_http", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def flood(self, server: str, seconds: float) -> Window:
        """Send the next request of each connection as soon as it has its answer."""
        return self._order(server, seconds, 0.0)

    def pace(self, server: str, seconds: float, rate: float) -> Window:
        """Send `rate` requests a second on average, at random instants."""
        return self._order(server, seconds, rate)

    def _order(self, server: str, seconds: float, rate: float) -> Window:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"server": server, "seconds": seconds, "rate": rate}
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended; its error is above")
        return Window(**json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate("", timeout=30)


def request_text(path: str, port: int, token: str | None = None) -> str:
    """Return a GET request as a PBX sends it; both servers get the same headers but the token."""
    authorization = "" if token is None else f"Authorization: Bearer {token}\r\n"
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: benchmark\r\n"
        f"Accept: */*\r\n{authorization}\r\n"
    )


class _Connection(asyncio.Protocol):
    """One keep-alive connection: `on_answer` is called after each answer."""

    def __init__(self, on_answer: "Callable[[_Connection], None]") -> None:
        self._on_answer = on_answer
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._missing = 0
        self.due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, though they have the methods.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        """Send a request; the answer before it has come."""
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._received += data
            head, end, body = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"not answered with 200: {self._received!r}")
            _, _, rest = head.lower().partition(b"content-length: ")
            length, _, _ = rest.partition(b"\r")
            self._missing = int(length) - len(body)
            self._received = b""
        if self._missing == 0:
            self._on_answer(self)

    def connection_lost(self, _error: Exception | None) -> None:
        # Known only when it is missed: between windows nobody listens.
        self._transport = None

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


class _Client:
    """Sixteen connections to one server."""

    def __init__(self, requests: Sequence[bytes], seed: int) -> None:
        self._requests = requests
        self._rng = Random(seed)
        self._connections: list[_Connection] = []
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._latencies: list[float] = []
        self._is_flooding = False
        self._answers = 0

    async def connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._take_answer), "127.0.0.1", port
            )
            self._connections.append(connection)
        self._idle.extend(self._connections)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    async def flood(self, seconds: float) -> Window:
        self._answers = 0
        self._is_flooding = True
        started, cpu = perf_counter(), process_time()
        while self._idle:
            self._send(self._idle.popleft(), started)
        await asyncio.sleep(seconds)
        window = Window(self._answers, perf_counter() - started, process_time() - cpu, ())
        self._is_flooding = False
        await self._drain()
        return window

    async def pace(self, seconds: float, rate: float) -> Window:
        """Send at random instants, watching the clock all the time: timers are too coarse."""
        self._answers = 0
        self._latencies = []
        started, cpu = perf_counter(), process_time()
        next_at = started
        now = started
        while now < started + seconds:
            now = perf_counter()
            while next_at <= now:
                self._due.append(next_at)
                next_at += self._rng.expovariate(rate)
            while self._due and self._idle:
                self._send(self._idle.popleft(), self._due.popleft())
            await asyncio.sleep(0)
        await self._drain()
        return Window(self._answers, now - started, process_time() - cpu, tuple(self._latencies))

    def _send(self, connection: _Connection, due_at: float) -> None:
        connection.due_at = due_at
        connection.send(self._rng.choice(self._requests))

    def _take_answer(self, connection: _Connection) -> None:
        self._answers += 1
        if self._is_flooding:
            self._send(connection, 0.0)
            return
        self._latencies.append(perf_counter() - connection.due_at)
        self._idle.append(connection)
        if self._due:
            self._send(self._idle.popleft(), self._due.popleft())

    async def _drain(self) -> None:
        deadline = perf_counter() + _DRAIN_SECONDS
        while len(self._idle) < CONNECTIONS:
            if perf_counter() > deadline:
                raise SystemExit("a request got no answer within 5 seconds")
            await asyncio.sleep(0.001)


async def _take_orders(requests: dict[str, tuple[int, list[str]]]) -> None:
    loop = asyncio.get_running_loop()
    clients = {}
    for seed, (server, (port, texts)) in enumerate(requests.items()):
        clients[server] = client = _Client([text.encode() for text in texts], seed)
        await client.connect(port)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order: dict[str, Any] = json.loads(line)
        client = clients[order["server"]]
        if order["rate"]:
            window = await client.pace(order["seconds"], order["rate"])
        else:
            window = await client.flood(order["seconds"])
        sys.stdout.write(f"{json.dumps(window._asdict())}\n")
        sys.stdout.flush()
    for client in clients.values():
        client.close()


def main(path: Path) -> None:
    """Take orders until the input ends."""
    import uvloop

    pin_to("generator")
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_take_orders(json.loads(path.read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
