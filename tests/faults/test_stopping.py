"""SIGTERM while fifty calls are on their way: all are answered, and it ends in good order."""

import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.e2e.daemon import NUMBER, PATIENCE, Daemon, read_all, wait_until
from tests.faults.fault_table import note_fault
from tests.faults.sampled import children_of, is_running

IN_FLIGHT = 50


def begin_calls(
    daemon: Daemon, stack: ExitStack, rng: random.Random
) -> list[tuple[socket.socket, bytes]]:
    """Begin so many calls whose forms come late; return each client and what it has yet to send."""
    form = f"did=%2B{NUMBER[1:]}&callid=1234".encode()
    head = (
        f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {daemon.token}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\nExpect: 100-continue\r\n\r\n"
    ).encode()
    begun = []
    for _ in range(IN_FLIGHT):
        client = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        stack.enter_context(client)
        client.sendall(head)
        # From here on the daemon is waiting for this client's form.
        assert client.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sent = rng.randrange(len(form))
        client.sendall(form[:sent])
        begun.append((client, form[sent:]))
    return begun


def stop_in_flight(daemon: Daemon, rng: random.Random) -> float:
    """Tell it to end with calls in flight; see them answered; return how long it took to end."""
    assert daemon.process is not None
    processes = [daemon.process.pid, *children_of(daemon.process.pid)]
    with ExitStack() as stack:
        begun = begin_calls(daemon, stack, rng)
        told = len(daemon.events("stopping"))
        daemon.signal(signal.SIGTERM)
        told_at = time.monotonic()
        wait_until(lambda: len(daemon.events("stopping")) > told, "it is ending")
        rng.shuffle(begun)
        for client, rest in begun:
            time.sleep(rng.uniform(0, 0.02))
            client.sendall(rest)
        replies = [read_all(client) for client, _ in begun]
        assert daemon.wait() == 0
    took = time.monotonic() - told_at
    assert [reply[:15] for reply in replies] == [b"HTTP/1.1 200 OK"] * IN_FLIGHT
    assert all(b'"status":"open"' in reply for reply in replies)
    wait_until(lambda: not any(map(is_running, processes)), "all its processes have ended")
    return took


@pytest.mark.parametrize("workers", [1, 2])
def test_calls_in_flight_are_answered(
    daemon: Daemon, how_many: Callable[[int, int], int], workers: int
) -> None:
    """Fifty calls whose forms come late, from nothing to all but a byte, are all answered."""
    rng, rounds, longest = random.Random(workers), how_many(2, 20), 0.0
    daemon.settings["workers"] = str(workers)
    for _ in range(rounds):
        daemon.start()
        longest = max(longest, stop_in_flight(daemon, rng))
    assert len(daemon.events("stopped")) >= rounds
    assert not [line for line in daemon.log() if line["level"] == "error"]
    note_fault(
        "SIGTERM with 50 requests in flight",
        f"{workers} {'process' if workers == 1 else 'workers'}, forms that come late",
        rounds,
        f"{rounds * IN_FLIGHT:,} calls answered, none lost; ended within {longest:.1f} s, the last "
        "forms sent within one",
    )
