"""The real daemon as systemd runs it: it says when it is ready, alive and stopping."""

import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.daemon import PATIENCE, Daemon, several_sizes


def drain(systemd: socket.socket) -> None:
    """Take what was told until now."""
    systemd.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            systemd.recv(100)


@several_sizes
def test_systemd_is_told(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """A call gets its right answer once it is ready; stopped by force, it feeds no watchdog."""
    daemon.settings["workers"] = workers
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE)
        daemon.start(is_ready=False)
        told = [systemd.recv(100)]
        while told[-1] != b"READY=1":
            told.append(systemd.recv(100))
        assert set(told[:-1]) <= {b"WATCHDOG=1"}
        assert daemon.status() == "open"
        while systemd.recv(100) != b"WATCHDOG=1":
            pass
        process = daemon.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        drain(systemd)
        systemd.settimeout(0.5)
        with pytest.raises(TimeoutError):
            systemd.recv(100)
        systemd.settimeout(PATIENCE)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        while (last := systemd.recv(100)) == b"WATCHDOG=1":
            pass
        assert last == b"STOPPING=1"
        assert process.wait(PATIENCE) == 0
