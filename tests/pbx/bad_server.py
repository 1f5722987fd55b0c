"""A daemon gone wrong: each way in which an answer can fail a PBX's script.

Wherever a wrong answer has fields at all, they say `forward` to a number that no test uses
otherwise: a script that believes it, and should not, is seen to do so.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

BELIEVED: Final = "+31612340000"
SLOW_SECONDS: Final = 8.0
HUGE: Final = 10_000_000
_DRIP_SECONDS: Final = 0.2
_POLL_SECONDS: Final = 0.02
_FIELDS: Final = {
    "status": "closed",
    "action": "forward",
    "audio": "",
    "audio_url": "",
    "forward": BELIEVED,
    "voicemail": "",
    "schedule": "office",
    "schedule_name": "Office",
    "reason": "weekly",
    "rule": "week/mon",
    "at": "2026-11-22T10:00:00Z",
    "valid_until": "2026-11-22T11:00:00Z",
    "next_status": "open",
    "revision": "1",
    "decision_id": "d-1",
    "error": "",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a path answers, whatever the server's mode."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class BadServer:
    """A server on loopback: what it was asked, and what it answers well nonetheless.

    `pages` are answers by path, without the query; they may change while it runs.
    """

    port: int
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    pages: dict[str, Page] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def bad_server(mode: str) -> Iterator[BadServer]:
    """Run a server that answers in one of `MODES`, or nobody (`refused`), until the block ends."""
    if mode == "refused":
        # Bound and not listening: refused for certain, and taken by nobody else meanwhile.
        with closing(socket.socket()) as unheard:
            unheard.bind(("127.0.0.1", 0))
            yield BadServer(unheard.getsockname()[1])
        return
    with _Server(("127.0.0.1", 0), _Handler) as http:
        http.told = BadServer(http.server_address[1])
        http.answer = MODES[mode]
        thread = threading.Thread(target=http.serve_forever, args=(_POLL_SECONDS,))
        thread.start()
        try:
            yield http.told
        finally:
            http.told.stopping.set()
            http.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    """Knows its mode; a client that went away is no news."""

    told: BadServer
    answer: "Callable[[_Handler], None]"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
        """Keep quiet: clients are meant to give up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer in the server's mode, unless the path has a page of its own."""
        told = self.server.told
        told.requests.append(self.path)
        told.authorizations.append(self.headers.get("Authorization", ""))
        page = told.pages.get(urlsplit(self.path).path)
        self.close_connection = True
        with suppress(OSError):
            if page is None:
                self.server.answer(self)
            else:
                self.send(page.body, page.status, **page.headers)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Keep quiet."""

    def fields(self, **others: str) -> bytes:
        """Return the answer's fields in the format that was asked for."""
        asked = urlsplit(self.path)
        is_text = parse_qs(asked.query).get("format") == ["text"] or asked.path == "/hook/swyx"
        fields = _FIELDS | others
        if is_text:
            return "".join(f"{name}={value}\r\n" for name, value in fields.items()).encode()
        return json.dumps(fields).encode()

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send a whole response; `_` in a header's name stands for `-`."""
        self.head(status, len(body), **headers)
        self.wfile.write(body)

    def head(self, status: int, length: int, **headers: str) -> None:
        """Send a response up to its body."""
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.flush()

    def raw(self, *parts: bytes) -> None:
        """Send bytes as they are."""
        for part in parts:
            self.wfile.write(part)
        self.wfile.flush()


def _slow(handler: _Handler) -> None:
    handler.server.told.stopping.wait(SLOW_SECONDS)
    handler.send(handler.fields())


def _drip(handler: _Handler) -> None:
    """Send a byte now and then, so that no time-out between two bytes ever ends it."""
    body = handler.fields()
    handler.head(200, len(body))
    for byte in body:
        if handler.server.told.stopping.wait(_DRIP_SECONDS):
            return
        handler.raw(bytes([byte]))


def _huge(handler: _Handler) -> None:
    """Send a right answer with ten megabytes behind its fields."""
    handler.send(handler.fields(padding="x" * HUGE))


def _malformed(handler: _Handler) -> None:
    """Send the first bytes of an answer, as if that were all of it."""
    handler.send(handler.fields()[:20])


def _redirect(handler: _Handler) -> None:
    """Lead to another name of this host, where `/followed` is asked of this very server."""
    if handler.path.startswith("/followed"):
        handler.send(handler.fields())
        return
    query = urlsplit(handler.path).query
    handler.send(b"", 302, Location=f"http://localhost:{handler.server.told.port}/followed?{query}")


def _with_status(status: int) -> Callable[[_Handler], None]:
    return lambda handler: handler.send(handler.fields(), status)


def _with_fields(**others: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.send(handler.fields(**others))


MODES: Final[Mapping[str, Callable[[_Handler], None]]] = {
    "slow": _slow,
    "drip": _drip,
    "huge": _huge,
    "malformed": _malformed,
    "redirect": _redirect,
    "html": lambda handler: handler.send(
        b"<!DOCTYPE html><html><body>action=forward</body></html>\n", Content_Type="text/html"
    ),
    "empty": lambda handler: handler.send(b""),
    "closed": lambda _: None,
    "no-http": lambda handler: handler.raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "bad-chunks": lambda handler: handler.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\naction=forward\r\n"
    ),
    "cut": lambda handler: handler.raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", handler.fields()
    ),
    "unknown-action": _with_fields(action="dance"),
    "unknown-status": _with_fields(status="ajar"),
    "bad-forward": _with_fields(forward="0031612340000,evil"),
    **{str(status): _with_status(status) for status in (400, 401, 403, 404, 429, 500, 502, 503)},
}
