"""Bad HTTP and bad input: refused with a 4xx and forgotten, however much of it comes."""

import re
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pbx_adapters.call_queries import CallFilter, list_calls
from pbx_adapters.data_dir import DECISIONS_FILE
from tests.e2e.daemon import NUMBER, PATIENCE, Daemon, read_all, wait_until
from tests.faults.bad_requests import malformed, random_requests, smuggled
from tests.faults.fault_table import note_fault
from tests.faults.sampled import resident_of

# What is no HTTP/1.1 is answered by an older version of it.
_STATUS_LINE: Final = re.compile(rb"HTTP/[01]\.[019] (\d)\d\d ")
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_BATCH: Final = 50
# The allocator's own ups and downs; the requests themselves are ten times as much and more.
_GROWTH_BYTES: Final = 8_000_000


def answer_to(daemon: Daemon, raw: bytes) -> bytes:
    """Send something and return the first digit of the code of its answer, empty without one.

    A call on the same connection, if that is still open, then has to be answered as ever, and
    nothing besides: an answer too many would be taken for the next call's.
    """
    call = f"GET /hook/3cx?did=%2B{NUMBER[1:]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
        with suppress(ConnectionError):
            client.sendall(raw)
        answer, rest = read_one(client)
        with suppress(OSError):
            client.sendall(f"{call}Authorization: Bearer {daemon.token}\r\n\r\n".encode())
        rest += read_all(client)
    codes = _STATUS_LINE.findall(answer)
    assert len(codes) <= 1, answer
    if rest:
        assert codes, "a call was answered, but not what came before it"
        assert _STATUS_LINE.findall(rest) == [b"2"], (raw, rest)
        assert b'"status":"open"' in rest, (raw, rest)
    return codes[0] if codes else b""


def read_one(client: socket.socket) -> tuple[bytes, bytes]:
    """Read one whole answer, or what comes before the daemon closes, and what is after it."""
    received = b""
    with suppress(ConnectionError):
        while not (end := end_of_answer(received)) and (chunk := client.recv(65_536)):
            received += chunk
    return received[: end or None], received[end:] if end else b""


def end_of_answer(received: bytes) -> int:
    """Return how long the first answer is, 0 where it isn't whole."""
    head, is_whole, body = received.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    if not is_whole or found is None or len(body) < int(found[1]):
        return 0
    return len(head) + 4 + int(found[1])


def check_log(daemon: Daemon, before: int) -> None:
    """See that nothing since then was an error of ours."""
    told = daemon.log()[before:]
    assert not [line for line in told if "exception" in line or line["level"] == "error"]


def test_malformed_requests_are_refused(running: Daemon) -> None:
    """What is too large or no HTTP gets one 4xx, tiny chunks nothing; the next call is answered."""
    before, bad = len(running.log()), malformed(running.token)
    for name, raw in bad.items():
        assert answer_to(running, raw) == (b"" if name == "tiny chunks" else b"4"), name
        assert running.status() == "open"
    check_log(running, before)
    note_fault(
        "bad HTTP and bad input",
        "oversized, duplicated or misframed",
        len(bad),
        "one 4xx each, but very many tiny chunks, whose connection is closed",
    )


def test_smuggled_requests_are_not_answered(running: Daemon) -> None:
    """Where two parties could see different requests, it is refused, and the hidden one unheard."""
    before, bad = len(running.log()), smuggled(running.token)
    for raw in bad:
        assert answer_to(running, raw) == b"4", raw
        assert running.status() == "open"
    check_log(running, before)
    note_fault(
        "bad HTTP and bad input",
        "smuggled: framed in two ways, a request hidden in the body",
        len(bad),
        "one 4xx each; no hidden request was answered",
    )


def test_nonsense_is_refused_and_forgotten(
    running: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """Whatever comes, it gets a 200 or a 4xx, the next calls are right, and memory is flat."""
    count = how_many(2_000, 20_000)
    before, codes, sizes = len(running.log()), Counter[bytes](), list[int]()
    assert running.process is not None
    # The first call that is recorded brings in what writes it, once and for all.
    recorded = running.data_dir / DECISIONS_FILE
    wait_until(lambda: any(list_calls(recorded, CallFilter(), 1)), "a call is recorded")
    for number, raw in enumerate(random_requests(running.token, count, seed=8_470)):
        # Ended like a request, so that it need not be waited for.
        code = answer_to(running, raw + b"\r\n\r\n")
        assert code in (b"2", b"4"), raw
        codes[code] += 1
        if number % _BATCH == 0:
            assert running.status() == "open"
            sizes.append(resident_of(running.process.pid))
    # What is opened and kept once is there after half of them.
    grown = sizes[-1] - sizes[len(sizes) // 2]
    assert grown < _GROWTH_BYTES, sizes
    check_log(running, before)
    note_fault(
        "bad HTTP and bad input",
        "random bytes, spoilt requests, parameters and forms without sense",
        count,
        f"{codes[b'4']:,} got one 4xx, {codes[b'2']:,} made sense after all; every call after "
        f"them was right; memory grew by {grown / 1e6:.1f} MB in the second half",
    )
