"""`GET /audio/…`: what many and slow clients cost."""

import asyncio
import tracemalloc
from collections.abc import Callable
from contextlib import AsyncExitStack
from hashlib import sha256

from tests.http.refused import error_of
from tests.http.site import MASTER, PBX, Site


def wav_of(samples: bytes) -> bytes:
    """Write a canonical master by hand."""
    size = len(samples)
    return (
        b"RIFF" + (size + 36).to_bytes(4, "little") + MASTER[8:40] + size.to_bytes(4, "little")
    ) + samples


# Five minutes, the most there may be: no two slices of it are alike.
LONG = wav_of(b"".join(number.to_bytes(4, "little") for number in range(1_200_000)))


async def start_slowly(site: Site, digest: str) -> tuple[asyncio.StreamReader, Callable[[], None]]:
    """Ask for a message and read no more than its head; return where it comes, and the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1_024)
    request = f"GET /audio/{digest}.wav HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    writer.write(f"{request}Authorization: Bearer {PBX}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert head.startswith(b"HTTP/1.1 200 ")
    return reader, writer.close


async def test_slow_clients_share_one_copy(site: Site) -> None:
    """Thirty clients that don't read cost the message once, and a little each."""
    digest = site.masters.add(LONG)
    tracemalloc.start()
    try:
        async with AsyncExitStack() as stack:
            readers = []
            for _ in range(30):
                reader, close = await start_slowly(site, digest)
                stack.callback(close)
                readers.append(reader)
            assert site.cache.size == len(LONG)
            _, peak = tracemalloc.get_traced_memory()
            # Read once and verified, and for each client a slice and what its own end buffers.
            assert peak < 3 * len(LONG)
            assert (await site.call("3cx", did="0850000000")).status == 200
            bodies = await asyncio.gather(*(reader.read() for reader in readers))
    finally:
        tracemalloc.stop()
    assert {sha256(body).hexdigest() for body in bodies} == {digest}


async def test_memory_for_messages_is_bounded(site: Site) -> None:
    """When as much is being sent as may be held, others are put off until some is done."""
    messages = [wav_of(LONG[44:-2] + bytes([number, 0])) for number in range(4)]
    digests = [site.masters.add(message) for message in messages]
    async with AsyncExitStack() as stack:
        readers = []
        for digest in digests[:3]:
            reader, close = await start_slowly(site, digest)
            stack.callback(close)
            readers.append(reader)
        refused = await site.ask(f"/audio/{digests[3]}.wav")
        assert (refused.status, error_of(refused)) == (503, "unavailable")
        # Whatever is held already can be sent to others.
        assert (await site.ask(f"/audio/{digests[0]}.wav")).body == messages[0]
        assert sha256(await readers[2].read()).hexdigest() == digests[2]
        assert (await site.ask(f"/audio/{digests[3]}.wav")).body == messages[3]
    assert site.failures == [("busy", digests[3])]


async def test_client_that_leaves_costs_nothing(site: Site) -> None:
    """A download broken off halfway is forgotten, and the next one has the whole."""
    digest = site.masters.add(LONG)
    for _ in range(3):
        _, close = await start_slowly(site, digest)
        close()
    assert (await site.ask(f"/audio/{digest}.wav")).body == LONG
    assert site.failures == []
