"""What each step of a call over HTTP costs the processor, in one process and without sockets.

Run as `python -m benchmarks.hook_steps SCHEDULES ROUNDS`, it prints the µs of each step in each
round as JSON. On stderr are the log lines that it times.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns, process_time
from typing import Final, TypeVar

import structlog
from aiohttp import web

from benchmarks.company import generate_schedules
from benchmarks.effort import Effort
from benchmarks.figures import Row
from benchmarks.hook_load import hook_requests
from benchmarks.in_process import MORNING, compile_table, quiet, snapshot_of
from benchmarks.raw_http import request_text
from benchmarks.workplace import Workplace
from pbx_adapters import hook
from pbx_adapters.admission import Admission
from pbx_adapters.answer import PreparedAnswer
from pbx_adapters.auth import create_token, index_tokens
from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.connections import ConnectionGuard
from pbx_adapters.decision_keeper import RUSH, SLICE, DecisionKeeper
from pbx_adapters.decision_log import CAPACITY, DecisionLog
from pbx_adapters.logs import configure_logs
from pbx_adapters.metrics import Metrics
from pbx_adapters.query_text import parse_query
from pbx_adapters.ready_response import ReadyResponse
from pbx_adapters.serving import Service, Serving
from pbx_adapters.url_table import App, PromptHandler
from pbx_adapters.wiring import loop_factory
from routing_engine.decision import CallQuery, Decision
from routing_engine.resolver import resolve
from schedules.telephone import read_number

WHOLE: Final = "a call, from bytes to bytes"
_BARE: Final = "a short head guarded and parsed, a request made, bytes sent"
_HEAD: Final = "the head of a call: a token, four parameters"
_QUERY: Final = "the query read"
_ADMIT: Final = "admission: whose token, until when and where from, its use noted"
_DECIDE: Final = "number read, decision looked up"
_ANSWER: Final = "date, instant and id filled into the prepared answer, a response made of it"
_COUNT: Final = "decision, duration and response counted"
_REST: Final = "the rest of the handler"
_RECORD: Final = "and for the record: noted, every tenth time ten made text, callers hashed"
_WRITE: Final = "in another thread, unless calls rush in: written, with indexes and counts"
_TASK: Final = "not done: a task for the call, as aiohttp makes one, until it has answered"
_LINE: Final = "not done: a line of log for the call"

_PATH: Final = "/hook/3cx"
_DIALECT: Final = "3cx"
_REGION: Final = "NL"
_WARMING_CALLS: Final = 4
# Until aiohttp waits for the next request, where it made a task of the one before.
_TURNS_TO_REST: Final = 4
_ID: Final = "0123456789ab-00000001"
_BASE_URL: Final = "http://127.0.0.1:8080"
_BARE_REQUEST: Final = request_text(_PATH, 8080).encode()
_READY: Final = ReadyResponse(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

_log = structlog.get_logger()

_T = TypeVar("_T")
_Protocols = Callable[["_Wire"], web.RequestHandler]


def measure_steps(effort: Effort) -> Row:
    """Time the steps of a call in a process of its own, the median of calls and then of rounds."""
    counts = map(str, (effort.schedules, effort.rounds))
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.hook_steps", *counts],
        check=True,
        capture_output=True,
        text=True,
    )
    rounds: list[dict[str, float]] = json.loads(child.stdout)
    whole, *steps = rounds[0]
    return Row(
        f"{whole}, without sockets",
        median(one[whole] for one in rounds),
        "µs",
        (),
        parts={f"{step}, µs": median(one[step] for one in rounds) for step in steps},
        rounds=tuple(one[whole] for one in rounds),
    )


class _Wire(asyncio.Transport):
    """The way back to a client, who wants to know no more than whether there was an answer."""

    is_answered = False

    def write(self, data: object) -> None:
        self.is_answered = bool(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is held open."""


class _Steps:
    """The parts that a call meets, put together as the daemon does, and calls for them."""

    def __init__(self, schedules: int, folder: Path) -> None:
        made = tuple(generate_schedules(schedules))
        token, secret = create_token(
            "benchmark",
            is_operator=False,
            schedules=(),
            networks=(),
            created_at=datetime.fromtimestamp(MORNING, UTC),
        )
        self._snapshot = snapshot_of({schedule.id: compile_table(schedule) for schedule in made})
        metrics = Metrics()
        self._log = DecisionLog(
            CAPACITY, key=bytes(32), region=_REGION, tell_dropped=metrics.decisions_dropped.inc
        )
        self._keeper = DecisionKeeper(folder / "decisions.db", self._log.take, 30, lambda: MORNING)
        answering = hook.Hook(
            Serving(Service(self._snapshot, index_tokens([token]))),
            metrics,
            Admission(metrics.auth_failures),
            clock=lambda: MORNING,
            base_url=_BASE_URL,
            region=_REGION,
            note=self._log.note,
        )
        self._handler = answering.handler(_DIALECT)
        self._places: dict[str, tuple[tuple[object, str], ...]] = {
            _QUERY: ((hook, "parse_query"),),
            _ADMIT: ((answering, "_admit"),),
            _DECIDE: ((hook, "read_number"), (hook, "resolve")),
            _ANSWER: ((PreparedAnswer, "message"), (hook, "ReadyResponse")),
            _COUNT: ((metrics.calls, "count_decision"), (metrics.calls, "count_response")),
        }
        # Each call has an id of its own, or it would be written over the one before.
        self._ids = (f"0123456789ab-{number:08x}" for number in count(1))
        requests = hook_requests(Workplace(folder, made, secret), 8080, _PATH)
        self._requests = cycle([request.encode() for request in requests])

    async def warm_up(self, calls: int) -> None:
        """Have calls answered and recorded, so that nothing is done for the first time later."""
        with _serving(self._handler) as server:
            await _time_requests(server, list(islice(self._requests, calls)))
        await self.time_all()

    async def time_all(self) -> dict[str, float]:
        """Have some calls answered in all ways; returns what each step takes a call, in µs."""
        requests = list(islice(self._requests, RUSH))
        with _serving(_answer_ready) as server:
            bare = await _time_requests(server, [_BARE_REQUEST] * RUSH)
            head = await _time_requests(server, requests)
        with _serving(_answer_ready, is_prompt=False) as server:
            by_task = await _time_requests(server, requests)
        with _serving(self._handler) as server:
            whole = await _time_requests(server, requests)
        steps = await self._time_steps(requests)
        return {
            WHOLE: whole,
            _BARE: bare,
            _HEAD: head - bare,
            **steps,
            _REST: whole - head - sum(steps.values()),
            **self._time_record(requests),
            _TASK: by_task - head,
            _LINE: _median_of(_log_call, requests),
        }

    async def _time_steps(self, requests: Sequence[bytes]) -> dict[str, float]:
        """Time the steps of the handler where they are taken."""
        with ExitStack() as stack:
            laps = {
                step: [stack.enter_context(_timed(*place)) for place in places]
                for step, places in self._places.items()
            }
            server = stack.enter_context(_serving(self._handler))
            await _time_requests(server, requests)
        clock = _median_of(bool, requests)
        return {
            step: sum(_median(one) - clock for one in together) for step, together in laps.items()
        }

    def _time_record(self, requests: Sequence[bytes]) -> dict[str, float]:
        """Have calls noted, and written."""
        # What the calls before left.
        while self._log.take(SLICE).size:
            pass
        notes = list(map(self._note_of, requests))
        started = process_time()
        for note in notes:
            self._log.note(*note)
        noted = process_time()
        self._keeper.flush()
        kept = process_time()
        if len(self._log):
            raise RuntimeError("the calls that were noted are not recorded")
        return {
            _RECORD: (noted - started) / len(notes) * 1e6,
            _WRITE: (kept - noted) / len(notes) * 1e6,
        }

    def _note_of(self, request: bytes) -> tuple[str, int, str, dict[str, str], Decision]:
        query = parse_query(request.decode().partition("?")[2].partition(" ")[0])
        number = read_number(query["did"], _REGION)
        decision = resolve(self._snapshot, CallQuery(MORNING, number))
        return next(self._ids), MORNING, _DIALECT, query, decision


async def _answer_ready(*_: object) -> web.StreamResponse:
    return _READY


def _log_call(request: bytes) -> None:
    _log.debug("call_decided", decision_id=_ID, schedule=len(request))


@contextmanager
def _serving(handler: PromptHandler, *, is_prompt: bool = True) -> Iterator[_Protocols]:
    app = App(handler, {_PATH: handler} if is_prompt else {})
    guard = ConnectionGuard(app, ConnectionLimits(), lambda _why: None)

    def admit(wire: _Wire) -> web.RequestHandler:
        connection = guard.admit(wire, None)
        assert connection is not None
        return connection

    yield admit
    guard.stop()


async def _time_requests(server: _Protocols, requests: Sequence[bytes]) -> float:
    """Send requests on a connection, each once the one before it is answered."""
    wire = _Wire()
    connection = server(wire)
    connection.connection_made(wire)
    laps = []
    for request in requests:
        for _ in range(_TURNS_TO_REST):
            await asyncio.sleep(0)
        wire.is_answered = False
        started = perf_counter_ns()
        connection.data_received(request)
        # Turn by turn: what an event costs would be counted as well.
        while not wire.is_answered:  # noqa: ASYNC110
            await asyncio.sleep(0)
        laps.append(perf_counter_ns() - started)
    connection.connection_lost(None)
    return _median(laps)


@contextmanager
def _timed(holder: object, name: str) -> Iterator[list[int]]:
    """Have whatever calls a function by this name note how long it took, in nanoseconds."""
    function = getattr(holder, name)
    laps: list[int] = []

    def call(*arguments: object, **named: object) -> object:
        started = perf_counter_ns()
        result = function(*arguments, **named)
        laps.append(perf_counter_ns() - started)
        return result

    setattr(holder, name, call)
    try:
        yield laps
    finally:
        setattr(holder, name, function)


def _median_of(work: Callable[[_T], object], values: Iterable[_T]) -> float:
    laps = []
    for value in values:
        started = perf_counter_ns()
        work(value)
        laps.append(perf_counter_ns() - started)
    return _median(laps)


def _median(laps: Sequence[int]) -> float:
    """Return the middle one in µs: what interrupts some of them doesn't count."""
    return median(laps) / 1e3


async def _time_rounds(schedules: int, rounds: int) -> list[dict[str, float]]:
    with TemporaryDirectory() as folder:
        steps = _Steps(schedules, Path(folder))
        await steps.warm_up(_WARMING_CALLS * schedules)
        with quiet():
            return [await steps.time_all() for _ in range(rounds)]


def main(schedules: str, rounds: str) -> None:
    """Print the steps of each round."""
    # Each logger keeps to what was configured when it was first used: the hook's tells no calls.
    configure_logs("json", "debug")
    _log.debug("calls_are_timed")
    configure_logs("json", "info")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        print(json.dumps(runner.run(_time_rounds(int(schedules), int(rounds)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
