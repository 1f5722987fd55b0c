"""Several processes that answer calls, started, watched and ended as one daemon."""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from multiprocessing.resource_tracker import ensure_running
from time import monotonic
from typing import Final

import structlog

from pbx_adapters.config import Config, Listen
from pbx_adapters.fleet import Fleet
from pbx_adapters.worker import Duty, run_worker
from pbx_adapters.worker_link import LENGTH, Report, message_of, report_of

# A worker whose event loop, or what follows the store, stands still for so long is replaced.
HANG_SECONDS: Final = 20.0
# Importing and the first report, on a busy machine.
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.0
# One that answered calls for as long was no failed start.
SETTLED_SECONDS: Final = 10.0
FIRST_PAUSE_SECONDS: Final = 1.0
# All of them may fail in turn, and nobody answers meanwhile.
MAX_PAUSE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 1.0
# Beyond it the supervisor itself stood still, and can't blame others.
_LATE_SECONDS: Final = 5.0

# A fresh interpreter each: nothing of this process, its threads least of all, is copied into it.
_processes = multiprocessing.get_context("spawn")
_log = structlog.get_logger()


@dataclass(slots=True)
class _Running:
    """A worker's process: until when it has to report that it is well, since when it is ready."""

    number: int
    process: multiprocessing.process.BaseProcess
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    well_until: float
    ready_at: float = inf


class Supervisor:
    """Keeps the configured number of workers running; answers no call itself.

    The port of `address` is held by the caller. `control` is accepted on by every worker.
    """

    def __init__(
        self, config: Config, fleet: Fleet, address: Listen, control: socket.socket | None
    ) -> None:
        self._config = config
        self._fleet = fleet
        self._address = address
        self._control = control
        self._running: dict[int, _Running] = {}
        self._stopping = asyncio.Event()
        self._last_look = monotonic()

    @property
    def is_well(self) -> bool:
        """Whether any worker is: the others are replaced one by one."""
        now = monotonic()
        return any(now <= worker.well_until for worker in self._running.values())

    def stop(self) -> None:
        """Have all workers answer what is in flight and end; `run` returns when they have."""
        self._stopping.set()

    def reload(self) -> None:
        """Have every worker read everything anew."""
        self._fleet.reloads += 1
        # They ask for the number then; one that is starting finds it in its first reply.
        for worker in self._running.values():
            _signal(worker, signal.SIGHUP)

    async def run(self) -> None:
        """Keep the workers running until `stop`."""
        keeping = [
            asyncio.create_task(self._keep(number)) for number in range(1, self._fleet.size + 1)
        ]
        watching = asyncio.create_task(self._watch())
        await self._stopping.wait()
        watching.cancel()
        for worker in self._running.values():
            _signal(worker, signal.SIGTERM)
        _, late = await asyncio.wait(keeping, timeout=STOP_SECONDS)
        if late:
            for worker in self._running.values():
                _log.warning("worker_killed", worker=worker.number, why="it doesn't stop")
                _signal(worker, signal.SIGKILL)
        await asyncio.gather(*keeping)

    async def _keep(self, number: int) -> None:
        """Start a worker again and again, with growing pauses where it ends soon."""
        pause = 0.0
        while not self._stopping.is_set():
            ended, ready_at = await self._run_one(number)
            self._fleet.forget(number)
            if self._stopping.is_set():
                return
            if monotonic() - ready_at >= SETTLED_SECONDS:
                pause = 0.0
            self._fleet.own.worker_restarts.inc()
            _log.error("worker_ended", worker=number, how=ended, starts_again_in_seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = longer_pause(pause)

    async def _run_one(self, number: int) -> tuple[str, float]:
        """Run a worker until it ends; say how it ended, and since when it answered calls."""
        try:
            worker = await self._start(number)
        except OSError as error:
            return f"not started: {error}", inf
        self._running[number] = worker
        _log.info("worker_started", worker=number, process=worker.process.pid)
        if self._stopping.is_set():
            # The others were told while this one was being started.
            _signal(worker, signal.SIGTERM)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(worker.process.sentinel, ended.set)
        conversation = asyncio.create_task(self._converse(worker))
        await ended.wait()
        loop.remove_reader(worker.process.sentinel)
        # What it said last is still to be read; then its end of the pair is closed.
        await asyncio.wait([conversation])
        worker.writer.close()
        del self._running[number]
        worker.process.join()
        return f"exit code {worker.process.exitcode}", worker.ready_at

    async def _start(self, number: int) -> _Running:
        ours, theirs = socket.socketpair()
        with theirs:
            duty = Duty(
                number, self._config, self._address, theirs, self._control, self._fleet.reloads
            )
            process = _processes.Process(
                target=run_worker, args=(duty,), name=f"worker-{number}", daemon=True
            )
            try:
                with _blocked_signals():
                    process.start()
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return _Running(number, process, reader, writer, monotonic() + START_SECONDS)

    async def _converse(self, worker: _Running) -> None:
        """Answer each report of a worker, until it has no more to say."""
        try:
            while True:
                (length,) = LENGTH.unpack(await worker.reader.readexactly(LENGTH.size))
                report = report_of(await worker.reader.readexactly(length))
                await self._answer(worker, report)
        except (asyncio.IncompleteReadError, ConnectionError):
            # It has ended.
            pass
        except Exception:  # noqa: BLE001 - without answers it falls silent, and is replaced
            _log.exception("worker_not_understood", worker=worker.number)

    async def _answer(self, worker: _Running, report: Report) -> None:
        if report.is_well:
            worker.well_until = monotonic() + HANG_SECONDS
        if report.is_listening:
            worker.ready_at = min(worker.ready_at, monotonic())
        self._fleet.take(worker.number, report)
        if report.wants_reload:
            self.reload()
        worker.writer.write(message_of(self._fleet.reply_to(worker.number)))
        await worker.writer.drain()

    async def _watch(self) -> None:
        """Kill workers that stand still, so that they are started again."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = monotonic()
            is_late = now - self._last_look > _LATE_SECONDS
            self._last_look = now
            for worker in self._running.values():
                if is_late:
                    worker.well_until = max(worker.well_until, now + HANG_SECONDS)
                elif now > worker.well_until:
                    _log.error("worker_killed", worker=worker.number, why="it stands still")
                    _signal(worker, signal.SIGKILL)


def longer_pause(seconds: float) -> float:
    """Return how many seconds to wait before the next start, after one that came to nothing."""
    return min(max(seconds * 2, FIRST_PAUSE_SECONDS), MAX_PAUSE_SECONDS)


def _signal(worker: _Running, number: signal.Signals) -> None:
    """Send a signal to a worker that runs; of one that has ended the id may be another's by now."""
    process = worker.process
    if process.pid is not None and process.exitcode is None:
        os.kill(process.pid, number)


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """Start a process whose SIGHUP waits until it is able to take it, and whose SIGINT for ever.

    Ctrl-C goes to all processes at once; workers are told by the supervisor.
    """
    # Starting it by the way would let SIGINT through again.
    ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
