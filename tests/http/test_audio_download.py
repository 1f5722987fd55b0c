"""`GET /audio/…`: what is sent, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import SHA256
from tests.http.messages import PATH, TAG
from tests.http.refused import error_of
from tests.http.site import BASE_URL, DIGEST, MASTER, Site


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
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


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
