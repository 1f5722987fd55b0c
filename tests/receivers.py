"""Receivers of notifications that a test can make fail: a webhook's server, and a mail server."""

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
import threading
from asyncio import Server
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

KEY: Final = bytes(range(32))
SECRET: Final = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE: Final = 20.0


def write_secret(folder: Path) -> Path:
    """Write the webhook's secret as an operator does."""
    path = folder / "secret"
    path.write_text(f"{SECRET}\n")
    return path


@dataclass
class Webhook:
    """What a webhook's server answers next, and what it was sent."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return what was told, in order; each signature was checked."""
        return [json.loads(body) for headers, body in self.got if is_signed(headers, body)]

    @property
    def ids(self) -> list[str]:
        """Return the id of each message."""
        return [headers["webhook-id"] for headers, _ in self.got]


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Check a signature as the convention tells receivers to."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    versions = [one.split(",") for one in headers["webhook-signature"].split()]
    assert ["v1", expected] in versions
    return True


@contextmanager
def webhook_server(wrap: Callable[[Any], Any] | None = None) -> Iterator[Webhook]:
    """Serve a webhook on a free port; `wrap` may put TLS over its socket."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            named = {key.lower(): value for key, value in self.headers.items()}
            hook.got.append((named, body))
            self.send_response(hook.status)
            for key, value in hook.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            hook.arrived.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
            """Keep quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
            """Keep quiet: clients may give up."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if wrap is not None:
            server.socket = wrap(server.socket)
            scheme = "https"
        hook.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/news"
        with _serving(server):
            yield hook


@contextmanager
def raw_server(talk: Callable[[Any], None]) -> Iterator[int]:
    """Serve something that is no server: `talk` has the connection; yield the port."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            talk(self.request)

    class Quiet(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
            """Keep quiet: clients are meant to give up."""

    with Quiet(("127.0.0.1", 0), Handler) as server, _serving(server):
        yield server.server_address[1]


@contextmanager
def _serving(server: Any) -> Iterator[None]:  # noqa: ANN401 - either kind of server
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(PATIENCE)


@dataclass
class Mailbox:
    """A mail server's port, what it refuses, and what it was given."""

    port: int = 0
    refusal: str = ""
    got: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's signature
        self, _server: object, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse him."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's signature
        self, _server: object, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return "250 OK"


class _AnyPort(Controller):
    """Listens on a free port: the library would look for itself on port 0."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(context: ssl.SSLContext | None = None, *, password: str = "") -> Iterator[Mailbox]:
    """Serve mail on a free port, by STARTTLS with a context; who may log in knows the password."""
    mailbox = Mailbox()

    def authenticate(
        _server: object, _session: object, _envelope: object, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        mailbox.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=login.password == password.encode(), handled=False)

    controller = _AnyPort(
        mailbox,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        require_starttls=context is not None,
        authenticator=authenticate if password else None,
        auth_required=bool(password),
    )
    controller.start()
    try:
        mailbox.port = controller.port
        yield mailbox
    finally:
        controller.stop()


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1 that it itself stands for; return a server's context too."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
