"""`bereikbaar pbx doctor` over TLS: certificates that nobody should trust."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from admin_cli import pbx_fetch
from tests.e2e.daemon import NUMBER
from tests.pbx.bad_server import bad_server
from tests.pbx.doctor import Doctor

# The certificate of an authority that is trusted is checked by the clock of the machine.
EXPIRED: Final = 10


@contextmanager
def _over_tls(folder: Path, name: str) -> Iterator[str]:
    """Serve nothing much over TLS, with a certificate for a name that it itself stands for."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={name}"),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
            """Keep quiet: clients are meant to give up."""

    with Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        plain = server.socket
        server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("name", "is_trusted", "code"),
    [
        ("IP:127.0.0.1", False, "certificate-untrusted"),
        ("DNS:other.example", True, "certificate-of-another"),
        ("IP:127.0.0.1", True, "no-answer"),
    ],
)
def test_certificates(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, code: str, *, is_trusted: bool
) -> None:
    """Of nobody known, and for another name; a right one leads on to the answer."""
    with _over_tls(doctor.folder, name) as url:
        if is_trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(doctor.folder / "cert.pem"))
        found = doctor.find(url, "--number", NUMBER)
    assert found in ([code], ["not-the-daemon"] if code == "no-answer" else [code])


def test_a_certificate_that_has_expired_and_no_tls_at_all(doctor: Doctor) -> None:
    """OpenSSL's own verdict on the first; the second is a plain server asked with https."""
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = EXPIRED, "certificate has expired"
    parts = urlsplit("https://daemon.example")
    assert pbx_fetch._tls_fault(error, parts).finding.code == "certificate-expired"
    with bad_server("500") as server:
        url = server.url.replace("http:", "https:")
        assert doctor.find(url, "--number", NUMBER) == ["tls-failed"]
