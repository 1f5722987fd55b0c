"""What a process that answers calls is made of, and how its servers are started."""

import asyncio
import gc
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from math import ceil
from time import monotonic
from typing import Final

import structlog

from audio_store.inbox import RecordingInbox
from audio_store.intake import encode, take_in
from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.admission import Admission
from pbx_adapters.app import build_app
from pbx_adapters.attempt_limits import MAX_ATTEMPTS
from pbx_adapters.audio_cache import AudioCache
from pbx_adapters.audio_download import AudioDownloads, DownloadFailure
from pbx_adapters.audio_watch import AudioWatch
from pbx_adapters.caller_hash import CallerKeyError, make_caller_key, read_caller_key
from pbx_adapters.config import Config, Listen
from pbx_adapters.connection_limits import ConnectionLimits, DropReason, fit_to_descriptors
from pbx_adapters.data_dir import AUDIO_FOLDER, INBOX_FOLDER, remove_leftovers
from pbx_adapters.decision_log import CAPACITY, DecisionLog
from pbx_adapters.hook import Hook
from pbx_adapters.logs import Throttle
from pbx_adapters.metrics import Metrics
from pbx_adapters.recordings import Recordings
from pbx_adapters.reload import Reloader
from pbx_adapters.server import RunningServer, serve_guarded
from pbx_adapters.serving import Serving
from pbx_adapters.whole import Whole
from schedules.telephone import read_number

# On a disk that hangs the daemon answers all the same, if only by the normal route.
READY_SECONDS: Final = 30.0
_SECONDS_BETWEEN_LINES: Final = 10.0
_EXPIRY_SECONDS: Final = 3_600.0

_GARBAGE_THRESHOLDS: Final = (20_000, 20, 50)
_SWITCH_SECONDS: Final = 0.000_5

_log = structlog.get_logger()


@dataclass(slots=True)
class Parts:
    """What the servers of one process share."""

    config: Config
    serving: Serving
    metrics: Metrics
    admission: Admission
    decisions: DecisionLog
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


def wire(config: Config, metrics: Metrics, *, is_first: bool = True) -> Parts:
    """Make the parts of a process, on the event loop that will run them.

    is_first: whether to do what only one process of a daemon does: keep the last-good file.
    """
    _tune()
    # Read once beforehand: the first number takes longest, and it shall not be a caller's.
    read_number("0", config.default_region)
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
        loop=asyncio.get_running_loop(),
        keeps_last_good=is_first,
    )

    def tell_failure(why: DownloadFailure, digest: str) -> None:
        metrics.audio_failures.labels(why).inc()
        if why in ("missing", "damaged"):
            watch.report(digest)

    downloads = AudioDownloads(AudioCache(masters, encode), tell_failure)
    inbox = RecordingInbox(config.data_dir / INBOX_FOLDER)
    recordings = Recordings(
        config.data_dir,
        inbox,
        metrics,
        clock=clock.now,
        timer=monotonic,
        take_in=take_in,
        # Each process counts wrong PINs by itself.
        max_attempts=ceil(MAX_ATTEMPTS / config.workers),
    )
    return Parts(
        config=config,
        serving=serving,
        metrics=metrics,
        admission=Admission(metrics.auth_failures, trusted=config.trusted_proxies),
        decisions=_decision_log(config, metrics),
        downloads=downloads,
        inbox=inbox,
        recordings=recordings,
        reloader=reloader,
        limits=_limits_of(config),
    )


def _limits_of(config: Config) -> ConnectionLimits:
    """Return the limits of connections: as configured, or what the process may hold open."""
    asked = ConnectionLimits(
        max_connections=config.max_connections,
        max_connections_per_ip=config.max_connections_per_ip,
        trusted=config.trusted_proxies,
        keepalive_seconds=config.keepalive_seconds,
    )
    limits = fit_to_descriptors(asked)
    if limits != asked:
        _log.warning("max_connections_lowered", to=limits.max_connections, why="open files limit")
    return limits


def _decision_log(config: Config, metrics: Metrics) -> DecisionLog:
    return DecisionLog(
        CAPACITY,
        key=_caller_key(config),
        region=config.default_region,
        tell_dropped=metrics.decisions_dropped.inc,
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


async def start_server(
    parts: Parts, whole: Whole, sockets: Sequence[socket.socket], base_url: str
) -> RunningServer:
    """Serve the application over TCP: to whoever has a token."""
    server = await _start(parts, whole, sockets, base_url, parts.admission)
    parts.metrics.workers.set(1)
    return server


async def start_control(
    parts: Parts, whole: Whole, control: socket.socket, base_url: str
) -> RunningServer:
    """Serve the application on the control socket, where only its owner can ask: without tokens."""
    return await _start(parts, whole, [control], base_url, None)


async def _start(
    parts: Parts,
    whole: Whole,
    sockets: Sequence[socket.socket],
    base_url: str,
    admission: Admission | None,
) -> RunningServer:
    is_recorded = parts.config.decision_retention_days and admission is not None
    hook = Hook(
        parts.serving,
        parts.metrics,
        admission,
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
        whole=whole,
        clock=clock.now,
    )
    # The other processes of a daemon go on serving the control socket.
    is_alone = parts.config.workers == 1
    return await serve_guarded(app, sockets, parts.limits, parts.tell_drop, removes_files=is_alone)


def base_url_of(config: Config, address: Listen) -> str:
    """Return where messages are downloaded: as configured, else where the daemon listens."""
    return config.public_url or f"http://{address}"


async def tidy_up(parts: Parts, *, is_first: bool = True) -> None:
    """Do what would only keep the first calls waiting; go on with what is due every hour.

    is_first: whether to remove what is left over or expired, which one process of a daemon does.
    """
    await parts.reloader.first_reading
    # Few numbers need the library; the call that brings the first one shall not wait for it.
    await asyncio.to_thread(import_module, "phonenumbers")
    if not is_first:
        return
    try:
        await asyncio.to_thread(remove_leftovers, parts.config.data_dir, clock.now())
    except OSError as error:
        _log.warning("leftovers_not_removed", why=str(error))
    while True:
        try:
            await asyncio.to_thread(
                parts.inbox.remove_expired, datetime.fromtimestamp(clock.now(), UTC)
            )
        except OSError as error:
            _log.warning("inbox_unreadable", why=str(error))
        await asyncio.sleep(_EXPIRY_SECONDS)


def _tune() -> None:
    # Calls leave little behind that only the collector finds: looking seldom spares them pauses.
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    # A call waits for the thread that loads at each of its own system calls: ten times 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Prefer uvloop, which carries about twice the calls, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
