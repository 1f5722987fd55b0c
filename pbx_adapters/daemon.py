"""main(): one process that does everything, or several under a supervisor."""

import asyncio
import os
import signal
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from pbx_adapters import clock
from pbx_adapters.config import Config, Listen
from pbx_adapters.data_dir import CONTROL_SOCKET
from pbx_adapters.fleet import Fleet
from pbx_adapters.keepers import Keepers
from pbx_adapters.listening import SocketFile, bind_tcp, bind_unix, fault_of_path, hold_tcp
from pbx_adapters.logs import configure_logs
from pbx_adapters.metrics import Metrics
from pbx_adapters.service_manager import ServiceManager
from pbx_adapters.supervisor import Supervisor
from pbx_adapters.whole import Alone
from pbx_adapters.wiring import (
    READY_SECONDS,
    Parts,
    base_url_of,
    loop_factory,
    start_control,
    start_server,
    tidy_up,
    wire,
)

_SET: Final = "set public_url to the address where PBXs reach the daemon"
_POLL_SECONDS: Final = 0.05

_log = structlog.get_logger()


def main(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; raises `ListenError` where an address can't be had."""
    # Until it means reload, this signal would end the daemon.
    signal.signal(signal.SIGHUP, _ignore)
    metrics = Metrics()
    configure_logs(config.log_format, config.log_level, metrics.log_lines_lost.inc)
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if config.workers == 1:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve_alone(config, metrics))
    else:
        asyncio.run(_supervise(config, metrics))


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing about a reload asked for while starting: everything is about to be read."""


async def _serve_alone(config: Config, metrics: Metrics) -> None:
    stopping = _stop_on_signals()
    sockets = bind_tcp(*config.listen)
    address = Listen(config.listen.host, sockets[0].getsockname()[1])
    parts = wire(config, metrics)
    whole = Alone(metrics, clock.now, parts.reloader.reload)
    keepers = Keepers(
        config, metrics, parts.admission.uses, parts.decisions.take, answers_calls=True
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, parts.reloader.request)
    _warn_of_address(config, address)
    base_url = base_url_of(config, address)
    servers = [await start_server(parts, whole, sockets, base_url)]
    if _can_be_controlled(config.data_dir):
        control = bind_unix(config.data_dir / CONTROL_SOCKET)
        servers.append(await start_control(parts, whole, control, base_url))
    parts.reloader.start()
    keepers.start()
    manager = ServiceManager(os.environ, os.getpid())
    background = [
        asyncio.create_task(tidy_up(parts)),
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
    await asyncio.to_thread(keepers.stop)
    _log.info("stopped")


async def _supervise(config: Config, metrics: Metrics) -> None:
    stopping = _stop_on_signals()
    with hold_tcp(*config.listen) as port:
        address = Listen(config.listen.host, port)
        _warn_of_address(config, address)
        control = (
            bind_unix(config.data_dir / CONTROL_SOCKET)
            if _can_be_controlled(config.data_dir)
            else None
        )
        file = None if control is None else SocketFile.of(control)
        fleet = Fleet(config.workers, metrics, clock.now, monotonic)
        supervisor = Supervisor(config, fleet, address, control)
        keepers = Keepers(config, metrics, fleet.uses, fleet.take_calls, answers_calls=False)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, supervisor.reload)
        manager = ServiceManager(os.environ, os.getpid())
        keepers.start()
        _log.info("supervising", workers=config.workers, address=f"http://{address}")
        running = asyncio.create_task(supervisor.run())
        background = [
            asyncio.create_task(_tell_all_ready(fleet, manager)),
            asyncio.create_task(manager.keep_feeding(lambda: supervisor.is_well)),
        ]
        await stopping.wait()
        _log.info("stopping")
        manager.tell("STOPPING=1")
        for task in background:
            task.cancel()
        if file is not None:
            file.remove()
        supervisor.stop()
        await running
        await asyncio.to_thread(keepers.stop)
        _log.info("stopped")


async def _tell_all_ready(fleet: Fleet, manager: ServiceManager) -> None:
    """Tell once all workers answer calls; after a while, once any does."""
    patient_until = monotonic() + READY_SECONDS
    # Polled: this ends soon after the start.
    while fleet.listening_count < (1 if monotonic() > patient_until else fleet.size):  # noqa: ASYNC110
        await asyncio.sleep(_POLL_SECONDS)
    manager.tell("READY=1")


async def _tell_ready(parts: Parts, manager: ServiceManager) -> None:
    await asyncio.wait([parts.reloader.first_reading], timeout=READY_SECONDS)
    manager.tell("READY=1")


def _stop_on_signals() -> asyncio.Event:
    """Return what is set by the signals that end the daemon."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _warn_of_address(config: Config, address: Listen) -> None:
    if config.lacks_public_url:
        _log.warning(
            "no_public_url", why=f"PBXs can't download messages from {address}", remedy=_SET
        )


def _can_be_controlled(data_dir: Path) -> bool:
    """Tell whether there can be a control socket; say in the log why not."""
    why = _why_no_socket(data_dir)
    if why:
        _log.warning("no_control_socket", why=why)
    return not why


def _why_no_socket(data_dir: Path) -> str:
    """Say why there can be no control socket; empty when there can."""
    if not os.access(data_dir, os.W_OK):
        return f"{data_dir} can't be written"
    return fault_of_path(data_dir / CONTROL_SOCKET)
