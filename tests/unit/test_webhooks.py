"""A webhook is sent signed messages, and whatever it answers ends in time."""

import base64
import socket
import ssl
import time
from functools import partial
from pathlib import Path

import pytest

from pbx_adapters.notifications import webhooks
from pbx_adapters.notifications.webhooks import send_webhook, sign
from tests.receivers import (
    KEY,
    is_signed,
    make_certificate,
    raw_server,
    webhook_server,
    write_secret,
)

AT = 1_795_341_600
BODY = b'{"type":"test"}'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Write the secret."""
    return write_secret(tmp_path)


def test_signature_of_the_convention() -> None:
    """Id, moment and body are signed: the example of the Standard Webhooks reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_is_what_receivers_check() -> None:
    """By the convention's own words, apart from our code."""
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "17",
        "webhook-signature": sign(KEY, "msg_1", 17, BODY),
    }
    assert is_signed(headers, BODY)


def test_a_message_arrives(secret: Path) -> None:
    """With its id, its moment, and a signature over both and the body."""
    with webhook_server() as hook:
        assert send_webhook(hook.url, secret, "msg_1", BODY, AT) == (True, "HTTP 204 No Content", 0)
    ((headers, body),) = hook.got
    assert is_signed(headers, body)
    assert body == BODY
    assert headers["content-type"] == "application/json"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", str(AT))


ANSWERS = {
    "failed": (500, False, "HTTP 500"),
    "not found": (404, False, "HTTP 404"),
    "gone": (410, True, "HTTP 410"),
    "too many": (429, False, "HTTP 429"),
}


@pytest.mark.parametrize(("status", "is_final", "told"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_success(secret: Path, status: int, told: str, *, is_final: bool) -> None:
    """It is to be tried again, but for a receiver that says it is gone."""
    with webhook_server() as hook:
        hook.status = status
        attempt = send_webhook(hook.url, secret, "msg_1", BODY, AT)
    assert (attempt.is_sent, attempt.is_final) == (False, is_final)
    assert attempt.why.startswith(told)


def test_a_redirect_is_not_followed(secret: Path) -> None:
    """What was signed for one address isn't sent to another."""
    with webhook_server() as hook, webhook_server() as other:
        hook.status = 307
        hook.headers = {"Location": other.url}
        attempt = send_webhook(hook.url, secret, "msg_1", BODY, AT)
    assert not attempt.is_sent
    assert f"leads to {other.url} and isn't followed" in attempt.why
    assert (len(hook.got), len(other.got)) == (1, 0)


def test_nobody_listens(secret: Path) -> None:
    """A port that nobody has is told as such."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        attempt = send_webhook(url, secret, "msg_1", BODY, AT)
    assert not attempt.is_sent
    assert "refused" in attempt.why


def hang(connection: socket.socket) -> None:
    """Take a request and never answer."""
    while connection.recv(65_536):
        pass


def drip(connection: socket.socket) -> None:
    """Answer a byte at a time, for ever."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 2")
    while True:
        connection.sendall(b"0")
        time.sleep(0.02)


def babble(connection: socket.socket) -> None:
    """Say that more is to come, for ever."""
    connection.recv(65_536)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def flood(connection: socket.socket) -> None:
    """Answer with a body without an end."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"a" * 65_536)


BAD = {"hangs": hang, "drips": drip, "babbles": babble}


@pytest.mark.parametrize("talk", BAD.values(), ids=BAD)
def test_an_answer_without_end_is_cut_off(
    secret: Path, monkeypatch: pytest.MonkeyPatch, talk: object
) -> None:
    """Neither silence nor a never-ending reply keeps the sender."""
    monkeypatch.setattr(webhooks, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(webhooks, "WEBHOOK_SECONDS", 0.6)
    with raw_server(talk) as port:  # type: ignore[arg-type]
        attempt = send_webhook(f"http://127.0.0.1:{port}", secret, "msg_1", BODY, AT)
    assert not attempt.is_sent
    assert attempt.why


def test_of_a_body_nothing_is_read(secret: Path) -> None:
    """However long a reply is, its first lines say all."""
    with raw_server(flood) as port:
        assert send_webhook(f"http://127.0.0.1:{port}", secret, "msg_1", BODY, AT).is_sent


def test_over_tls(secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody trusts is refused; one of a trusted authority isn't."""
    context, certificate = make_certificate(tmp_path)
    wrap = partial(context.wrap_socket, server_side=True, do_handshake_on_connect=False)
    with webhook_server(wrap) as hook:
        attempt = send_webhook(hook.url, secret, "msg_1", BODY, AT)
        assert attempt.why == "no TLS that is trusted here: self-signed certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ssl.create_default_context().get_ca_certs()
        assert send_webhook(hook.url, secret, "msg_2", BODY, AT).is_sent
    assert hook.ids == ["msg_2"]


SECRETS = {
    "absent": (None, "can't be read: No such file"),
    "empty": ("", "holds not one line"),
    "two lines": ("a\nb", "holds not one line"),
    "without its beginning": ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "holds no secret"),
    "too short": ("whsec_AAAA", "holds no secret of a webhook; write whsec_ and 24 to 64 random"),
    "no base64": ("whsec_!!!!", "holds no secret"),
}


@pytest.mark.parametrize(("text", "told"), SECRETS.values(), ids=SECRETS)
def test_a_secret_that_is_none(tmp_path: Path, text: str | None, told: str) -> None:
    """Nothing is sent unsigned; the reason names the file and never what is in it."""
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text)
    with webhook_server() as hook:
        attempt = send_webhook(hook.url, path, "msg_1", BODY, AT)
    assert (attempt.is_sent, attempt.is_final) == (False, False)
    assert attempt.why.startswith(f"{path}: {told}")
    assert not text or text not in attempt.why
    assert hook.got == []


def test_a_secret_that_is_no_text(tmp_path: Path) -> None:
    """Bytes of a key instead of its text are told."""
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe" * 20)
    assert "is no text" in send_webhook("http://127.0.0.1:9", path, "msg_1", BODY, AT).why
