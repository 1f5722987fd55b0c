"""Bodies of recordings: their size, their framing, and the time they take."""

import asyncio

import pytest

from tests.http.recordings.recorder import PATH, PIN, Converter, upload
from tests.http.refused import error_of
from tests.http.site import (
    PBX,
    Reply,
    Site,
)


async def test_largest_recording_is_taken(site: Site, converter: Converter) -> None:
    """Ten megabytes pass, announced or in chunks."""
    body = bytes(10 * 1024 * 1024)
    assert (await upload(site, body)).status == 201
    chunked = b"a00000\r\n" + body + b"\r\n0\r\n\r\n"
    reply = await send_by_hand(site, "Transfer-Encoding: chunked", chunked)
    assert reply.status == 201
    assert converter.given == [body, body]


async def send_by_hand(site: Site, framing: str, body: bytes) -> Reply:
    """Send a recording with a framing of one's own."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nBereikbaar-Pin: {PIN}\r\n"
    head += f"Authorization: Bearer {PBX}\r\n{framing}\r\n\r\n"
    return await site.send(head.encode() + body)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param("Content-Length: 10485761", b"x", id="announced"),
        pytest.param("Content-Length: 10485761\r\nExpect: 100-continue", b"", id="asked-first"),
        pytest.param(
            "Transfer-Encoding: chunked", b"a00001\r\n" + bytes(0xA00001) + b"\r\n", id="chunked"
        ),
    ],
)
async def test_too_large_recording_is_413(
    site: Site, converter: Converter, framing: str, body: bytes
) -> None:
    """One byte more is refused, before it is sent where it is announced."""
    reply = await send_by_hand(site, framing, body)
    assert (reply.status, error_of(reply)) == (413, "too-large")
    assert "connection" in reply.headers
    assert converter.given == []


async def test_broken_encoding_is_told(site: Site, converter: Converter) -> None:
    """A body that isn't encoded as it says is refused, and not converted."""
    reply = await send_by_hand(site, "Content-Encoding: gzip\r\nContent-Length: 4", b"RIFF")
    assert (reply.status, error_of(reply)) == (400, "bad-request")
    assert converter.given == []


async def test_other_paths_keep_their_limit(site: Site) -> None:
    """A form is still 64 KiB at most."""
    reply = await site.post_form("/hook/3cx", b"did=1&x=" + bytes(65_536))
    assert reply.status == 413


async def drip(site: Site, path: str, seconds: float) -> bytes:
    """Send a body for so long, a byte at a time; return what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n"
        head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
        writer.write(head.encode())
        answer = asyncio.create_task(reader.read())
        for _ in range(8):
            await asyncio.wait({answer}, timeout=seconds / 8)
            if not answer.done():
                writer.write(b"x")
        return await asyncio.wait_for(answer, 20)
    finally:
        writer.close()


async def test_slow_recording_has_more_time(site: Site, converter: Converter) -> None:
    """A recording may take longer than a form, whose time is up."""
    recording, form = await asyncio.gather(drip(site, PATH, 0.8), drip(site, "/hook/3cx", 0.8))
    assert recording.startswith(b"HTTP/1.1 201 ")
    assert form.startswith(b"HTTP/1.1 400 ")
    assert converter.given == [b"x" * 8]


async def test_dripped_recording_is_ended(hasty_site: Site, converter: Converter) -> None:
    """A recording that doesn't come to its end is refused when its time is up, and not kept."""
    received = await send_all_but_the_end(hasty_site)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"took too long" in received
    assert converter.given == []
    assert (await upload(hasty_site)).status == 201


async def send_all_but_the_end(site: Site) -> bytes:
    """Send all but the last byte of a body, and wait for what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n"
    head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
    writer.write(head.encode() + b"1234567")
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def test_few_recordings_at_once(site: Site, converter: Converter) -> None:
    """Past four at once others are put off; one is converted at a time, and calls go on."""
    converter.gate.clear()
    uploads = {asyncio.create_task(upload(site)) for _ in range(6)}
    for left in (5, 4):
        done, uploads = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
        reply = done.pop().result()
        uploads |= done
        assert (reply.status, error_of(reply), len(uploads)) == (503, "unavailable", left)
        assert reply.headers["retry-after"] == "10"
    assert (await site.call("3cx", did="0850000000")).status == 200
    assert len(converter.given) == 1
    converter.gate.set()
    statuses = [one.status for one in await asyncio.gather(*uploads)]
    assert sorted(statuses) == [201, 201, 201, 409]


async def test_senders_that_leave_give_their_places_back(site: Site, converter: Converter) -> None:
    """Recordings broken off halfway are not kept, and hold no place from the next one."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n"
    head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
    for _ in range(2):
        writers = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writers.append(writer)
            writer.write(head.encode())
            # From here on it has a place.
            assert b" 100 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            writer.write(b"RIFF")
        assert (await upload(site)).status == 503
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        # The server hears of it a moment later.
        async with asyncio.timeout(20):
            while (await upload(site)).status == 503:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
    assert converter.given == [b"RIFF"] * 2
