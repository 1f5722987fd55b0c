"""`bereikbaar pbx doctor` beside what may stand in the daemon's place, or answer amiss."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import pytest

from admin_cli import pbx_asking, pbx_fetch
from pbx_adapters import clock
from pbx_adapters.answer import ANSWER_FIELDS
from tests.e2e.daemon import NUMBER
from tests.e2e.test_audio import tone
from tests.pbx.bad_server import HUGE, Page, bad_server
from tests.pbx.doctor import Doctor
from tests.pbx.shell import KEY, signature_of

READY: Final = Page(b'{"status": "ok", "why": []}')


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("refused", "connection-refused"),
        ("slow", "answer-timed-out"),
        ("drip", "answer-timed-out"),
        ("huge", "answer-too-long"),
        ("redirect", "redirected"),
        ("html", "not-the-daemon"),
        ("empty", "not-the-daemon"),
        ("malformed", "not-the-daemon"),
        ("closed", "no-answer"),
        ("no-http", "no-answer"),
        ("bad-chunks", "no-answer"),
        ("cut", "no-answer"),
    ],
)
def test_what_is_no_daemon(doctor: Doctor, mode: str, code: str) -> None:
    """Each kind of it is told apart, in bounded time, and no redirect is followed."""
    with bad_server(mode) as server:
        assert doctor.find(server.url, "--number", NUMBER) == [code]
        assert not [path for path in server.requests if path.startswith("/followed")]


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("malformed", "answer-malformed"),
        ("empty", "answer-malformed"),
        ("html", "answer-malformed"),
        ("unknown-action", "answer-malformed"),
        ("unknown-status", "answer-malformed"),
        ("bad-forward", "answer-malformed"),
        ("400", "request-refused"),
        ("401", "token-refused"),
        ("403", "schedule-refused"),
        ("404", "request-refused"),
        ("429", "too-many-attempts"),
        ("500", "daemon-not-ready"),
        ("503", "daemon-not-ready"),
    ],
)
def test_answers_that_are_no_use(doctor: Doctor, mode: str, code: str) -> None:
    """Of a daemon that says it is ready."""
    with bad_server(mode) as server:
        server.pages["/-/ready"] = READY
        assert doctor.find(server.url, "--number", NUMBER) == [code]


@pytest.mark.parametrize(
    ("page", "codes"),
    [
        (Page(b'{"status": "degraded", "why": ["no disk"]}'), ["daemon-degraded"]),
        (Page(b'{"status": "starting", "why": []}', 503), ["daemon-not-ready"]),
        (replace(READY, headers={"Date": "Sun, 22 Nov 2020 10:00:00 GMT"}), ["clock-differs"]),
        (replace(READY, headers={"Date": "yesterday"}), []),
    ],
)
def test_readiness_and_clock(doctor: Doctor, page: Page, codes: list[str]) -> None:
    """What the daemon says of itself, and what time it is there."""
    with bad_server("unknown-action") as server:
        server.pages["/-/ready"] = page
        found = doctor.find(server.url, "--number", NUMBER)
    # The server sends a date of its own first.
    assert [code for code in found if code != "answer-malformed"] == codes


@pytest.mark.parametrize("path", ["/-/ready", "/hook/generic"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "not-the-daemon"),
        (502, "proxy-without-daemon"),
        (503, "proxy-without-daemon"),
        (504, "proxy-without-daemon"),
    ],
)
def test_a_proxy_without_its_daemon(doctor: Doctor, path: str, status: int, code: str) -> None:
    """Its own page says that nobody answers behind it, at once or from a moment on."""
    with bad_server("500") as server:
        page = Page(b"<html><h1>Bad Gateway</h1></html>", status)
        server.pages |= {"/-/ready": READY, path: page}
        assert doctor.find(server.url, "--number", NUMBER) == [code]


def _answer(**others: str) -> Page:
    fields = dict.fromkeys(ANSWER_FIELDS, "")
    fields |= {"status": "closed", "action": "hangup", "reason": "weekly", "schedule": "office"}
    return Page(json.dumps(fields | others).encode())


def _table(**others: object) -> bytes:
    """Return a table of which one field may be another."""
    now = clock.utc_now()
    start, end = (f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 6))
    treatment = dict.fromkeys(("audio", "forward", "voicemail"), "")
    interval = {"from": start, "until": end, "status": "closed", "action": "hangup", **treatment}
    table = {"generated_at": start, "expires_at": end, "intervals": [interval]}
    return json.dumps(table | others).encode()


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ({"error": "forward-refused"}, ["forward-refused"]),
        ({"error": "audio-missing"}, ["audio-missing"]),
        ({"reason": "outside-service"}, ["outside-service"]),
        ({"audio": "../x.wav"}, ["answer-malformed"]),
    ],
)
def test_answers_that_say_something_is_wrong(
    doctor: Doctor, answer: dict[str, str], codes: list[str]
) -> None:
    """The call goes on, but not as the schedule says."""
    assert _found_beside(doctor, answer, _table()) == codes


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (b"{}", "table-malformed"),
        (b"[]", "table-malformed"),
        (_table(intervals=[]), "table-malformed"),
        (_table(expires_at="2020-01-01T00:00:00Z"), "table-malformed"),
        (_table().replace(b"-", b"1"), "table-not-in-force"),
        (_table().replace(b"hangup", b"continue"), "table-differs"),
        (_table().ljust(1_048_577), "table-too-long"),
    ],
    ids=("no fields", "a list", "no intervals", "a gap", "of later", "otherwise", "too long"),
)
def test_tables_that_could_not_stand_in(doctor: Doctor, table: bytes, code: str) -> None:
    """Rightly signed, but wrong, or longer than every script takes."""
    at = f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
    assert _found_beside(doctor, {"at": at}, table) == [code]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (tone(0.1), ["audio-elsewhere"]),
        (tone(0.2), ["audio-elsewhere", "audio-damaged"]),
        (b"RIFF", ["audio-elsewhere", "audio-unplayable"]),
        (b"", ["audio-elsewhere", "audio-unavailable"]),
        (bytes(HUGE + 1), ["audio-elsewhere", "answer-too-long"]),
    ],
    ids=len,
)
def test_messages_that_could_not_be_played(doctor: Doctor, body: bytes, codes: list[str]) -> None:
    """Not there, altered, no recording, or far too long."""
    named = body if body == b"RIFF" else tone(0.1)
    name = f"{sha256(named).hexdigest()}.wav"
    answer = {"audio": name, "audio_url": f"http://192.0.2.1/audio/{name}"}
    page = Page(body) if body else Page(b"{}", 404)
    assert _found_beside(doctor, answer, _table(), {f"/audio/{name}": page}) == codes


def _found_beside(
    doctor: Doctor, answer: dict[str, str], table: bytes, pages: dict[str, Page] | None = None
) -> list[str]:
    """Return what is found where a daemon answers thus."""
    with bad_server("500") as server:
        signed = Page(table, headers={"Bereikbaar_Signature": signature_of(table)})
        server.pages |= {"/-/ready": READY, "/hook/generic": _answer(**answer)}
        server.pages |= {"/table": signed} | (pages or {})
        # So that a busy machine is no finding.
        patiently = ("--timeout", "30")
        return doctor.find(server.url, "--number", NUMBER, "--table-key", KEY, *patiently)


@pytest.mark.parametrize(("seconds", "code"), [(15.0, "slow"), (30.0, "too-slow")])
def test_answers_that_take_long(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, seconds: float, code: str
) -> None:
    """More than half of what a call waits, or more than all of it."""
    real = pbx_fetch.fetch
    taken = seconds + 0.1

    def late(*arguments: Any, **options: Any) -> pbx_fetch.Reply:
        return real(*arguments, **options)._replace(seconds=taken)

    monkeypatch.setattr(pbx_asking, "fetch", late)
    assert _found_beside(doctor, {}, _table()) == [code]
