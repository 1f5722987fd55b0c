"""Failed attempts, expired tokens and trusted proxies: who is admitted, and who is not."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import pytest

from pbx_adapters.admission import MAX_FAILED
from pbx_adapters.auth import index_tokens
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.engine import instant
from tests.http.hook_replies import LINKED, assert_refused, reached
from tests.http.site import (
    DIGEST,
    ELSEWHERE,
    MASTER,
    NEARBY,
    NOW,
    OPERATOR,
    PBX,
    TOKENS,
    Reply,
    Site,
    serve_site,
    token_of,
)

WRONG: Final = "bk_pbx1_guessed"
ASKED: Final = f"/hook/3cx?did={LINKED}"
NOW_AT: Final = datetime.fromtimestamp(instant(NOW), UTC)
# Longer than a failed attempt counts.
LATER: Final = 61.0


@pytest.fixture
async def proxied(tmp_path: Path, compiled: RoutingSnapshot) -> AsyncIterator[Site]:
    """Serve behind proxies on loopback and in 10.0.0.0/8."""
    trusted = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    async with serve_site(tmp_path, Service(compiled, TOKENS), trusted=trusted) as served:
        yield served


async def ask_from(site: Site, *told: str, token: str = WRONG) -> Reply:
    """Ask through a proxy that tells an address, or several lines of them."""
    headers = {"X-Forwarded-For": told[0]} if told else {}
    lines = "".join(f"\r\nX-Forwarded-For: {one}" for one in told[1:])
    if lines:
        headers["X-Forwarded-For"] += lines
    return await site.ask(ASKED, token=token, headers=headers)


async def fail(site: Site, times: int = MAX_FAILED) -> None:
    """Send a wrong token so many times."""
    for _ in range(times):
        assert (await site.ask(ASKED, token=WRONG)).status == 401


def count_of(site: Site, why: str) -> float:
    """Return how many requests were refused for a reason."""
    return float(site.metrics.auth_failures.labels(why)._value.get())


async def test_after_twenty_failures_a_minute_more_get_429(site: Site) -> None:
    """The answer is the hook's own, routes normally, and says when to try again."""
    await fail(site)
    site.elapsed = 20.0
    reply = await site.ask(ASKED, token=WRONG)
    assert_refused(reply, "too-many-attempts")
    assert reply.headers["retry-after"] == "40"
    assert "www-authenticate" not in reply.headers
    assert (count_of(site, "unknown"), count_of(site, "too-many-attempts")) == (MAX_FAILED, 1)
    assert 'hook_responses_total{code="429",dialect="3cx"} 1.0' in (
        site.metrics.exposition(site.now).decode()
    )
    site.elapsed = LATER
    assert (await site.ask(ASKED, token=WRONG)).status == 401


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="missing"),
        pytest.param("hunter2", id="malformed"),
        pytest.param(WRONG, id="wrong-secret"),
    ],
)
async def test_every_failed_attempt_counts(site: Site, token: str | None) -> None:
    """Whether there is no token, none of ours, or a wrong one."""
    await fail(site, MAX_FAILED - 1)
    assert (await site.ask(ASKED, token=token)).status == 401
    assert (await site.ask(ASKED, token=token)).status == 429


async def test_valid_token_passes_whatever_came_before(site: Site) -> None:
    """A PBX behind the same address as who guesses is answered, and that forgives nothing."""
    await fail(site)
    for _ in range(3):
        assert (await site.ask(ASKED, token=WRONG)).status == 429
        assert reached(await site.ask(ASKED, token=PBX)) == "office"
        assert reached(await site.ask(ASKED, token=NEARBY)) == "office"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ASKED),
        ("POST", "/hook/swyx"),
        ("GET", f"/audio/{DIGEST}.wav"),
        ("GET", "/recordings/office"),
        ("POST", "/recordings/office"),
        ("GET", "/table/office"),
        ("HEAD", "/table?did=0850000000"),
        ("POST", "/-/reload"),
    ],
)
async def test_limit_holds_on_every_path_with_a_token(site: Site, method: str, path: str) -> None:
    """Failures on one path count on all; elsewhere 429 is JSON with what to do."""
    site.masters.add(MASTER)
    await fail(site)
    reply = await site.ask(path, token=WRONG, method=method)
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) == 60
    if not path.startswith("/hook") and method != "HEAD":
        told = json.loads(reply.body)
        assert told["error"] == "too-many-attempts"
        assert "without a valid token" in told["detail"]
        assert (await site.ask(path, token=OPERATOR, method=method)).status < 500


async def test_refused_rights_are_no_failed_attempts(site: Site) -> None:
    """A valid token from another network, or for another schedule, goes on getting 403."""
    for _ in range(MAX_FAILED + 2):
        assert (await site.ask(ASKED, token=ELSEWHERE)).status == 403
    assert (await site.ask(ASKED, token=WRONG)).status == 401


async def test_expired_token_is_refused_with_its_own_reason(
    tmp_path: Path, compiled: RoutingSnapshot
) -> None:
    """Up to its end it is good, from then on not; that is no guess, and each time is counted."""
    text = "bk_end1_secret-that-ends"
    tokens = index_tokens([token_of(text, expires_at=NOW_AT)])
    async with serve_site(tmp_path, Service(compiled, tokens)) as site:
        site.now = instant(NOW) - 1
        assert reached(await site.ask(ASKED, token=text)) == "office"
        assert site.admission.uses == {"end1": site.now}
        site.now = instant(NOW)
        for _ in range(MAX_FAILED + 2):
            reply = await site.ask(ASKED, token=text)
            assert_refused(reply, "unauthorized")
            assert "has expired" in reply.headers["bereikbaar-detail"]
            assert "Bearer" in reply.headers["www-authenticate"]
        assert count_of(site, "expired") == MAX_FAILED + 2
        # Doctor tells that it is still sent.
        assert site.admission.uses == {"end1": site.now}


async def test_use_is_noted_of_who_is_admitted_only(site: Site) -> None:
    """On every path; not of a wrong secret, nor from a network that the token isn't for."""
    site.masters.add(MASTER)
    await site.ask(ASKED, token=WRONG)
    await site.ask(ASKED, token=ELSEWHERE)
    assert site.admission.uses == {}
    await site.ask(ASKED, token=PBX)
    site.now += 60
    await site.ask(f"/audio/{DIGEST}.wav", token=OPERATOR)
    assert site.admission.uses == {"pbx1": site.now - 60, "op1": site.now}


@pytest.mark.parametrize(
    ("told", "is_inside"),
    [
        pytest.param(["192.0.2.1"], True, id="told"),
        pytest.param([" 192.0.2.1 "], True, id="spaces"),
        pytest.param(["::ffff:192.0.2.1"], True, id="mapped"),
        pytest.param(["2001:db8::1"], True, id="ipv6"),
        pytest.param(["203.0.113.9, 192.0.2.1"], True, id="last-counts"),
        pytest.param(["192.0.2.1, 203.0.113.9"], False, id="first-does-not"),
        pytest.param(["192.0.2.1, 10.1.2.3, 127.0.0.9"], True, id="past-other-proxies"),
        pytest.param(["rubbish, 192.0.2.1"], True, id="what-a-client-wrote-first"),
        pytest.param(["203.0.113.9", "192.0.2.1"], True, id="last-line-counts"),
        pytest.param(["192.0.2.1", "203.0.113.9"], False, id="first-line-does-not"),
        pytest.param([], False, id="absent"),
        pytest.param([""], False, id="empty"),
        pytest.param(["192.0.2.1,"], False, id="empty-last"),
        pytest.param(["192.0.2.1, unknown"], False, id="malformed-last"),
        pytest.param(["192.0.2.1:80"], False, id="port"),
        pytest.param(["192.0.2.0/24"], False, id="network"),
        pytest.param(["10.1.2.3"], False, id="proxies-only"),
        pytest.param(["rubbish, 10.1.2.3"], False, id="malformed-before-a-proxy"),
    ],
)
async def test_trusted_proxy_tells_the_address(
    proxied: Site,
    told: list[str],
    is_inside: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The last address that is no trusted proxy's counts; else the proxy's own."""
    reply = await ask_from(proxied, *told, token=ELSEWHERE)
    assert reply.status == (200 if is_inside else 403)


@pytest.mark.parametrize(
    "told", [[], ["rubbish"], ["10.1.2.3"], ["192.0.2.1, unknown"]], ids=["no", "bad", "own", "odd"]
)
async def test_unreadable_header_leaves_the_proxy_itself(proxied: Site, told: list[str]) -> None:
    """The client then counts as the proxy, whose address a token may be for."""
    assert (await ask_from(proxied, *told, token=NEARBY)).status == 200
    assert (await ask_from(proxied, "203.0.113.9", token=NEARBY)).status == 403


async def test_client_is_not_moved_by_what_he_says_himself(site: Site) -> None:
    """Without trusted proxies every failed attempt counts for the connection's address."""
    for number in range(MAX_FAILED):
        assert (await ask_from(site, f"203.0.113.{number}")).status == 401
    assert (await ask_from(site, "203.0.113.99")).status == 429


async def test_attempts_are_counted_per_client_behind_a_proxy(proxied: Site) -> None:
    """One client's failures leave others alone; of IPv6 the whole /64 is one client."""
    for number in range(MAX_FAILED):
        assert (await ask_from(proxied, "203.0.113.1")).status == 401
        assert (await ask_from(proxied, f"2001:db8:1:1::{number:x}")).status == 401
    assert (await ask_from(proxied, "203.0.113.1")).status == 429
    assert (await ask_from(proxied, "2001:db8:1:1:ffff::")).status == 429
    assert (await ask_from(proxied, "203.0.113.2")).status == 401
    assert (await ask_from(proxied, "2001:db8:1:2::")).status == 401


async def flood(site: Site, addresses: list[str], statuses: set[bytes]) -> None:
    """Send a wrong token from each address, on one connection, a hundred requests at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"GET {ASKED} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {WRONG}\r\n"
    try:
        for place in range(0, len(addresses), 100):
            batch = addresses[place : place + 100]
            lines = (f"{head}X-Forwarded-For: {address}\r\n\r\n" for address in batch)
            writer.write("".join(lines).encode())
            for _ in batch:
                answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
                length = int(answer.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                statuses.add(answer.split(b" ", 2)[1])
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        pytest.param(1, {b"401", b"429"}, id="one-address"),
        pytest.param(10_000, {b"401"}, id="many-addresses"),
    ],
)
async def test_good_calls_are_answered_while_bad_ones_flood_in(
    proxied: Site, clients: int, expected: set[bytes]
) -> None:
    """Ten thousand wrong tokens cost no good call its answer, and memory stays bounded."""
    addresses = [f"198.18.{number // 250}.{number % 250}" for number in range(clients)]
    statuses: set[bytes] = set()
    flooding = asyncio.gather(
        *(flood(proxied, addresses * (2_500 // clients or 1), statuses) for _ in range(4))
        if clients == 1
        else (flood(proxied, addresses[part::4], statuses) for part in range(4))
    )
    answered = 0
    while not flooding.done():
        # The good PBX stands behind an address that bad ones come from as well.
        assert reached(await ask_from(proxied, addresses[0], token=PBX)) == "office"
        answered += 1
    await flooding
    assert statuses == expected
    assert answered
    bad = count_of(proxied, "unknown") + count_of(proxied, "too-many-attempts")
    assert bad == 10_000
    assert len(proxied.admission._limits) <= 4_096
