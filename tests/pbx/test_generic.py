"""The generic script: beside the real daemon, and beside servers that misbehave."""

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import Daemon, new_daemon, wait_until
from tests.e2e.test_audio import tone
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import KEY, signature_of, table_page

PBX: Final = "generic"
NORMAL: Final = "continue"
CALLER: Final = "+31611111111"
TREATED: Final = {
    "message heard": ("+31850000001", "closed audio=m", "hangup"),
    "forwarded": ("+31850000002", "closed forward=f", "forward +31612345678"),
    "voicemail": ("+31850000003", "closed voicemail", "voicemail desk@example.nl"),
    "hang-up": ("+31850000004", "closed", "hangup"),
    "continue": ("+31850000005", "open", NORMAL),
    "open with message": ("+31850000006", "open audio=m", NORMAL),
    "break": ("+31850000007", "break audio=m", "hangup"),
    "override": ("+31850000008", "open", "hangup"),
    "exception": ("+31850000009", "open", "hangup"),
    "audio missing": ("+31850000010", "closed audio=gone", "hangup"),
}
# Whose message is heard only hours from now.
LATER: Final = "+31850000011"
SPAN: Final = (("from", 5), ("until", 6))
FAILURES: Final = {
    "slow": "slow daemon",
    "refused": "dead daemon without table",
    "401": "wrong token",
    "malformed": "malformed answer",
    "unknown-action": "unknown action",
    "500": "500 answer",
}
COLUMNS: Final = (
    Column(
        PBX,
        (
            *TREATED,
            *FAILURES.values(),
            "unknown number",
            "dead daemon with table",
            "expired table",
            "table wrongly signed",
        ),
        not_run={"holiday": "the script can't tell it from other closed days; see the others"},
    ),
)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with new_daemon(tmp_path_factory.mktemp("generic")) as daemon:
        message = MasterFiles(daemon.data_dir / "audio").add(tone(0.1))
        now = clock.utc_now().replace(second=0, microsecond=0)
        days = [f"{now + timedelta(days=shift):%Y-%m-%d}" for shift in (-1, 0, 1)]
        more: dict[str, dict[str, object]] = {
            "override": {
                "from": (now - timedelta(hours=1)).isoformat(),
                "until": (now + timedelta(hours=1)).isoformat(),
                "slot": "closed",
                "reason": "Storing",
            },
            "exception": {"name": "Dicht", "dates": days, "slots": ["00:00-24:00 closed"]},
        }
        for name, (number, treatment, _) in TREATED.items():
            daemon.save(
                treatment,
                name.replace(" ", "-"),
                numbers=[number],
                voicemail_email="desk@example.nl",
                forwards={"f": {"name": "F", "number": "+31612345678"}},
                audio={
                    "m": {"name": "M", "sha256": message},
                    "gone": {"name": "Gone", "sha256": "ab" * 32},
                },
                **({f"{name}s": {"x": more[name]}} if name in more else {}),
            )
        soon = {name: (now + timedelta(hours=hours)).isoformat() for name, hours in SPAN}
        daemon.save(
            "open",
            "later",
            numbers=[LATER],
            audio={"m": {"name": "M", "sha256": message}},
            overrides={"x": {**soon, "slot": "closed audio=m", "reason": "Straks"}},
        )
        daemon.start()
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
        assert not is_heard or Path(told["play"]).read_bytes() == tone(0.1)


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


@pytest.mark.parametrize(
    "mode",
    [
        *FAILURES,
        *("drip", "huge", "redirect", "html", "empty", "closed", "no-http", "bad-chunks", "cut"),
        *("unknown-status", "bad-forward", "400", "403", "404", "429", "503"),
    ],
)
def test_anything_unexpected_takes_the_normal_route(
    matrix: Matrix, tmp_path: Path, mode: str
) -> None:
    """Whatever the answer says besides, and no other host is asked."""
    with bad_server(mode) as server, matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")):
        script = _write(tmp_path, server.url, default_route="100")
        code, told = _ask(script, "+31850000000", CALLER, "id")
        assert (code, told["source"], _lot(told), told["route"]) == (1, "none", NORMAL, "100")
        assert not [path for path in server.requests if path.startswith("/followed")]


def test_wrong_usage_takes_the_normal_route(tmp_path: Path) -> None:
    """So that a slip in a dialplan costs no call."""
    code, told = _ask(_write(tmp_path, "http://127.0.0.1:9"))
    assert (code, _lot(told)) == (2, NORMAL)


def test_neither_token_nor_caller_stands_on_a_command_line(tmp_path: Path) -> None:
    """What programs are called with shows none of them; others on the machine could read it."""
    script = _write(tmp_path, "http://127.0.0.1:9")
    _keep(tmp_path / "kept", _table(clock.utc_now()))
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


def _table(now: datetime, *, age: timedelta = timedelta(hours=1)) -> bytes:
    """Return a table made so long ago, by which every call is forwarded."""
    made = now - age
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (made, made + timedelta(days=7)))
    return (
        f'{{"schedule":"office","revision":"1","generated_at":"{start}","expires_at":"{end}",'
        f'"intervals":[\n{{"from":"{start}","until":"{end}","status":"closed","action":"forward",'
        '"audio":"","audio_url":"","forward":"+31687654321","voicemail":"","schedule":"office",'
        '"schedule_name":"Office","reason":"weekly","rule":"week/mon","valid_until":"",'
        '"next_status":"","revision":"1","error":""}\n]}\n'
    ).encode()


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
    _keep(tmp_path / "kept", _table(clock.utc_now()))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
        assert (code, told["source"], _lot(told)) == (0, "table", "forward +31687654321")


@pytest.mark.parametrize("mode", ["400", "401", "403", "429", "redirect", "html", "unknown-action"])
def test_a_daemon_that_answers_is_not_stood_in_for(tmp_path: Path, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    _keep(tmp_path / "kept", _table(clock.utc_now()))
    with bad_server(mode) as server:
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
    assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)


@pytest.mark.parametrize(
    ("scenario", "age", "signature"),
    [
        pytest.param("expired table", timedelta(days=7), None, id="expired"),
        pytest.param("expired table", -timedelta(hours=1), None, id="of the future"),
        pytest.param("table wrongly signed", timedelta(hours=1), "v1=" + "0" * 64, id="zeros"),
        pytest.param("table wrongly signed", timedelta(hours=1), "", id="not signed"),
    ],
)
def test_a_table_that_does_not_hold_is_not_used(
    matrix: Matrix, tmp_path: Path, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    _keep(tmp_path / "kept", _table(clock.utc_now(), age=age), signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        code, told = _ask(_write(tmp_path, server.url), "+31850000000")
        assert (code, told["source"], _lot(told)) == (1, "none", NORMAL)


def test_a_good_answer_renews_the_table(tmp_path: Path) -> None:
    """And the next call, with the daemon gone, is decided by it."""
    table = _table(clock.utc_now())
    with bad_server("500") as server:
        good = b"status=open\r\naction=continue\r\n"
        server.pages |= {"/hook/generic": Page(good), "/table": table_page(table)}
        script = _write(tmp_path, server.url)
        assert _ask(script, "+31850000000")[1]["source"] == "daemon"
        kept = tmp_path / "kept" / "table-did=+31850000000"
        wait_until(kept.exists, "the table is kept")
        del server.pages["/hook/generic"]
        assert _lot(_ask(script, "+31850000000")[1]) == "forward +31687654321"


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
