"""What the hook accepts, and what it refuses: status code, error word, and a whole answer."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbx_adapters.auth import Caller, Refusal, TokenTable
from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.engine import SHA256
from tests.http.site import (
    ELSEWHERE,
    FIELDS,
    NEARBY,
    ONLY_OFFICE,
    OPERATOR,
    PBX,
    TOKENS,
    Reply,
    Site,
    basic,
    parse_reply,
    serve_site,
)

STATUS_OF = {
    "bad-request": 400,
    "ambiguous-time": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "too-large": 413,
    "unavailable": 503,
}
LINKED = "0850000000"


def assert_refused(reply: Reply, error: str) -> None:
    """Expect the status code of an error, and a JSON answer that routes normally."""
    answer = json.loads(reply.body)
    assert (reply.status, answer["error"]) == (STATUS_OF[error], error)
    assert list(answer) == FIELDS
    assert (answer["status"], answer["action"]) == ("unknown", "continue")
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["bereikbaar-detail"]


def reached(reply: Reply) -> str:
    """Return which schedule answered."""
    assert reply.status == 200, reply
    return str(json.loads(reply.body)["schedule"])


@pytest.mark.parametrize("name", ["did", "called", "to"])
@pytest.mark.parametrize("caller", ["cli", "caller", "from"])
async def test_aliases_are_accepted(site: Site, name: str, caller: str) -> None:
    """Each parameter may come under any of its names."""
    reply = await site.ask(f"/hook/3cx?{name}={LINKED}&{caller}=0612345678&callid=17")
    assert reached(reply) == "office"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        pytest.param("/hook/3cx", b"did=0850000000&cli=0612345678", id="form"),
        pytest.param("/hook/3cx?did=0850000000", b"", id="query"),
        pytest.param("/hook/3cx?did=0850000000", b"cli=0612345678", id="both"),
        pytest.param("/hook/3cx", b"did=%2B31850000000", id="encoded-plus"),
        pytest.param("/hook/3cx", b"did=+31850000000", id="bare-plus"),
        pytest.param("/hook/3cx", b"%64id=0850000000", id="encoded-name"),
    ],
)
async def test_post_takes_form_and_query(site: Site, target: str, body: bytes) -> None:
    """A POST may carry its parameters as a form, in the query string, or in both."""
    assert reached(await site.post_form(target, body)) == "office"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("did=0850000000&zone=x&zone=y&x=%zz", id="unknown-ones"),
        pytest.param("&&did=0850000000&", id="empty-ones"),
        pytest.param(f"did=0850000000&callid={'x' * 128}", id="longest-callid"),
        pytest.param(f"did=0850000000&cli={'9' * 256}", id="longest-value"),
        pytest.param("did=0850000000&cli=anonymous&callid=", id="anonymous-caller"),
        pytest.param("did=0850000000&cli=%00%0D%0A", id="controls-in-caller"),
        pytest.param("did=0850000000&explain=0", id="explain-off"),
        pytest.param("did=0850000000&cli=%C3%A9", id="utf-8"),
        pytest.param("did=0850000000;cli=x", id="semicolon-is-no-separator"),
    ],
)
async def test_harmless_parameters_do_no_harm(site: Site, query: str) -> None:
    """What is unknown is ignored, and values may be as long as documented."""
    assert (await site.ask(f"/hook/3cx?{query}")).status == 200


BAD_QUERIES = {
    "no-did": "",
    "no-did-but-others": "cli=1&callid=2",
    "did-and-schedule": "did=0850000000&schedule=office",
    "did-and-schedule-both-empty": "did=&schedule=",
    "did-twice": "did=0850000000&did=0850000000",
    "did-and-alias": "did=0850000000&called=0850000000",
    "two-aliases": "to=0850000000&called=0850000000",
    "cli-and-alias": "did=0850000000&cli=1&from=2",
    "callid-twice": "did=0850000000&callid=1&callid=1",
    "format-twice": "did=0850000000&format=json&format=json",
    "encoded-alias": "did=0850000000&%74o=0850000000",
    "did-too-long": "did=" + "0" * 257,
    "cli-too-long": "did=0850000000&cli=" + "0" * 257,
    "cli-too-long-in-characters": "did=0850000000&cli=" + "%C3%A9" * 257,
    "callid-too-long": "did=0850000000&callid=" + "x" * 129,
    "schedule-too-long": "schedule=" + "x" * 257,
    "format-unknown": "did=0850000000&format=yaml",
    "format-capital": "did=0850000000&format=JSON",
    "format-empty": "did=0850000000&format=",
    "percent-cut-off": "did=0850000000%",
    "percent-half": "did=0850000000%4",
    "percent-no-hex": "did=0850000000%zz",
    "percent-in-name": "did=0850000000&%zz=1",
    "encoded-bytes-no-utf-8": "did=0850000000&cli=%ff%fe",
    "encoded-surrogate": "did=0850000000&cli=%ed%a0%80",
    "encoded-overlong": "did=0850000000&cli=%c0%80",
}


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES)
async def test_bad_query_is_refused(site: Site, query: str) -> None:
    """What can't be read as it was meant is a 400, in a query string."""
    assert_refused(await site.ask(f"/hook/3cx?{query}"), "bad-request")


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES)
async def test_bad_form_is_refused(site: Site, query: str) -> None:
    """What can't be read as it was meant is a 400, in a form."""
    assert_refused(await site.post_form("/hook/3cx", query.encode()), "bad-request")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"did=0850000000&cli=\xff", id="plain"),
        pytest.param(b"did=0850000000&cli=%2B\xff", id="beside-an-escape"),
        pytest.param(b"did=0850000000&\xff=1", id="in-a-name"),
    ],
)
async def test_raw_bytes_that_are_no_utf8_are_refused(site: Site, query: bytes) -> None:
    """Bytes that are no UTF-8 and were not encoded are a 400, of the HTTP parser's."""
    assert (await site.ask(b"/hook/3cx?" + query)).status == 400


async def test_form_of_very_many_parameters_is_refused(site: Site) -> None:
    """Beyond 8,192 characters parameters are not even looked at."""
    assert_refused(await site.post_form("/hook/3cx", b"did=1&" + b"x=1&" * 2_100), "bad-request")


async def test_parameter_in_query_and_form_is_repeated(site: Site) -> None:
    """A parameter counts once, wherever it comes."""
    reply = await site.post_form("/hook/3cx?did=0850000000", b"called=0850000000")
    assert_refused(reply, "bad-request")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", b'{"did": "0850000000"}', id="json"),
        pytest.param("multipart/form-data; boundary=x", b"--x--\r\n", id="multipart"),
        pytest.param("application/x-www-form-urlencoded", b"did=\xe9", id="raw-byte"),
        pytest.param("text/plain", b"did=0850000000", id="text"),
    ],
)
async def test_other_bodies_are_refused(site: Site, content_type: str, body: bytes) -> None:
    """A body that is no form is a 400, not ignored."""
    headers = {"Content-Type": content_type}
    reply = await site.ask("/hook/3cx?did=0850000000", method="POST", body=body, headers=headers)
    assert_refused(reply, "bad-request")


async def test_body_that_is_not_what_it_says_is_refused(site: Site) -> None:
    """A body that can't be decompressed is a 400, and no fault of the daemon."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
    reply = await site.ask("/hook/3cx", method="POST", body=b"did=1", headers=headers)
    assert_refused(reply, "bad-request")


async def test_body_that_is_too_large_is_refused(site: Site) -> None:
    """A form of more than 64 KiB is a 413."""
    reply = await site.post_form("/hook/3cx", b"did=" + b"0" * 65_536)
    assert_refused(reply, "too-large")


@pytest.mark.parametrize(
    ("at", "error"),
    [
        pytest.param("tomorrow", "bad-request", id="words"),
        pytest.param("", "bad-request", id="empty"),
        pytest.param("2026-12-25", "bad-request", id="no-time"),
        pytest.param("2026-13-01T10:00", "bad-request", id="no-such-month"),
        pytest.param("2026-12-25T24:00", "bad-request", id="no-such-hour"),
        pytest.param("1999-12-31T23:59", "bad-request", id="before-2000"),
        pytest.param("2101-01-01T00:00", "bad-request", id="after-2100"),
        pytest.param("2101-01-01T00:00Z", "bad-request", id="after-2100-utc"),
        pytest.param("2100-12-31T23:30-01:00", "bad-request", id="after-2100-by-offset"),
        pytest.param("2000-01-01T00:30+01:00", "bad-request", id="before-2000-by-offset"),
        pytest.param("0001-01-01T00:00+01:00", "bad-request", id="first-year"),
        pytest.param("9999-12-31T23:59-01:00", "bad-request", id="last-year"),
        pytest.param("2027-03-28T02:00", "bad-request", id="spring-gap-first"),
        pytest.param("2027-03-28T02:59", "bad-request", id="spring-gap-last"),
        pytest.param("2027-03-28T02:30\n", "bad-request", id="spring-gap-and-line-break"),
        pytest.param("2026-10-25T02:00", "ambiguous-time", id="autumn-hour-first"),
        pytest.param("2026-10-25T02:59", "ambiguous-time", id="autumn-hour-last"),
    ],
)
async def test_bad_instant_is_refused(site: Site, at: str, error: str) -> None:
    """An `at` that names no one instant from 2000 to 2100 is a 400."""
    assert_refused(await site.call("3cx", OPERATOR, schedule="office", at=at), error)


@pytest.mark.parametrize("at", ["2000-01-01T00:00Z", "2100-12-31T23:59:59Z"])
async def test_first_and_last_instant_are_fine(site: Site, at: str) -> None:
    """The bounds are in UTC, the first one included."""
    assert (await site.call("3cx", OPERATOR, schedule="office", at=at)).status == 200


@pytest.mark.parametrize("at", ["2027-03-28T01:59", "2027-03-28T03:00", "2026-10-25T01:59"])
async def test_times_beside_the_clock_change_are_fine(site: Site, at: str) -> None:
    """The minutes around the missing and the doubled hour occur once."""
    assert (await site.call("3cx", OPERATOR, schedule="office", at=at)).status == 200


async def test_ambiguous_time_names_both_instants(site: Site) -> None:
    """Whoever sent a doubled time is told what to send instead."""
    reply = await site.call("3cx", OPERATOR, schedule="office", at="2026-10-25T02:30")
    detail = reply.headers["bereikbaar-detail"]
    assert "2026-10-25T00:30:00Z" in detail
    assert "2026-10-25T01:30:00Z" in detail


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


@pytest.mark.parametrize("dialect", ["3cx", "swyx", "asterisk", "freeswitch", "generic"])
async def test_nothing_loaded_is_unavailable(empty_site: Site, dialect: str) -> None:
    """Before anything is loaded every call is told to route normally."""
    reply = await empty_site.call(dialect, did=LINKED, format="json")
    assert_refused(reply, "unavailable")


async def test_reasons_of_several_lines_fit_in_a_header(empty_site: Site) -> None:
    """Troubles that name several faults are still told with a 503."""
    empty_site.serving.put_troubles(("bad.yaml: one\nbad.yaml: two", "and a third"))
    assert_refused(await empty_site.call("3cx", did=LINKED), "unavailable")


async def test_control_socket_needs_no_token(tmp_path: Path, compiled: RoutingSnapshot) -> None:
    """Over the control socket anything may be asked without a token."""
    async with serve_site(tmp_path, Service(compiled, TOKENS), is_control=True) as site:
        reply = await site.call("3cx", None, did=LINKED, at="2026-12-25T10:00", explain="1")
        assert reached(reply) == "office"
        # What operators ask is no PBX's call.
        assert b"bereikbaar_hook_responses_total{" not in site.metrics.exposition(site.now)


async def test_host_header_is_never_used(site: Site) -> None:
    """The address of a message is the configured one, whatever Host says."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    reply = await site.ask(f"/hook/3cx?did={LINKED}", headers=headers)
    answer = json.loads(reply.body)
    assert answer["audio_url"].startswith("https://bereikbaar.example.nl/audio/")
    assert b"evil" not in reply.body


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
    allowed = {"/hook": "GET, POST", "/-/re": "POST", "/metr": "GET,HEAD", "/audi": "GET,HEAD"}
    assert reply.headers.get("allow") == (allowed[path[:5]] if status == 405 else None)
    if path.startswith("/hook") and method != "HEAD":
        assert_bare(reply, "bad-request")


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


def assert_bare(reply: Reply, error: str) -> None:
    """Expect the answer to what never became a call: it routes normally too."""
    answer = json.loads(reply.body)
    told = {"status": "unknown", "action": "continue", "error": error}
    assert answer == dict.fromkeys(FIELDS, "") | told
    assert list(answer) == FIELDS
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["bereikbaar-detail"]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET /hook/3cx?did=\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", id="raw-byte"),
        pytest.param(b"NONSENSE\r\n\r\n", id="request-line"),
        pytest.param(b"GET /hook/3cx HTTP/1.1\r\nHost x\r\n\r\n", id="header"),
    ],
)
async def test_what_is_no_http_gets_a_whole_answer(
    tmp_path: Path, compiled: RoutingSnapshot, raw: bytes
) -> None:
    """Bytes that can't be read as a request are refused as a call is."""
    limits = ConnectionLimits()
    async with serve_site(tmp_path, Service(compiled, TOKENS), limits=limits) as site:
        reply = await site.send(raw)
        assert reply.status in {400, 401}
        if reply.status == 400:
            assert_bare(reply, "bad-request")


async def test_too_many_connections_get_a_whole_answer(
    tmp_path: Path, compiled: RoutingSnapshot
) -> None:
    """Whoever is turned away at the door takes the normal route."""
    limits = ConnectionLimits(max_connections=1)
    async with serve_site(tmp_path, Service(compiled, TOKENS), limits=limits) as site:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        reply = await site.send(b"")
        assert reply.status == 503
        assert_bare(reply, "unavailable")
        writer.close()


async def test_slow_form_gets_a_whole_answer(tmp_path: Path, compiled: RoutingSnapshot) -> None:
    """A form that doesn't come in time is refused, counted, and its connection closed."""
    limits = ConnectionLimits(body_seconds=0.1, sweep_seconds=0.05)
    async with serve_site(tmp_path, Service(compiled, TOKENS), limits=limits) as site:
        head = (
            f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PBX}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\n"
        )
        reply = await site.send(head.encode())
        assert_refused(reply, "bad-request")
        assert reply.headers["connection"] == "close"
        assert "the body took longer" in reply.headers["bereikbaar-detail"]
        counted = b'bereikbaar_hook_responses_total{code="400",dialect="3cx"} 1.0'
        assert counted in site.metrics.exposition(site.now)


@pytest.mark.parametrize("fault", [OSError(28, "disk full"), RuntimeError("a defect")])
async def test_fault_of_ours_gets_a_whole_answer(site: Site, fault: Exception) -> None:
    """Whatever goes wrong while a call is decided, its PBX is told to take the normal route."""

    class Faulty(TokenTable):
        def authenticate(self, _authorization: str | None) -> Caller | Refusal:
            raise fault

    assert site.serving.service is not None
    site.serving.put(replace(site.serving.service, tokens=Faulty()))
    assert_refused(await site.call("3cx", did=LINKED), "unavailable")


def assert_documented(reply: Reply) -> None:
    """Expect a documented status code and a whole answer in the format that it names."""
    # Not 503: with everything loaded, that would be a fault of the daemon.
    assert reply.status in {200, 400, 401, 403, 413}, reply
    text = reply.body.decode()
    content_type = reply.headers["content-type"]
    if content_type == "application/json":
        fields = json.loads(text)
    elif content_type.startswith("text/xml"):
        fields = ET.fromstring(text).attrib  # noqa: S314 - our own answer
    else:
        assert text.endswith("\r\n")
        fields = dict(line.split("=", 1) for line in text[:-2].split("\r\n"))
    assert [name for name in fields if name != "considered"] == FIELDS
    assert (reply.status == 200) == (fields["error"] in {"", "unavailable"})


ASKED_SETTINGS = settings(
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
    deadline=None,
    max_examples=60,
)
NAMES = st.sampled_from(
    [
        "did",
        "called",
        "to",
        "schedule",
        "cli",
        "caller",
        "from",
        "callid",
        "format",
        "at",
        "explain",
        "x",
        "%64id",
    ]
)
VALUES = st.one_of(
    st.text(max_size=300).map(lambda text: quote(text, errors="ignore")),
    st.sampled_from(
        ["0850000000", "office", "broken", "xml", "text", "json", "1", "2026-10-25T02:30", "%", "+"]
    ),
    st.text(alphabet="0123456789-T:+Z% ", max_size=30).map(lambda text: text.replace(" ", "+")),
)
PAIRS = st.lists(st.tuples(NAMES, VALUES).map("=".join), max_size=6).map("&".join)
# The HTTP parser lets nothing else into a query string.
RAW = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=200
).map(str.encode)
DIALECTS = st.sampled_from(["3cx", "swyx", "generic"])


@ASKED_SETTINGS
@given(dialect=DIALECTS, query=PAIRS, token=st.sampled_from([PBX, OPERATOR, ONLY_OFFICE]))
async def test_any_parameters_get_a_whole_answer(
    site: Site, dialect: str, query: str, token: str
) -> None:
    """Whatever the parameters say, the answer is a documented one."""
    assert_documented(await site.ask(f"/hook/{dialect}?{query}", token=token))


@ASKED_SETTINGS
@given(dialect=DIALECTS, raw=RAW)
async def test_any_query_bytes_get_a_whole_answer(site: Site, dialect: str, raw: bytes) -> None:
    """Whatever bytes a query string holds, the answer is a documented one."""
    assert_documented(await site.ask(f"/hook/{dialect}?".encode() + raw))


@ASKED_SETTINGS
@given(query=PAIRS, body=st.binary(min_size=1, max_size=300) | PAIRS.map(str.encode))
async def test_any_form_gets_a_whole_answer(site: Site, query: str, body: bytes) -> None:
    """Whatever bytes a form holds, the answer is a documented one."""
    assert_documented(await site.post_form(f"/hook/3cx?{query}", body, OPERATOR))


@ASKED_SETTINGS
@given(
    header=st.binary(max_size=200).map(
        lambda raw: bytes(byte for byte in raw if byte >= 32 and byte != 127)
    )
)
async def test_any_authorization_gets_a_whole_answer(site: Site, header: bytes) -> None:
    """Whatever bytes the header holds, the answer is a documented one."""
    for scheme in ("Bearer bk_", "Bearer bk_pbx1_", "Basic ", ""):
        value = scheme + header.decode("utf-8", "surrogateescape")
        headers = {"Authorization": value}
        reply = await site.ask(f"/hook/3cx?did={LINKED}", token=None, headers=headers)
        assert_documented(reply)


async def test_troubles_do_not_stop_calls(site: Site, compiled: RoutingSnapshot) -> None:
    """A service with troubles answers as one without."""
    site.serving.put(replace(Service(compiled, TOKENS), troubles=("the disk is full",)))
    assert reached(await site.call("3cx", did=LINKED)) == "office"
