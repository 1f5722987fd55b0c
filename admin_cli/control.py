"""The running daemon, asked over its control socket."""

import errno
import json
import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from admin_cli.invocation import Invocation, tell

ANSWER_SECONDS: Final = 3.0
FOLLOW_SECONDS: Final = 2.0
# Everything is compiled anew: a hundred thousand schedules take a minute or two.
RELOAD_SECONDS: Final = 900.0
LOOK_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.03
_ABSENT: Final = frozenset({errno.ENOENT, errno.ECONNREFUSED})


class NoDaemonError(Exception):
    """Nobody answers on the control socket; the message says why."""


class _AbsentError(NoDaemonError):
    """The socket is left over from a daemon that is gone."""


class ControlAnswer(NamedTuple):
    """What the daemon said: the HTTP status, the fields, and what a refusal advises."""

    status: int
    fields: dict[str, Any]
    detail: str


def ask_daemon(path: Path, target: str) -> ControlAnswer:
    """Send `GET target`, a path with its encoded query, to the socket at `path`.

    Raises `NoDaemonError` when nothing is heard for 3 s.
    """
    if not path.exists():
        raise NoDaemonError("no daemon is running")
    return _ask(path, target, ANSWER_SECONDS)


def is_daemon_there(path: Path) -> bool:
    """Tell whether a process has the socket at `path`, also one that doesn't answer."""
    if not path.exists():
        return False
    try:
        _ask(path, "/-/healthy", ANSWER_SECONDS)
    except _AbsentError:
        return False
    except NoDaemonError:
        return True
    return True


def follow_daemon(invocation: Invocation, revision: int) -> None:
    """Wait until a running daemon serves a store revision, at most 2 s; say so if it doesn't.

    Without a daemon there is nothing to wait for.
    """
    if not invocation.control_socket.exists():
        return
    try:
        told = _follow(invocation.control_socket, revision)
    except NoDaemonError as error:
        told = f"saved, but whether the daemon serves it is unknown: {error}"
    if told:
        tell(f"Warning: {told}")


def reload_daemon(invocation: Invocation) -> None:
    """Have a running daemon read everything anew, and say so: no new revision would tell it to."""
    if not invocation.control_socket.exists():
        return
    try:
        answer = _ask(
            invocation.control_socket, "/-/reload", ANSWER_SECONDS, "POST", _wait_while_at_work
        )
    except _AbsentError:
        return
    except NoDaemonError as error:
        tell(f"Warning: whether the daemon uses the stored messages is unknown: {error}")
        return
    tell("messages were stored that were not there: the daemon has read everything anew")
    if why := answer.detail or "; ".join(answer.fields.get("why", ())):
        tell(f"Warning: {why}")


def _wait_while_at_work(path: Path, connection: HTTPConnection) -> None:
    """Wait until the daemon answers on a connection, for as long as it answers on others.

    Raises `NoDaemonError` when it doesn't, or when that takes beyond all measure.
    """
    end = monotonic() + RELOAD_SECONDS
    is_told = False
    while not select([connection.sock], [], [], LOOK_SECONDS)[0]:
        _ask(path, "/-/healthy", ANSWER_SECONDS)
        if monotonic() >= end:
            raise NoDaemonError(f"after {RELOAD_SECONDS:.0f} s it is still reading everything anew")
        if not is_told:
            tell("waiting for the daemon, which reads everything anew; all is saved")
            is_told = True


def _follow(path: Path, revision: int) -> str:
    """Return what is amiss, empty when the revision is served."""
    end = monotonic() + FOLLOW_SECONDS
    while True:
        try:
            answer = _ask(path, "/-/ready", max(end - monotonic(), _POLL_SECONDS))
        except _AbsentError:
            return ""
        served = answer.fields.get("revision", 0)
        if served >= revision:
            return "; ".join(answer.fields.get("why", ()))
        if monotonic() >= end:
            why = "; ".join(answer.fields.get("why", ())) or "see its log"
            return (
                f"saved as store revision {revision}, but after {FOLLOW_SECONDS:.0f} s the daemon "
                f"still serves {served}: {why}"
            )
        sleep(_POLL_SECONDS)


class _ControlConnection(HTTPConnection):
    """HTTP over a Unix socket; aiohttp's client takes half a second to import."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("control", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _ask(
    path: Path,
    target: str,
    seconds: float,
    method: str = "GET",
    wait: Callable[[Path, HTTPConnection], None] = lambda *_: None,
) -> ControlAnswer:
    connection = _ControlConnection(path, seconds)
    try:
        connection.request(method, target)
        wait(path, connection)
        response = connection.getresponse()
        text = response.read().decode()
        is_lines = response.headers.get("Content-Type", "").startswith("text/plain")
        fields = _fields_of_lines(text) if is_lines else json.loads(text)
        # Headers are read as Latin-1, and written as UTF-8.
        detail = response.headers.get("Bereikbaar-Detail", "").encode("latin-1").decode()
    except TimeoutError:
        raise NoDaemonError(f"the daemon didn't answer within {seconds:.0f} s") from None
    except (HTTPException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _ABSENT:
            raise _AbsentError("no daemon is running") from None
        raise NoDaemonError(f"the daemon can't be asked: {error}") from None
    finally:
        connection.close()
    if not isinstance(fields, dict):
        raise NoDaemonError("the daemon's answer can't be read")
    return ControlAnswer(response.status, fields, detail)


def _fields_of_lines(text: str) -> dict[str, str]:
    """Read the `key=value` lines that Swyx gets."""
    pairs = (line.partition("=") for line in text.split("\r\n") if line)
    return {key: value for key, _, value in pairs}
