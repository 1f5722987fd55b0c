"""The FreeSWITCH scripts in a FreeSWITCH of our own, beside the real daemon and bad ones."""

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from pbx_adapters import clock
from pbx_adapters.auth import create_token
from pbx_adapters.pbx_scripts import Installation, render_scripts
from schedules.errors import FaultyValueError
from tests.e2e.daemon import Daemon, wait_until
from tests.pbx.bad_server import MODES, Page, bad_server
from tests.pbx.freeswitch import CALLED, FreeSwitch, Outcome, write_script
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import TOKEN, signature_of, table_page
from tests.pbx.treated import (
    ANSWERING,
    FAILURES,
    MESSAGE,
    SCENARIOS,
    TABLES_THAT_DO_NOT_HOLD,
    TREATED,
    forwarding_table,
    treating_daemon,
)

PBX: Final = "freeswitch (Lua, simulated)"
COLUMNS: Final = (
    Column(
        PBX,
        SCENARIOS,
        not_run={"holiday": "the script can't tell it from other closed days; see the others"},
    ),
)
RUNTIMES: Final = ("lua51", "lua52", "lua53", "luajit21")
VOICEMAIL: Final = "default ${domain_name} 1000"
SETTINGS: Final = {"mailbox": "1000", "trunk": "sofia/gateway/trunk/{number}"}
PLAYED: Final = [("answer", ""), ("sleep", "500"), ("streamFile", "")]
ACTIONS: Final = {
    "hangup": [("hangup", "")],
    "forward +31612345678": [("bridge", "sofia/gateway/trunk/+31612345678")],
    "voicemail desk@example.nl": [
        *(("answer", ""), ("sleep", "500"), ("voicemail", VOICEMAIL), ("hangup", "")),
    ],
    "continue": [],
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with treating_daemon(tmp_path_factory.mktemp("freeswitch")) as daemon:
        yield daemon


def call_daemon(daemon: Daemon, folder: Path, called: str, /, **others: object) -> Outcome:
    """Place a call that the real daemon decides."""
    runtime = str(others.pop("runtime", "lua52"))
    url = f"http://127.0.0.1:{daemon.port}"
    given = {"token": daemon.token, "settings": SETTINGS} | others
    return FreeSwitch(write_script(folder, url, **given), runtime, called=called).run()


def call_server(url: str, folder: Path, **others: object) -> Outcome:
    """Place a call that another server decides, or the table in the folder."""
    return FreeSwitch(write_script(folder, url, **others)).run()


def without_path(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what was done, whatever file was played."""
    return [(name, "" if name == "streamFile" else given) for name, given in outcome.actions]


@pytest.mark.parametrize("scenario", TREATED)
def test_call_is_treated_as_decided(
    matrix: Matrix, daemon: Daemon, tmp_path: Path, scenario: str
) -> None:
    """The message comes first, then the action; the normal route is nothing done at all."""
    number, treatment, lot = TREATED[scenario]
    is_heard = "audio=m" in treatment
    with matrix.scenario(PBX, scenario):
        outcome = call_daemon(daemon, tmp_path, number, table_key="")
        assert without_path(outcome) == [*(PLAYED if is_heard else []), *ACTIONS[lot]]
        paths = [Path(path) for name, path in outcome.actions if name == "streamFile"]
        assert [path.read_bytes() for path in paths] == ([MESSAGE] if is_heard else [])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_lua_that_freeswitch_is_built_with(
    daemon: Daemon, tmp_path: Path, runtime: str
) -> None:
    """Debian's has 5.2 or 5.3; one built from source may have another."""
    number, _, lot = TREATED["forwarded"]
    outcome = call_daemon(daemon, tmp_path, number, table_key="", runtime=runtime)
    assert without_path(outcome) == [*PLAYED, *ACTIONS[lot]]


def test_unknown_number_takes_the_normal_route(
    matrix: Matrix, daemon: Daemon, tmp_path: Path
) -> None:
    """A route that was named, where one is."""
    with matrix.scenario(PBX, "unknown number"):
        number = "+31850009999"
        assert call_daemon(daemon, tmp_path, number).actions == []
        outcome = call_daemon(daemon, tmp_path, number, default_route="1000 XML default")
        assert outcome.actions == [("transfer", "1000 XML default")]


@pytest.mark.parametrize("fixed", [{"schedule": "forwarded"}, {"number": "+31850000002"}])
def test_what_is_asked_may_be_fixed(daemon: Daemon, tmp_path: Path, fixed: dict[str, str]) -> None:
    """Then it doesn't matter what number the trunk says was called."""
    outcome = call_daemon(daemon, tmp_path, "anonymous", **fixed)
    assert outcome.actions[-1] == ("bridge", "sofia/gateway/trunk/+31612345678")


def test_message_is_downloaded_once(daemon: Daemon, tmp_path: Path) -> None:
    """A second caller hears the file that the first one's call brought, and no shell is run."""
    number = TREATED["message heard"][0]
    first, second = (call_daemon(daemon, tmp_path, number, table_key="") for _ in range(2))
    assert first.actions == second.actions
    assert (len(first.commands), len(second.commands)) == (1, 0)
    assert [path.suffix for path in tmp_path.iterdir()] == [".wav"]


def test_table_of_the_daemon_is_kept_and_used(
    matrix: Matrix, daemon: Daemon, tmp_path: Path
) -> None:
    """It is fetched beside the call, once in ten minutes, and decides when the daemon is gone."""
    rights: dict[str, Any] = {"is_operator": False, "schedules": (), "networks": ()}
    token, text = create_token("pbx", created_at=clock.utc_now(), **rights)
    with daemon.store() as store, store.writing("test", clock.utc_now()) as writer:
        writer.add_token(token)
    wait_until(lambda: daemon.call(token=text).status == 200, "the token is known")
    number = TREATED["hang-up"][0]
    given = {"token": text, "table_key": token.table_key}
    first, second = (call_daemon(daemon, tmp_path, number, **given) for _ in range(2))
    assert [name for name, _ in first.api_calls] == ["curl", "luarun", "create_uuid"]
    assert [name for name, _ in second.api_calls] == ["curl", "luarun"]
    with bad_server("refused") as server, matrix.scenario(PBX, "dead daemon with table"):
        script = write_script(tmp_path, server.url, **given)
        assert FreeSwitch(script, called=number).run().actions == [("hangup", "")]


@pytest.mark.parametrize("mode", ["refused", *MODES])
def test_what_cannot_be_trusted_takes_the_normal_route(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """However an answer fails, the call goes on."""
    with (
        bad_server(mode) as server,
        matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")),
    ):
        outcome = call_server(server.url, tmp_path, default_route="100 XML default")
        assert outcome.actions == [("transfer", "100 XML default")]
        assert len(outcome.logs) == 1


def keep(folder: Path, table: bytes, signature: str | None = None) -> None:
    """Put a table where the script keeps that of the number called."""
    line = signature_of(table) if signature is None else signature
    name = f"bereikbaar-did_20_2b{CALLED[1:]}.table"
    (folder / name).write_bytes(line.encode() + b"\n" + table)


@pytest.mark.parametrize(
    "mode", ["refused", "slow", "drip", "closed", "no-http", "cut", "500", "503"]
)
def test_dead_daemon_is_stood_in_for_by_the_table(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """When no answer comes, or one that says the daemon is at fault itself."""
    keep(tmp_path, forwarding_table(clock.utc_now()))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        outcome = call_server(server.url, tmp_path)
    assert outcome.actions == [("bridge", "sofia/gateway/trunk/+31687654321")]
    assert "luarun" not in [name for name, _ in outcome.api_calls]


@pytest.mark.parametrize("mode", ANSWERING)
def test_daemon_that_answers_is_not_stood_in_for(tmp_path: Path, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    keep(tmp_path, forwarding_table(clock.utc_now()))
    with bad_server(mode) as server:
        assert call_server(server.url, tmp_path).actions == []


@pytest.mark.parametrize(
    ("scenario", "age", "signature"),
    TABLES_THAT_DO_NOT_HOLD,
)
def test_table_that_does_not_hold_is_not_used(
    matrix: Matrix, tmp_path: Path, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    keep(tmp_path, forwarding_table(clock.utc_now(), age=age), signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        assert call_server(server.url, tmp_path).actions == []


@pytest.mark.parametrize("is_right", [True, False])
def test_table_is_renewed_only_by_one_rightly_signed(tmp_path: Path, *, is_right: bool) -> None:
    """A table longer than mod_curl reads arrives whole; a wrong one leaves the old one there."""
    old = forwarding_table(clock.utc_now(), age=timedelta(hours=1))
    keep(tmp_path, old)
    new = forwarding_table(clock.utc_now(), age=timedelta(minutes=1)) + b"\n" * 100_000
    with bad_server("500") as server:
        server.pages["/hook/freeswitch"] = Page(b"status=open\r\naction=continue\r\nerror=\r\n")
        server.pages["/table"] = table_page(new, None if is_right else "v1=" + "0" * 64)
        outcome = call_server(server.url, tmp_path)
    assert outcome.actions == []
    (kept,) = tmp_path.glob("*.table")
    assert kept.read_bytes().partition(b"\n")[2] == (new if is_right else old)


def test_messages_of_a_table_are_kept_with_it(tmp_path: Path) -> None:
    """One that nobody has heard yet is there when the daemon is not; then none is asked for."""
    name = f"{hashlib.sha256(MESSAGE).hexdigest()}.wav"
    table = forwarding_table(clock.utc_now(), age=timedelta(0))
    for audio in (name, f"{'ab' * 32}.wav"):
        (tmp_path / audio).mkdir()
        named = table.replace(b'"audio":""', f'"audio":"{audio}"'.encode())
        with bad_server("500") as server:
            server.pages["/hook/freeswitch"] = Page(b"status=open\naction=continue\nerror=\n")
            server.pages |= {"/table": table_page(named), f"/audio/{name}": Page(MESSAGE)}
            assert call_server(server.url, tmp_path / audio).actions == []
            assert server.requests[-1] == f"/audio/{audio}"
            server.pages.clear()
            asked = len(server.requests)
            outcome = call_server(server.url, tmp_path / audio)
            assert len(server.requests) == asked + 1
        assert without_path(outcome) == [
            *(PLAYED if audio == name else []),
            ("bridge", "sofia/gateway/trunk/+31687654321"),
        ]


@pytest.mark.parametrize(
    ("caller", "sent"),
    [
        pytest.param("x y", "", id="space"),
        pytest.param("1' post a=b '", "", id="quotes"),
        pytest.param("1\nHost: evil", "", id="line-break"),
        pytest.param("${system(touch evil)}", "", id="variable"),
        pytest.param("$(touch evil)`touch evil`;|&", "", id="shell"),
        pytest.param("1&did=+31850000009", "", id="separator"),
        pytest.param("é\\s", "", id="backslash"),
        pytest.param("1" * 65, "", id="too-long"),
        pytest.param("", "", id="empty"),
        pytest.param("anonymous", "anonymous", id="anonymous"),
        pytest.param("*31#", "%2A31%23", id="star-and-hash"),
    ],
)
def test_strange_caller_reaches_no_parser(tmp_path: Path, caller: str, sent: str) -> None:
    """What is no number or name isn't passed on: not to FreeSWITCH's parser, not to a shell."""
    with bad_server("unknown-action") as server:
        for called in (CALLED, caller):
            script = write_script(tmp_path, server.url)
            outcome = FreeSwitch(script, caller=caller, called=called).run()
            assert outcome.actions == []
            assert outcome.commands == []
            for _, arguments in outcome.api_calls:
                assert re.fullmatch(r"[0-9A-Za-z:/?&=.%_~' -]*", arguments)
        assert len(server.requests) == 2
        assert f"?did=%2B31850000000&cli={sent}&callid=" in server.requests[0]


def test_message_that_is_not_what_it_is_called_is_not_played(tmp_path: Path) -> None:
    """The caller is treated as decided, without it; nothing of it stays."""
    name = f"{'ab' * 32}.wav"
    answer = f"status=closed\r\naction=hangup\r\naudio={name}\r\nerror=\r\n"
    with bad_server("500") as server:
        server.pages["/hook/freeswitch"] = Page(answer.encode())
        server.pages[f"/audio/{name}"] = Page(MESSAGE)
        outcome = call_server(server.url, tmp_path, table_key="")
    assert outcome.actions == [("hangup", "")]
    assert outcome.commands == ["curl -q --config -"]
    assert list(tmp_path.iterdir()) == []


def test_forward_that_nobody_answers_ends_there(daemon: Daemon, tmp_path: Path) -> None:
    """The shop's own telephones stay silent during closed hours."""
    script = write_script(
        tmp_path, f"http://127.0.0.1:{daemon.port}", token=daemon.token, table_key=""
    )
    number = TREATED["forwarded"][0]
    outcome = FreeSwitch(script, called=number, is_bridged=False).run()
    assert [name for name, _ in outcome.actions][-2:] == ["bridge", "hangup"]
    assert outcome.variables["continue_on_fail"] == "false"
    assert outcome.variables["hangup_after_bridge"] == "true"


@pytest.mark.parametrize("scenario", ["forwarded", "message heard", "open with message"])
def test_caller_who_hangs_up_in_the_message(daemon: Daemon, tmp_path: Path, scenario: str) -> None:
    """Nothing is done with a call that has ended."""
    script = write_script(
        tmp_path, f"http://127.0.0.1:{daemon.port}", token=daemon.token, table_key=""
    )
    outcome = FreeSwitch(script, called=TREATED[scenario][0], hangs_up_in="streamFile").run()
    assert [name for name, _ in outcome.actions] == ["answer", "sleep", "streamFile"]


def test_voicemail_box_knows_whose_message(daemon: Daemon, tmp_path: Path) -> None:
    """The schedule's e-mail address is a variable of the channel."""
    outcome = call_daemon(daemon, tmp_path, TREATED["voicemail"][0], table_key="")
    assert outcome.variables["bereikbaar_voicemail"] == "desk@example.nl"


def test_voicemail_of_another_domain(daemon: Daemon, tmp_path: Path) -> None:
    """A box may name its domain."""
    settings = {"mailbox": "desk@example.net"}
    number = TREATED["voicemail"][0]
    outcome = call_daemon(daemon, tmp_path, number, table_key="", settings=settings)
    assert ("voicemail", "default example.net desk") in outcome.actions


def test_voicemail_without_a_box_takes_the_normal_route(daemon: Daemon, tmp_path: Path) -> None:
    """A box that nobody named is not guessed."""
    number = TREATED["voicemail"][0]
    assert call_daemon(daemon, tmp_path, number, table_key="", settings={}).actions == []


def test_an_error_of_the_script_takes_the_normal_route(tmp_path: Path) -> None:
    """Whatever it is, and it is told."""
    with bad_server("500") as server:
        script = write_script(tmp_path, server.url, default_route="100 XML default")
    broken = script.replace("local plan, _, is_away =", "local plan, _, is_away = nothing.here,")
    assert broken != script
    switch = FreeSwitch(broken)
    with pytest.raises(AssertionError, match="nothing"):
        switch.run()
    assert switch._actions == [("transfer", "100 XML default")]


def dialplan(**settings: str) -> ET.Element:
    """Return the dialplan as it is installed."""
    made = Installation("http://127.0.0.1:9", TOKEN, settings=settings)
    return ET.fromstring(render_scripts("freeswitch", made)["bereikbaar.xml"])  # noqa: S314 - our own


def test_dialplan_is_what_freeswitch_reads() -> None:
    """One extension that lets the call go on, its conditions and its applications known ones."""
    (extension,) = dialplan()
    assert extension.attrib == {"name": "bereikbaar", "continue": "true"}
    conditions = [element.attrib for element in extension]
    assert [element.tag for element in extension] == ["condition"] * 2
    assert conditions == [
        {"field": "${bereikbaar_asked}", "expression": "^$"},
        {"field": "destination_number", "expression": "^[+]?[0-9]{6,15}$"},
    ]
    actions = [element.attrib for element in extension.iter("action")]
    assert actions == [
        {"application": "set", "data": "bereikbaar_asked=true"},
        {"application": "lua", "data": "bereikbaar.lua"},
    ]


@pytest.mark.parametrize(
    ("number", "is_asked_for"),
    [
        pytest.param("+31850000000", True, id="e164"),
        pytest.param("0850000000", True, id="national"),
        pytest.param("1000", False, id="extension"),
        pytest.param("+31850000000;x", False, id="more"),
    ],
)
def test_numbers_that_are_asked_for(number: str, *, is_asked_for: bool) -> None:
    """Those of the trunk, unless told otherwise."""
    expression = dialplan()[0][1].attrib["expression"]
    assert bool(re.search(expression, number)) == is_asked_for


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("destination", '"><action', id="no-xml"),
        pytest.param("destination", "a&b", id="no-entity"),
        pytest.param("trunk", "sofia/gateway/trunk", id="no-number"),
        pytest.param("trunk", "user/{number},x", id="no-second-leg"),
        pytest.param("destination", "${system(x)}", id="no-variable"),
        pytest.param("mailbox", "1000 x", id="one-box"),
        pytest.param("folder", "/srv/kept", id="no-slash"),
        pytest.param("folder", '/srv/"/', id="no-quote"),
    ],
)
def test_settings_are_checked(setting: str, value: str) -> None:
    """What would mean something else in a file doesn't get there."""
    with pytest.raises(FaultyValueError, match=setting):
        dialplan(**{setting: value})
