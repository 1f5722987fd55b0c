"""The hook's answers byte for byte, worked out from contract.md by hand."""

import json

import pytest

from tests.engine import SHA256, instant
from tests.http.site import OPERATOR, Site

# Monday 23 November 2026, 12:45 in Amsterdam (UTC+1): break 12:30-13:00, then open.
BREAK_JSON = (
    '{"status":"break","action":"hangup",'
    f'"audio":"{SHA256}.wav",'
    f'"audio_url":"https://bereikbaar.example.nl/audio/{SHA256}.wav",'
    '"forward":"","voicemail":"","schedule":"office",'
    '"schedule_name":"Café \\"De Hoek\\" & Zn",'
    '"reason":"weekly","rule":"week/mon","at":"2026-11-23T11:45:00Z",'
    '"valid_until":"2026-11-23T12:00:00Z","next_status":"open","revision":"7",'
    '"decision_id":"ID","error":""}'
)
BREAK_TEXT = (
    "status=break\r\n"
    "action=hangup\r\n"
    f"audio={SHA256}.wav\r\n"
    f"audio_url=https://bereikbaar.example.nl/audio/{SHA256}.wav\r\n"
    "forward=\r\n"
    "voicemail=\r\n"
    "schedule=office\r\n"
    'schedule_name=Café "De Hoek" & Zn\r\n'
    "reason=weekly\r\n"
    "rule=week/mon\r\n"
    "at=2026-11-23T11:45:00Z\r\n"
    "valid_until=2026-11-23T12:00:00Z\r\n"
    "next_status=open\r\n"
    "revision=7\r\n"
    "decision_id=ID\r\n"
    "error=\r\n"
)
BREAK_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<decision status="break" action="hangup" '
    f'audio="{SHA256}.wav" '
    f'audio_url="https://bereikbaar.example.nl/audio/{SHA256}.wav" '
    'forward="" voicemail="" schedule="office" '
    "schedule_name='Café \"De Hoek\" &amp; Zn' "
    'reason="weekly" rule="week/mon" at="2026-11-23T11:45:00Z" '
    'valid_until="2026-11-23T12:00:00Z" next_status="open" revision="7" '
    'decision_id="ID" error=""/>\n'
)
GOLDEN = {
    "json": ("application/json", BREAK_JSON),
    "text": ("text/plain; charset=utf-8", BREAK_TEXT),
    "xml": ("text/xml; charset=utf-8", BREAK_XML),
}
DEFAULT_FORMATS = {
    "3cx": "json",
    "swyx": "text",
    "asterisk": "json",
    "freeswitch": "json",
    "generic": "json",
}
UNKNOWN_JSON = (
    '{"status":"unknown","action":"continue","audio":"","audio_url":"","forward":"",'
    '"voicemail":"","schedule":"","schedule_name":"","reason":"unknown-number","rule":"",'
    '"at":"2026-11-23T11:45:00Z","valid_until":"","next_status":"","revision":"",'
    '"decision_id":"ID","error":""}'
)
REFUSED_TEXT = (
    "status=unknown\r\naction=continue\r\naudio=\r\naudio_url=\r\nforward=\r\nvoicemail=\r\n"
    "schedule=\r\nschedule_name=\r\nreason=\r\nrule=\r\nat=2026-11-23T11:45:00Z\r\n"
    "valid_until=\r\nnext_status=\r\nrevision=\r\ndecision_id=ID\r\nerror=unauthorized\r\n"
)


@pytest.mark.parametrize("answer_format", GOLDEN)
@pytest.mark.parametrize("dialect", DEFAULT_FORMATS)
async def test_answer_is_the_golden_one(site: Site, dialect: str, answer_format: str) -> None:
    """Each dialect gives in each format the same fields in the same order, never chunked."""
    reply = await site.call(dialect, did="0850000000", format=answer_format)
    content_type, golden = GOLDEN[answer_format]
    assert (reply.status, reply.text) == (200, golden)
    assert reply.headers["content-type"] == content_type
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["cache-control"] == "no-store"
    assert not reply.headers.keys() & {"transfer-encoding", "content-encoding"}


@pytest.mark.parametrize(("dialect", "answer_format"), DEFAULT_FORMATS.items())
async def test_each_dialect_has_its_own_format(
    site: Site, dialect: str, answer_format: str
) -> None:
    """Without `format`, Swyx gets text, and the others JSON."""
    reply = await site.call(dialect, did="0850000000")
    assert reply.text == GOLDEN[answer_format][1]


async def test_answer_is_never_compressed(site: Site) -> None:
    """A client that would take a compressed answer gets a plain one."""
    headers = {"Accept-Encoding": "gzip, deflate"}
    reply = await site.ask("/hook/3cx?did=0850000000", headers=headers)
    assert reply.text == BREAK_JSON


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(
            "2026-11-23T08:29:59",
            {"status": "closed", "action": "voicemail", "voicemail": "desk@example.nl"},
            id="voicemail-until-the-last-second",
        ),
        pytest.param(
            "2026-11-23T08:30:00",
            {"status": "open", "action": "continue", "next_status": "break"},
            id="open-from-the-first-second",
        ),
        pytest.param(
            "2026-11-23T17:00:00",
            {"status": "closed", "action": "forward", "forward": "+31612345678"},
            id="forward",
        ),
        pytest.param(
            "2027-04-27T10:00:00",
            {
                "status": "closed",
                "action": "hangup",
                "reason": "holiday",
                "rule": "holidays/koningsdag",
                "valid_until": "2027-04-27T22:00:00Z",
            },
            id="holiday",
        ),
    ],
)
async def test_clock_decides(site: Site, at: str, expected: dict[str, str]) -> None:
    """The daemon's clock is the instant of a call, and answers hold to the second."""
    site.now = instant(at)
    answer = json.loads((await site.call("3cx", did="0850000000")).body)
    assert answer | expected == answer


async def test_answers_follow_one_another(site: Site) -> None:
    """A prepared answer is not given once another one holds."""
    statuses = []
    for at in ("2026-11-23T12:59:59", "2026-11-23T13:00", "2026-11-23T12:45"):
        site.now = instant(at)
        statuses.append(json.loads((await site.call(did="0850000000")).body)["status"])
    assert statuses == ["break", "open", "break"]


async def test_each_call_has_its_own_id(site: Site) -> None:
    """No two answers carry the same `decision_id`, refused ones included."""
    replies = [await site.call(did="0850000000") for _ in range(3)]
    replies.append(await site.call(did="0850000000", token=None))
    assert len({json.loads(reply.body)["decision_id"] for reply in replies}) == 4


@pytest.mark.parametrize(
    "did",
    ["0850000000", "+31850000000", "0031850000000", "31850000000", "sip:+31850000000@pbx.example"],
)
async def test_number_is_read_as_trunks_deliver_it(site: Site, did: str) -> None:
    """National, international and SIP forms of a number reach the same schedule."""
    assert (await site.call(did=did)).text == BREAK_JSON


@pytest.mark.parametrize("did", ["+31850000100", "0850000150", "0850000199"])
async def test_block_of_numbers_is_linked(site: Site, did: str) -> None:
    """Each number of a block reaches the schedule, both ends included."""
    assert (await site.call(did=did)).text == BREAK_JSON


@pytest.mark.parametrize(
    "did",
    [
        pytest.param("", id="empty"),
        pytest.param("anonymous", id="anonymous"),
        pytest.param("sip:anonymous@anonymous.invalid", id="anonymous-sip"),
        pytest.param("0850000099", id="before-the-block"),
        pytest.param("0850000200", id="after-the-block"),
        pytest.param("12", id="extension"),
        pytest.param("\u0660\u0661\u0662\u0663", id="other-digits"),
        pytest.param("\x00", id="nul"),
        pytest.param("9" * 256, id="longest"),
    ],
)
async def test_number_that_reaches_nothing_is_unknown(site: Site, did: str) -> None:
    """Unlinked, empty and unreadable numbers take the PBX's normal route (rule 16)."""
    reply = await site.call(did=did)
    assert (reply.status, reply.text) == (200, UNKNOWN_JSON)


@pytest.mark.parametrize("schedule", ["nowhere", "", "../office", "OFFICE"])
async def test_unknown_schedule_is_unknown(site: Site, schedule: str) -> None:
    """A schedule's id that there is none of takes the normal route."""
    reply = await site.call(schedule=schedule)
    assert (reply.status, reply.text) == (200, UNKNOWN_JSON)


async def test_schedule_can_be_asked_by_id(site: Site) -> None:
    """`schedule` asks a schedule without its number."""
    assert (await site.call(schedule="office")).text == BREAK_JSON


@pytest.mark.parametrize("asked", [{"did": "+31850000009"}, {"schedule": "broken"}])
async def test_schedule_without_table_is_out_of_service(site: Site, asked: dict[str, str]) -> None:
    """A linked number whose schedule has no usable table is told from an unknown one."""
    reply = await site.call("swyx", **asked)
    assert reply.status == 200
    assert reply.text == (
        "status=unknown\r\naction=continue\r\naudio=\r\naudio_url=\r\nforward=\r\nvoicemail=\r\n"
        "schedule=broken\r\nschedule_name=\r\nreason=outside-service\r\nrule=\r\n"
        "at=2026-11-23T11:45:00Z\r\nvalid_until=\r\nnext_status=\r\nrevision=\r\n"
        "decision_id=ID\r\nerror=unavailable\r\n"
    )


async def test_refusal_has_the_same_fields(site: Site) -> None:
    """A script that ignores the status code reads a refusal as: route normally."""
    reply = await site.call("swyx", did="0850000000", token=None)
    assert (reply.status, reply.text) == (401, REFUSED_TEXT)


@pytest.mark.parametrize("answer_format", ["json", "text", "xml"])
async def test_refusal_comes_in_the_form_asked_for(site: Site, answer_format: str) -> None:
    """`format` shapes refusals as well."""
    reply = await site.call("3cx", did="1", format=answer_format, token=None)
    assert reply.headers["content-type"] == GOLDEN[answer_format][0]
    assert reply.headers["cache-control"] == "no-store"


async def test_refusal_of_a_form_comes_in_the_form_asked_for(site: Site) -> None:
    """`format` inside a form shapes refusals as well."""
    reply = await site.post_form("/hook/3cx", b"did=1&schedule=office&format=xml")
    assert (reply.status, reply.headers["content-type"]) == (400, "text/xml; charset=utf-8")


async def test_simulation_gives_its_own_instant(site: Site) -> None:
    """With `at`, the answer is that of the instant asked for."""
    reply = await site.call("3cx", OPERATOR, did="0850000000", at="2026-11-24T10:00")
    assert reply.text == (
        '{"status":"open","action":"continue","audio":"","audio_url":"","forward":"",'
        '"voicemail":"","schedule":"office","schedule_name":"Café \\"De Hoek\\" & Zn",'
        '"reason":"weekly","rule":"week/tue","at":"2026-11-24T09:00:00Z",'
        '"valid_until":"2026-11-24T11:30:00Z","next_status":"break","revision":"7",'
        '"decision_id":"ID","error":""}'
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-25T10:00", "2026-12-25T09:00:00Z"),
        ("2026-12-25 10:00", "2026-12-25T09:00:00Z"),
        ("2026-07-01T10:00:59", "2026-07-01T08:00:59Z"),
        ("2026-12-25T10:00Z", "2026-12-25T10:00:00Z"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z"),
        ("2000-01-01T00:00", "1999-12-31T23:00:00Z"),
        ("2100-12-31T23:59", "2100-12-31T22:59:00Z"),
    ],
)
async def test_instant_to_simulate_is_read(site: Site, at: str, expected: str) -> None:
    """`at` is an instant, or a local time of the schedule's zone."""
    reply = await site.call("3cx", OPERATOR, schedule="office", at=at)
    assert json.loads(reply.body)["at"] == expected


async def test_explain_lists_every_rule(site: Site) -> None:
    """`explain` adds `considered`, winner first, after the fields of the answer."""
    reply = await site.call("3cx", OPERATOR, did="0850000000", at="2027-04-27T10:00", explain="1")
    answer = json.loads(reply.body)
    assert list(answer)[-2:] == ["error", "considered"]
    assert answer["considered"] == [
        {
            "rule": "holidays/koningsdag",
            "title": "Koningsdag",
            "wins": True,
            "why": "holiday koningsdag",
            "slot": "00:00-24:00",
            "status": "closed",
            "action": "hangup",
        },
        {
            "rule": "week/tue",
            "title": "Dinsdag",
            "wins": False,
            "why": "weekly hours of Tuesday; beaten by holiday koningsdag",
            "slot": "08:30-12:30",
            "status": "open",
            "action": "continue",
        },
    ]


@pytest.mark.parametrize("answer_format", ["text", "xml"])
async def test_explain_adds_to_json_only(site: Site, answer_format: str) -> None:
    """Text and XML stay flat."""
    reply = await site.call("3cx", OPERATOR, did="0850000000", explain="1", format=answer_format)
    assert reply.text == GOLDEN[answer_format][1]


@pytest.mark.parametrize("asked", [{"did": "1"}, {"schedule": "broken"}])
async def test_explain_of_nothing_is_empty(site: Site, asked: dict[str, str]) -> None:
    """Where no rule was considered, the list is there and empty."""
    reply = await site.call("3cx", OPERATOR, explain="1", **asked)
    assert json.loads(reply.body)["considered"] == []
