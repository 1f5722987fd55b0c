"""Paths, methods and heads: which request leads where."""

import asyncio
import json

import pytest

from tests.engine import SHA256
from tests.http.hook_replies import LINKED, assert_bare, assert_refused, reached
from tests.http.site import (
    PBX,
    Site,
    parse_reply,
)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/hook", 404),
        ("GET", "/hook/", 404),
        ("GET", "/hook/teams?did=0850000000", 404),
        ("GET", "/hook/3CX?did=0850000000", 404),
        ("GET", "/hook/3cx/?did=0850000000", 404),
        ("PUT", "/hook/3cx?did=0850000000", 405),
        ("DELETE", "/hook/3cx?did=0850000000", 405),
        ("OPTIONS", "/hook/3cx", 405),
        ("HEAD", "/hook/3cx?did=0850000000", 405),
        ("GET", "/hook/3cx%3Fdid=0850000000", 404),
        ("GET", "/-/reload", 405),
        ("POST", "/metrics", 405),
        ("POST", f"/audio/{SHA256}.wav", 405),
        ("GET", f"/audio/{SHA256}xwav", 404),
    ],
)
async def test_nothing_else_is_served(site: Site, method: str, path: str, status: int) -> None:
    """Other paths are 404 and other methods 405; at the hook with its own answer."""
    reply = await site.ask(path, method=method)
    assert reply.status == status
    allowed = {"/hook": "GET, POST", "/-/re": "POST", "/metr": "GET, HEAD", "/audi": "GET, HEAD"}
    assert reply.headers.get("allow") == (allowed[path[:5]] if status == 405 else None)
    if path.startswith("/hook") and method != "HEAD":
        assert_bare(reply, "bad-request")
    elif method != "HEAD":
        told = json.loads(reply.body)
        assert (told["error"], bool(told["detail"])) == ("bad-request", True)


@pytest.mark.parametrize("target", ["/hook/%33cx", "http://any.example/hook/3cx"])
async def test_a_path_may_be_written_in_other_ways(site: Site, target: str) -> None:
    """Percent signs for letters, and a whole address as RFC 9112 (3.2.2) allows."""
    assert reached(await site.ask(f"{target}?did={LINKED}")) == "office"


def asking_first(length: int) -> bytes:
    """Make the head of a form of so many bytes, whose client waits to be told to go on."""
    head = (
        f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PBX}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n"
        f"Connection: close\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode()


async def test_a_client_that_asks_first_is_told_to_go_on(site: Site) -> None:
    """`Expect: 100-continue` is answered before the body has come (RFC 9110, 10.1.1)."""
    body = f"did={LINKED}".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(asking_first(len(body)))
    invitation = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert invitation == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert reached(parse_reply(await asyncio.wait_for(reader.read(), 20))) == "office"
    writer.close()


async def test_a_client_that_asks_first_need_not_send_too_much(site: Site) -> None:
    """A form that is longer than 64 KiB is refused before any of it has come."""
    assert_refused(await site.send(asking_first(64 * 1024 + 1)), "too-large")
