"""main(): configuration, wiring, run."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from audio_store.inbox import RecordingInbox
from audio_store.intake import encode, take_in
from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.admission import Admission
from pbx_adapters.app import build_app
from pbx_adapters.audio_cache import AudioCache
from pbx_adapters.audio_download import AudioDownloads, DownloadFailure
from pbx_adapters.audio_watch import AudioWatch
from pbx_adapters.caller_hash import CallerKeyError, make_caller_key, read_caller_key
from pbx_adapters.config import Config, Listen
from pbx_adapters.connection_limits import ConnectionLimits, fit_to_descriptors
from pbx_adapters.connections import DropReason
from pbx_adapters.data_dir import (
    AUDIO_FOLDER,
    CONTROL_SOCKET,
    DECISIONS_FILE,
    INBOX_FOLDER,
    remove_leftovers,
)
from pbx_adapters.decision_keeper import DecisionKeeper
from pbx_adapters.decision_log import CAPACITY, DecisionLog
from pbx_adapters.hook import Hook
from pbx_adapters.listening import bind_tcp, bind_unix, fault_of_path
from pbx_adapters.logs import Throttle, configure_logs
from pbx_adapters.metrics import Metrics
from pbx_adapters.notifier import Notifier
from pbx_adapters.recordings import Recordings
from pbx_adapters.reload import Reloader
from pbx_adapters.server import RunningServer, serve_guarded
from pbx_adapters.service_manager import ServiceManager
from pbx_adapters.serving import Serving
from pbx_adapters.use_keeper import UseKeeper
from schedules.telephone import read_number

_SECONDS_BETWEEN_LINES: Final = 10.0
_EXPIRY_SECONDS: Final = 3_600.0
# On a disk that hangs the daemon answers all the same, if only by the normal route.
_READY_SECONDS: Final = 30.0
_SET: Final = "set public_url to the address where PBXs reach the daemon"

_GARBAGE_THRESHOLDS: Final = (20_000, 20, 50)
_SWITCH_SECONDS: Final = 0.000_5

_log = structlog.get_logger()


def main(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; raises `ListenError` where an address can't be had."""
    # Until it means reload, this signal would end the daemon.
    signal.signal(signal.SIGHUP, _ignore)
    metrics = Metrics()
    configure_logs(config.log_format, config.log_level, metrics.log_lines_lost.inc)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config, metrics))


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing about a reload asked for while starting: everything is about to be read."""


@dataclass(slots=True)
class _Parts:
    """What the servers of one daemon share."""

    config: Config
    serving: Serving
    metrics: Metrics
    admission: Admission
    uses: UseKeeper
    notifier: Notifier
    decisions: DecisionLog
    decision_keeper: DecisionKeeper
    downloads: AudioDownloads
    inbox: RecordingInbox
    recordings: Recordings
    reloader: Reloader
    limits: ConnectionLimits
    throttle: Throttle = field(
        default_factory=lambda: Throttle(_SECONDS_BETWEEN_LINES, asyncio.get_running_loop().time)
    )

    def tell_drop(self, why: DropReason) -> None:
        """Count every connection turned away; log now and then."""
        self.metrics.connections_dropped.labels(why).inc()
        if self.throttle.admits(why):
            left_out = self.throttle.take_left_out(why)
            _log.warning("connection_dropped", why=why, left_out=left_out)


async def _serve(config: Config, metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    # Calls leave little behind that only the collector finds: looking seldom spares them pauses.
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    # A call waits for the thread that loads at each of its own system calls: ten times 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    sockets = bind_tcp(*config.listen)
    address = Listen(config.listen.host, sockets[0].getsockname()[1])
    parts = _wire(config, metrics, loop)
    loop.add_signal_handler(signal.SIGHUP, parts.reloader.request)
    # Read once beforehand: the first number takes longest, and it shall not be a caller's.
    read_number("0", config.default_region)
    if config.lacks_public_url:
        _log.warning(
            "no_public_url", why=f"PBXs can't download messages from {address}", remedy=_SET
        )
    base_url = config.public_url or f"http://{address}"
    servers = [await _start(parts, sockets, base_url, is_control=False)]
    if why := _why_no_socket(config.data_dir):
        _log.warning("no_control_socket", why=why)
    else:
        control = bind_unix(config.data_dir / CONTROL_SOCKET)
        servers.append(await _start(parts, [control], base_url, is_control=True))
    parts.reloader.start()
    parts.uses.start()
    parts.notifier.start()
    parts.decision_keeper.start()
    manager = ServiceManager(os.environ, os.getpid())
    background = [
        asyncio.create_task(_tidy_up(parts)),
        asyncio.create_task(_tell_ready(parts, manager)),
        # Without the thread that follows the store no change would ever reach a call.
        asyncio.create_task(manager.keep_feeding(parts.reloader.is_alive)),
    ]
    _log.info("listening", address=f"http://{address}", data_dir=str(config.data_dir))
    await stopping.wait()
    _log.info("stopping")
    manager.tell("STOPPING=1")
    for task in background:
        task.cancel()
    await asyncio.gather(*(server.close() for server in servers))
    await asyncio.to_thread(parts.reloader.stop)
    await asyncio.to_thread(parts.uses.stop)
    await asyncio.to_thread(parts.notifier.stop)
    await asyncio.to_thread(parts.decision_keeper.stop)
    _log.info("stopped")


async def _tell_ready(parts: _Parts, manager: ServiceManager) -> None:
    await asyncio.wait([parts.reloader.first_reading], timeout=_READY_SECONDS)
    manager.tell("READY=1")


async def _tidy_up(parts: _Parts) -> None:
    """Do what would only keep the first calls waiting."""
    await parts.reloader.first_reading
    await asyncio.to_thread(remove_leftovers, parts.config.data_dir, clock.now())
    # Few numbers need the library; the call that brings the first one shall not wait for it.
    await asyncio.to_thread(import_module, "phonenumbers")
    while True:
        try:
            await asyncio.to_thread(
                parts.inbox.remove_expired, datetime.fromtimestamp(clock.now(), UTC)
            )
        except OSError as error:
            _log.warning("inbox_unreadable", why=str(error))
        await asyncio.sleep(_EXPIRY_SECONDS)


def _why_no_socket(data_dir: Path) -> str:
    """Say why there can be no control socket; empty when there can."""
    if not os.access(data_dir, os.W_OK):
        return f"{data_dir} can't be written"
    return fault_of_path(data_dir / CONTROL_SOCKET)


def _wire(config: Config, metrics: Metrics, loop: asyncio.AbstractEventLoop) -> _Parts:
    serving = Serving()
    masters = MasterFiles(config.data_dir / AUDIO_FOLDER)
    watch = AudioWatch(masters)
    reloader = Reloader(
        config.data_dir,
        serving,
        metrics,
        policy=config.forward_policy,
        audio=watch,
        clock=clock.now,
        loop=loop,
    )

    def tell_failure(why: DownloadFailure, digest: str) -> None:
        metrics.audio_failures.labels(why).inc()
        if why in ("missing", "damaged"):
            watch.report(digest)

    downloads = AudioDownloads(AudioCache(masters, encode), tell_failure)
    asked = ConnectionLimits(
        max_connections=config.max_connections,
        max_connections_per_ip=config.max_connections_per_ip,
        trusted=config.trusted_proxies,
        keepalive_seconds=config.keepalive_seconds,
    )
    limits = fit_to_descriptors(asked)
    if limits != asked:
        _log.warning("max_connections_lowered", to=limits.max_connections, why="open files limit")
    inbox = RecordingInbox(config.data_dir / INBOX_FOLDER)
    recordings = Recordings(
        config.data_dir, inbox, metrics, clock=clock.now, timer=monotonic, take_in=take_in
    )
    admission = Admission(metrics.auth_failures, trusted=config.trusted_proxies)
    decisions = DecisionLog(
        CAPACITY,
        key=_caller_key(config),
        region=config.default_region,
        tell_dropped=metrics.decisions_dropped.inc,
    )
    return _Parts(
        config=config,
        serving=serving,
        metrics=metrics,
        admission=admission,
        uses=UseKeeper(config.data_dir / DECISIONS_FILE, admission.uses),
        notifier=Notifier(config, metrics, clock=clock.now),
        decisions=decisions,
        decision_keeper=DecisionKeeper(
            config.data_dir / DECISIONS_FILE,
            decisions.take,
            config.decision_retention_days,
            clock.now,
            tell_written=metrics.last_decision_write_successful.set,
            tell_dropped=metrics.decisions_dropped.inc,
        ),
        downloads=downloads,
        inbox=inbox,
        recordings=recordings,
        reloader=reloader,
        limits=limits,
    )


def _caller_key(config: Config) -> bytes | None:
    """Return what callers' numbers are hashed with; without it, calls are recorded all the same."""
    if not config.decision_retention_days:
        return None
    path = config.caller_key_path
    try:
        if config.caller_hash_key_file is None:
            make_caller_key(path)
        return read_caller_key(path)
    except CallerKeyError as error:
        _log.warning("callers_not_recorded", why=str(error))
        return None


async def _start(
    parts: _Parts, sockets: Sequence[socket.socket], base_url: str, *, is_control: bool
) -> RunningServer:
    """Serve the application on sockets of one kind; those of the control socket need no token."""
    is_recorded = parts.config.decision_retention_days and not is_control
    hook = Hook(
        parts.serving,
        parts.metrics,
        None if is_control else parts.admission,
        clock=clock.now,
        base_url=base_url,
        region=parts.config.default_region,
        note=parts.decisions.note if is_recorded else None,
    )
    app = build_app(
        hook,
        parts.serving,
        parts.metrics,
        parts.downloads,
        parts.recordings,
        clock=clock.now,
        reload=parts.reloader.reload,
    )
    return await serve_guarded(app, sockets, parts.limits, parts.tell_drop)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Prefer uvloop, which carries about twice the calls, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
