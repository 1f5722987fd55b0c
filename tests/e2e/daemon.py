"""The real daemon as a process, and the store beside it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pbx_adapters.auth import create_token
from schedules.last_good import write_last_good
from schedules.sqlite_store import DATABASE_NAME, SqliteStore, open_store
from tests.engine import schedule_of

COMMAND: Final = Path(sys.executable).with_name("bereikbaar")
NUMBER: Final = "+31850000000"
# How long a slow machine may take before a test gives up; nothing here takes as long.
PATIENCE: Final = 30.0
AT: Final = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

# For what has to hold for a daemon of one process, and of several.
several_sizes: Final = pytest.mark.parametrize("workers", ["1", "2"], ids=["alone", "workers"])


def wait_until(is_true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until something holds; fail when it never does."""
    deadline = time.monotonic() + patience
    while not is_true():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of the daemon, its JSON read."""

    status: int
    fields: dict[str, Any]


@dataclass
class Daemon:
    """One data directory, and the daemon that serves it while it runs."""

    data_dir: Path
    token: str = ""
    log_level: str = "info"
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    @property
    def log_path(self) -> Path:
        """Return where stderr goes."""
        return self.data_dir.with_suffix(".log")

    def start(self, *, is_ready: bool = True) -> None:
        """Start, and wait until it listens and, unless told otherwise, is ready."""
        settings = {f"BEREIKBAAR_{name.upper()}": value for name, value in self.settings.items()}
        already = len(self.log())
        with self.log_path.open("ab") as stderr:
            self.process = subprocess.Popen(
                [
                    *(COMMAND, "serve", "--listen", "127.0.0.1:0"),
                    *("--data-dir", str(self.data_dir)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=self.data_dir.parent,
                env=os.environ | {"BEREIKBAAR_LOG_LEVEL": self.log_level} | settings,
            )
        wait_until(lambda: self.find_address(already), "the daemon listens")
        if is_ready:
            wait_until(lambda: self.ready().status == 200, "the daemon is ready")

    def find_address(self, already: int) -> bool:
        """Find in the log, after so many lines, where it listens; tell whether it says so."""
        assert self.process is not None
        assert self.process.poll() is None, self.log_path.read_text()
        for line in self.log()[already:]:
            if line.get("event") == "listening":
                self.port = int(line["address"].rpartition(":")[2])
                return True
        return False

    def log(self) -> list[dict[str, Any]]:
        """Return the whole lines of the log, each of which is a JSON object."""
        if not self.log_path.exists():
            return []
        lines = self.log_path.read_bytes().split(b"\n")[:-1]
        # The command line announces a new data directory before the daemon has begun to log.
        return [json.loads(line) for line in lines if not line.startswith(b"creating a data")]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        return [line for line in self.log() if line["event"] == name]

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """End it as an init system does; return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self.process is not None
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, if it runs at all."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.process = None

    def request(
        self, method: str, path: str, *, token: str | None = None, body: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request on a connection of its own."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send bytes with headers of their own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            every = {"Authorization": f"Bearer {self.token}"} | (headers or {})
            connection.request(method, path, body or None, every)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def ask(self, method: str, path: str, *, token: str | None = None) -> Answer:
        """Send a request that is answered in JSON."""
        status, _, body = self.request(method, path, token=token)
        return Answer(status, json.loads(body))

    def call(self, *, token: str | None = None, **parameters: str) -> Answer:
        """Ask as a PBX does."""
        asked = parameters if "schedule" in parameters else {"did": NUMBER} | parameters
        return self.ask("GET", f"/hook/3cx?{urlencode(asked)}", token=token)

    def status(self) -> str:
        """Return the status that a caller to the linked number gets."""
        return str(self.call().fields["status"])

    def ready(self) -> Answer:
        """Ask for readiness."""
        return self.ask("GET", "/-/ready")

    def metric(self, name: str) -> float:
        """Return the sum of one metric's samples."""
        _, _, body = self.request("GET", "/metrics")
        return sum(
            sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
            if sample.name == name
        )

    @property
    def database(self) -> Path:
        """Return the database file."""
        return self.data_dir / DATABASE_NAME

    @property
    def last_good(self) -> Path:
        """Return the last-good file."""
        return self.data_dir / "last-good.jsonl"

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        """Open the store from this process, which is another one than the daemon's."""
        with closing(open_store(self.data_dir)) as store:
            yield store

    def save(self, status: str, schedule_id: str = "office", **fields: object) -> None:
        """Save a schedule that has one status all week."""
        fields = {"numbers": [NUMBER]} | fields if schedule_id == "office" else fields
        schedule = schedule_of((f"00:00-24:00 {status}",), id=schedule_id, **fields)
        with self.store() as store, store.writing("test", AT) as writer:
            writer.save(schedule, summary="test")

    def keep(self) -> None:
        """Write the last-good file, as a daemon does that was stopped in good order."""
        with self.store() as store:
            write_last_good(self.last_good, store)

    def save_unreadable(self, schedule_id: str = "office") -> None:
        """Save what a later version might: its checksum is right, and this one can't read it."""
        with self.store() as store, store.writing("test", AT) as writer:
            document = '{"id": "office", "colour": "blue"}'
            linked = schedule_of(numbers=[NUMBER]).numbers
            writer._append(schedule_id, writer.current(schedule_id), document, linked, "test")

    def add_token(self, **rights: object) -> str:
        """Add a token; return its text."""
        plain: dict[str, object] = {"is_operator": False, "schedules": (), "networks": ()}
        token, text = create_token("test", created_at=AT, **plain | rights)  # type: ignore[arg-type]
        with self.store() as store, store.writing("test", AT) as writer:
            writer.add_token(token)
        return text

    def exchange(self, raw: bytes) -> bytes:
        """Send raw bytes and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as client:
            with contextlib.suppress(OSError):
                client.sendall(raw)
                client.shutdown(socket.SHUT_WR)
            return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """Read until the daemon closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := client.recv(65_536):
            received += chunk
    return received


@contextmanager
def new_daemon(folder: Path, **attributes: object) -> Iterator[Daemon]:
    """Make a data directory with one open schedule and an operator token; end what was started."""
    daemon = Daemon(folder / "data", **attributes)  # type: ignore[arg-type]
    # It may be a mount.
    daemon.data_dir.mkdir(exist_ok=True)
    daemon.save("open")
    daemon.token = daemon.add_token(is_operator=True)
    try:
        yield daemon
    finally:
        daemon.kill()
