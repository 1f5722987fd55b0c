"""`/audio/{sha256}.wav`: what is sent, which part of it, and what is said when it can't be."""

import asyncio
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.intake import Encoding
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.engine import SHA256
from tests.http.site import BASE_URL, DIGEST, MASTER, PBX, TOKENS, Reply, Site, serve_site

TAG = f'"{DIGEST}"'
PATH = f"/audio/{DIGEST}.wav"


def wav_of(samples: bytes) -> bytes:
    """Write a canonical master by hand."""
    size = len(samples)
    return (
        b"RIFF" + (size + 36).to_bytes(4, "little") + MASTER[8:40] + size.to_bytes(4, "little")
    ) + samples


# Five minutes, the most there may be: no two slices of it are alike.
LONG = wav_of(b"".join(number.to_bytes(4, "little") for number in range(1_200_000)))


def error_of(reply: Reply) -> str:
    """Return the contract's word of a refusal, whose detail says something."""
    told = json.loads(reply.body)
    assert told["detail"]
    return str(told["error"])


@pytest.fixture
def stored(site: Site) -> Site:
    """Store a message."""
    assert site.masters.add(MASTER) == DIGEST
    return site


async def test_message_is_sent_as_stored(stored: Site) -> None:
    """A message comes byte for byte, with all that lets a client keep it for ever."""
    reply = await stored.ask(PATH)
    assert (reply.status, reply.body) == (200, MASTER)
    told = {name: reply.headers.get(name) for name in ("content-type", "content-length", "etag")}
    assert told == {"content-type": "audio/wav", "content-length": "16044", "etag": TAG}
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "transfer-encoding" not in reply.headers
    assert "content-encoding" not in reply.headers


async def test_head_is_sent_alone(stored: Site) -> None:
    """HEAD has the headers of GET and no body; a range means nothing to it."""
    whole = await stored.ask(PATH)
    reply = await stored.ask(PATH, method="HEAD", headers={"Range": "bytes=0-9"})
    assert (reply.status, reply.body) == (200, b"")
    dated = {"date": ""}
    assert reply.headers | dated == whole.headers | dated


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        pytest.param("bytes=0-43", 0, 43, id="from-the-start"),
        pytest.param("bytes=16040-", 16_040, 16_043, id="open"),
        pytest.param("bytes=-4", 16_040, 16_043, id="suffix"),
        pytest.param("bytes=-99999", 0, 16_043, id="suffix-longer-than-all"),
        pytest.param("bytes=0-", 0, 16_043, id="all-of-it"),
        pytest.param("bytes=16000-99999", 16_000, 16_043, id="beyond-the-end"),
        pytest.param(f"bytes=7-{'9' * 40}", 7, 16_043, id="huge-number"),
        pytest.param("bytes=5-5", 5, 5, id="one-byte"),
        pytest.param("Bytes=5-6", 5, 6, id="unit-in-capitals"),
    ],
)
async def test_range_is_sent(stored: Site, asked: str, first: int, last: int) -> None:
    """One range comes as 206, told with its place."""
    reply = await stored.ask(PATH, headers={"Range": asked})
    assert (reply.status, reply.body) == (206, MASTER[first : last + 1])
    assert reply.headers["content-range"] == f"bytes {first}-{last}/16044"
    assert reply.headers["content-length"] == str(last + 1 - first)
    assert (reply.headers["etag"], reply.headers["content-type"]) == (TAG, "audio/wav")


@pytest.mark.parametrize("asked", ["bytes=16044-", "bytes=99999-100000", "bytes=-0"])
async def test_range_beyond_the_end_is_416(stored: Site, asked: str) -> None:
    """A range that holds nothing is refused, with the length told."""
    reply = await stored.ask(PATH, headers={"Range": asked})
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */16044")
    assert reply.body == b""


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("bytes=0-1,5-6", id="several"),
        pytest.param("bytes=9-3", id="backwards"),
        pytest.param("bytes=-", id="neither-end"),
        pytest.param("bytes=", id="nothing"),
        pytest.param("bytes 0-1", id="no-equals-sign"),
        pytest.param("bytes=a-b", id="letters"),
        pytest.param("bytes=\u0661-\u0662", id="arabic-digits"),
        pytest.param("bytes=+1-2", id="sign"),
        pytest.param("samples=0-1", id="other-unit"),
        pytest.param("bytes=0-1\r\nRange: bytes=5-6", id="twice"),
    ],
)
async def test_other_ranges_get_the_whole(stored: Site, asked: str) -> None:
    """What is no single range of bytes is ignored."""
    reply = await stored.ask(PATH, headers={"Range": asked})
    assert (reply.status, reply.body) == (200, MASTER)


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        pytest.param(TAG, 206, id="same"),
        pytest.param(f"W/{TAG}", 200, id="weak"),
        pytest.param('"other"', 200, id="other"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 GMT", 200, id="date"),
        pytest.param("", 200, id="empty"),
    ],
)
async def test_range_only_of_what_the_client_has(stored: Site, tag: str, status: int) -> None:
    """With `If-Range`, a part comes only to who holds the rest of the very same bytes."""
    reply = await stored.ask(PATH, headers={"Range": "bytes=0-3", "If-Range": tag})
    assert (reply.status, reply.body) == (status, MASTER[:4] if status == 206 else MASTER)


@pytest.mark.parametrize(
    ("known", "status"),
    [
        pytest.param(TAG, 304, id="same"),
        pytest.param(f"W/{TAG}", 304, id="weak"),
        pytest.param(f'"other", W/"a,b", {TAG}', 304, id="in-a-list"),
        pytest.param(f'"other"\r\nIf-None-Match: {TAG}', 304, id="in-a-second-header"),
        pytest.param("*", 304, id="any"),
        pytest.param('"other"', 200, id="other"),
        pytest.param(DIGEST, 200, id="without-quotes"),
        pytest.param(f'"{DIGEST}-alaw"', 200, id="of-another-encoding"),
        pytest.param("", 200, id="empty"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_the_client_has_is_not_sent_again(
    stored: Site, method: str, known: str, status: int
) -> None:
    """A client that shows the tag gets 304, with the tag and no body, before any range."""
    headers = {"If-None-Match": known, "Range": "bytes=99999-"} if status == 304 else {}
    reply = await stored.ask(PATH, method=method, headers={"If-None-Match": known} | headers)
    assert reply.status == status
    assert reply.headers["etag"] == TAG
    if status == 304:
        assert reply.body == b""
        assert reply.headers["cache-control"].endswith("immutable")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        pytest.param(TAG, 206, id="same"),
        pytest.param(f'"other", {TAG}', 206, id="in-a-list"),
        pytest.param("*", 206, id="any"),
        pytest.param(f"W/{TAG}", 412, id="weak"),
        pytest.param(f'"{DIGEST}-alaw"', 412, id="of-another-encoding"),
        pytest.param("", 412, id="empty"),
    ],
)
async def test_client_gets_what_it_wants_or_nothing(stored: Site, wanted: str, status: int) -> None:
    """With `If-Match`, nothing comes to who wants other bytes (RFC 9110, 13.1.1)."""
    reply = await stored.ask(PATH, headers={"Range": "bytes=0-3", "If-Match": wanted})
    assert (reply.status, reply.body) == (status, MASTER[:4] if status == 206 else b"")
    assert reply.headers["etag"] == TAG


@pytest.mark.parametrize(
    "name",
    [
        DIGEST.upper(),
        DIGEST[:-1],
        f"{DIGEST}0",
        "..%2f..%2fbereikbaar.db%00",
        "..%2f" + DIGEST,
        "%2e%2e%2faudio%2f" + DIGEST,
        f"../audio/{DIGEST}",
        f"{DIGEST}.wav%0a",
        f"{DIGEST}%00",
        "%00",
        "x" * 300,
    ],
)
async def test_other_names_are_no_messages(stored: Site, name: str) -> None:
    """Other names, paths among them, are 404 and lead to no file."""
    assert (await stored.ask(f"/audio/{name}.wav")).status == 404
    assert stored.failures == []


async def test_other_methods_are_refused(stored: Site) -> None:
    """A message can't be changed; 405 names what can be done."""
    for method in ("POST", "PUT", "DELETE"):
        reply = await stored.ask(PATH, method=method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET,HEAD")


async def test_audio_url_leads_to_the_audio(stored: Site) -> None:
    """The answer's `audio_url` is the path under which a message is served."""
    answer = json.loads((await stored.call("3cx", did="0850000000")).body)
    path = answer["audio_url"].removeprefix(BASE_URL).replace(SHA256, DIGEST)
    assert (await stored.ask(path)).body == MASTER


@pytest.mark.parametrize("known", ["", f'"{SHA256}"'])
async def test_missing_message_is_404(stored: Site, known: str) -> None:
    """What isn't stored is told as missing, also to who has it; the daemon hears of it."""
    reply = await stored.ask(f"/audio/{SHA256}.wav", headers={"If-None-Match": known})
    assert (reply.status, error_of(reply)) == (404, "audio-missing")
    assert stored.failures == [("missing", SHA256)]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(MASTER[:-1] + b"\x01"), id="one-bit"),
        pytest.param(lambda path: path.write_bytes(MASTER[:-2]), id="cut-short"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(bytes(20_000_000)), id="too-long"),
    ],
)
async def test_damaged_message_is_503_until_it_is_mended(
    stored: Site, damage: Callable[[Path], object]
) -> None:
    """Altered bytes are never sent, also not after the good ones were; mended, they are again."""
    assert (await stored.ask(PATH)).body == MASTER
    damage(stored.masters.path_of(DIGEST))
    reply = await stored.ask(PATH)
    assert (reply.status, error_of(reply)) == (503, "audio-damaged")
    assert stored.failures == [("damaged", DIGEST)]
    stored.masters.add(MASTER)
    assert (await stored.ask(PATH)).body == MASTER


async def test_deleted_message_is_404_though_it_was_sent_before(stored: Site) -> None:
    """What was removed isn't sent from memory."""
    assert (await stored.ask(PATH)).status == 200
    stored.masters.remove(DIGEST)
    assert (await stored.ask(PATH)).status == 404


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
