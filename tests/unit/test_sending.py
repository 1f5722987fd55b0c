"""Whichever channel it is, an attempt ends in something that can be told."""

import socket
from pathlib import Path

from pbx_adapters.notifications.outbox import Delivery
from pbx_adapters.notifications.sending import send
from pbx_adapters.notifications.settings import Receiver
from tests.receivers import raw_server, write_secret

AT = 1_795_341_600
TEST = Delivery(
    1, "msg_1", "chat", "webhook", "test", "", AT, {"at": "2026-11-22T10:00:00Z"}, AT, 0, AT, ""
)


def test_words_of_a_receiver_command_no_terminal(tmp_path: Path) -> None:
    """They are shown by the command line and in the log."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 500 \x1b[2Jfout\x9b1m\r\nContent-Length: 0\r\n\r\n")

    with raw_server(talk) as port:
        secret = write_secret(tmp_path)
        receiver = Receiver("chat", "webhook", f"http://127.0.0.1:{port}/", secret, ())
        assert send(TEST, receiver, None, AT) == (False, "HTTP 500  [2Jfout 1m", False)


def test_mail_without_a_mail_server() -> None:
    """Whoever is told by mail has to wait for its settings."""
    receiver = Receiver("beheer", "mail", "beheer@example.nl", None, ())
    attempt = send(TEST, receiver, None, AT)
    assert attempt == (False, "there is no [smtp] in the configuration", False)
