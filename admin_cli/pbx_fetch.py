"""One request as a PBX's script sends it: bounded in time and memory, whatever answers it."""

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from admin_cli.pbx_findings import FoundError, shown

# How long a thread that was told to end may take to notice.
_ENDING_SECONDS: Final = 1.0
_REDIRECTS: Final = range(300, 400)
# What OpenSSL calls its verdicts on a certificate.
_EXPIRED: Final = frozenset({9, 10})
_OF_ANOTHER: Final = frozenset({62, 64})
_WRITE_NAME: Final = "give --address with the name or address that the PBX is to use"


class Reply(NamedTuple):
    """What came back, and after how many seconds all of it was there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class _Progress:
    """How far a request got, told by the thread that sends it."""

    def __init__(self) -> None:
        self.step = "resolve"
        self.socket: socket.socket | None = None
        self.reply: Reply | None = None
        self.error: Exception | None = None


def fetch(base_url: str, target: str, token: str, *, seconds: float, most_bytes: int) -> Reply:
    """Send `GET` for a target, a path with its query, below an address; return a whole reply.

    Raises `FoundError` where none came within `seconds`, name resolution
    included, or one that is longer than `most_bytes`, or that leads elsewhere.
    """
    parts = urlsplit(base_url)
    progress = _Progress()
    work = threading.Thread(
        target=_send, args=(progress, parts, target, token, seconds, most_bytes), daemon=True
    )
    work.start()
    # Time-outs of a socket are between two bytes; this one is for all of them.
    work.join(seconds)
    if work.is_alive():
        step = progress.step
        _interrupt(progress)
        work.join(_ENDING_SECONDS)
        raise _timed_out(step, parts, seconds)
    if progress.error is not None:
        raise _found(progress.error, progress.step, parts, seconds) from progress.error
    if progress.reply is None:
        raise FoundError("no-answer", f"{parts.netloc} gave no answer", "see the daemon's log")
    _check(progress.reply, parts, most_bytes)
    return progress.reply


def _send(  # noqa: PLR0913, PLR0917 - what a thread is given
    progress: _Progress,
    parts: SplitResult,
    target: str,
    token: str,
    seconds: float,
    most_bytes: int,
) -> None:
    """Send a request and read its reply, noting how far it got."""
    connection: HTTPConnection | None = None
    try:
        began = monotonic()
        socket.getaddrinfo(parts.hostname, parts.port)
        progress.step = "connect"
        is_tls = parts.scheme == "https"
        kind: Callable[..., HTTPConnection] = HTTPSConnection if is_tls else HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=seconds)
        connection.connect()
        progress.socket = connection.sock
        progress.step = "answer"
        authorization = {"Authorization": f"Bearer {token}"}
        connection.request("GET", parts.path + target, headers=authorization)
        with connection.getresponse() as response:
            body = _read(response, most_bytes)
            headers = dict(response.getheaders())
            progress.reply = Reply(response.status, headers, body, monotonic() - began)
    except (OSError, HTTPException, ValueError) as error:
        progress.error = error
    finally:
        if connection is not None:
            connection.close()


def _read(response: HTTPResponse, most_bytes: int) -> bytes:
    """Read a body, or one byte more of it than there may be."""
    promised = response.length
    body = response.read(most_bytes + 1)
    if promised is not None and len(body) < min(promised, most_bytes + 1):
        raise HTTPException(f"it ended after {len(body)} of {promised} bytes")
    return body


def _interrupt(progress: _Progress) -> None:
    """Have a thread that waits for bytes find the end of them."""
    if progress.socket is not None:
        with suppress(OSError):
            progress.socket.shutdown(socket.SHUT_RDWR)


def _check(reply: Reply, parts: SplitResult, most_bytes: int) -> None:
    """Raise `FoundError` for a reply that is no daemon's."""
    if reply.status in _REDIRECTS:
        leads_to = shown(reply.headers.get("Location", "nowhere"))
        raise FoundError(
            "redirected",
            f"{parts.netloc} answers HTTP {reply.status}, which leads to {leads_to}",
            "scripts don't follow; give --address as it is where that leads to",
        )
    if len(reply.body) > most_bytes:
        raise FoundError(
            "answer-too-long",
            f"{parts.netloc} answers with more than {most_bytes:,} bytes",
            "that is no daemon of this kind: give its own --address",
        )


def _timed_out(step: str, parts: SplitResult, seconds: float) -> FoundError:
    within = f"within {seconds:g} s"
    if step == "resolve":
        return FoundError(
            "name-unknown",
            f"{parts.hostname} could not be looked up {within}",
            "check this machine's name servers, or give --address with an IP address",
        )
    if step == "connect":
        return FoundError(
            "connection-timed-out",
            f"{parts.netloc} accepts no connection {within}",
            "let firewalls between this machine and the daemon's pass it",
        )
    return FoundError(
        "answer-timed-out",
        f"{parts.netloc} accepts a connection but sends no whole answer {within}",
        "see the daemon's log and its machine's load; a proxy in between may be at fault",
    )


def _found(error: Exception, step: str, parts: SplitResult, seconds: float) -> FoundError:
    """Return what an error means, and what to do about it."""
    if isinstance(error, socket.gaierror | UnicodeError):
        why = getattr(error, "strerror", None) or str(error)
        return FoundError(
            "name-unknown", f"{parts.hostname} can't be looked up: {why}", _WRITE_NAME
        )
    if isinstance(error, ssl.SSLError):
        return _tls_fault(error, parts)
    if isinstance(error, TimeoutError):
        return _timed_out(step, parts, seconds)
    if step != "connect":
        return FoundError(
            "no-answer",
            f"{parts.netloc} accepts a connection, but what it sends is no whole HTTP answer: "
            f"{shown(str(error)) or type(error).__name__}",
            "check that the port is the daemon's; see its log, and a proxy's where there is one",
        )
    if isinstance(error, ConnectionRefusedError):
        return FoundError(
            "connection-refused",
            f"{parts.netloc} refuses the connection",
            "start the daemon, have it `listen` on an address that the PBX reaches, and check the "
            "port",
        )
    code = getattr(error, "errno", None)
    why = f"{errno.errorcode.get(code or 0, '')} {error}".strip()
    return FoundError(
        "connection-failed",
        f"{parts.netloc} can't be reached: {shown(why)}",
        "check the address, and the routes and firewalls on the way to it",
    )


def _tls_fault(error: ssl.SSLError, parts: SplitResult) -> FoundError:
    """Return what is wrong with a certificate, or with TLS at all."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return FoundError(
            "tls-failed",
            f"{parts.netloc} speaks no TLS that is understood here: {shown(str(error.reason))}",
            "write http:// where the daemon is asked without TLS, else mend the proxy's settings",
        )
    why = shown(error.verify_message)
    if error.verify_code in _EXPIRED:
        return FoundError(
            "certificate-expired",
            f"the certificate of {parts.netloc} holds not now: {why}",
            "renew it, and check the clocks of both machines",
        )
    if error.verify_code in _OF_ANOTHER:
        return FoundError(
            "certificate-of-another",
            f"the certificate of {parts.netloc} is for another name: {why}",
            "give --address with a name that it is for, or have it made for this one",
        )
    return FoundError(
        "certificate-untrusted",
        f"the certificate of {parts.netloc} is of nobody that this machine trusts: {why}",
        "have the server send its intermediate certificates, or add the authority to this "
        "machine's trusted ones, on the PBX too",
    )
