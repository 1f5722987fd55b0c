"""A data directory full of schedules, and the real daemon and its peer as processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from shutil import which
from time import perf_counter, sleep
from typing import Final

from audio_store.masters import MasterFiles
from benchmarks.company import MESSAGES, generate_schedules, message_bytes
from benchmarks.cores import pin_to
from pbx_adapters.auth import create_token
from pbx_adapters.data_dir import AUDIO_FOLDER
from schedules.model import Schedule
from schedules.sqlite_store import open_store

# A hundred thousand schedules take most of a minute.
_START_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.02
_SETTLING_SECONDS: Final = 0.1
# Everything was saved in one transaction: the store's first revision.
_LOADED: Final = re.compile(rb"\nbereikbaar_snapshot_revision [1-9]")
_ANYTHING: Final = re.compile(rb"")
_UNTIL_THERE_IS_A_COMMAND: Final = (
    "from pbx_adapters.config import load_config; from pbx_adapters.daemon import main; "
    "main(load_config(None, {}))"
)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A filled data directory: its schedules, and a token that may ask for all of them."""

    data_dir: Path
    schedules: tuple[Schedule, ...]
    token: str

    def random_number(self, rng: Random) -> tuple[str, Schedule]:
        """Return a linked number, in E.164, and its schedule."""
        schedule = rng.choice(self.schedules)
        block = rng.choice(schedule.numbers)
        return f"+{rng.randint(block.first, block.last)}", schedule


@dataclass(frozen=True, slots=True)
class Server:
    """A server process, started at `started_at` on the clock of `perf_counter`."""

    process: "subprocess.Popen[str] | subprocess.Popen[bytes]"
    port: int
    started_at: float

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid


def furnish(data_dir: Path, count: int, saved_at: datetime | None = None) -> Workplace:
    """Fill a data directory with schedules, saved now or then, their messages and a token."""
    now = datetime.now(UTC)
    schedules = tuple(generate_schedules(count, today=now.date()))
    token, secret = create_token(
        "benchmark", is_operator=False, schedules=(), networks=(), created_at=now
    )
    with (
        closing(open_store(data_dir)) as store,
        store.writing("benchmark", saved_at or now) as writer,
    ):
        writer.add_token(token)
        for schedule in schedules:
            writer.save(schedule, summary="made up")
    masters = MasterFiles(data_dir / AUDIO_FOLDER)
    masters.folder.mkdir(exist_ok=True)
    for message in map(message_bytes, range(MESSAGES)):
        # Without the care that is taken of a real one: a disk may lose these.
        masters.path_of(sha256(message).hexdigest()).write_bytes(message)
    return Workplace(data_dir, schedules, secret)


@contextmanager
def running_daemon(
    workplace: Workplace, command: Sequence[str] = (), **settings: str
) -> Iterator[Server]:
    """Run the real daemon, everything loaded, on the servers' core; else as `started_daemon`."""
    with started_daemon(workplace, command, **settings) as server:
        wait_until_loaded(server)
        pin_to("server", server.pid)
        yield server


@contextmanager
def started_daemon(
    workplace: Workplace, command: Sequence[str] = (), **settings: str
) -> Iterator[Server]:
    """Start the real daemon, or by a command of one's own, without waiting for it."""
    port = free_port()
    settings |= {
        "BEREIKBAAR_DATA_DIR": str(workplace.data_dir),
        "BEREIKBAAR_LISTEN": f"127.0.0.1:{port}",
        "BEREIKBAAR_LOG_LEVEL": "warning",
    }
    command = command or daemon_command()
    started_at = perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        yield Server(process, port, started_at)
    finally:
        end_process(process)


@contextmanager
def running_bare_route() -> Iterator[Server]:
    """Run the bare aiohttp route on the servers' core."""
    with running_peer([sys.executable, "-m", "benchmarks.bare_route"]) as server:
        yield server


@contextmanager
def running_peer(command: Sequence[str], **variables: str) -> Iterator[Server]:
    """Run a server that prints its port once it serves, on the servers' core.

    Raises `RuntimeError` where it ends before that.
    """
    started_at = perf_counter()
    environment = {**os.environ, **variables}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline()
        if not port:
            raise RuntimeError(f"{command[0]} ended before it served; its error is above")
        pin_to("server", process.pid)
        yield Server(process, int(port), started_at)
    finally:
        end_process(process)
        if process.stdout is not None:
            process.stdout.close()


@cache
def daemon_command() -> list[str]:
    """Return how the daemon is started: by the installed command, once that can serve."""
    script = which("bereikbaar", path=str(Path(sys.executable).parent))
    if script is not None:
        helped = subprocess.run(
            [script, "serve", "--help"], capture_output=True, text=True, check=False
        )
        if "--listen" in helped.stdout:
            return [script, "serve"]
    return [sys.executable, "-c", _UNTIL_THERE_IS_A_COMMAND]


def wait_for_answer(server: Server, workplace: Workplace) -> float:
    """Ask for the last schedule's number until it is answered; returns `perf_counter` then."""
    schedule = workplace.schedules[-1]
    path = f"/hook/generic?did=%2B{schedule.numbers[0].first}"
    body, answered_at = _ask_until(server, path, _ANYTHING, workplace.token)
    assert f'"schedule":"{schedule.id}"'.encode() in body, f"a wrong answer: {body!r}"
    return answered_at


def wait_until_loaded(server: Server, workers: int = 1) -> float:
    """Wait until all workers have compiled all schedules; returns `perf_counter` then."""
    _, loaded_at = _ask_until(server, "/metrics", _LOADED)
    there = re.compile(rb"\nbereikbaar_workers %d" % workers)
    return loaded_at if workers == 1 else _ask_until(server, "/metrics", there)[1]


def _ask_until(
    server: Server, path: str, part: re.Pattern[bytes], token: str = ""
) -> tuple[bytes, float]:
    """Ask until the answer is a 200 that has such a part; returns it and `perf_counter` then."""
    deadline = perf_counter() + _START_SECONDS
    while perf_counter() < deadline:
        body = _ask(server.port, path, token)
        if body and part.search(body):
            return body, perf_counter()
        if server.process.poll() is not None:
            raise RuntimeError("the daemon ended before it answered; its error is above")
        # Metrics, which need no token, are long: asking often keeps the daemon from its work.
        sleep(_POLL_SECONDS if token else 5 * _POLL_SECONDS)
    raise TimeoutError(f"the daemon did not answer within {_START_SECONDS:.0f} s")


def _ask(port: int, path: str, token: str) -> bytes:
    """Return the body of a 200, else nothing."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException):
        return b""
    finally:
        connection.close()
    return body if response.status == 200 else b""


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def paused(processes: Iterable[int]) -> Iterator[None]:
    """Keep processes from running, by their ids: what they still have to do takes nobody's time.

    Before that all have a moment, for whoever was paused just now: what he does once a second has
    fallen due meanwhile, and would all come at once.
    """
    sleep(_SETTLING_SECONDS)
    pids = tuple(processes)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def end_process(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """Ask a server to end, and see that it does."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
