"""The 3CX script under Mono: beside the real daemon, and beside servers that misbehave."""

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.daemon import Daemon, new_daemon
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.matrix import Column, Matrix
from tests.pbx.suites import find_beside
from tests.pbx.threecx.mono import PBX, Script
from tests.pbx.threecx.site import (
    DIGEST,
    FORWARDED,
    HEARD,
    NORMAL,
    TREATED,
    answer_of,
    put_beside,
    timeout_ms_of,
)
from tests.pbx.treated import FAILURES, MESSAGE, SCENARIOS, UNTRUSTED

pytestmark = pytest.mark.pbx

COLUMNS: Final = (
    Column(
        PBX,
        (*SCENARIOS, "holiday"),
        suite="bullseye",
    ),
)


@pytest.mark.parametrize("scenario", TREATED)
def test_a_call_is_treated_as_the_daemon_says(
    matrix: Matrix, daemon: Daemon, script: Script, scenario: str
) -> None:
    """Each action, and the message before it; asked for by the number called."""
    number, treatment, lot = TREATED[scenario]
    put_beside(daemon, script)
    with matrix.scenario(PBX, scenario):
        call = script.call(number)
        assert (call.source, call.lot) == ("daemon", lot), call.events
        assert call.played == (HEARD if "audio=m" in treatment else ())


def test_a_holiday_is_treated_as_the_daemon_says(
    matrix: Matrix, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the daemon's clock on Koningsdag."""
    monkeypatch.setenv("LD_PRELOAD", str(find_beside("libfaketime.so.1")))
    monkeypatch.setenv("FAKETIME", "@2027-04-27 10:00:00")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    with new_daemon(tmp_path) as daemon, matrix.scenario(PBX, "holiday"):
        daemon.save(
            "open",
            numbers=["+31850000011"],
            forwards={"f": {"name": "F", "number": "+31612345678"}},
            holidays={"koningsdag": {"slots": ["00:00-24:00 closed forward=f"]}},
        )
        daemon.start()
        put_beside(daemon, script)
        assert script.call("+31850000011").lot == FORWARDED


def test_an_unknown_number_takes_the_normal_route(
    matrix: Matrix, daemon: Daemon, script: Script
) -> None:
    """Whatever the trunk says was called."""
    put_beside(daemon, script)
    with matrix.scenario(PBX, "unknown number"):
        for called in ("+31850009999", "", "anonymous", 'x"&y=\\ é'):
            assert script.call(called, "").lot == NORMAL


@pytest.mark.parametrize("mode", UNTRUSTED)
def test_anything_unexpected_takes_the_normal_route(
    matrix: Matrix, script: Script, mode: str
) -> None:
    """Whatever the answer says besides, and however late it comes; no other host is asked."""
    with bad_server(mode) as server, matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")):
        script.set(BaseUrl=server.url, TimeoutMs=timeout_ms_of(mode))
        call = script.call("+31850000000")
        assert call.lot == NORMAL, call.events
        assert not [path for path in server.requests if path.startswith("/followed")]


@pytest.mark.parametrize("path", ["/hook/3cx", f"/audio/{DIGEST}.wav"])
def test_no_redirect_is_followed(script: Script, path: str) -> None:
    """Not even to the same server, where the right thing would be."""
    with bad_server("404") as server:
        server.pages |= {
            "/hook/3cx": Page(answer_of(audio=f"{DIGEST}.wav")),
            f"/audio/{DIGEST}.wav": Page(MESSAGE),
        }
        server.pages["/followed"] = server.pages[path]
        server.pages[path] = Page(b"", 302, {"Location": f"{server.url}/followed"})
        script.set(BaseUrl=server.url)
        call = script.call("+31850000000")
        assert (call.lot, call.played) == (NORMAL if path == "/hook/3cx" else "hung up", ())
        assert "/followed" not in server.requests


def test_the_request_is_what_the_hook_expects(script: Script) -> None:
    """Percent-encoded UTF-8, the token, as text."""
    with bad_server("404") as server:
        script.set(BaseUrl=server.url)
        script.call("+31 85&\u00e9", "a b")
        assert server.requests == [
            "/hook/3cx?format=text&did=%2B31%2085%26%C3%A9&cli=a%20b&callid=17"
        ]
        assert server.authorizations == ["Bearer bk_0123_secret"]


@pytest.mark.parametrize("fault", ["PlayPrompt", "AssureMedia", "no media", "Info"])
def test_a_fault_of_3cx_while_playing_costs_the_message_alone(
    daemon: Daemon, script: Script, fault: str
) -> None:
    """The call is treated as told."""
    put_beside(daemon, script)
    assert script.call("+31850000007", "", fault).events[-1] == FORWARDED


@pytest.mark.parametrize("fault", ["Caller", "CallID", "Terminate"])
def test_a_fault_of_3cx_takes_the_normal_route(daemon: Daemon, script: Script, fault: str) -> None:
    """No call ends by an error of the script's own."""
    put_beside(daemon, script)
    assert script.call("+31850000004", "", fault).lot == NORMAL
