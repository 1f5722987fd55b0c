"""Whatever is sent, and whatever is amiss, the PBX gets a whole answer that it can route by."""

import asyncio
import json
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
from tests.http.hook_replies import LINKED, assert_bare, assert_refused, reached
from tests.http.site import (
    FIELDS,
    ONLY_OFFICE,
    OPERATOR,
    PBX,
    TOKENS,
    Reply,
    Site,
    serve_site,
)


@pytest.mark.parametrize("dialect", ["3cx", "swyx", "asterisk", "freeswitch", "generic"])
async def test_nothing_loaded_is_unavailable(empty_site: Site, dialect: str) -> None:
    """Before anything is loaded every call is told to route normally."""
    reply = await empty_site.call(dialect, did=LINKED, format="json")
    assert_refused(reply, "unavailable")


async def test_reasons_of_several_lines_fit_in_a_header(empty_site: Site) -> None:
    """Troubles that name several faults are still told with a 503."""
    empty_site.serving.put_troubles(("bad.yaml: one\nbad.yaml: two", "and a third"))
    assert_refused(await empty_site.call("3cx", did=LINKED), "unavailable")


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
    assert reply.status in {200, 400, 401, 403, 413, 429}, reply
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
