"""What systemd is told, over a socket such as its own (sd_notify(3))."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbx_adapters.service_manager import ServiceManager

PID = 4_711


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        yield listener


def heard(systemd: socket.socket) -> list[str]:
    """Return what was told until now."""
    found = []
    try:
        while True:
            found.append(systemd.recv(100, socket.MSG_DONTWAIT).decode())
    except BlockingIOError:
        return found


def manager(systemd: socket.socket, **environment: str) -> ServiceManager:
    """Tell that listener."""
    return ServiceManager({"NOTIFY_SOCKET": systemd.getsockname()} | environment, PID)


def test_it_is_told(systemd: socket.socket) -> None:
    """Each state is a message of its own."""
    one = manager(systemd)
    one.tell("READY=1")
    one.tell("STOPPING=1")
    assert heard(systemd) == ["READY=1", "STOPPING=1"]


def test_name_outside_the_file_system() -> None:
    """An at sign begins an abstract name, as of systemd in a container."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0bereikbaar-test-notify")
        ServiceManager({"NOTIFY_SOCKET": "@bereikbaar-test-notify"}, PID).tell("READY=1")
        assert heard(listener) == ["READY=1"]


@pytest.mark.parametrize(
    "environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}]
)
def test_nobody_to_tell_is_no_fault(environment: dict[str, str]) -> None:
    """Most daemons run without systemd, and none fails for that."""
    ServiceManager(environment, PID).tell("READY=1")


def test_full_queue_holds_nothing_up(systemd: socket.socket) -> None:
    """Who doesn't read what he is told can't block the event loop."""
    one = manager(systemd)
    for _ in range(5_000):
        one.tell("WATCHDOG=1")
    assert 0 < len(heard(systemd)) < 5_000


async def test_watchdog_is_fed_while_all_is_well(systemd: socket.socket) -> None:
    """Several times within its patience; not while something is amiss, nor by a blocked loop."""
    is_well = True
    one = manager(systemd, WATCHDOG_USEC="60000", WATCHDOG_PID=str(PID))
    feeding = asyncio.create_task(one.keep_feeding(lambda: is_well))
    await asyncio.sleep(0.2)
    assert set(told := heard(systemd)) == {"WATCHDOG=1"}
    assert len(told) > 1
    time.sleep(0.2)  # noqa: ASYNC251 - this is the fault
    assert heard(systemd) == []
    is_well = False
    await asyncio.sleep(0.1)
    heard(systemd)
    await asyncio.sleep(0.1)
    assert heard(systemd) == []
    feeding.cancel()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "60000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-1"},
    ],
)
async def test_no_watchdog_is_not_fed(systemd: socket.socket, environment: dict[str, str]) -> None:
    """Nor is that of another process, or one that can't be understood."""
    await asyncio.wait_for(manager(systemd, **environment).keep_feeding(lambda: True), 5)
    assert heard(systemd) == []
