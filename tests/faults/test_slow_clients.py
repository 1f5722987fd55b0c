"""A thousand clients that never come to an end: cut off, while calls are answered as always."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.e2e.daemon import PATIENCE, Daemon, wait_until
from tests.faults.descriptors import allow_connections
from tests.faults.fault_table import note_fault
from tests.faults.good_calls import calling, check_calls, p99_ms, quietly

CLIENTS = 1_000
_DRIP_SECONDS = 0.5
_KEPT_FOR_OTHERS = 100


@dataclass(slots=True)
class SlowClient:
    """A connection, what it goes on sending bit by bit, and when it began."""

    socket: socket.socket
    drip: bytes
    began: float = field(default_factory=time.monotonic)


def openings(token: str) -> list[tuple[bytes, bytes]]:
    """Return the ways of being slow: what is sent at once, and what then comes drop by drop."""
    form = (
        f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
    ).encode()
    return [
        (b"", b""),
        (b"GET /hook/3cx HTTP/1.1\r\nX: ", b""),
        (b"GET /hook/3cx HTTP/1.1\r\nX: ", b"x"),
        (form + b"Content-Length: 9999\r\n\r\n", b"d"),
        (form + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nd\r\n"),
    ]


@contextmanager
def slow_clients(daemon: Daemon, count: int) -> Iterator[list[SlowClient]]:
    """Connect so many, in all ways, and have them go on until the end."""
    ways = openings(daemon.token)
    clients: list[SlowClient] = []
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(_DRIP_SECONDS):
            for client in clients:
                with suppress(OSError):
                    client.socket.send(client.drip)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        for number in range(count):
            begun, drop = ways[number % len(ways)]
            client = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
            clients.append(SlowClient(client, drop))
            client.sendall(begun)
        yield clients
    finally:
        ended.set()
        thread.join()
        for one in clients:
            one.socket.close()


def lives(clients: list[SlowClient]) -> Iterator[float]:
    """Yield how many seconds each client was let be, as it is cut off."""
    poll, left = select.poll(), {one.socket.fileno(): one for one in clients}
    for descriptor in left:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + 2 * PATIENCE
    while left:
        assert time.monotonic() < deadline, f"{len(left)} slow clients were never cut off"
        for descriptor, _ in poll.poll(1_000):
            if is_cut_off(left[descriptor].socket):
                poll.unregister(descriptor)
                yield time.monotonic() - left.pop(descriptor).began


def is_cut_off(client: socket.socket) -> bool:
    """Read what there is; tell whether that was the end."""
    try:
        return not client.recv(65_536)
    except ConnectionError:
        return True


def test_slow_clients_are_cut_off_and_delay_nobody(
    daemon: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """Heads that never end and forms that come byte by byte are cut off; calls go on."""
    count = allow_connections(CLIENTS + _KEPT_FOR_OTHERS) - _KEPT_FOR_OTHERS
    rounds = how_many(1, 5)
    daemon.settings["max_connections"] = str(count + _KEPT_FOR_OTHERS)
    daemon.start()
    longest = 0.0
    with calling(daemon) as told:
        quiet_at = quietly(told)
        slow_at = time.monotonic()
        for _ in range(rounds):
            with slow_clients(daemon, count) as clients:
                longest = max(longest, *lives(clients))
        wait_until(lambda: told[-1].sent_at > slow_at, "calls go on")
    check_calls(told, "open")
    assert daemon.metric("bereikbaar_connections_dropped_total") == rounds * count
    # A line for each would fill a disk.
    assert 1 <= len(daemon.events("connection_dropped")) <= rounds * count // 20
    assert daemon.stop() == 0
    note_fault(
        "slow clients",
        f"{count:,} at once: silent, partial heads, dripped heads, forms and chunks",
        rounds * count,
        f"all cut off, within {longest:.1f} s; {len(told):,} calls meanwhile all right, p99 "
        f"{p99_ms(told, slow_at):.1f} ms, before {p99_ms(told, quiet_at, slow_at):.1f} ms",
    )
