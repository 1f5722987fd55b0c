"""Health, readiness, metrics, reload and the description of the interface."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from pbx_adapters.answer import DIALECTS
from pbx_adapters.loader import LoadedTables
from pbx_adapters.serving import Service
from pbx_adapters.table_tally import TableTally
from routing_engine.compiler import TargetCheck
from routing_engine.snapshot import RoutingSnapshot
from routing_engine.table import IntervalTable
from tests.engine import HOME, OFFICE_DAY, instant, schedule_of, table_of
from tests.http.site import (
    DIGEST,
    FIELDS,
    MASTER,
    ONLY_OFFICE,
    OPERATOR,
    PBX,
    TOKENS,
    Site,
    serve_site,
)

PATHS_WITH_TOKEN = [
    ("GET", f"/audio/{DIGEST}.wav"),
    ("POST", "/recordings/office"),
    ("POST", "/-/reload"),
    ("GET", "/table/office"),
    ("GET", "/table?did=1"),
]


@pytest.fixture
def stored(site: Site) -> Site:
    """Store a message."""
    assert site.masters.add(MASTER) == DIGEST
    return site


@pytest.mark.parametrize(("method", "path"), PATHS_WITH_TOKEN)
@pytest.mark.parametrize("token", [None, "bk_pbx1_wrong", "nonsense"])
async def test_token_is_needed(stored: Site, method: str, path: str, token: str | None) -> None:
    """Without a valid token there is neither audio, nor a recording, nor a reload."""
    reply = await stored.ask(path, method=method, token=token)
    assert (reply.status, json.loads(reply.body)["error"]) == (401, "unauthorized")
    assert "Bearer" in reply.headers["www-authenticate"]
    assert stored.reloads == 0


@pytest.mark.parametrize(("method", "path"), PATHS_WITH_TOKEN)
async def test_nothing_loaded_is_unavailable(empty_site: Site, method: str, path: str) -> None:
    """Before anything is loaded nobody can be known."""
    reply = await empty_site.ask(path, method=method, token=OPERATOR)
    assert (reply.status, json.loads(reply.body)["error"]) == (503, "unavailable")


async def test_reload_needs_an_operator(site: Site) -> None:
    """A PBX's token can't have everything read anew; an operator's can, and sees the outcome."""
    refused = await site.ask("/-/reload", method="POST", token=PBX)
    assert (refused.status, json.loads(refused.body)["error"], site.reloads) == (
        403,
        "forbidden",
        0,
    )
    done = await site.ask("/-/reload", method="POST", token=OPERATOR)
    assert (done.status, json.loads(done.body)["status"], site.reloads) == (200, "ok", 1)


async def test_reload_over_the_control_socket(tmp_path: Path, compiled: RoutingSnapshot) -> None:
    """The control socket has operator rights without a token."""
    async with serve_site(tmp_path, Service(compiled, TOKENS), is_control=True) as site:
        assert (await site.ask("/-/reload", method="POST", token=None)).status == 200
        assert site.reloads == 1


async def test_healthy_while_alive(empty_site: Site) -> None:
    """The process is healthy before it can answer a call."""
    reply = await empty_site.ask("/-/healthy", token=None)
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok"})


async def test_ready_when_all_is_well(site: Site) -> None:
    """Readiness tells the store revision and how many schedules are served."""
    reply = await site.ask("/-/ready", token=None)
    assert (reply.status, json.loads(reply.body)) == (
        200,
        {"status": "ok", "why": [], "revision": 3, "schedules": 2, "degraded_targets": 0},
    )


async def test_ready_but_degraded(site: Site, compiled: RoutingSnapshot) -> None:
    """Troubles that leave calls answered are told with a 200."""
    site.serving.put(replace(Service(compiled, TOKENS), troubles=("schedule x is damaged",)))
    reply = await site.ask("/-/ready", token=None)
    body = json.loads(reply.body)
    assert (reply.status, body["status"]) == (200, "degraded")
    assert body["why"] == ["schedule x is damaged"]


async def test_not_ready_before_anything_is_loaded(empty_site: Site) -> None:
    """Without a service readiness is 503 and says why."""
    empty_site.serving.put_troubles(("no store", "no last-good file"))
    reply = await empty_site.ask("/-/ready", token=None)
    assert (reply.status, json.loads(reply.body)) == (
        503,
        {"status": "unavailable", "why": ["no store", "no last-good file"]},
    )


async def families(site: Site) -> dict[str, Metric]:
    """Scrape and parse the metrics."""
    reply = await site.ask("/metrics", token=None)
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(reply.body.decode())}


async def value(site: Site, sample_name: str, **labels: str) -> float:
    """Return one sample's value, 0 for one that isn't there."""
    found = [
        sample.value
        for family in (await families(site)).values()
        for sample in family.samples
        if sample.name == sample_name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


# contract.md: Metrics. The decision log comes with what it measures.
CONTRACT_METRICS = {
    "bereikbaar_decisions_total": {"dialect", "status", "action", "reason"},
    "bereikbaar_decision_duration_seconds_bucket": {"dialect", "le"},
    "bereikbaar_hook_responses_total": {"dialect", "code"},
    "bereikbaar_auth_failures_total": {"why"},
    "bereikbaar_schedules": {"linked"},
    "bereikbaar_snapshot_revision": set(),
    "bereikbaar_store_revision": set(),
    "bereikbaar_snapshot_loaded_timestamp_seconds": set(),
    "bereikbaar_snapshot_horizon_timestamp_seconds": set(),
    "bereikbaar_reload_duration_seconds_count": set(),
    "bereikbaar_last_reload_successful": set(),
    "bereikbaar_degraded_targets": {"field"},
    "bereikbaar_overrides_active": set(),
    "bereikbaar_audio_bytes": set(),
    "bereikbaar_build_info": {"version"},
}


def loaded_of(*tables: IntervalTable) -> LoadedTables:
    """Hold tables as a load leaves them."""
    by_id = {table.schedule: table for table in tables}
    tally = TableTally().after((), tables)
    return LoadedTables(
        TargetCheck(HOME, lambda _: True), lambda: (), 41, tables=by_id, tally=tally
    )


@pytest.mark.parametrize("name", CONTRACT_METRICS)
async def test_metric_of_the_contract_is_there(site: Site, name: str) -> None:
    """Each metric of the contract exists with exactly its labels."""
    await site.call("3cx", did="0850000000")
    await site.call("3cx", did="0850000000", token=None)
    site.metrics.show_tables(loaded_of(table_of(schedule_of())), site.now)
    labels = {
        frozenset(sample.labels)
        for family in (await families(site)).values()
        for sample in family.samples
        if sample.name == name
    }
    assert labels == {frozenset(CONTRACT_METRICS[name])}


async def test_no_label_tells_a_number_or_a_schedule(site: Site) -> None:
    """Numbers, callers, call ids, tokens and schedules never become a label."""
    for dialect in DIALECTS:
        await site.call(dialect, did="0850000000", cli="0612345678", callid="call-17")
    await site.call("3cx", schedule="branch", token=ONLY_OFFICE)
    await site.call("3cx", did="+4912345678", token=OPERATOR, explain="1")
    labels = {
        text
        for family in (await families(site)).values()
        for sample in family.samples
        for text in sample.labels.values()
    }
    secrets = ("850000000", "612345678", "12345678", "call-17", "office", "branch", "bk_", "pbx1")
    assert not [text for text in labels for secret in secrets if secret in text]


async def test_decisions_are_counted(site: Site) -> None:
    """A call counts as one decision, one duration and one response."""
    await site.call("3cx", did="0850000000")
    await site.call("3cx", did="0850000000")
    await site.call("swyx", did="1")
    break_labels = {"status": "break", "action": "hangup", "reason": "weekly"}
    assert await value(site, "bereikbaar_decisions_total", dialect="3cx", **break_labels) == 2
    assert await value(site, "bereikbaar_decisions_total", reason="unknown-number") == 1
    assert await value(site, "bereikbaar_decision_duration_seconds_count", dialect="3cx") == 2
    assert await value(site, "bereikbaar_hook_responses_total", dialect="3cx", code="200") == 2


async def test_simulation_is_no_call(site: Site) -> None:
    """With `at`, nothing is counted as a decision."""
    reply = await site.call("3cx", OPERATOR, did="0850000000", at="2026-12-25T10:00")
    assert reply.status == 200
    assert await value(site, "bereikbaar_decisions_total") == 0
    assert await value(site, "bereikbaar_decision_duration_seconds_count") == 0


@pytest.mark.parametrize(
    ("token", "asked", "why"),
    [
        pytest.param(None, {}, "missing", id="missing"),
        pytest.param("hunter2", {}, "malformed", id="malformed"),
        pytest.param("bk_pbx1_wrong", {}, "unknown", id="unknown"),
        pytest.param("bk_net1_secret-for-another-network", {}, "network", id="network"),
        pytest.param(ONLY_OFFICE, {"did": "0850000001"}, "schedule", id="schedule"),
        pytest.param(PBX, {"explain": "1"}, "operator", id="operator"),
    ],
)
async def test_auth_failures_are_counted(
    site: Site, token: str | None, asked: dict[str, str], why: str
) -> None:
    """Each refusal for a token counts once, under its reason."""
    await site.call("3cx", token, **{"did": "0850000000"} | asked)
    assert await value(site, "bereikbaar_auth_failures_total") == 1
    assert await value(site, "bereikbaar_auth_failures_total", why=why) == 1


async def test_refused_calls_are_no_decisions(site: Site) -> None:
    """A refusal counts as a response with its code, not as a decision."""
    await site.ask("/hook/3cx")
    assert await value(site, "bereikbaar_decisions_total") == 0
    assert await value(site, "bereikbaar_hook_responses_total", code="400") == 1


async def test_override_is_active_while_it_holds(site: Site) -> None:
    """The number of overrides in force follows the clock, without a reload."""
    span = {"from": "2026-11-23T10:00+01:00", "until": "2026-11-23T12:00+01:00"}
    override = span | {"slot": "closed", "reason": "Storing"}
    schedule = schedule_of(OFFICE_DAY, overrides={"storing": override})
    site.metrics.show_tables(loaded_of(table_of(schedule)), site.now)
    counts = []
    for at in ("09:59:59", "10:00:00", "11:59:59", "12:00:00"):
        site.now = instant(f"2026-11-23T{at}")
        counts.append(await value(site, "bereikbaar_overrides_active"))
    assert counts == [0, 1, 1, 0]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Walk over every method of every path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.fixture
async def document(site: Site) -> dict[str, Any]:
    """Fetch the description."""
    reply = await site.ask("/openapi.json", token=None)
    assert reply.headers["content-type"].startswith("application/json")
    described = json.loads(reply.body)
    assert isinstance(described, dict)
    return described


async def test_description_is_openapi(document: dict[str, Any]) -> None:
    """The description has what OpenAPI 3.1 demands, and its references lead somewhere."""
    assert document["openapi"].startswith("3.1.")
    assert document["info"].keys() >= {"title", "version"}
    ids = [one["operationId"] for _, _, one in operations(document) if "operationId" in one]
    assert len(ids) == len(set(ids))
    schemes = document["components"]["securitySchemes"]
    for path, _, operation in operations(document):
        assert operation["responses"]
        assert all(response["description"] for response in operation["responses"].values())
        in_path = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        assert in_path == re.findall(r"\{(\w+)\}", path)
        assert all(name in schemes for one in operation.get("security", ()) for name in one)
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        place: Any = document
        for key in reference.removeprefix("#/").split("/"):
            place = place[key]


async def test_every_described_path_is_served(site: Site, document: dict[str, Any]) -> None:
    """No path or method is described that isn't there; each answers with a described code."""
    site.masters.add(MASTER)
    for path, method, operation in operations(document):
        target = path.replace("{sha256}", DIGEST).replace("{schedule}", "office")
        reply = await site.ask(f"{target}?did=1", method=method.upper(), token=OPERATOR)
        assert str(reply.status) in operation["responses"], (method, path)
        # No PIN is sent with it; a table is asked for twice over, or of a number nobody has.
        expected = 404 if path == "/table" else 400 if "schedule" in path else 200
        assert reply.status == expected


async def test_every_served_path_is_described(document: dict[str, Any]) -> None:
    """What the contract lists for this stage is described, with what guards it."""
    hooks = {(method, f"/hook/{dialect}") for dialect in DIALECTS for method in ("get", "post")}
    guarded = hooks | {
        ("post", "/-/reload"),
        ("get", "/audio/{sha256}.wav"),
        ("head", "/audio/{sha256}.wav"),
        ("get", "/recordings/{schedule}"),
        ("post", "/recordings/{schedule}"),
        *((method, "/table/{schedule}") for method in ("get", "head")),
        *((method, "/table") for method in ("get", "head")),
    }
    free = {("get", path) for path in ("/-/healthy", "/-/ready", "/metrics", "/openapi.json")}
    described = {(method, path): one for path, method, one in operations(document)}
    assert described.keys() == guarded | free
    assert {key for key, one in described.items() if "security" in one} == guarded


async def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    """The hook's parameters, each with its aliases, are described for query and form."""
    names = {"did", "schedule", "cli", "callid", "format", "at", "explain"}
    for dialect in DIALECTS:
        both = document["paths"][f"/hook/{dialect}"]
        for operation in both.values():
            assert {one["name"] for one in operation["parameters"]} == names
        content = both["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        assert content["schema"]["properties"].keys() == names
    text = json.dumps(document)
    assert all(f"`{alias}`" in text for alias in ("called", "to", "caller", "from"))


async def test_every_answer_is_described(document: dict[str, Any]) -> None:
    """Codes, fields and content types of the hook's answers are described."""
    described = document["paths"]["/hook/swyx"]["get"]["responses"]
    assert described.keys() == {"200", "400", "401", "403", "413", "429", "503"}
    for response in described.values():
        assert response["content"].keys() == {"application/json", "text/plain", "text/xml"}
    fields = document["components"]["schemas"]["Answer"]["required"]
    assert fields == FIELDS


async def test_refused_tokens_are_described_wherever_one_is_asked_for(
    document: dict[str, Any],
) -> None:
    """Every path with a token can answer 401, 403, 429 and 503; none without one says so."""
    found = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            codes = {"401", "403", "429", "503"} & operation["responses"].keys()
            if operation.get("security"):
                found.add(path)
                assert len(codes) == 4, path
            else:
                assert codes <= {"503"}, path
    assert found >= {"/table", "/table/{schedule}", "/audio/{sha256}.wav", "/-/reload"}


async def test_every_field_of_a_table_is_described(document: dict[str, Any]) -> None:
    """What stands in a table and in each of its intervals is described."""
    schema = document["components"]["schemas"]["Table"]
    assert schema["required"] == [
        *("schedule", "revision", "generated_at", "expires_at", "intervals")
    ]
    assert schema["properties"].keys() == set(schema["required"])
    fields = schema["properties"]["intervals"]["items"]["required"]
    of_calls = [name for name in FIELDS if name not in ("at", "decision_id")]
    assert fields == ["from", "until", *of_calls]
