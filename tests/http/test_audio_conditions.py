"""`GET /audio/…`: ranges, and what a client has already (RFC 9110)."""

import pytest

from tests.http.messages import PATH, TAG
from tests.http.site import DIGEST, MASTER, Site


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
