"""What the hook takes for a question: parameters, forms, bodies and instants."""

import pytest

from tests.http.hook_replies import LINKED, assert_refused, reached
from tests.http.site import (
    OPERATOR,
    Site,
)


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
