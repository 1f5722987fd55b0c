"""More connections than a daemon may have open files: it keeps room for its work, and says no."""

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from audio_store.masters import MasterFiles
from benchmarks.figures import percentile
from pbx_adapters.data_dir import AUDIO_FOLDER
from tests.e2e.daemon import PATIENCE, Daemon, wait_until
from tests.faults.descriptors import allow_connections, few_descriptors
from tests.faults.fault_table import note_fault
from tests.faults.good_calls import calling, check_calls, p99_ms, quietly
from tests.faults.message_writer import frames_of
from tests.faults.mixed_clients import Asked
from tests.faults.mixed_judge import read_answer
from tests.faults.sampled import descriptors_of

DESCRIPTORS = 256
# By ConnectionLimits: 128 for files of its own and 64 for who is being refused.
CAP = DESCRIPTORS - 128 - 64
AT_ONCE = 200
RESET = b"reset"


def download(daemon: Daemon, client: socket.socket, digest: str) -> bytes:
    """Download a message on a connection that is open already."""
    request = f"GET /audio/{digest}.wav HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {daemon.token}"
    client.sendall(f"{request}\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r")[0])
    while len(body) < length:
        body += client.recv(65_536)
    return body


def knock(daemon: Daemon, count: int) -> Iterator[tuple[bytes, float]]:
    """Connect so many at once; yield how each is answered, and after how many seconds.

    Every second one asks something first, as PBXs do.
    """
    with ExitStack() as stack:
        knocks = []
        for number in range(count):
            began = time.monotonic()
            client = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
            knocks.append((stack.enter_context(client), began))
            with suppress(ConnectionError):
                client.sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n" * (number % 2))
        for client, began in knocks:
            try:
                said = client.recv(12)
            except ConnectionError:
                said = RESET
            yield said, time.monotonic() - began


def flood(daemon: Daemon, stack: ExitStack, count: int) -> list[tuple[bytes, float]]:
    """Take every place there is, then have so many more knock; return what `knock` tells."""
    for _ in range(CAP):
        stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), PATIENCE))
    return [found for _ in range(count // AT_ONCE) for found in knock(daemon, AT_ONCE)]


def work(daemon: Daemon, told: list[Asked], digest: str, inside: socket.socket) -> None:
    """See that the daemon, full as it is, follows the store, reads files and answers."""
    daemon.save("closed")
    wait_until(lambda: read_answer(told[-1].body)["status"] == "closed", "a change is answered")
    assert download(daemon, inside, digest) == frames_of(20_000)


def test_flood_of_connections_is_turned_away(
    daemon: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """With few files it caps itself, refuses at once, and goes on with calls, edits, messages."""
    allow_connections(2 * AT_ONCE)
    count = how_many(2_000, 20_000)
    digest = MasterFiles(daemon.data_dir / AUDIO_FOLDER).add(frames_of(20_000))
    with few_descriptors(DESCRIPTORS):
        daemon.start()
    assert daemon.process is not None
    (lowered,) = daemon.events("max_connections_lowered")
    assert lowered["to"] == CAP
    with calling(daemon) as told, ExitStack() as stack:
        address = ("127.0.0.1", daemon.port)
        inside = stack.enter_context(socket.create_connection(address, PATIENCE))
        quiet_at = quietly(told)
        flood_at = time.monotonic()
        knocks = flood(daemon, stack, count)
        work(daemon, told, digest, inside)
        most = descriptors_of(daemon.process.pid)
    check_calls(told, "open", "closed")
    said, took = Counter(said for said, _ in knocks), [took for _, took in knocks]
    # Of very many who ask at once, those not given time to read may see nothing but the end.
    assert set(said) <= {b"HTTP/1.1 503", RESET}, said
    assert said[b"HTTP/1.1 503"] > count / 2

    def is_let_in() -> bool:
        status, _, _ = daemon.request("GET", "/-/healthy")
        return status == 200

    wait_until(is_let_in, "a later client is let in")
    dropped = daemon.metric("bereikbaar_connections_dropped_total")
    lines = len(daemon.events("connection_dropped"))
    assert dropped >= count
    assert 1 <= lines <= count // 20
    assert not [line for line in daemon.log() if line["level"] == "error"]
    assert daemon.stop() == 0
    note_fault(
        "connection flood",
        f"{DESCRIPTORS} file descriptors, all {CAP} places taken, then {AT_ONCE} more at a time",
        count,
        f"{said[b'HTTP/1.1 503']:,} got 503, p99 {percentile(took, 0.99) * 1e3:.1f} ms, "
        f"{said[RESET]:,} were reset; {most} descriptors open then, {lines} lines logged; "
        f"{len(told):,} calls, an edit and a download all right, p99 of calls "
        f"{p99_ms(told, flood_at):.1f} ms, before {p99_ms(told, quiet_at, flood_at):.1f} ms",
    )
