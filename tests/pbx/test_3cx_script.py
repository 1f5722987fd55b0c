"""The 3CX script under Mono: beside the real daemon, and beside servers that misbehave."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.pbx_scripts import Installation
from tests.e2e.daemon import Daemon, new_daemon, wait_until
from tests.e2e.test_audio import tone
from tests.pbx.bad_server import SLOW_SECONDS, Page, bad_server
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import KEY, signature_of, table_page
from tests.pbx.suites import find_beside, require_suite
from tests.pbx.threecx import PBX, Script, running_script

pytestmark = pytest.mark.pbx

NORMAL: Final = "route 800"
FORWARDED: Final = "route 0031612345678"
MESSAGE: Final = tone(0.1)
DIGEST: Final = hashlib.sha256(MESSAGE).hexdigest()
HEARD: Final = (f"play {DIGEST}.wav {len(MESSAGE)}",)
TREATED: Final = {
    "message heard": ("+31850000001", "closed audio=m", "hung up"),
    "forwarded": ("+31850000002", "closed forward=f", FORWARDED),
    "voicemail": ("+31850000003", "closed voicemail", "mailbox 100"),
    "hang-up": ("+31850000004", "closed", "hung up"),
    "continue": ("+31850000005", "open", NORMAL),
    "open with message": ("+31850000006", "open audio=m", NORMAL),
    "break": ("+31850000007", "break audio=m forward=f", FORWARDED),
    "override": ("+31850000008", "open", "hung up"),
    "exception": ("+31850000009", "open", "hung up"),
    "audio missing": ("+31850000010", "closed audio=gone forward=f", FORWARDED),
}
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
            *(*TREATED, *FAILURES.values(), "unknown number", "holiday"),
            *("dead daemon with table", "expired table", "table wrongly signed"),
        ),
        suite="bullseye",
    ),
)


@pytest.fixture(scope="module", params=["v18", "v20"])
def program(request: pytest.FixtureRequest) -> Iterator[Script]:
    """Run the script as it is installed on either version."""
    installation = Installation(
        base_url="http://127.0.0.1:9",
        token="tok",
        default_route="800",
        timeout_seconds=1,
        settings={
            "v20": "true" if request.param == "v20" else "false",
            "mailbox": "100",
            "dial_prefix": "00",
        },
    )
    with running_script(require_suite("bullseye"), installation) as script:
        yield script


@pytest.fixture
def script(program: Script) -> Script:
    """Give the running script with nothing kept and the settings of its installation."""
    if program.folder.exists():
        for path in program.folder.iterdir():
            path.unlink()
    program.set(Token="tok", TableKey=KEY, Number="", Schedule="", DefaultRoute="800")
    return program


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with new_daemon(tmp_path_factory.mktemp("3cx")) as daemon:
        assert MasterFiles(daemon.data_dir / "audio").add(MESSAGE) == DIGEST
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
            extra = {f"{name}s": {"x": more[name]}} if name in more else {}
            _save(daemon, treatment, name.replace(" ", "-"), number, **extra)
        daemon.start()
        yield daemon


def _save(daemon: Daemon, treatment: str, schedule: str, number: str, **more: object) -> None:
    daemon.save(
        treatment,
        schedule,
        numbers=[number],
        voicemail_email="desk@example.nl",
        forwards={"f": {"name": "F", "number": "+31612345678"}},
        audio={
            "m": {"name": "M", "sha256": DIGEST},
            "gone": {"name": "Gone", "sha256": "ab" * 32},
        },
        **more,
    )


def _beside(daemon: Daemon, script: Script, **settings: str) -> None:
    """Point the script at the daemon."""
    script.set(BaseUrl=f"http://127.0.0.1:{daemon.port}", Token=daemon.token, **settings)


@pytest.mark.parametrize("scenario", TREATED)
def test_a_call_is_treated_as_the_daemon_says(
    matrix: Matrix, daemon: Daemon, script: Script, scenario: str
) -> None:
    """Each action, and the message before it; asked for by the number called."""
    number, treatment, lot = TREATED[scenario]
    _beside(daemon, script)
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
        slots = {"slots": ["00:00-24:00 closed forward=f"]}
        _save(daemon, "open", "shop", "+31850000011", holidays={"koningsdag": slots})
        daemon.start()
        _beside(daemon, script)
        assert script.call("+31850000011").lot == FORWARDED


def test_an_unknown_number_takes_the_normal_route(
    matrix: Matrix, daemon: Daemon, script: Script
) -> None:
    """Whatever the trunk says was called."""
    _beside(daemon, script)
    with matrix.scenario(PBX, "unknown number"):
        for called in ("+31850009999", "", "anonymous", 'x"&y=\\ é'):
            assert script.call(called, "").lot == NORMAL


@pytest.mark.parametrize(
    "fixed", [{"Schedule": "forwarded"}, {"Number": "+31850000002"}], ids=["schedule", "number"]
)
def test_what_is_asked_may_be_fixed(daemon: Daemon, script: Script, fixed: dict[str, str]) -> None:
    """Then it doesn't matter what number was called, and the table is that of what is asked."""
    _beside(daemon, script, TableKey=_key_of(daemon), **fixed)
    assert script.call("0851234567").lot == FORWARDED
    wait_until(lambda: _tables(script), "the table is kept")
    script.set(BaseUrl="http://127.0.0.1:9")
    call = script.call("0857654321")
    assert (call.source, call.lot) == ("kept table", FORWARDED)


def _key_of(daemon: Daemon) -> str:
    """Return the key of the daemon's only token."""
    with daemon.store() as store:
        return store.tokens()[0].table_key


def _tables(script: Script) -> list[Path]:
    return [*script.folder.glob("table-*.txt")] if script.folder.exists() else []


def test_an_answer_renews_the_table(matrix: Matrix, daemon: Daemon, script: Script) -> None:
    """And with the daemon gone each call is treated as before, message and all."""
    _beside(daemon, script, TableKey=_key_of(daemon))
    with matrix.scenario(PBX, "dead daemon with table"):
        for kept, (number, _, lot) in enumerate(TREATED.values(), start=1):
            assert script.call(number).lot == lot
            wait_until(lambda kept=kept: len(_tables(script)) == kept, "the table is kept")  # type: ignore[misc]
        before = {path: path.stat().st_mtime_ns for path in _tables(script)}
        for number, _, _ in TREATED.values():
            script.call(number)
        script.set(BaseUrl="http://127.0.0.1:9")
        for number, treatment, lot in TREATED.values():
            call = script.call(number)
            assert (call.source, call.lot) == ("kept table", lot), number
            assert call.played == (HEARD if "audio=m" in treatment else ())
        assert {path: path.stat().st_mtime_ns for path in _tables(script)} == before


@pytest.mark.parametrize(
    "mode",
    [
        *FAILURES,
        *("drip", "huge", "redirect", "html", "empty", "closed", "no-http", "bad-chunks", "cut"),
        *("unknown-status", "bad-forward", "400", "403", "404", "429", "503"),
    ],
)
def test_anything_unexpected_takes_the_normal_route(
    matrix: Matrix, script: Script, mode: str
) -> None:
    """Whatever the answer says besides, within the time-out, and no other host is asked."""
    with bad_server(mode) as server, matrix.scenario(PBX, FAILURES.get(mode, "malformed answer")):
        script.set(BaseUrl=server.url)
        call = script.call("+31850000000")
        assert call.lot == NORMAL, call.events
        # The time-out is one second; the server would take more than this.
        assert call.seconds < SLOW_SECONDS - 3
        assert not [path for path in server.requests if path.startswith("/followed")]


def _table(now: datetime, *, age: timedelta = timedelta(hours=1)) -> bytes:
    """Return a table made so long ago, by which every call is forwarded."""
    made = now - age
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (made, made + timedelta(days=7)))
    return (
        f'{{"schedule":"office","revision":"1","generated_at":"{start}","expires_at":"{end}",'
        f'"intervals":[\n{{"from":"{start}","until":"{end}","status":"closed","action":"forward",'
        '"audio":"","audio_url":"","forward":"+31612345678","voicemail":"","schedule":"office",'
        '"schedule_name":"Caf\u00e9 \\"De Hoek\\" \\\\","reason":"weekly","rule":"week/mon",'
        '"valid_until":"","next_status":"","revision":"1","error":""}\n]}\n'
    ).encode()


def _keep(script: Script, table: bytes, signature: str | None = None) -> None:
    """Put a table where the script keeps that of +31850000000."""
    script.folder.mkdir(exist_ok=True)
    name = hashlib.sha256(b"did=%2B31850000000").hexdigest()[:32]
    line = signature_of(table) if signature is None else signature
    (script.folder / f"table-{name}.txt").write_bytes(line.encode() + b"\n" + table)


@pytest.mark.parametrize(
    "mode", ["refused", "slow", "drip", "closed", "no-http", "cut", "500", "503"]
)
def test_a_dead_daemon_is_stood_in_for_by_the_table(
    matrix: Matrix, script: Script, mode: str
) -> None:
    """When no whole answer comes, or one that says the daemon is at fault itself."""
    _keep(script, _table(clock.utc_now()))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        script.set(BaseUrl=server.url)
        call = script.call("+31850000000")
        assert (call.source, call.lot) == ("kept table", FORWARDED)


@pytest.mark.parametrize("mode", ["400", "401", "403", "429", "redirect", "html", "unknown-action"])
def test_a_daemon_that_answers_is_not_stood_in_for(script: Script, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    _keep(script, _table(clock.utc_now()))
    with bad_server(mode) as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


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
    matrix: Matrix, script: Script, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    _keep(script, _table(clock.utc_now(), age=age), signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


@pytest.mark.parametrize(
    "kept",
    [b"", b"\n", b"v1=00", b"{}\n", signature_of(b"{}").encode() + b"\n{}"],
    ids=["nothing", "a line end", "no body", "no signature", "no table"],
)
def test_what_is_no_table_is_not_used(script: Script, kept: bytes) -> None:
    """A file that something else left there costs nothing but the table."""
    _keep(script, b"")
    next(script.folder.iterdir()).write_bytes(kept)
    with bad_server("refused") as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


def test_without_a_key_no_table_is_kept_or_used(daemon: Daemon, script: Script) -> None:
    """Even one that is signed with an empty key."""
    _beside(daemon, script, TableKey="")
    assert script.call("+31850000002").lot == FORWARDED
    assert not _tables(script)
    table = _table(clock.utc_now())
    _keep(script, table, "v1=" + hmac.new(b"", table, hashlib.sha256).hexdigest())
    script.set(BaseUrl="http://127.0.0.1:9")
    assert script.call("+31850000000").lot == NORMAL


@pytest.mark.parametrize("wrong", ["signature", "status"])
def test_a_table_that_can_not_be_trusted_is_not_kept(script: Script, wrong: str) -> None:
    """The one that is there stays."""
    _keep(script, _table(clock.utc_now()))
    path = next(script.folder.iterdir())
    before = path.read_bytes()
    path.touch()
    body = _table(clock.utc_now(), age=timedelta(0))
    page = table_page(body, "v1=" + "0" * 64) if wrong == "signature" else Page(body, status=403)
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(_answer()), "/table": page}
        script.set(BaseUrl=server.url)
        _make_old(path)
        assert script.call("+31850000000").lot == "hung up"
        wait_until(lambda: any("/table" in asked for asked in server.requests), "it is asked for")
    script.call("+31850000000")
    assert path.read_bytes() == before


def _make_old(path: Path) -> None:
    """Give a table the age at which a newer one is asked for."""
    import os

    then = clock.utc_now().timestamp() - 601
    os.utime(path, (then, then))


def _answer(**others: str) -> bytes:
    """Return an answer of the hook as text."""
    fields = {"status": "closed", "action": "hangup", "audio": "", "forward": "", "voicemail": ""}
    lines = [f"{name}={value}\r\n" for name, value in (fields | others | {"error": ""}).items()]
    return "".join(lines).encode()


@pytest.mark.parametrize(
    ("page", "is_played"),
    [
        pytest.param(Page(MESSAGE), True, id="whole"),
        pytest.param(Page(MESSAGE[:-2]), False, id="other bytes"),
        pytest.param(Page(MESSAGE, status=404), False, id="not found"),
        pytest.param(Page(b""), False, id="empty"),
        pytest.param(Page(bytes(10 * 1024 * 1024 + 1)), False, id="too large"),
    ],
)
def test_only_the_right_bytes_are_played(script: Script, page: Page, is_played: bool) -> None:  # noqa: FBT001 - a column of the table above
    """A message that isn't what its name says is neither played nor kept; the call goes on."""
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(_answer(audio=f"{DIGEST}.wav"))}
        server.pages |= {f"/audio/{DIGEST}.wav": page}
        script.set(BaseUrl=server.url)
        for _ in range(2):
            call = script.call("+31850000000")
            assert (call.lot, call.played) == ("hung up", HEARD if is_played else ())
    asked = [path for path in server.requests if path.startswith("/audio/")]
    assert len(asked) == (1 if is_played else 2)
    kept = [path.name for path in script.folder.iterdir()] if script.folder.exists() else []
    assert kept == ([f"{DIGEST}.wav"] if is_played else [])


@pytest.mark.parametrize("name", ["../../etc/passwd", f"{DIGEST}.wav/..", f"{DIGEST.upper()}.wav"])
def test_no_other_file_is_played(script: Script, name: str) -> None:
    """A name that is no hash is no message, and is asked of nobody."""
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(_answer(audio=name))}
        script.set(BaseUrl=server.url)
        call = script.call("+31850000000")
        assert (call.lot, call.played) == ("hung up", ())
        assert not [path for path in server.requests if "/hook" not in path and "/table" not in path]


@pytest.mark.parametrize("fault", ["PlayPrompt", "AssureMedia", "no media", "Info"])
def test_a_fault_of_3cx_while_playing_costs_the_message_alone(
    daemon: Daemon, script: Script, fault: str
) -> None:
    """The call is treated as told."""
    _beside(daemon, script)
    assert script.call("+31850000007", "", fault).events[-1] == FORWARDED


@pytest.mark.parametrize("fault", ["Caller", "CallID", "Terminate"])
def test_a_fault_of_3cx_takes_the_normal_route(daemon: Daemon, script: Script, fault: str) -> None:
    """No call ends by an error of the script's own."""
    _beside(daemon, script)
    assert script.call("+31850000004", "", fault).lot == NORMAL


def test_the_request_is_what_the_hook_expects(script: Script) -> None:
    """Percent-encoded UTF-8, the token, as text."""
    with bad_server("404") as server:
        script.set(BaseUrl=server.url)
        script.call("+31 85&\u00e9", "a b")
        assert server.requests == [
            "/hook/3cx?format=text&did=%2B31%2085%26%C3%A9&cli=a%20b&callid=17"
        ]
        assert server.authorizations == ["Bearer tok"]


@pytest.mark.parametrize(
    ("size", "key_size"), [(0, 0), (1, 32), (55, 64), (56, 65), (64, 131), (119, 1), (100_000, 32)]
)
def test_hashes_are_right(script: Script, size: int, key_size: int) -> None:
    """Written out as they are, the script's SHA-256 and HMAC are those of the library."""
    data = bytes(number * 7 % 256 for number in range(size))
    key = bytes(number * 11 % 256 for number in range(key_size))
    assert script.command("sha256", data.hex()) == [hashlib.sha256(data).hexdigest()]
    right = hmac.new(key, data, hashlib.sha256).hexdigest()
    assert script.command("hmac", key.hex(), data.hex()) == [right]
