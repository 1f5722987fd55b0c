"""Swyx's Lua rule: beside the real daemon, and beside servers that misbehave."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.auth import create_token
from pbx_adapters.signed_table import render_table
from tests.e2e.daemon import AT, NUMBER, Daemon, new_daemon
from tests.engine import instant, schedule_of, table_of
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.lua_runtimes import RUNTIMES
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import signature_of, table_page
from tests.pbx.swyx import PBX, Swyx, keep_table, render, table_path
from tests.pbx.treated import (
    ANSWERING,
    FAILURES,
    MESSAGE,
    SCENARIOS,
    TABLES_THAT_DO_NOT_HOLD,
    TREATED,
    UNTRUSTED,
    forwarding_table,
    treating_daemon,
)

COLUMNS: Final = (
    Column(
        PBX,
        (*SCENARIOS, "holiday"),
    ),
)
NORMAL: Final[tuple[int, dict[str, str]]] = (0, {})


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with treating_daemon(tmp_path_factory.mktemp("swyx")) as daemon:
        yield daemon


def run(
    script: str, called: str = "+31850000000", *, runtime: str = "lua54", before: str = ""
) -> tuple[int, dict[str, str]]:
    """Run the rule; return its exit and its variables."""
    outcome = Swyx(runtime, before).run(script, called)
    return outcome.exit, outcome.told


def at(daemon: Daemon) -> str:
    """Return the daemon's address."""
    return f"http://127.0.0.1:{daemon.port}"


@pytest.mark.parametrize("scenario", TREATED)
def test_a_call_is_treated_as_the_daemon_says(
    matrix: Matrix, daemon: Daemon, tmp_path: Path, scenario: str
) -> None:
    """Each action has its exit, four higher with a message before it, and its variables."""
    number, treatment, lot = TREATED[scenario]
    script = render(tmp_path, at(daemon), token=daemon.token, table_key="")
    with matrix.scenario(PBX, scenario):
        outcome = Swyx().run(script, number)
        assert outcome.lot == lot
        assert outcome.told["BereikbaarStatus"] == treatment.split()[0] or scenario in (
            "override",
            "exception",
        )
        is_heard = "audio=m" in treatment
        assert (outcome.exit >= 4) == is_heard
        assert not is_heard or Path(outcome.told["BereikbaarAudio"]).read_bytes() == MESSAGE


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_lua_comes_to_the_same(daemon: Daemon, tmp_path: Path, runtime: str) -> None:
    """Whichever version Swyx has built in."""
    script = render(tmp_path, at(daemon), token=daemon.token)
    code, told = run(script, "+31850000002", runtime=runtime)
    assert (code, told["BereikbaarForward"]) == (5, "+31612345678")


def test_an_unknown_number_takes_the_normal_route(
    matrix: Matrix, daemon: Daemon, tmp_path: Path
) -> None:
    """It leaves by the default exit."""
    script = render(tmp_path, at(daemon), token=daemon.token)
    with matrix.scenario(PBX, "unknown number"):
        assert run(script, "+31850009999") == (0, {"BereikbaarStatus": "unknown"})


@pytest.mark.parametrize("fixed", [{"schedule": "forwarded"}, {"number": "+31850000002"}])
@pytest.mark.parametrize("before", ["", "CalledNumber = nil", "CallerID = nil; PBXCall = nil"])
def test_what_is_asked_may_be_fixed(
    daemon: Daemon, tmp_path: Path, fixed: dict[str, str], before: str
) -> None:
    """Then nothing that Swyx might name otherwise is needed."""
    script = render(tmp_path, at(daemon), token=daemon.token, **fixed)
    assert run(script, "nobody knows", before=before)[0] == 5


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("CalledNumber = function() error('gone') end", id="raises"),
        pytest.param("CalledNumber = function() return '' end", id="empty"),
        pytest.param("CalledNumber = 7", id="no-function"),
    ],
)
def test_the_number_called_is_looked_for(daemon: Daemon, tmp_path: Path, before: str) -> None:
    """In the next place, when the first has none."""
    script = render(tmp_path, at(daemon), token=daemon.token)
    before += "; PBXCall = { CalledExtension = '+31850000002' }"
    assert run(script, before=before)[0] == 5


@pytest.mark.parametrize("mode", UNTRUSTED)
def test_anything_unexpected_takes_the_normal_route(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """Whatever the answer says besides; and the log says what it was."""
    with bad_server(mode) as server, matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")):
        assert run(render(tmp_path, server.url, timeout_seconds=1)) == NORMAL
        assert not [path for path in server.requests if path.startswith("/followed")]
    assert "normal route: " in (tmp_path / "kept" / "bereikbaar.log").read_text()


@pytest.mark.parametrize(
    ("before", "told"),
    [
        pytest.param("package.preload.PBXWebRequest = nil", "module", id="no-module"),
        pytest.param(
            "methods.SetUrl = nil; methods.setURL = function() end",
            "PBXWebRequest has no SetUrl; it has AddHeader, GetResponseBody, GetResponseHeaders,"
            " GetStatusCode, Send, SetBody, SetTimeout, SetVerb, setURL",
            id="other-names",
        ),
        *(
            pytest.param(f"function methods:{name}() error('no') end", "no", id=name)
            for name in ("SetUrl", "AddHeader", "SetTimeout", "Send", "GetStatusCode")
        ),
        pytest.param("methods.GetStatusCode = function() end", "no answer", id="no-status"),
        pytest.param("methods.GetResponseBody = function() end", "malformed answer", id="no-body"),
        pytest.param("io = nil", "", id="no-files"),
        pytest.param("os = nil", "", id="no-clock"),
        pytest.param("PBXScript = nil; require = nil", "require", id="no-require"),
    ],
)
def test_a_swyx_that_is_otherwise_takes_the_normal_route(
    daemon: Daemon, tmp_path: Path, before: str, told: str
) -> None:
    """What the vendor's objects lack or raise is logged, and ends no call."""
    script = render(tmp_path, at(daemon), token=daemon.token)
    code, variables = run(script, "+31850000001", before=before)
    assert code == (3 if before == "io = nil" else 0)
    assert "BereikbaarAudio" not in variables
    if told:
        assert told in (tmp_path / "kept" / "bereikbaar.log").read_text()


@pytest.mark.parametrize("mode", ["refused", "slow", "drip", "closed", "no-http", "500", "503"])
def test_a_dead_daemon_is_stood_in_for_by_the_table(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """When no answer comes, or one that says the daemon is at fault itself."""
    table = forwarding_table(clock.utc_now())
    keep_table(tmp_path, table, signature_of(table))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        code, told = run(render(tmp_path, server.url, timeout_seconds=1))
        assert (code, told["BereikbaarForward"]) == (1, "+31687654321")


@pytest.mark.parametrize("mode", ANSWERING)
def test_a_daemon_that_answers_is_not_stood_in_for(tmp_path: Path, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    table = forwarding_table(clock.utc_now())
    keep_table(tmp_path, table, signature_of(table))
    with bad_server(mode) as server:
        assert run(render(tmp_path, server.url)) == NORMAL


@pytest.mark.parametrize(
    ("scenario", "age", "signature"),
    TABLES_THAT_DO_NOT_HOLD,
)
def test_a_table_that_does_not_hold_is_not_used(
    matrix: Matrix, tmp_path: Path, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    table = forwarding_table(clock.utc_now(), age=age)
    keep_table(tmp_path, table, signature_of(table) if signature is None else signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        assert run(render(tmp_path, server.url)) == NORMAL


@pytest.mark.parametrize(
    ("now", "code"),
    [
        pytest.param("2026-12-24T22:59:59Z", 0, id="the-evening-before"),
        pytest.param("2026-12-24T23:00:00Z", 1, id="from-midnight"),
        pytest.param("2026-12-25T22:59:59Z", 1, id="to-midnight"),
        pytest.param("2026-12-25T23:00:00Z", 0, id="boxing-day"),
    ],
)
def test_a_holiday_by_the_table(matrix: Matrix, tmp_path: Path, now: str, code: int) -> None:
    """Christmas Day has its own treatment in a table that was made before, midnight to midnight."""
    schedule = schedule_of(
        ("00:00-24:00 open",),
        holidays={"eerste_kerstdag": {"slots": ["00:00-24:00 closed forward=f"]}},
        forwards={"f": {"name": "F", "number": "+31612345678"}},
    )
    table = render_table(table_of(schedule), instant("2026-12-23T12:00"), "https://b.example.nl")
    keep_table(tmp_path, table, signature_of(table))
    with bad_server("refused") as server, matrix.scenario(PBX, "holiday"):
        told = run(render(tmp_path, server.url), before=f"os.date = function() return '{now}' end")
        assert told[0] == code
        assert told[1].get("BereikbaarForward", "") == ("+31612345678" if code else "")


def test_without_a_key_no_table_is_used(tmp_path: Path) -> None:
    """Not even one that is signed by nothing."""
    table = forwarding_table(clock.utc_now())
    keep_table(tmp_path, table, signature_of(table, ""))
    with bad_server("refused") as server:
        assert run(render(tmp_path, server.url, table_key="")) == NORMAL


ANSWER: Final = b"status=open\r\naction=continue\r\nerror=\r\n"


def test_a_good_answer_renews_the_table(tmp_path: Path) -> None:
    """The next call, with the daemon gone, is decided by it; and within ten minutes none asks."""
    now = clock.utc_now()
    table = forwarding_table(now, age=timedelta(0))
    with bad_server("500") as server:
        server.pages |= {"/hook/swyx": Page(ANSWER), "/table": table_page(table)}
        script = render(tmp_path, server.url)
        assert run(script) == (0, {"BereikbaarStatus": "open"})
        assert run(script) == (0, {"BereikbaarStatus": "open"})
        paths = [path.partition("?")[0] for path in server.requests]
        assert paths == ["/hook/swyx", "/table", "/hook/swyx"]
        assert server.requests[1] == "/table?did=%2B31850000000"
        del server.pages["/hook/swyx"]
        assert run(script)[1]["BereikbaarForward"] == "+31687654321"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        pytest.param(Page(b"{}", 404), "404", id="refused"),
        pytest.param(Page(forwarding_table(clock.utc_now())), "wrongly signed", id="not-signed"),
    ],
)
def test_a_table_that_is_not_right_replaces_none(tmp_path: Path, page: Page, told: str) -> None:
    """The old one stays, the call goes its way, and the log says why."""
    table = forwarding_table(clock.utc_now())
    path = keep_table(tmp_path, table, signature_of(table))
    before = path.read_bytes()
    with bad_server("500") as server:
        server.pages |= {"/hook/swyx": Page(ANSWER), "/table": page}
        assert run(render(tmp_path, server.url)) == (0, {"BereikbaarStatus": "open"})
    assert path.read_bytes() == before
    assert told in (tmp_path / "kept" / "bereikbaar.log").read_text()


@pytest.mark.parametrize("seconds", [-30, 30], ids=["slow-clock", "fast-clock"])
def test_a_table_is_kept_though_clocks_differ(tmp_path: Path, seconds: int) -> None:
    """By less than a minute: the daemon's may well be a second ahead."""
    table = forwarding_table(clock.utc_now(), age=timedelta(seconds=seconds))
    with bad_server("500") as server:
        server.pages |= {"/hook/swyx": Page(ANSWER), "/table": table_page(table)}
        run(render(tmp_path, server.url))
    assert table_path(tmp_path, "did +31850000000").read_bytes().endswith(table)


def test_a_table_that_fails_is_not_asked_for_with_every_call(tmp_path: Path) -> None:
    """Callers would wait for it, one after another."""
    with bad_server("500") as server:
        server.pages["/hook/swyx"] = Page(ANSWER)
        script = render(tmp_path, server.url)
        for _ in range(3):
            assert run(script) == (0, {"BereikbaarStatus": "open"})
        assert [path for path in server.requests if path.startswith("/table")] == [
            "/table?did=%2B31850000000"
        ]


def test_of_what_is_unknown_no_table_is_asked_for(tmp_path: Path) -> None:
    """There is none, and whoever tries numbers fills no disc."""
    with bad_server("500") as server:
        server.pages["/hook/swyx"] = Page(ANSWER.replace(b"open", b"unknown"))
        assert run(render(tmp_path, server.url)) == (0, {"BereikbaarStatus": "unknown"})
        assert len(server.requests) == 1
    assert not list((tmp_path / "kept").glob("*"))


def test_no_message_is_asked_for_while_the_daemon_is_away(tmp_path: Path) -> None:
    """The caller has waited for the answer already."""
    audio = b'"audio":"' + b"ab" * 32 + b'.wav"'
    table = forwarding_table(clock.utc_now()).replace(b'"audio":""', audio)
    keep_table(tmp_path, table, signature_of(table))
    with bad_server("500") as server:
        assert run(render(tmp_path, server.url))[0] == 1
        assert len(server.requests) == 1


@pytest.mark.parametrize("caller", [r"('9'):rep(10000)", r"'Ren\233 \255\0\n'"])
def test_no_caller_escapes_by_what_he_calls_himself(
    daemon: Daemon, tmp_path: Path, caller: str
) -> None:
    """What the daemon would refuse isn't passed on, so the call is decided like any other."""
    script = render(tmp_path, at(daemon), token=daemon.token, table_key="")
    before = f"function CallerID() return {caller} end PBXCall.CallID = CallerID()"
    assert run(script, TREATED["hang-up"][0], before=before)[0] == 3


def test_a_message_is_downloaded_once(tmp_path: Path, daemon: Daemon) -> None:
    """Then it is at hand, also while the daemon can give none."""
    script = render(tmp_path, at(daemon), token=daemon.token, table_key="")
    first = run(script, "+31850000001")
    assert first[0] == 7
    path = Path(first[1]["BereikbaarAudio"])
    made = path.stat().st_mtime_ns
    assert run(script, "+31850000001") == first
    assert path.stat().st_mtime_ns == made
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(MESSAGE[:-1], id="cut-off"),
        pytest.param(MESSAGE[:-1] + b"\1", id="other-bytes"),
        pytest.param(MESSAGE[:44], id="empty"),
        pytest.param(b"<html>" + bytes(100), id="html"),
    ],
)
def test_a_message_that_is_not_right_is_not_played(tmp_path: Path, body: bytes) -> None:
    """The caller is treated as told, without it; nothing of it is kept."""
    name = "ab" * 32 + ".wav"
    answer = f"status=closed\r\naction=hangup\r\naudio={name}\r\nerror=\r\n".encode()
    with bad_server("500") as server:
        server.pages |= {"/hook/swyx": Page(answer), f"/audio/{name}": Page(body)}
        assert run(render(tmp_path, server.url)) == (3, {"BereikbaarStatus": "closed"})
    assert not (tmp_path / "kept" / name).exists()


def test_the_token_goes_to_the_daemon_alone(tmp_path: Path) -> None:
    """As a header, never in a query; neither it nor the caller's number stands in the log."""
    with bad_server("500") as server:
        run(render(tmp_path, server.url))
        assert server.authorizations == ["Bearer bk_0123_secret"]
        assert server.requests == [
            "/hook/swyx?did=%2B31850000000&cli=%2B31611111111&callid=call-1&format=text"
        ]
    log = (tmp_path / "kept" / "bereikbaar.log").read_text()
    assert "secret" not in log
    assert "611111111" not in log
    assert not table_path(tmp_path, "did +31850000000").exists()


def test_the_daemon_is_stood_in_for_once_it_is_gone(matrix: Matrix, tmp_path: Path) -> None:
    """By the table that it signed itself, with a message kept before; for each thing asked."""
    with new_daemon(tmp_path) as daemon, matrix.scenario(PBX, "dead daemon with table"):
        message = MasterFiles(daemon.data_dir / "audio").add(MESSAGE)
        daemon.save(
            "closed audio=m forward=f",
            audio={"m": {"name": "M", "sha256": message}},
            forwards={"f": {"name": "F", "number": "+31612345678"}},
        )
        token, text = create_token(
            "swyx", is_operator=False, schedules=(), networks=(), created_at=AT
        )
        with daemon.store() as store, store.writing("test", AT) as writer:
            writer.add_token(token)
        daemon.start()
        installed = {"token": text, "table_key": token.table_key}
        scripts = [
            render(tmp_path, at(daemon), **installed, **asked)
            for asked in ({"number": NUMBER}, {"schedule": "office"})
        ]
        alive = [run(script) for script in scripts]
        assert [code for code, _ in alive] == [5, 5]
        daemon.kill()
        assert [run(script) for script in scripts] == alive
        assert run(render(tmp_path, at(daemon), **installed), "+31850009999") == NORMAL
