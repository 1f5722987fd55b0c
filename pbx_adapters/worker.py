"""One of several processes that answer calls, under a supervisor."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from math import inf
from threading import Timer
from time import monotonic
from typing import Any, Final, NamedTuple

import structlog

from pbx_adapters import clock
from pbx_adapters.config import Config, Listen
from pbx_adapters.decision_keeper import SLICE
from pbx_adapters.decision_log import PIECE
from pbx_adapters.listening import ListenError, bind_tcp, to_be_closed_first
from pbx_adapters.logs import configure_logs
from pbx_adapters.metric_sums import Family
from pbx_adapters.metrics import Metrics
from pbx_adapters.server import RunningServer
from pbx_adapters.whole import Others, SilentError
from pbx_adapters.wiring import (
    READY_SECONDS,
    base_url_of,
    loop_factory,
    start_control,
    start_server,
    tidy_up,
    wire,
)
from pbx_adapters.worker_link import REPORT_SECONDS, Reply, Report, WorkerLink

_READY_ANSWER_SECONDS: Final = 1.0
_SCRAPE_SECONDS: Final = 3.0
# How long calls in flight may take once the supervisor is gone.
ORPHAN_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_SILENT: Final = "the supervisor of the workers doesn't answer; see the log, restart the daemon"

_log = structlog.get_logger()


class Duty(NamedTuple):
    """What a worker is given when it is started: by a supervisor that already holds `address`.

    `number` counts from 1; the first does what only one may do. `reloads` is the number of the last
    reload asked for before.
    """

    number: int
    config: Config
    address: Listen
    link: socket.socket
    control: socket.socket | None
    reloads: int


def run_worker(duty: Duty) -> None:
    """Answer calls until SIGTERM, or until the supervisor is gone."""
    metrics = Metrics()
    config = duty.config
    configure_logs(config.log_format, config.log_level, metrics.log_lines_lost.inc, duty.number)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(Worker.run(duty, metrics))
    except ListenError as error:
        _log.error("cannot_listen", why=str(error))
        sys.exit(1)
    except Exception:  # noqa: BLE001 - told in the log's own form, once and for all
        _log.exception("worker_failed")
        sys.exit(1)


class Worker:
    """The running process; as a `Whole` it speaks for all workers, through the supervisor."""

    def __init__(self, duty: Duty, metrics: Metrics) -> None:
        self._duty = duty
        self._metrics = metrics
        self._parts = wire(duty.config, metrics, is_first=duty.number == 1)
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._is_ready = False
        self._is_listening = False
        self._reloads = duty.reloads
        self._reloading: asyncio.Task[None] | None = None
        self._told_uses: dict[str, int] = {}
        self._counted_at = -inf
        self._link = WorkerLink(duty.link, self._report, self._take_reply, self._end_alone)

    @classmethod
    async def run(cls, duty: Duty, metrics: Metrics) -> None:
        """Read the store, answer calls until told to stop, and answer those in flight."""
        worker = cls(duty, metrics)
        loop = worker._loop
        loop.add_signal_handler(signal.SIGTERM, worker._stopping.set)
        # The supervisor's doorbell; it was blocked until here.
        loop.add_signal_handler(signal.SIGHUP, worker._link.wake)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        await worker._work()

    async def _work(self) -> None:
        parts = self._parts
        parts.serving.on_change = self._link.wake
        parts.reloader.start()
        self._link.start()
        servers: list[RunningServer] = []
        background = [asyncio.create_task(tidy_up(parts, is_first=self._duty.number == 1))]
        try:
            await self._wait_for_turn()
            if not self._stopping.is_set():
                servers = await self._listen()
                await self._stopping.wait()
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*(server.close() for server in servers))
            await asyncio.to_thread(parts.reloader.stop)
            await asyncio.to_thread(self._link.stop)
            _log.info("stopped")

    async def _wait_for_turn(self) -> None:
        """Wait until what this worker answers is no older than what the others do.

        Not for ever: where the store can't be read, an old answer is better than none.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                stopping = asyncio.create_task(self._stopping.wait())
                waiting: list[asyncio.Future[Any]] = [self._parts.reloader.first_reading, stopping]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                # From here on an edit waits for this worker as well.
                self._is_ready = True
                while not self._stopping.is_set():
                    reply = await self._link.ask(READY_SECONDS)
                    others = reply.others_revision
                    is_level = others is None or self._revision >= others
                    if is_level and self._reloads >= reply.reloads:
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        self._is_ready = True

    async def _listen(self) -> list[RunningServer]:
        config, address = self._duty.config, self._duty.address
        sockets = [to_be_closed_first(sock) for sock in bind_tcp(*address, is_shared=True)]
        base_url = base_url_of(config, address)
        servers = [await start_server(self._parts, self, sockets, base_url)]
        if self._duty.control is not None:
            servers.append(await start_control(self._parts, self, self._duty.control, base_url))
        self._is_listening = True
        self._link.wake()
        _log.info("listening", address=f"http://{address}", data_dir=str(config.data_dir))
        return servers

    def _end_alone(self) -> None:
        """End, now that the supervisor is gone; in the link's thread."""
        force = Timer(ORPHAN_SECONDS, os._exit, [1])
        force.daemon = True
        force.start()
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)

    @property
    def _revision(self) -> int:
        service = self._parts.serving.service
        return 0 if service is None else service.snapshot.revision

    def _report(self, wants_reload: bool, wants_exposition: bool) -> Report:  # noqa: FBT001 - a callback
        """Say how this worker is; in the link's thread."""
        uses = dict(self._parts.admission.uses)
        new = dict(uses.items() - self._told_uses.items())
        self._told_uses = uses
        calls = self._parts.decisions.take(SLICE if self._link.reply.takes_calls else 0)
        # Nearly so many: a piece that two threads took from has fewer than others.
        if calls.size > SLICE - PIECE:
            self._link.wake()
        return Report(
            revision=self._revision,
            is_ready=self._is_ready,
            is_listening=self._is_listening,
            is_well=self._parts.reloader.is_alive(),
            troubles=self._parts.serving.troubles,
            reloads=self._reloads,
            uses=new,
            families=self._count() if wants_exposition or self._is_count_due() else None,
            calls=calls,
            wants_reload=wants_reload,
            wants_exposition=wants_exposition,
        )

    def _is_count_due(self) -> bool:
        """Tell whether the metrics told last have become old; they take longest to read."""
        return self._link.is_stopping or monotonic() - self._counted_at > REPORT_SECONDS / 2

    def _count(self) -> list[Family]:
        self._counted_at = monotonic()
        return self._metrics.families(clock.now())

    def _take_reply(self, reply: Reply) -> None:
        is_idle = self._reloading is None or self._reloading.done()
        if reply.reloads > self._reloads and is_idle and not self._stopping.is_set():
            self._reloading = asyncio.create_task(self._reload_to(reply.reloads))

    async def _reload_to(self, number: int) -> None:
        await self._parts.reloader.reload()
        self._reloads = number
        self._link.wake()

    async def exposition(self) -> bytes:
        """Return the metrics of all workers."""
        try:
            return (await self._link.ask(_SCRAPE_SECONDS, wants_exposition=True)).exposition
        except TimeoutError:
            raise SilentError(_SILENT) from None

    async def reload(self) -> None:
        """Have all workers read everything anew; this one alone, where the supervisor is silent."""
        try:
            wanted = (await self._link.ask(_SCRAPE_SECONDS, wants_reload=True)).reloads
            # Polled: none is told when another one is done.
            while (await self._link.ask(_SCRAPE_SECONDS)).reloaded < wanted:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            await self._parts.reloader.reload()

    async def others(self) -> Others:
        """Return what the other workers serve."""
        try:
            reply = await self._link.ask(_READY_ANSWER_SECONDS)
        except TimeoutError:
            # What was told last holds at least: no worker goes back.
            reply = self._link.reply
            return Others(reply.others_revision, (*reply.troubles, _SILENT))
        return Others(reply.others_revision, reply.troubles)
