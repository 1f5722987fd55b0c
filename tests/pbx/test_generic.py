"""The generic script: beside the real daemon, and beside servers that misbehave."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from pbx_adapters import clock
from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import Daemon, wait_until
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import KEY, signature_of, table_page
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

PBX: Final = "generic"
NORMAL: Final = "continue"
CALLER: Final = "+31611111111"
# Whose message is heard only hours from now.
LATER: Final = "+31850000011"
SPAN: Final = (("from", 5), ("until", 6))
COLUMNS: Final = (
    Column(
        PBX,
        SCENARIOS,
        not_run={"holiday": "the script can't tell it from other closed days; see the others"},
    ),
)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with treating_daemon(tmp_path_factory.mktemp("generic")) as daemon:
        now = clock.utc_now().replace(second=0, microsecond=0)
        soon = {name: (now + timedelta(hours=hours)).isoformat() for name, hours in SPAN}
        daemon.save(
            "open",
            "later",
            numbers=[LATER],
            audio={"m": {"name": "M", "sha256": hashlib.sha256(MESSAGE).hexdigest()}},
            overrides={"x": {**soon, "slot": "closed audio=m", "reason": "Straks"}},
        )
        yield daemon


def _write(folder: Path, url: str, **others: str) -> Path:
    """Write the script as it is installed; what it keeps lies beside it."""
    given = {"token": "bk_0123_secret", "table_key": KEY, "timeout_seconds": 1}
    settings = {"folder": str(folder / "kept")}
    script = folder / "bereikbaar-ask.sh"
    made = Installation(url, **given | others, settings=settings)  # type: ignore[arg-type]
    script.write_text(render_scripts(PBX, made)[script.name])
    script.chmod(0o700)
    return script


def _ask(script: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Run the script; return its exit code and its lines."""
    done = subprocess.run(
        [script, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert len(done.stderr.splitlines()) == (0 if done.returncode == 0 else 1)
    return done.returncode, dict(line.split("=", 1) for line in done.stdout.splitlines())


def _lot(told: dict[str, str]) -> str:
    """Tell in a word or two what becomes of the caller."""
    return f"{told['action']} {told['forward'] or told['voicemail']}".strip()


@pytest.mark.parametrize("scenario", TREATED)
def test_a_call_is_treated_as_the_daemon_says(
    matrix: Matrix, daemon: Daemon, tmp_path: Path, scenario: str
) -> None:
    """Each action, and the message before it, from its file."""
    number, treatment, lot = TREATED[scenario]
    script = _write(tmp_path, f"http://127.0.0.1:{daemon.port}", token=daemon.token)
    with matrix.scenario(PBX, scenario):
        code, told = _ask(script, number, CALLER, "a call")
        assert (code, told["source"], _lot(told)) == (0, "daemon", lot)
        is_heard = "audio=m" in treatment
        assert bool(told["play"]) == is_heard
        assert not is_heard or Path(told["play"]).read_bytes() == MESSAGE


def test_an_unknown_number_takes_the_normal_route(
    matrix: Matrix, daemon: Daemon, tmp_path: Path
) -> None:
    """With the PBX's own name for it, and the daemon's reason."""
    url = f"http://127.0.0.1:{daemon.port}"
    script = _write(tmp_path, url, token=daemon.token, default_route="ext-100")
    with matrix.scenario(PBX, "unknown number"):
        code, told = _ask(script, "+31850009999")
        assert (code, told["status"], _lot(told), told["reason"], told["route"]) == (
            *(0, "unknown", NORMAL, "unknown-number", "ext-100"),
        )


@pytest.mark.parametrize(
    ("fixed", "called"),
    [({"schedule": "forwarded"}, "anonymous"), ({"number": "+31850000002"}, "0851234567")],
)
def test_what_is_asked_may_be_fixed(
    daemon: Daemon, tmp_path: Path, fixed: dict[str, str], called: str
) -> None:
    """Then it doesn't matter what number the trunk says was called."""
    url = f"http://127.0.0.1:{daemon.port}"
    _, told = _ask(_write(tmp_path, url, token=daemon.token, **fixed), called)
    assert (_lot(told), told["schedule"]) == ("forward +31612345678", "forwarded")


@pytest.mark.parametrize("mode", UNTRUSTED)
def test_anything_unexpected_takes_the_normal_route(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """Whatever the answer says besides, and no other host is asked."""
    with bad_server(mode) as server, matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")):
        script = _write(tmp_path, server.url, default_route="100")
        code, told = _ask(script, "+31850000000", CALLER, "id")
        assert (code, told["source"], _lot(told), told["route"]) == (1, "none", NORMAL, "100")
        assert not [path for path in server.requests if path.startswith("/followed")]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"status=open\naction=forward\nforward=\nerror=\n", id="forward to nobody"),
        pytest.param(b"status=open\naction=forward\nforward=+3161234567", id="cut in the number"),
        pytest.param(
            b"status=open\naction=forward\nforward=+31612345678\naction=hangup\nerror=\n",
            id="two actions",
        ),
    ],
)
def test_an_answer_that_contradicts_itself_is_not_trusted(tmp_path: Path, answer: bytes) -> None:
    """Nor one of which the end is missing, though HTTP says that it is whole."""
    with bad_server("500") as server:
        server.pages["/hook/generic"] = Page(answer)
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
    assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)


@pytest.mark.parametrize("caller", ["9" * 10_000, "\udcff\udce9", "a\nb\x1b é `$(x)`'\""])
def test_no_caller_escapes_by_what_he_calls_himself(
    daemon: Daemon, tmp_path: Path, caller: str
) -> None:
    """What the daemon would refuse isn't passed on, so the call is decided like any other."""
    script = _write(tmp_path, f"http://127.0.0.1:{daemon.port}", token=daemon.token)
    code, told = _ask(script, TREATED["forwarded"][0], caller, caller)
    assert (code, told["source"], _lot(told)) == (0, "daemon", "forward +31612345678")


def test_wrong_usage_takes_the_normal_route(tmp_path: Path) -> None:
    """So that a slip in a dialplan costs no call."""
    code, told = _ask(_write(tmp_path, "http://127.0.0.1:9"))
    assert (code, _lot(told)) == (2, NORMAL)


def test_neither_token_nor_caller_stands_on_a_command_line(tmp_path: Path) -> None:
    """What programs are called with shows none of them; others on the machine could read it."""
    script = _write(tmp_path, "http://127.0.0.1:9")
    _keep(tmp_path / "kept", forwarding_table(clock.utc_now()))
    seen = tmp_path / "seen"
    tools = ("curl", "openssl", "awk", "od")
    for tool in tools:
        spy = tmp_path / tool
        spy.write_text(f'#!/bin/sh\necho "{tool}: $*" >>{seen}\nexec {which(tool)} "$@"\n')
        spy.chmod(0o700)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run([script, "+31850000000", CALLER], env=path, check=True, timeout=30)
    told = seen.read_text()
    assert [tool for tool in tools if f"{tool}: " in told] == list(tools)
    for secret in ("bk_0123", KEY[:16], CALLER[1:]):
        assert secret not in told


def _keep(folder: Path, table: bytes, signature: str | None = None) -> None:
    """Put a table where the script keeps that of +31850000000."""
    folder.mkdir()
    line = signature_of(table) if signature is None else signature
    (folder / "table-did=+31850000000").write_bytes(line.encode() + b"\n" + table)


@pytest.mark.parametrize("mode", ["refused", "slow", "drip", "closed", "no-http", "500", "503"])
def test_a_dead_daemon_is_stood_in_for_by_the_table(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """When no answer comes, or one that says the daemon is at fault itself."""
    _keep(tmp_path / "kept", forwarding_table(clock.utc_now()))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
        assert (code, told["source"], _lot(told)) == (0, "table", "forward +31687654321")


@pytest.mark.parametrize("mode", ANSWERING)
def test_a_daemon_that_answers_is_not_stood_in_for(tmp_path: Path, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    _keep(tmp_path / "kept", forwarding_table(clock.utc_now()))
    with bad_server(mode) as server:
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
    assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)


@pytest.mark.parametrize(
    ("scenario", "age", "signature"),
    TABLES_THAT_DO_NOT_HOLD,
)
def test_a_table_that_does_not_hold_is_not_used(
    matrix: Matrix, tmp_path: Path, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    _keep(tmp_path / "kept", forwarding_table(clock.utc_now(), age=age), signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
        assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)


def test_a_good_answer_renews_the_table(tmp_path: Path) -> None:
    """And the next call, with the daemon gone, is decided by it."""
    table = forwarding_table(clock.utc_now())
    with bad_server("500") as server:
        good = b"status=open\r\naction=continue\r\nerror=\r\n"
        server.pages |= {"/hook/generic": Page(good), "/table": table_page(table)}
        script = _write(tmp_path, server.url)
        assert _ask(script, "+31850000000")[1]["source"] == "daemon"
        kept = tmp_path / "kept" / "table-did=+31850000000"
        wait_until(kept.exists, "the table is kept")
        del server.pages["/hook/generic"]
        assert _lot(_ask(script, "+31850000000")[1]) == "forward +31687654321"


def test_an_unknown_number_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever tries one number after another fills no disc."""
    with bad_server("500") as server:
        server.pages["/hook/generic"] = Page(b"status=unknown\naction=continue\nerror=\n")
        script = _write(tmp_path, server.url)
        assert _ask(script, "+31850000000")[0] == 0
        server.pages["/hook/generic"] = Page(b"status=open\naction=continue\nerror=\n")
        _ask(script, "+31850000001")
        tried = tmp_path / "kept" / "table-did=+31850000001.tried"
        wait_until(tried.exists, "the table of a known number is asked for")
        assert [path.name for path in tried.parent.glob("*00000*")] == [tried.name]


def test_the_real_daemon_may_go_away(matrix: Matrix, daemon: Daemon, tmp_path: Path) -> None:
    """Its own table decides then, and a message that no call has needed yet is there."""
    with daemon.store() as store:
        (key,) = (one.table_key for one in store.tokens())
    url = f"http://127.0.0.1:{daemon.port}"
    script = _write(tmp_path, url, token=daemon.token, table_key=key)
    kept = tmp_path / "kept"
    for number in (LATER, TREATED["forwarded"][0]):
        assert _ask(script, number)[1]["source"] == "daemon"
        wait_until((kept / f"table-did={number}").exists, "the table is kept")
    wait_until(lambda: list(kept.glob("*.wav")), "the message is kept")
    daemon.kill()
    try:
        with matrix.scenario(PBX, "dead daemon with table"):
            answers = [_ask(script, number) for number in (LATER, TREATED["forwarded"][0])]
            assert [(code, told["source"], _lot(told)) for code, told in answers] == [
                (0, "table", NORMAL),
                (0, "table", "forward +31612345678"),
            ]
        with matrix.scenario(PBX, "dead daemon without table"):
            code, told = _ask(script, TREATED["break"][0])
            assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)
    finally:
        daemon.start()
