"""`/table/{schedule}` and `/table?did=`: who gets which table, and what is refused."""

import json
from pathlib import Path

import pytest

from pbx_adapters.pending_table import PendingTable
from pbx_adapters.refusals import RefusedError
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from routing_engine.table import IntervalTable
from tests.engine import instant, schedule_of, snapshot_of, table_of
from tests.http.refused import error_of
from tests.http.site import (
    ELSEWHERE,
    NEARBY,
    ONLY_OFFICE,
    ONLY_OFFICE_KEY,
    OPERATOR,
    PBX,
    PBX_KEY,
    TOKENS,
    Reply,
    Site,
    serve_site,
)
from tests.pbx.table_reader import RefusedTableError, find_fields, verify


def signature_of(reply: Reply) -> str:
    """Return the signature that came with a table."""
    assert reply.status == 200, reply
    return reply.headers["bereikbaar-signature"]


async def test_a_table_comes_with_its_signature(site: Site) -> None:
    """From now on for seven days, signed with the token's key; never chunked, never stored."""
    reply = await site.ask("/table/office")
    verify(reply.body, signature_of(reply), PBX_KEY)
    table = json.loads(reply.body)
    intervals = table.pop("intervals")
    assert table == {
        "schedule": "office",
        "revision": "7",
        "generated_at": "2026-11-23T11:45:00Z",
        "expires_at": "2026-11-30T11:45:00Z",
    }
    assert intervals[0]["audio_url"].startswith("https://bereikbaar.example.nl/audio/")
    # A line for the head, one for each interval, one for the end, each with its line feed.
    assert reply.body.decode().count("\n") == 1 + len(intervals) + 1
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert "transfer-encoding" not in reply.headers
    assert "content-encoding" not in reply.headers


async def test_an_operator_is_told_of_his_rights(site: Site) -> None:
    """With his tables, and in no other's."""
    told = [await site.ask("/table/office", token=token) for token in (OPERATOR, PBX)]
    assert [reply.headers.get("bereikbaar-rights") for reply in told] == ["operator", None]


async def test_a_table_of_now_says_what_the_hook_says(site: Site) -> None:
    """Every field that isn't one call's is the same."""
    reply = await site.ask("/table/office")
    answer = json.loads((await site.call(did="0850000000")).body)
    found = find_fields(reply.body, answer.pop("at"))
    del answer["decision_id"], found["from"], found["until"]
    assert list(found.items()) == list(answer.items())


@pytest.mark.parametrize(
    ("target", "schedule"),
    [
        pytest.param("/table/office", "office", id="by-id"),
        pytest.param("/table/%6fffice", "office", id="id-encoded"),
        pytest.param("/table?did=0850000000", "office", id="by-number"),
        pytest.param("/table?did=%2B31850000150", "office", id="number-of-a-block"),
        pytest.param("/table?called=0850000001", "branch", id="called"),
        pytest.param("/table?to=0850000001", "branch", id="to"),
        pytest.param("/table?schedule=branch", "branch", id="schedule-as-of-the-hook"),
        pytest.param("/table/?did=0850000001", "branch", id="slash-at-the-end"),
        pytest.param("/table/branch?zone=x&zone=y&x=%zz", "branch", id="unknown-parameters"),
        pytest.param("/table/branch?cli=0612345678&callid=17", "branch", id="the-hooks-others"),
        pytest.param("/table/branch?at=2026-12-25T10:00", "branch", id="at-simulates-nothing"),
    ],
)
async def test_a_table_is_found(site: Site, target: str, schedule: str) -> None:
    """By the schedule's id in the path, or by any number linked to it."""
    reply = await site.ask(target)
    verify(reply.body, signature_of(reply), PBX_KEY)
    told = json.loads(reply.body)
    assert (told["schedule"], told["generated_at"]) == (schedule, "2026-11-23T11:45:00Z")


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/table", id="neither"),
        pytest.param("/table/", id="empty-path"),
        pytest.param("/table?cli=0612345678", id="neither-but-others"),
        pytest.param("/table/office?did=0850000000", id="path-and-number"),
        pytest.param("/table/office?to=", id="path-and-empty-number"),
        pytest.param("/table/office?schedule=office", id="schedule-twice"),
        pytest.param("/table?did=0850000000&did=0850000000", id="number-twice"),
        pytest.param("/table?did=0850000000&called=0850000000", id="number-and-alias"),
        pytest.param("/table?did=" + "0" * 257, id="number-too-long"),
        pytest.param("/table/" + "x" * 257, id="id-too-long"),
        pytest.param("/table?did=0850000000%", id="broken-escape"),
        pytest.param("/table?did=%ff", id="no-utf-8"),
    ],
)
async def test_a_bad_question_is_refused(site: Site, target: str) -> None:
    """Exactly one of a schedule and a number, each parameter once and readable."""
    reply = await site.ask(target)
    assert (reply.status, error_of(reply)) == (400, "bad-request")
    assert "bereikbaar-signature" not in reply.headers


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/table/nowhere", id="unknown-id"),
        pytest.param("/table/Office", id="capital"),
        pytest.param("/table/office/", id="slash-behind"),
        pytest.param("/table/office/x", id="more-behind"),
        pytest.param("/table/%2e%2e", id="dots"),
        pytest.param("/table/a%26did%3D0850000000", id="parameter-in-the-path"),
        pytest.param("/table/caf%C3%A9%0D%0A", id="no-ascii"),
        pytest.param("/table?did=0850009999", id="number-not-linked"),
        pytest.param("/table?did=", id="empty-number"),
        pytest.param("/table?did=anonymous", id="unreadable-number"),
    ],
)
async def test_what_nobody_has_is_not_found(site: Site, target: str) -> None:
    """An unknown id or number is a 404 that says so."""
    reply = await site.ask(target)
    assert (reply.status, error_of(reply)) == (404, "not-found")


@pytest.mark.parametrize("target", ["/table/broken", "/table?did=0850000009"])
async def test_a_schedule_without_a_table_is_unavailable(site: Site, target: str) -> None:
    """What can't be compiled gets no table: the PBX keeps the one that it has."""
    reply = await site.ask(target)
    assert (reply.status, error_of(reply)) == (503, "unavailable")
    assert "broken" in json.loads(reply.body)["detail"]


async def test_a_table_is_compiled_when_it_is_asked_for(tmp_path: Path) -> None:
    """While thousands are being loaded a table can be had, or is refused where it can't be made."""

    def fail() -> IntervalTable:
        raise RefusedError("unavailable", "damaged")

    snapshot = snapshot_of(table_of(schedule_of(id="office")), table_of(schedule_of(id="branch")))
    tables = dict(snapshot.tables)
    pending = {"office": PendingTable(lambda: tables["office"]), "branch": PendingTable(fail)}
    waiting = RoutingSnapshot(
        1, snapshot.numbers, pending, frozenset(), snapshot.unusable_numbers, 0
    )
    async with serve_site(tmp_path, Service(waiting, TOKENS)) as site:
        reply = await site.ask("/table/office")
        verify(reply.body, signature_of(reply), PBX_KEY)
        refused = await site.ask("/table/branch")
        assert (refused.status, error_of(refused)) == (503, "unavailable")


async def test_a_token_of_one_schedule_gets_that_table_only(site: Site) -> None:
    """Others are refused, also broken ones; what nobody has is not found."""
    reply = await site.ask("/table/office", token=ONLY_OFFICE)
    verify(reply.body, signature_of(reply), ONLY_OFFICE_KEY)
    for target in ("/table/branch", "/table?did=0850000001", "/table/broken"):
        refused = await site.ask(target, token=ONLY_OFFICE)
        assert (refused.status, error_of(refused)) == (403, "forbidden")
    assert (await site.ask("/table/nowhere", token=ONLY_OFFICE)).status == 404
    assert b'bereikbaar_auth_failures_total{why="schedule"} 3.0' in site.metrics.exposition(0)


async def test_a_key_is_one_tokens_alone(site: Site) -> None:
    """The same table for two tokens has the same bytes and two signatures."""
    one, other = [await site.ask("/table/office", token=token) for token in (PBX, ONLY_OFFICE)]
    assert one.body == other.body
    with pytest.raises(RefusedTableError):
        verify(one.body, signature_of(one), ONLY_OFFICE_KEY)
    with pytest.raises(RefusedTableError):
        verify(other.body, signature_of(other), PBX_KEY)


@pytest.mark.parametrize("token", [ELSEWHERE, NEARBY])
async def test_networks_count(site: Site, token: str) -> None:
    """A token from another network is refused, and so is one that has no key, with the remedy."""
    reply = await site.ask("/table/office", token=token)
    assert (reply.status, error_of(reply)) == (403, "forbidden")
    told = json.loads(reply.body)["detail"]
    assert ("network" in told) == (token == ELSEWHERE)
    assert ("bereikbaar token create" in told) == (token == NEARBY)


async def test_the_control_socket_has_no_key(tmp_path: Path, compiled: RoutingSnapshot) -> None:
    """There is no token whose key could sign: the refusal says where to ask."""
    async with serve_site(tmp_path, Service(compiled, TOKENS), is_control=True) as site:
        reply = await site.ask("/table/office")
        assert (reply.status, error_of(reply)) == (403, "forbidden")
        assert "control socket" in json.loads(reply.body)["detail"]


@pytest.mark.parametrize(
    "target", ["/table/office", "/table?did=0850000000", "/table/nowhere", "/table"]
)
async def test_head_has_the_headers_of_get(site: Site, target: str) -> None:
    """`HEAD` is answered as `GET`, but for the body."""
    got, head = await site.ask(target), await site.ask(target, method="HEAD")
    assert head.body == b""
    for headers in (got.headers, head.headers):
        headers.pop("date")
    assert (head.status, head.headers) == (got.status, got.headers)


@pytest.mark.parametrize("target", ["/table/office", "/table?did=0850000000"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_table_is_only_read(site: Site, target: str, method: str) -> None:
    """Any other method is refused, with those that there are."""
    reply = await site.ask(target, method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


async def test_other_paths_stay_unknown(site: Site) -> None:
    """What only begins as the path does leads nowhere."""
    for path in ("/tables", "/tablex/office", "/hook/table/office"):
        assert (await site.ask(path)).status == 404


async def test_a_table_is_no_call(site: Site) -> None:
    """It is counted by itself, and neither as a decision nor as an answer of the hook."""
    await site.ask("/table/office")
    await site.ask("/table?did=0850000000", token=OPERATOR)
    await site.ask("/table/nowhere")
    metrics = site.metrics.exposition(site.now).decode().splitlines()
    assert "bereikbaar_tables_sent_total 2.0" in metrics
    for name in ("bereikbaar_decisions_total{", "bereikbaar_hook_responses_total{"):
        values = [line.rpartition(" ")[2] for line in metrics if line.startswith(name)]
        assert set(values) == {"0.0"}


async def test_a_new_revision_is_in_the_next_table(site: Site) -> None:
    """A table is made when it is asked for, of what is in service then."""
    before = await site.ask("/table/office")
    site.now = instant("2026-11-23T12:46")
    site.serving.put(Service(snapshot_of(table_of(schedule_of(id="office"))), TOKENS))
    after = await site.ask("/table/office")
    assert signature_of(before) != signature_of(after)
    assert json.loads(after.body)["generated_at"] == "2026-11-23T11:46:00Z"
    assert find_fields(after.body, "2026-11-24T10:00:00Z")["status"] == "closed"
    assert find_fields(before.body, "2026-11-24T10:00:00Z")["status"] == "open"
