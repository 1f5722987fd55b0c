"""What of each call is noted, to be recorded: as it was answered, and calls only."""

import json
from pathlib import Path

import pytest

from pbx_adapters.caller_hash import hash_caller
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.http.site import CALLER_KEY, ONLY_OFFICE, OPERATOR, TOKENS, Site, serve_site


async def test_call_is_noted_as_it_was_answered(site: Site) -> None:
    """Under the id that the PBX was told, with every field of its treatment."""
    reply = await site.call("3cx", did="0850000000", cli="06-12345678", callid="17.4")
    told = json.loads(reply.body)
    (call,) = site.decisions.take(10).calls()
    assert call.decision_id == told["decision_id"]
    assert (call.at, call.dialect, call.number, call.callid) == (
        site.now,
        "3cx",
        "+31850000000",
        "17.4",
    )
    assert call.caller == hash_caller(CALLER_KEY, "+31612345678", "NL")
    recorded = call.outcome._asdict()
    assert str(recorded.pop("revision")) == told["revision"]
    # 13:00 in Amsterdam on 2026-11-23.
    assert recorded.pop("valid_until") == 1_795_435_200
    assert recorded == {name: told[name] for name in recorded}
    assert recorded["status"] == "break"


@pytest.mark.parametrize(
    ("asked", "number", "reason"),
    [
        pytest.param({"schedule": "office"}, None, "weekly", id="schedule"),
        pytest.param({"called": "0850000042"}, "+31850000042", "unknown-number", id="unknown"),
        pytest.param({"did": ""}, None, "unknown-number", id="no-number"),
        pytest.param({"did": "0850000009"}, "+31850000009", "outside-service", id="unusable"),
    ],
)
async def test_every_kind_of_call_is_noted(
    site: Site, asked: dict[str, str], number: str | None, reason: str
) -> None:
    """Also one whose number is linked to nothing, or can't be read."""
    await site.call(**asked)
    (call,) = site.decisions.take(10).calls()
    assert (call.number, call.outcome.reason) == (number, reason)
    assert (call.caller, call.callid) == (None, "")


async def test_call_by_form_or_on_a_closing_connection_is_noted(site: Site) -> None:
    """However a call is asked, it is one."""
    await site.post_form("/hook/swyx", b"did=0850000000&callid=1")
    await site.send(
        b"GET /hook/generic?did=0850000000&callid=2 HTTP/1.0\r\n"
        b"Authorization: Bearer bk_pbx1_secret-of-the-pbx\r\n\r\n"
    )
    calls = site.decisions.take(10).calls()
    assert [(call.dialect, call.callid) for call in calls] == [("swyx", "1"), ("generic", "2")]


@pytest.mark.parametrize(
    ("token", "asked"),
    [
        pytest.param(OPERATOR, {"did": "0850000000", "at": "2026-12-25T10:00"}, id="simulated"),
        pytest.param(OPERATOR, {"did": "0850000000", "explain": "1"}, id="explained"),
        pytest.param(None, {"did": "0850000000"}, id="without-a-token"),
        pytest.param(ONLY_OFFICE, {"did": "0850000001"}, id="not-for-that-schedule"),
        pytest.param(OPERATOR, {"did": "0850000000", "schedule": "office"}, id="bad-request"),
    ],
)
async def test_what_is_no_call_is_not_noted(
    site: Site, token: str | None, asked: dict[str, str]
) -> None:
    """Neither what an operator simulates nor what is refused."""
    await site.call("3cx", token, **asked)
    assert site.decisions.take(10).size == 0


async def test_calls_without_a_service_are_not_noted(empty_site: Site) -> None:
    """Nothing was decided for them."""
    await empty_site.call(did="0850000000")
    assert empty_site.decisions.take(10).size == 0


async def test_asking_for_a_table_or_a_page_is_no_call(
    tmp_path: Path, compiled: RoutingSnapshot
) -> None:
    """Only the hook decides for a caller."""
    async with serve_site(tmp_path, Service(compiled, TOKENS)) as site:
        for path in ("/table/office", "/-/ready", "/metrics"):
            assert (await site.ask(path)).status == 200
        assert site.decisions.take(10).size == 0
