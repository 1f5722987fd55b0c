"""Faults from outside, in short: slow clients, floods, nonsense (quality.md)."""

import contextlib
import random
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.daemon import NUMBER, PATIENCE, Daemon, wait_until


def open_client(daemon: Daemon, sent: bytes) -> socket.socket:
    """Connect and send something."""
    client = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
    client.sendall(sent)
    return client


@pytest.fixture
def dripping() -> Iterator[list[tuple[socket.socket, bytes]]]:
    """Send each client's byte again and again, until the test ends."""
    clients: list[tuple[socket.socket, bytes]] = []
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(0.3):
            for client, byte in clients:
                with contextlib.suppress(OSError):
                    client.sendall(byte)

    thread = threading.Thread(target=drip)
    thread.start()
    yield clients
    ended.set()
    thread.join()
    for client, _ in clients:
        client.close()


def test_slow_clients_are_ended_and_delay_nobody(
    daemon: Daemon, dripping: list[tuple[socket.socket, bytes]]
) -> None:
    """Heads that never end and forms that come byte by byte are cut off; calls go on."""
    daemon.start()
    form = (
        "POST /hook/3cx HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {daemon.token}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9999\r\n\r\n"
    )
    for _ in range(20):
        dripping.append((open_client(daemon, b"GET /hook/3cx HTTP/1.1\r\nX: "), b"x"))
        dripping.append((open_client(daemon, form.encode()), b"d"))
        dripping.append((open_client(daemon, b""), b""))

    left = {client for client, _ in dripping}

    def all_ended() -> bool:
        assert daemon.status() == "open"
        for client in select.select(left, [], [], 0)[0]:
            try:
                data = client.recv(65_536)
            except ConnectionError:
                data = b""
            if not data:
                left.discard(client)
        return not left

    wait_until(all_ended, "every slow client was cut off", 2 * PATIENCE)
    assert daemon.metric("bereikbaar_connections_dropped_total") == 60
    assert 1 <= len(daemon.events("connection_dropped")) <= 15
    assert daemon.stop() == 0


def test_flood_of_connections_is_turned_away(daemon: Daemon) -> None:
    """Above the cap clients get 503 at once; those inside go on, and later ones are let in."""
    daemon.settings["max_connections"] = "10"
    daemon.start()
    request = f"GET /hook/3cx?did=%2B{NUMBER[1:]} HTTP/1.1\r\nHost: x\r\n"
    request += f"Authorization: Bearer {daemon.token}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        inside = [stack.enter_context(open_client(daemon, request.encode())) for _ in range(10)]
        for client in inside:
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        for _ in range(100):
            with open_client(daemon, b"") as client:
                assert client.recv(12) == b"HTTP/1.1 503"
        for client in inside:
            client.sendall(request.encode())
            received = b""
            while b"HTTP/1.1 200 OK" not in received:
                received += client.recv(65_536)

    def is_let_in() -> bool:
        status, _, _ = daemon.request("GET", "/-/healthy")
        return status == 200

    wait_until(is_let_in, "a later client is let in")
    assert daemon.metric("bereikbaar_connections_dropped_total") >= 100
    assert 1 <= len(daemon.events("connection_dropped")) <= 10


def nonsense() -> Iterator[bytes]:
    """Make bytes that are no HTTP, and some that nearly are."""
    seeded = random.Random(8_470)
    for length in (1, 10, 100, 1_000, 20_000):
        yield from (seeded.randbytes(length) for _ in range(4))
    good = b"GET /hook/3cx?did=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(40):
        spoilt = bytearray(good)
        spoilt[seeded.randrange(len(good))] = seeded.randrange(256)
        yield bytes(spoilt)
    yield b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"
    yield b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"
    yield b"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
    yield b"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    yield b"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    yield (
        b"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /-/healthy HTTP/1.1\r\n\r\n"
    )
    packed = b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"
    yield b"POST /hook/3cx HTTP/1.1\r\nHost: x\r\n" + packed
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)


def test_nonsense_is_refused_and_forgotten(running: Daemon) -> None:
    """Bytes that are no request get a 4xx or nothing, and no traceback; the next call is fine."""
    before = len(running.log())
    for raw in nonsense():
        reply = running.exchange(raw)
        assert reply == b"" or reply[9:10] in b"24", (raw[:80], reply[:200])
        assert running.status() == "open"
    told = running.log()[before:]
    assert not [line for line in told if "exception" in line or line["level"] == "error"]
