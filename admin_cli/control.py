"""The running daemon, asked over its control socket."""

import errno
import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from admin_cli.invocation import Invocation, tell

ANSWER_SECONDS: Final = 3.0
FOLLOW_SECONDS: Final = 2.0
# Everything is compiled anew, of thousands of schedules as well.
RELOAD_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.03
_ABSENT: Final = frozenset({errno.ENOENT, errno.ECONNREFUSED})


class NoDaemonError(Exception):
    """Nobody answers on the control socket; the message says why."""


class ControlAnswer(NamedTuple):
    """What the daemon said: the HTTP status, the fields, and what a refusal advises."""

    status: int
    fields: dict[str, Any]
    detail: str


def ask_daemon(socket: Path, target: str) -> ControlAnswer:
    """Send `GET target`, a path with its encoded query.

    Raises `NoDaemonError` when there is no answer within 3 s.
    """
    if not socket.exists():
        raise NoDaemonError("no daemon is running")
    import asyncio

    return asyncio.run(_ask(socket, target, ANSWER_SECONDS))


def follow_daemon(invocation: Invocation, revision: int) -> None:
    """Wait until a running daemon serves a store revision, at most 2 s; say so if it doesn't.

    Without a daemon there is nothing to wait for.
    """
    if not invocation.control_socket.exists():
        return
    import asyncio

    try:
        told = asyncio.run(_follow(invocation.control_socket, revision))
    except NoDaemonError as error:
        told = f"saved, but whether the daemon serves it is unknown: {error}"
    if told:
        tell(f"Warning: {told}")


def reload_daemon(invocation: Invocation) -> None:
    """Have a running daemon read everything anew, and say so: no new revision would tell it to."""
    if not invocation.control_socket.exists():
        return
    import asyncio

    asked = _ask(invocation.control_socket, "/-/reload", RELOAD_SECONDS, method="POST")
    try:
        answer = asyncio.run(asked)
    except _AbsentError:
        return
    except NoDaemonError as error:
        tell(f"Warning: whether the daemon uses the stored messages is unknown: {error}")
        return
    tell("messages were stored that were not there: the daemon has read everything anew")
    if why := answer.detail or "; ".join(answer.fields.get("why", ())):
        tell(f"Warning: {why}")


async def _follow(socket: Path, revision: int) -> str:
    """Return what is amiss, empty when the revision is served."""
    import asyncio

    loop = asyncio.get_running_loop()
    end = loop.time() + FOLLOW_SECONDS
    while True:
        try:
            answer = await _ask(socket, "/-/ready", max(end - loop.time(), _POLL_SECONDS))
        except _AbsentError:
            return ""
        served = answer.fields.get("revision", 0)
        if served >= revision:
            return "; ".join(answer.fields.get("why", ()))
        if loop.time() >= end:
            why = "; ".join(answer.fields.get("why", ())) or "see its log"
            return (
                f"saved as store revision {revision}, but after {FOLLOW_SECONDS:.0f} s the daemon "
                f"still serves {served}: {why}"
            )
        await asyncio.sleep(_POLL_SECONDS)


class _AbsentError(NoDaemonError):
    """The socket is left over from a daemon that is gone."""


async def _ask(socket: Path, target: str, seconds: float, method: str = "GET") -> ControlAnswer:
    import aiohttp
    from yarl import URL

    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(socket)),
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as client,
            client.request(method, URL(f"http://control{target}", encoded=True)) as response,
        ):
            text = await response.text()
            is_lines = response.content_type == "text/plain"
            fields = _fields_of_lines(text) if is_lines else json.loads(text)
            detail = response.headers.get("Bereikbaar-Detail", "")
    except TimeoutError:
        raise NoDaemonError(f"the daemon didn't answer within {seconds:.0f} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _ABSENT:
            raise _AbsentError("no daemon is running") from None
        raise NoDaemonError(f"the daemon can't be asked: {error}") from None
    if not isinstance(fields, dict):
        raise NoDaemonError("the daemon's answer can't be read")
    return ControlAnswer(response.status, fields, detail)


def _fields_of_lines(text: str) -> dict[str, str]:
    """Read the `key=value` lines that Swyx gets."""
    pairs = (line.partition("=") for line in text.split("\r\n") if line)
    return {key: value for key, _, value in pairs}
