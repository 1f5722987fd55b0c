"""Messages in memory while they are sent, and for a while after."""

import asyncio
import struct
import threading
from pathlib import Path

import pytest

from audio_store.errors import MissingAudioError
from audio_store.intake import Encoding
from audio_store.masters import MasterFiles
from pbx_adapters.audio_cache import AudioCache


def message(fill: int) -> bytes:
    """Write a canonical master of half a second, 8,044 bytes, by hand."""
    form = struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16)
    head = b"RIFF" + struct.pack("<I", 8_036) + b"WAVEfmt " + form
    return head + b"data" + struct.pack("<I", 8_000) + bytes([fill]) * 8_000


@pytest.fixture
def masters(tmp_path: Path) -> MasterFiles:
    """Store three messages."""
    masters = MasterFiles(tmp_path)
    for fill in range(3):
        masters.add(message(fill))
    return masters


def no_encode(_master: bytes, _encoding: Encoding) -> bytes:
    """Make no variants."""
    raise AssertionError


async def hold(cache: AudioCache, digest: str, encoding: Encoding | None = None) -> bytes:
    """Take a message from the cache and give it back."""
    async with cache.holding(digest, encoding) as data:
        return data


async def test_what_nobody_uses_is_kept_up_to_a_limit(masters: MasterFiles) -> None:
    """Of the messages sent, those used last stay in memory, as many as may."""
    cache = AudioCache(masters, no_encode, keep_bytes=2 * 8_044)
    first, second, third = masters.digests()
    sizes = []
    for digest in (first, second, first, third):
        await hold(cache, digest)
        sizes.append(cache.size // 8_044)
    assert sizes == [1, 2, 2, 2]
    assert {key.digest for key in cache._held} == {first, third}


async def test_what_is_used_stays_beyond_the_limit(masters: MasterFiles) -> None:
    """What is being sent is held however little may be kept, and forgotten when it was."""
    cache = AudioCache(masters, no_encode, keep_bytes=0)
    digest = next(iter(masters.digests()))
    async with cache.holding(digest):
        await hold(cache, digest)
        assert cache.size == 8_044
    assert cache.size == 0


async def test_what_is_missing_leaves_nothing_behind(masters: MasterFiles) -> None:
    """A message that isn't stored takes no room, however often it is asked for."""
    cache = AudioCache(masters, no_encode)
    for _ in range(3):
        with pytest.raises(MissingAudioError):
            await hold(cache, "0" * 64)
    assert (cache.size, len(cache._held)) == (0, 0)


async def test_who_asked_first_may_leave(masters: MasterFiles) -> None:
    """A variant is made for all who wait for it, also when the one who asked first is ended."""
    gate, made = threading.Event(), []

    def encode(master: bytes, encoding: Encoding) -> bytes:
        made.append(encoding)
        assert gate.wait(20)
        return encoding.encode() + master

    cache = AudioCache(masters, encode)
    digest = next(iter(masters.digests()))
    first, second = (asyncio.create_task(hold(cache, digest, "alaw")) for _ in range(2))
    async with asyncio.timeout(20):
        while not made:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    first.cancel()
    gate.set()
    assert await second == b"alaw" + masters.read(digest)
    assert first.cancelled()
    assert made == ["alaw"]
