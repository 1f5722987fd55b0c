"""The library that the Lua scripts share: answers and tables are read strictly, or not at all."""

import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pbx_adapters.signed_table import render_table
from tests.engine import OFFICE_DAY, instant, schedule_of, table_of
from tests.pbx.lua_runtimes import RUNTIMES, Lua, load_library, new_runtime, to_dict

KEY = bytes(range(32))
NOW = b"2026-11-22T12:00:00Z"
HEAD = (
    b'{"schedule":"office","revision":"1","generated_at":"2026-11-22T10:00:00Z",'
    b'"expires_at":"2026-11-29T10:00:00Z","intervals":[\n'
)
FIRST = (
    b'{"from":"2026-11-22T10:00:00Z","until":"2026-11-22T16:00:00Z","status":"open",'
    b'"action":"continue","forward":"","schedule_name":"De \\"Zon\\" \\\\ caf\xc3\xa9","error":""}'
)
LAST = (
    b'{"from":"2026-11-22T16:00:00Z","until":"2026-11-29T10:00:00Z","status":"closed",'
    b'"action":"forward","forward":"+31612345678","schedule_name":"","error":""}'
)
TABLE = HEAD + FIRST + b",\n" + LAST + b"\n]}\n"


@pytest.fixture(scope="module", params=RUNTIMES)
def library(request: pytest.FixtureRequest) -> Lua:
    """Load the library in every Lua."""
    return load_library(new_runtime(request.param))


def signature(body: bytes, key: bytes = KEY) -> bytes:
    """Sign a table as the daemon does."""
    return b"v1=" + hmac.digest(key, body, "sha256").hex().encode()


def plan_of(library: Lua, **fields: str) -> dict[str, str] | str:
    """Return the plan for an answer with these fields, or why there is none."""
    whole = {"status": "closed", "action": "hangup", "error": ""} | fields
    text = "".join(f"{key}={value}\r\n" for key, value in whole.items())
    planned = library[b"answer"][b"plan"](library[b"answer"][b"read_text"](text.encode()))
    return str(planned[1].decode()) if isinstance(planned, tuple) else to_dict(planned)


def test_an_answer_is_read(library: Lua) -> None:
    """Fields may be empty, hold `=`, and be of any alphabet."""
    read = library[b"answer"][b"read_text"]("status=open\r\nrule=\r\nname=a=b é\r\n".encode())
    assert to_dict(read) == {"status": "open", "rule": "", "name": "a=b é"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"status=open\r\naction=forward\r\nforward=+3161", id="cut-off"),
        pytest.param(b"<html>\n", id="html"),
        pytest.param(b'{"status":"open"}\n', id="json"),
        pytest.param(b"status=open\r\nstatus=closed\r\n", id="twice"),
        pytest.param(b"a=" + b"x" * 16_384 + b"\n", id="too-long"),
    ],
)
def test_anything_else_is_no_answer(library: Lua, body: bytes) -> None:
    """Nothing of it is used."""
    assert library[b"answer"][b"read_text"](body) is None


@pytest.mark.parametrize(
    ("fields", "planned"),
    [
        pytest.param({}, {"action": "hangup"}, id="hangup"),
        pytest.param(
            {"action": "forward", "forward": "+31612345678"},
            {"action": "forward", "forward": "+31612345678"},
            id="forward",
        ),
        pytest.param({"forward": "+31612345678"}, {"forward": ""}, id="forward-not-asked-for"),
        pytest.param({"audio": "ab" * 32 + ".wav"}, {"audio": "ab" * 32 + ".wav"}, id="audio"),
        pytest.param({"audio": "../" + "a" * 61 + ".wav"}, {"audio": ""}, id="audio-elsewhere"),
        pytest.param({"audio": "AB" * 32 + ".wav"}, {"audio": ""}, id="audio-capitals"),
        pytest.param({"voicemail": "a@b.nl"}, {"voicemail": "a@b.nl"}, id="voicemail"),
        pytest.param({"voicemail": 'a"@b.nl'}, {"voicemail": ""}, id="voicemail-quote"),
        pytest.param({"error": "audio-missing"}, {"action": "hangup"}, id="error-is-no-obstacle"),
    ],
)
def test_a_plan_is_made(library: Lua, fields: dict[str, str], planned: dict[str, str]) -> None:
    """What can't be trusted is left out where the call can do without it."""
    plan = plan_of(library, **fields)
    assert isinstance(plan, dict)
    assert {key: plan[key] for key in planned} == planned


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param({"action": "dance"}, "unknown action", id="action"),
        pytest.param({"status": "ajar"}, "unknown status", id="status"),
        *(
            pytest.param(
                {"action": "forward", "forward": number},
                "unusable number to forward to",
                id=f"forward-{number or 'empty'}",
            )
            for number in (
                "",
                "0612345678",
                "+0612345678",
                "+31612",
                "+3161234567890123",
                "+31612a45",
            )
        ),
    ],
)
def test_no_plan_is_made(library: Lua, fields: dict[str, str], why: str) -> None:
    """Each obstacle has its word for the log."""
    assert plan_of(library, **fields) == why


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param(rb'{"a":"\"\\\/\n\u0007"}', {"a": '"\\/\n\a'}, id="escapes"),
        pytest.param(rb'{"a":"\\u0041","b":"\\"}', {"a": r"\u0041", "b": "\\"}, id="backslash"),
        pytest.param('{"é":"€"}'.encode(), {"é": "€"}, id="utf-8"),
    ],
)
def test_json_is_read(library: Lua, text: bytes, fields: dict[str, str]) -> None:
    """One flat object, whose every value is a string."""
    assert to_dict(library[b"answer"][b"read_json"](text)) == fields


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no-fields"),
        pytest.param(b'{"a":1}', id="number"),
        pytest.param(b'{"a":{"b":"c"}}', id="nested"),
        pytest.param(b'{"a":"b"', id="not-closed"),
        pytest.param(b'{"a":"b\\"}', id="string-not-closed"),
        pytest.param(b'{"a":"b"} ', id="something-behind"),
        pytest.param(b'{"a":"b","a":"c"}', id="twice"),
        pytest.param(b'{"a":"b",}', id="comma-behind"),
        pytest.param(rb'{"a":"\x41"}', id="no-escape"),
        pytest.param(rb'{"a":"\u20ac"}', id="escape-nobody-needs"),
    ],
)
def test_other_json_is_not_read(library: Lua, text: bytes) -> None:
    """An interval is of the promised form, or none."""
    assert library[b"answer"][b"read_json"](text) is None


def test_urls_are_encoded(library: Lua) -> None:
    """Byte by byte, so that any text arrives as it was."""
    assert library[b"urlencode"]("+31 é/&=~-._".encode()) == b"%2B31%20%C3%A9%2F%26%3D~-._"


def verify(library: Lua, body: bytes, sign: bytes, key: bytes = KEY, now: bytes = NOW) -> str:
    """Return why a table may not be used, or nothing."""
    verified = library[b"table"][b"verify"](body, sign, key.hex().encode(), now)
    return str(verified[1].decode()) if isinstance(verified, tuple) else ""


@pytest.mark.parametrize(
    ("now", "why"),
    [
        pytest.param(b"2026-11-22T09:59:59Z", "table expired", id="before"),
        pytest.param(b"2026-11-22T10:00:00Z", "", id="first-second"),
        pytest.param(b"2026-11-29T09:59:59Z", "", id="last-second"),
        pytest.param(b"2026-11-29T10:00:00Z", "table expired", id="expired"),
    ],
)
def test_a_table_has_its_time(library: Lua, now: bytes, why: str) -> None:
    """From when it was made until it expires."""
    assert verify(library, TABLE, signature(TABLE), now=now) == why


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(signature(TABLE, bytes(32)), id="other-key"),
        pytest.param(signature(TABLE + b" "), id="other-bytes"),
        pytest.param(signature(TABLE)[3:], id="no-version"),
        pytest.param(signature(TABLE)[:-1], id="short"),
        pytest.param(signature(TABLE).replace(b"v1", b"v2"), id="other-version"),
        pytest.param(b"", id="none"),
    ],
)
def test_a_wrong_signature_is_seen(library: Lua, sign: bytes) -> None:
    """Nothing of such a table is looked at."""
    assert verify(library, TABLE, sign) == "table wrongly signed"


def test_a_table_needs_a_key(library: Lua) -> None:
    """An installation without key doesn't take what is signed with an empty one."""
    assert verify(library, TABLE, signature(TABLE, b""), b"") == "table wrongly signed"


@pytest.mark.parametrize(
    ("schedule", "why"), [(b"", ""), (b"office", ""), (b"shop", "table of another schedule")]
)
def test_a_table_is_of_the_schedule_asked_for(library: Lua, schedule: bytes, why: str) -> None:
    """The daemon's own table of another one decides nothing here."""
    key = KEY.hex().encode()
    verified = library[b"table"][b"verify"](TABLE, signature(TABLE), key, NOW, schedule)
    assert (verified[1].decode() if isinstance(verified, tuple) else "") == why


def test_a_signed_text_that_is_no_table(library: Lua) -> None:
    """Even the daemon's own signature doesn't make it one."""
    assert verify(library, b"hello\n", signature(b"hello\n")) == "malformed table"


@pytest.mark.parametrize(
    ("now", "status", "name"),
    [
        pytest.param(NOW, "open", 'De "Zon" \\ café', id="first"),
        pytest.param(b"2026-11-22T15:59:59Z", "open", 'De "Zon" \\ café', id="last-second"),
        pytest.param(b"2026-11-22T16:00:00Z", "closed", "", id="next"),
    ],
)
def test_the_interval_that_holds(library: Lua, now: bytes, status: str, name: str) -> None:
    """Moments are in the order of their text."""
    found = to_dict(library[b"table"][b"find"](TABLE, now))
    assert (found["status"], found["schedule_name"]) == (status, name)


def test_no_interval_holds(library: Lua) -> None:
    """Outside all of them."""
    assert library[b"table"][b"find"](TABLE, b"2026-11-29T10:00:00Z") is None


def test_every_interval_of_a_real_table_is_found(library: Lua) -> None:
    """As a reader of JSON reads it, from its first second to its last."""
    schedule = schedule_of(OFFICE_DAY, name='De "Zon" \\ café €')
    body = render_table(table_of(schedule), instant("2026-03-27T12:34:56"), "https://b.example.nl")
    intervals = json.loads(body)["intervals"]
    assert len(intervals) > 20
    for interval in intervals:
        last = datetime.fromisoformat(interval["until"]) - timedelta(seconds=1)
        for now in (interval["from"], f"{last:%Y-%m-%dT%H:%M:%SZ}"):
            assert to_dict(library[b"table"][b"find"](body, now.encode())) == interval


def test_a_table_is_kept(library: Lua, tmp_path: Path) -> None:
    """Written whole, over the one before, and read back as it was; nothing else is left there."""
    table, path = library[b"table"], tmp_path / "kept"
    path.write_text("what was there before")
    where, key = str(path).encode(), KEY.hex().encode()
    kept = table[b"keep"](where, TABLE, signature(TABLE), key, NOW)
    assert kept[0] is True
    assert table[b"read"](where) == (TABLE, signature(TABLE))
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_wrong_table_is_not_kept(library: Lua, tmp_path: Path) -> None:
    """The one that is there stays."""
    path = tmp_path / "kept"
    path.write_text("what was there before")
    key = KEY.hex().encode()
    kept = library[b"table"][b"keep"](str(path).encode(), TABLE, signature(b""), key, NOW)
    assert kept == (False, b"table wrongly signed")
    assert path.read_text() == "what was there before"


def test_an_older_table_is_not_kept(library: Lua, tmp_path: Path) -> None:
    """Somebody may have seen it go by, and sent it again; nor is one that a fast clock made."""
    table, path = library[b"table"], tmp_path / "kept"
    where, key = str(path).encode(), KEY.hex().encode()
    older = TABLE.replace(b"22T10", b"22T09")
    assert table[b"keep"](where, TABLE, signature(TABLE), key, NOW)[0] is True
    refused = table[b"keep"](where, older, signature(older), key, NOW)
    assert refused == (False, b"table older than the one that is kept")
    assert table[b"read"](where)[0] == TABLE
    assert table[b"keep"](where, older, signature(older), key, b"2026-11-22T09:30:00Z")[0] is True


@pytest.mark.parametrize(
    ("oldest", "now", "is_due"),
    [
        pytest.param(b"2026-11-22T09:59:00Z", b"2026-11-22T10:09:00Z", False, id="young"),
        pytest.param(b"2026-11-22T10:00:01Z", b"2026-11-22T10:10:01Z", True, id="old"),
        pytest.param(b"2026-11-22T09:49:00Z", b"2026-11-22T09:59:00Z", True, id="of-the-future"),
    ],
)
def test_a_table_is_renewed_in_time(
    library: Lua, tmp_path: Path, oldest: bytes, now: bytes, *, is_due: bool
) -> None:
    """Also when the clock was set back since."""
    path = tmp_path / "kept"
    path.write_bytes(signature(TABLE) + b"\n" + TABLE)
    assert library[b"table"][b"is_due"](str(path).encode(), oldest, now) is is_due


def test_a_missing_table_is_due(library: Lua, tmp_path: Path) -> None:
    """So is one that can't be read."""
    path = tmp_path / "kept"
    due = library[b"table"][b"is_due"]
    assert due(str(path).encode(), NOW, NOW) is True
    path.write_text("nonsense")
    assert due(str(path).encode(), NOW, NOW) is True


def test_names_of_files_differ(library: Lua) -> None:
    """One number or schedule each, whatever it is made of."""
    name = library[b"table"][b"file_name"]
    asked = [
        b"did +31",
        b"did 031",
        b"did_2b31",
        b"did ../x",
        b"schedule a",
        b"x" * 200,
        b"x" * 201,
    ]
    names = {name(one).decode() for one in asked}
    assert len(names) == len(asked)
    assert all(set(one) <= set("bereikbaar-.table_0123456789abcdefdidschedulex") for one in names)


def test_moments_are_utc(library: Lua) -> None:
    """As the table writes them."""
    assert library[b"table"][b"moment"](60, 0) == b"1970-01-01T00:01:00Z"
