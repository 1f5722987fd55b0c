"""Who may ask the hook, from where, and what."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.http.hook_replies import LINKED, assert_refused, reached
from tests.http.site import (
    ELSEWHERE,
    NEARBY,
    ONLY_OFFICE,
    PBX,
    TOKENS,
    Site,
    basic,
    serve_site,
)

COUNTS_OF_CALLS = (
    "bereikbaar_decisions_total",
    "bereikbaar_decision_duration_seconds_count",
    "bereikbaar_hook_responses_total",
)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"Bearer {PBX}", id="bearer"),
        pytest.param(f"bearer {PBX}", id="scheme-in-lower-case"),
        pytest.param(basic("pbx", PBX), id="basic-password"),
        pytest.param(basic("", PBX), id="basic-password-only"),
        pytest.param(basic(PBX, "x"), id="basic-user"),
        pytest.param(basic(PBX, ""), id="basic-user-only"),
    ],
)
async def test_token_is_taken_in_each_form(site: Site, header: str) -> None:
    """Bearer, or Basic with the token as password or as user name."""
    headers = {"Authorization": header}
    assert reached(await site.ask(f"/hook/3cx?did={LINKED}", headers=headers)) == "office"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({"Authorization": ""}, id="empty"),
        pytest.param({"Authorization": "Bearer"}, id="no-token"),
        pytest.param({"Authorization": "Bearer hunter2"}, id="no-token-of-ours"),
        pytest.param({"Authorization": PBX}, id="no-scheme"),
        pytest.param({"Authorization": f"Digest {PBX}"}, id="other-scheme"),
        pytest.param({"Authorization": "Basic %%%"}, id="no-base64"),
        pytest.param({"Authorization": "Basic " + "A" * 2_000}, id="long"),
        pytest.param({"Authorization": basic("user", "password")}, id="basic-without-token"),
        pytest.param({"Authorization": f"Bearer {PBX}x"}, id="wrong-secret"),
        pytest.param({"Authorization": "Bearer bk_none_secret-of-the-pbx"}, id="wrong-id"),
        pytest.param({"Authorization": "Bearer bk_pbx1_"}, id="no-secret"),
        pytest.param({"Authorization": "Bearer bk_"}, id="prefix-only"),
        pytest.param({"Authorization": "Bearer bk_pbx1_\udcff"}, id="no-utf-8"),
        pytest.param({"Authorization": "Bearer bk_pbx1_é"}, id="no-ascii"),
        pytest.param({"Authorization": basic("bk_pbx1_é", "é")}, id="basic-no-ascii"),
    ],
)
async def test_call_without_a_right_token_is_refused(
    site: Site, headers: Mapping[str, str]
) -> None:
    """No token, no readable one and no known one are a 401 that says what is expected."""
    reply = await site.ask(f"/hook/3cx?did={LINKED}", token=None, headers=dict(headers))
    assert_refused(reply, "unauthorized")
    assert "Bearer" in reply.headers["www-authenticate"]


async def test_token_is_looked_at_before_the_question(site: Site) -> None:
    """Who has no token learns nothing about his parameters."""
    assert_refused(await site.ask("/hook/3cx?did=1&did=2", token=None), "unauthorized")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        pytest.param({"schedule": "office"}, None, id="own-schedule"),
        pytest.param({"did": LINKED}, None, id="own-number"),
        pytest.param({"schedule": "branch"}, "forbidden", id="other-schedule"),
        pytest.param({"did": "0850000001"}, "forbidden", id="other-number"),
        pytest.param({"did": "0850000009"}, "forbidden", id="other-broken-schedule"),
    ],
)
async def test_token_of_one_schedule_asks_no_other(
    site: Site, asked: dict[str, str], error: str | None
) -> None:
    """A token limited to schedules gets 403 for all others."""
    reply = await site.call("3cx", ONLY_OFFICE, **asked)
    if error is None:
        assert reached(reply) == "office"
    else:
        assert_refused(reply, error)


async def test_token_counts_in_its_networks_only(site: Site) -> None:
    """A token limited to networks is refused from elsewhere, and good from there."""
    assert_refused(await site.call("3cx", ELSEWHERE, did=LINKED), "forbidden")
    assert reached(await site.call("3cx", NEARBY, did=LINKED)) == "office"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_network_is_that_of_the_connection(site: Site, name: str) -> None:
    """No header moves a client into another network."""
    headers = {name: "192.0.2.1", "Authorization": f"Bearer {ELSEWHERE}"}
    assert_refused(await site.ask(f"/hook/3cx?did={LINKED}", headers=headers), "forbidden")


@pytest.mark.parametrize("extra", [{"at": "2026-12-25T10:00"}, {"explain": "1"}])
async def test_operator_parameters_need_an_operator(site: Site, extra: dict[str, str]) -> None:
    """A PBX's token can neither simulate nor explain."""
    assert_refused(await site.call("3cx", PBX, did=LINKED, **extra), "forbidden")


async def test_control_socket_needs_no_token(tmp_path: Path, compiled: RoutingSnapshot) -> None:
    """Over the control socket anything may be asked without a token."""
    async with serve_site(tmp_path, Service(compiled, TOKENS), is_control=True) as site:
        reply = await site.call("3cx", None, did=LINKED, at="2026-12-25T10:00", explain="1")
        assert reached(reply) == "office"
        assert reached(await site.call("3cx", None, did=LINKED)) == "office"
        # What operators ask is no PBX's call.
        shown = site.metrics.exposition(site.now).decode().splitlines()
        counts = [line for line in shown if line.startswith(COUNTS_OF_CALLS)]
        assert {line.partition("{")[0] for line in counts} == set(COUNTS_OF_CALLS)
        assert [line for line in counts if not line.endswith(" 0.0")] == []


async def test_host_header_is_never_used(site: Site) -> None:
    """The address of a message is the configured one, whatever Host says."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    reply = await site.ask(f"/hook/3cx?did={LINKED}", headers=headers)
    answer = json.loads(reply.body)
    assert answer["audio_url"].startswith("https://bereikbaar.example.nl/audio/")
    assert b"evil" not in reply.body
