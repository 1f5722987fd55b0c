"""Real calls through a real Asterisk when something is wrong: each takes its normal route."""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.daemon import wait_until
from tests.pbx.asterisk import VERSIONS
from tests.pbx.bad_server import BELIEVED, SLOW_SECONDS, Page, bad_server
from tests.pbx.documents import MESSAGE, NUMBERS, STORING, UNKNOWN, WACHT, write_documents
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import KEY, signature_of
from tests.pbx.shop import Shop, new_shop
from tests.pbx.sound import best_fit
from tests.pbx.suites import find_beside

COLUMNS = tuple(
    Column(
        pbx,
        (
            *("slow daemon", "dead daemon without table", "dead daemon with table"),
            *("expired table", "table wrongly signed", "wrong token", "malformed answer"),
            *("unknown action", "audio missing", "500 answer", "holiday"),
        ),
        suite,
    )
    for pbx, suite in VERSIONS.items()
)
pytestmark = pytest.mark.pbx

_NUMBER = NUMBERS["forwarded"]
_RENEWAL = '"1?AGI(bereikbaar-asterisk,renew,'
_OWN_MODES = {
    "slow": "slow daemon",
    "drip": "slow daemon",
    "refused": "dead daemon without table",
    "closed": "dead daemon without table",
    "401": "wrong token",
    "403": "wrong token",
    "500": "500 answer",
    "502": "500 answer",
    "503": "500 answer",
    "unknown-action": "unknown action",
    "unknown-status": "unknown action",
}
_MALFORMED = (
    *("malformed", "huge", "redirect", "html", "empty", "no-http", "bad-chunks"),
    # Not `cut`: Asterisk takes a whole answer that was announced as longer.
    *("bad-forward", "400", "404", "429"),
)
_MODES = _OWN_MODES | dict.fromkeys(_MALFORMED, "malformed answer")


@pytest.fixture(scope="module", params=list(VERSIONS))
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Open a shop with a number for each scenario."""
    folder = tmp_path_factory.mktemp("shop")
    with new_shop(request.param, folder) as shop:
        shop.command("apply", *write_documents(folder))
        yield shop


def keep_table(
    shop: Shop, number: str = _NUMBER, *, days: int = 0, key: str = KEY, told: str = "closed"
) -> None:
    """Put a table beside Asterisk that was made so many days before now, for a week."""
    action = "forward" if told == "closed" else "continue"
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days, hours=1)
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (made, made + timedelta(days=7)))
    body = (
        f'{{"schedule":"office","revision":"1","generated_at":"{start}","expires_at":"{end}",'
        '"intervals":[\n'
        f'{{"from":"{start}","until":"{end}","status":"{told}","action":"{action}","audio":"",'
        f'"audio_url":"","forward":"{STORING}","voicemail":"","error":""}}\n]}}\n'
    ).encode()
    path = shop.asterisk.kept / f"table-did={number}"
    path.write_bytes(f"{signature_of(body, key)}\n".encode() + body)


@pytest.mark.parametrize("mode", _MODES)
def test_bad_answer_changes_nothing(shop: Shop, matrix: Matrix, mode: str) -> None:
    """Whatever stands in the daemon's place, the shop's telephone rings as it did before."""
    with bad_server(mode) as server, matrix.scenario(shop.pbx, _MODES[mode]):
        shop.install(server.url, timeout_seconds=1)
        started = time.monotonic()
        call = shop.call(_NUMBER, 0.1)
        assert (call.code, call.desk, call.trunk) == ("200", [_NUMBER], [])
        # It didn't wait for what would have come late.
        assert time.monotonic() - started < SLOW_SECONDS
        assert not [path for path in server.requests if path.startswith("/followed")]


def test_wrong_token_is_no_reason_to_use_the_table(shop: Shop, matrix: Matrix) -> None:
    """A token that was revoked doesn't go on deciding by what it had fetched."""
    with matrix.scenario(shop.pbx, "wrong token"):
        shop.install(token="bk_0123_secret", table_key=KEY)
        keep_table(shop)
        assert shop.call(_NUMBER).desk == [_NUMBER]


@pytest.mark.parametrize("mode", ["slow", "refused", "500", "503"])
def test_table_decides_instead(shop: Shop, matrix: Matrix, mode: str) -> None:
    """Where no answer comes, or one that says the daemon is broken, the kept table decides."""
    row = {"slow": "slow daemon", "refused": "dead daemon with table"}.get(mode, "500 answer")
    with bad_server(mode) as server, matrix.scenario(shop.pbx, row):
        shop.install(server.url, timeout_seconds=1, table_key=KEY)
        keep_table(shop)
        call = shop.call(_NUMBER)
        assert (call.desk, call.trunk) == ([], [STORING])
        # Another number's calls have no table.
        assert shop.call(UNKNOWN).desk == [UNKNOWN]


@pytest.mark.parametrize(
    ("row", "days", "key"),
    [
        pytest.param("expired table", 7, KEY, id="expired"),
        pytest.param("expired table", -1, KEY, id="not-yet-valid"),
        pytest.param("table wrongly signed", 0, "00" * 32, id="wrongly-signed"),
    ],
)
def test_table_that_is_not_right_decides_nothing(
    shop: Shop, matrix: Matrix, row: str, days: int, key: str
) -> None:
    """A table out of its time or by another hand is as none."""
    with bad_server("refused") as server, matrix.scenario(shop.pbx, row):
        shop.install(server.url, table_key=KEY)
        keep_table(shop, days=days, key=key)
        call = shop.call(_NUMBER)
        assert (call.code, call.desk, call.trunk) == ("200", [_NUMBER], [])


def test_table_of_the_real_daemon_outlives_it(shop: Shop, matrix: Matrix) -> None:
    """Once a call was answered, the next is treated alike while the daemon is gone, and heard."""
    number = NUMBERS["announced"]
    table = shop.asterisk.kept / f"table-did={number}"
    with matrix.scenario(shop.pbx, "dead daemon with table"):
        shop.install(table_key=shop.table_key)
        assert shop.call(number, 3).trunk == [STORING]
        wait_until(table.exists, "the table is kept")
        kept = table.read_bytes()
        shop.daemon.stop()
        try:
            call = shop.call(number, 3)
            assert (call.desk, call.trunk) == ([], [STORING])
            assert best_fit(MESSAGE, call.heard) >= 0.9
            assert shop.call(_NUMBER).desk == [_NUMBER]
        finally:
            shop.daemon.start()
        # What was kept is still young, and isn't asked for again; an old one is.
        shop.install(table_key=shop.table_key)
        table.write_bytes(kept)
        assert _RENEWAL not in shop.call(number).log
        os.utime(table, (0, 0))
        assert _RENEWAL in shop.call(number).log
        wait_until(lambda: table.stat().st_mtime > 0, "the table is renewed")


def test_forward_to_nobody_plays_nothing(shop: Shop) -> None:
    """An answer that contradicts itself isn't half done: no message, and then the normal route."""
    answer = (
        f'{{"status":"closed","action":"forward","audio":"{"5" * 64}.wav","forward":"",'
        '"voicemail":"","error":""}'
    )
    with bad_server("500") as server:
        server.pages["/hook/asterisk"] = Page(answer.encode())
        shop.install(server.url)
        call = shop.call(_NUMBER, 0.1)
        assert (call.code, call.desk, call.trunk) == ("200", [_NUMBER], [])
        assert not [path for path in server.requests if path.startswith("/audio")]


def test_message_that_is_not_to_be_had(shop: Shop, matrix: Matrix) -> None:
    """A message that is named and can't be downloaded doesn't keep the call from its forward."""
    wrong = "5" * 64
    answer = (
        f'{{"status":"closed","action":"forward","audio":"{wrong}.wav","forward":"{STORING}",'
        '"voicemail":"","error":""}'
    )
    pages = {
        "absent": Page(b"", 404),
        "another": Page(b"RIFF" + b"\0" * 9_000),
        "huge": Page(b"RIFF" + b"\0" * 11_000_000),
    }
    with bad_server("slow") as server, matrix.scenario(shop.pbx, "audio missing"):
        server.pages["/hook/asterisk"] = Page(answer.encode())
        for page in pages.values():
            server.pages[f"/audio/{wrong}.wav"] = page
            shop.install(server.url)
            call = shop.call(_NUMBER)
            assert (call.desk, call.trunk) == ([], [STORING])
            assert list(shop.asterisk.kept.iterdir()) == []


def test_holiday_by_a_moved_clock(
    shop: Shop, matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At Christmas the daemon itself says so, and the day before Christmas the shop is open."""
    number = NUMBERS["holiday"]
    today = datetime.now(UTC).date()
    christmas = min(
        day
        for year in (today.year, today.year + 1)
        if (day := today.replace(year=year, month=12, day=25)) > today
    )
    monkeypatch.setenv("LD_PRELOAD", str(find_beside("libfaketimeMT.so.1")))
    monkeypatch.setenv("DONT_FAKE_MONOTONIC", "1")
    with matrix.scenario(shop.pbx, "holiday"):
        for day, desk, trunk in (
            (christmas - timedelta(days=1), [number], []),
            (christmas, [], [WACHT]),
        ):
            shop.daemon.stop()
            monkeypatch.setenv("FAKETIME", f"@{day} 12:00:00")
            shop.daemon.start()
            shop.install()
            call = shop.call(number)
            assert (call.desk, call.trunk) == (desk, trunk)
    monkeypatch.undo()
    shop.daemon.stop()
    shop.daemon.start()


@pytest.mark.parametrize(
    "caller",
    [
        '"${SHELL(touch FOLDER/pwned)}" <sip:USER%24%7BSHELL(touch%20FOLDER/pwned)%7D@127.0.0.1>',
        '"`touch FOLDER/pwned`" <sip:USER%60touch%20FOLDER/pwned%60@127.0.0.1>',
        r'"\";touch FOLDER/pwned;\"" <sip:USER%22%3Btouch%20FOLDER/pwned%3B%22@127.0.0.1>',
        '"a,b|c&d=e" <sip:USER%2C1%29%7D%26schedule%3Dhangup@127.0.0.1>',
        '"%0d%0a" <sip:USER%0D%0ASET%20VARIABLE%20bb_action%20hangup@127.0.0.1>',
        '"Ren\xc3\xa9 \xff" <sip:USER%FF%00%C3@127.0.0.1>',
        f'"{"x" * 900}" <sip:USER{"9" * 900}@127.0.0.1>',
        '"" <sip:USER)%3A1%3A2)@127.0.0.1>',
    ],
    ids=["variable", "backticks", "quotes", "commas", "lines", "bytes", "long", "colons"],
)
def test_what_a_caller_sends_is_harmless(shop: Shop, caller: str) -> None:
    """Whatever stands in a caller's name and number, his call is treated as any other."""
    shop.install(table_key=shop.table_key)
    told = caller.replace("FOLDER", shop.asterisk.inside)
    call = shop.call(_NUMBER, caller=told)
    assert (call.desk, call.trunk) == ([], [STORING])
    assert not (shop.asterisk.folder / "pwned").exists()


@pytest.mark.parametrize(
    "ending",
    ["%2C1%29%7D", "%60touch%20pwned%60", "%24%7BSHELL(touch%20pwned)%7D", "%22%3B", "%2F..%2Fx"],
    ids=["parenthesis", "backticks", "variable", "quotes", "path"],
)
def test_what_is_called_is_harmless(shop: Shop, ending: str) -> None:
    """Whatever stands in the number called, nothing is run and no other file is written."""
    shop.install(table_key=shop.table_key)
    call = shop.call(f"{_NUMBER}{ending}")
    assert call.code >= "200"
    assert {path.name.partition("=")[0] for path in shop.asterisk.kept.iterdir()} <= {"table-did"}
    assert not list(shop.asterisk.root.glob("pwned"))
    assert shop.call(_NUMBER).trunk == [STORING]


@pytest.mark.parametrize("asked", [{"number": _NUMBER}, {"schedule": "forwarded"}], ids=str)
def test_every_call_asks_for_the_same(shop: Shop, asked: dict[str, str]) -> None:
    """A PBX that doesn't know the number called asks for one that it is told, with its table."""
    shop.install(table_key=shop.table_key, **asked)
    assert shop.call(NUMBERS["hangup"]).trunk == [STORING]
    name = "=".join(*asked.items()).replace("number", "did")
    wait_until((shop.asterisk.kept / f"table-{name}").exists, "the table is kept")


def test_default_route(shop: Shop) -> None:
    """With a default route, calls that go on go there; others don't."""
    shop.install(default_route="elsewhere,s,1")
    assert shop.call(NUMBERS["open"]).desk == ["elsewhere"]
    assert shop.call(_NUMBER).trunk == [STORING]


def test_digits_without_a_plus(shop: Shop) -> None:
    """A trunk that wants no plus gets none."""
    trunk = f"PJSIP/trunk/sip:{{digits}}@127.0.0.1:{shop.asterisk.trunk_port}"
    shop.install(settings={"trunk": trunk})
    assert shop.call(_NUMBER).trunk == [STORING.removeprefix("+")]


def test_token_goes_to_the_daemon_alone(shop: Shop) -> None:
    """What the shop's own dialplan asks of others in the same call doesn't carry our token."""
    with bad_server("500") as daemon, bad_server("html") as other:
        shop.install(daemon.url)
        shop.asterisk.command(f"dialplan set global OTHER_URL {other.url}/")
        assert shop.call("asking").desk == ["elsewhere"]
        assert len(daemon.authorizations) == 2
        assert len({*daemon.authorizations}) == 1
        assert daemon.authorizations[0] != ""
        assert other.authorizations == [""]


def test_second_question_of_a_call_has_its_own_answer(shop: Shop) -> None:
    """What a table said of one number doesn't stand for the next, of which nothing is known."""
    with bad_server("refused") as server:
        shop.install(server.url, table_key=KEY)
        keep_table(shop, "+31850000000", told="open")
        log = shop.call("asking").log
    told = re.findall(r'"BEREIKBAAR_STATUS=(\w+)"', log)
    assert told == ["unknown", "open", "unknown"]


def test_believed_is_no_number_of_ours() -> None:
    """What bad answers say can be told from what the shops say."""
    assert BELIEVED not in {STORING, WACHT}
