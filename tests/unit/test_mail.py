"""Mail goes out by a real mail server: in clear, by STARTTLS, with a login, refused."""

import socket
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from pbx_adapters.notifications import mail
from pbx_adapters.notifications.mail import send_mail
from pbx_adapters.notifications.settings import SmtpSettings
from tests.receivers import mail_server, make_certificate, raw_server

TO = "beheer@example.nl"


def settings(port: int, tls: str = "none", **fields: object) -> SmtpSettings:
    """Set a mail server on this machine."""
    given = {"host": "127.0.0.1", "port": port, "tls": tls, "from": "bereikbaar@example.nl"}
    return SmtpSettings.model_validate(given | fields)


@pytest.fixture
def message() -> EmailMessage:
    """Write a mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bereikbaar@example.nl", TO, "Één test"
    message["Date"] = datetime(2026, 11, 22, tzinfo=UTC)
    message.set_content("Gesloten tot één uur.\n")
    return message


def test_a_mail_arrives(message: EmailMessage) -> None:
    """Text and subject as they were written."""
    with mail_server() as mailbox:
        attempt = send_mail(settings(mailbox.port), TO, message)
        assert attempt == (True, f"accepted by 127.0.0.1:{mailbox.port}", False)
    (got,) = mailbox.got
    assert got["Subject"] == "Één test"
    assert got.get_content().strip() == "Gesloten tot één uur."


def test_by_starttls_with_a_login(
    message: EmailMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is checked before the password is sent; a wrong one is told."""
    context, certificate = make_certificate(tmp_path)
    password = tmp_path / "password"
    password.write_text("geheim\n")
    with mail_server(context, password="geheim") as mailbox:
        smtp = settings(mailbox.port, "starttls", user="bereikbaar", password_file=password)
        attempt = send_mail(smtp, TO, message)
        assert not attempt.is_sent
        assert "no TLS that is trusted here" in attempt.why
        assert mailbox.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send_mail(smtp, TO, message).is_sent
        password.write_text("fout\n")
        attempt = send_mail(smtp, TO, message)
    assert (attempt.is_sent, attempt.is_final) == (False, False)
    assert "535" in attempt.why
    assert "fout" not in attempt.why
    assert [name for name, _ in mailbox.logins][:1] == ["bereikbaar"]
    assert len(mailbox.got) == 1


def test_a_server_without_starttls(message: EmailMessage) -> None:
    """Nothing is sent in clear where TLS was asked for."""
    with mail_server() as mailbox:
        attempt = send_mail(settings(mailbox.port, "starttls"), TO, message)
    assert not attempt.is_sent
    assert "STARTTLS" in attempt.why
    assert mailbox.got == []


REFUSALS = {
    "for now": ("450 mailbox busy", False),
    "for ever": ("550 no such mailbox", True),
}


@pytest.mark.parametrize(("refusal", "is_final"), REFUSALS.values(), ids=REFUSALS)
def test_a_mailbox_that_is_refused(message: EmailMessage, refusal: str, *, is_final: bool) -> None:
    """A mailbox that isn't there isn't asked for again; one that is busy is."""
    with mail_server() as mailbox:
        mailbox.refusal = refusal
        attempt = send_mail(settings(mailbox.port), TO, message)
        assert attempt == (False, f"127.0.0.1:{mailbox.port}: {refusal}", is_final)


def test_nobody_listens(message: EmailMessage) -> None:
    """A port that nobody has is told with its address."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        attempt = send_mail(settings(port), TO, message)
    assert not attempt.is_sent
    assert attempt.why.startswith(f"127.0.0.1:{port}: ")
    assert "refused" in attempt.why


def hang(connection: socket.socket) -> None:
    """Never greet."""
    connection.recv(1)


def greet_for_ever(connection: socket.socket) -> None:
    """Begin to greet, bit by bit, and come to no end."""
    while True:
        connection.sendall(b"220-hello\r\n")
        time.sleep(0.05)


def stall(connection: socket.socket) -> None:
    """Greet, then answer with one line after another, for ever."""
    connection.sendall(b"220 hello\r\n")
    while True:
        connection.sendall(b"250-more\r\n")


@pytest.mark.parametrize("talk", [hang, greet_for_ever, stall])
def test_a_server_that_never_ends(
    message: EmailMessage, monkeypatch: pytest.MonkeyPatch, talk: object
) -> None:
    """Neither silence nor a reply without an end keeps the sender."""
    monkeypatch.setattr(mail, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(mail, "MAIL_SECONDS", 0.6)
    with raw_server(talk) as port:  # type: ignore[arg-type]
        attempt = send_mail(settings(port), TO, message)
    assert (attempt.is_sent, attempt.is_final) == (False, False)


def test_password_that_cannot_be_read(message: EmailMessage, tmp_path: Path) -> None:
    """It is told before anything is sent."""
    smtp = settings(9, user="bereikbaar", password_file=tmp_path / "absent")
    attempt = send_mail(smtp, TO, message)
    assert attempt.why.startswith(f"{tmp_path / 'absent'}: can't be read")


def test_password_that_no_login_takes(message: EmailMessage, tmp_path: Path) -> None:
    """It is told without any of it: what is told goes into the log."""
    password = tmp_path / "password"
    password.write_text("geheimÿ\n")
    with mail_server(password="geheim") as mailbox:
        smtp = settings(mailbox.port, user="bereikbaar", password_file=password)
        attempt = send_mail(smtp, TO, message)
    assert attempt.why == f"{password}: holds more than ASCII, which a login by SMTP doesn't take"


def test_greeting_that_refuses(message: EmailMessage) -> None:
    """It is told as the server says it, and tried again."""
    with raw_server(lambda connection: connection.sendall(b"554 no\r\n")) as port:
        attempt = send_mail(settings(port), TO, message)
    assert attempt == (False, f"127.0.0.1:{port}: 554 no", False)


def test_tls_from_the_start(
    message: EmailMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that speaks TLS at once is spoken to so, and its certificate is checked."""
    context, certificate = make_certificate(tmp_path)
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.sendall(b"220 hello\r\n")
            seen.append(tls.recv(100))
            tls.sendall(b"554 not today\r\n")

    with raw_server(talk) as port:
        assert "no TLS that is trusted" in send_mail(settings(port, "tls"), TO, message).why
        assert seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        attempt = send_mail(settings(port, "tls"), TO, message)
    assert not attempt.is_sent
    assert seen[0].lower().startswith(b"ehlo")
