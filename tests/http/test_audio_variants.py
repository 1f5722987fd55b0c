"""`GET /audio/…?encoding=`: made on demand, one at a time."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.intake import Encoding
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.engine import SHA256
from tests.http.messages import PATH
from tests.http.refused import error_of
from tests.http.site import DIGEST, MASTER, TOKENS, Site, serve_site


class Encoder:
    """Makes variants that can be told apart, as soon as its gate opens; counts them."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.made: list[Encoding] = []
        self.fault: Exception | None = None

    def encode(self, master: bytes, encoding: Encoding) -> bytes:
        """Return the encoding's name before the master's bytes."""
        self.made.append(encoding)
        assert self.gate.wait(20)
        if self.fault is not None:
            raise self.fault
        return encoding.encode() + master


@pytest.fixture
def encoder() -> Encoder:
    """Give an encoder."""
    return Encoder()


@pytest.fixture
async def variants(
    tmp_path: Path, compiled: RoutingSnapshot, encoder: Encoder
) -> AsyncIterator[Site]:
    """Serve a message and its variants."""
    async with serve_site(tmp_path, Service(compiled, TOKENS), encode=encoder.encode) as site:
        site.masters.add(MASTER)
        yield site
        encoder.gate.set()


@pytest.mark.parametrize("encoding", ["alaw", "ulaw", "pcm16k"])
async def test_variant_is_made_once(variants: Site, encoder: Encoder, encoding: Encoding) -> None:
    """Each encoding has a tag of its own, ranges and all, and is made once for any number."""
    path = f"{PATH}?encoding={encoding}"
    encoded = encoding.encode() + MASTER
    replies = await asyncio.gather(*(variants.ask(path) for _ in range(5)))
    assert {reply.body for reply in replies} == {encoded}
    assert {reply.headers["etag"] for reply in replies} == {f'"{DIGEST}-{encoding}"'}
    part = await variants.ask(path, headers={"Range": "bytes=-3"})
    assert (part.status, part.body) == (206, encoded[-3:])
    known = await variants.ask(path, headers={"If-None-Match": replies[0].headers["etag"]})
    assert known.status == 304
    assert encoder.made == [encoding]


@pytest.mark.parametrize(
    "query",
    ["encoding=mp3", "encoding=", "encoding=ALAW", "encoding=alaw&encoding=alaw", "encoding=%00"],
)
async def test_unknown_encoding_is_400(variants: Site, encoder: Encoder, query: str) -> None:
    """Whoever asks for an encoding that isn't made gets no other one in its place."""
    reply = await variants.ask(f"{PATH}?{query}")
    assert (reply.status, error_of(reply)) == (400, "bad-request")
    assert "pcm16k" in json.loads(reply.body)["detail"]
    assert encoder.made == []


async def test_too_many_variants_at_once_are_put_off(variants: Site, encoder: Encoder) -> None:
    """Past the queue's end 503 says when to come back; calls and masters go on meanwhile."""
    encoder.gate.clear()
    made = [
        asyncio.create_task(variants.ask(f"{PATH}?encoding={encoding}"))
        for encoding in ("alaw", "ulaw")
    ]
    # Until both are waited for: a variant is reckoned at twice its master.
    while variants.cache.size < 5 * len(MASTER):  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    refused = await variants.ask(f"{PATH}?encoding=pcm16k")
    assert (refused.status, error_of(refused)) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert (await variants.ask(PATH)).body == MASTER
    assert (await variants.call("3cx", did="0850000000")).status == 200
    assert variants.failures == [("busy", DIGEST)]
    # One at a time: the second waits for the first.
    assert len(encoder.made) == 1
    encoder.gate.set()
    assert [reply.status for reply in await asyncio.gather(*made)] == [200, 200]
    assert (await variants.ask(f"{PATH}?encoding=pcm16k")).status == 200


@pytest.mark.parametrize(
    "fault", [OSError("no more processes"), RefusedAudioError("took too long", "try again")]
)
async def test_variant_that_fails_is_503(
    variants: Site, encoder: Encoder, fault: Exception
) -> None:
    """A conversion that fails is told and counted; the next request tries again."""
    encoder.fault = fault
    reply = await variants.ask(f"{PATH}?encoding=alaw")
    assert (reply.status, error_of(reply)) == (503, "unavailable")
    assert variants.failures == [("failed", DIGEST)]
    encoder.fault = None
    assert (await variants.ask(f"{PATH}?encoding=alaw")).status == 200


@pytest.mark.parametrize(("digest", "status"), [(SHA256, 404), (DIGEST, 503)])
async def test_variant_of_an_unusable_message(
    variants: Site, encoder: Encoder, digest: str, status: int
) -> None:
    """No variant is made of a message that is missing or damaged."""
    variants.masters.path_of(DIGEST).write_bytes(b"RIFF")
    assert (await variants.ask(f"/audio/{digest}.wav?encoding=alaw")).status == status
    assert encoder.made == []
