"""The signed table that the 3CX script keeps, for when the daemon can't be reached."""

import hashlib
import hmac
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pbx_adapters import clock
from tests.e2e.daemon import Daemon, wait_until
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.matrix import Matrix
from tests.pbx.shell import signature_of, table_page
from tests.pbx.threecx.mono import PBX, Script
from tests.pbx.threecx.site import (
    DIGEST,
    FORWARDED,
    HEARD,
    NORMAL,
    TREATED,
    answer_of,
    kept_tables,
    key_of,
    put_beside,
    timeout_ms_of,
)
from tests.pbx.treated import ANSWERING, MESSAGE, TABLES_THAT_DO_NOT_HOLD, forwarding_table

pytestmark = pytest.mark.pbx


@pytest.mark.parametrize(
    "fixed", [{"Schedule": "forwarded"}, {"Number": "+31850000002"}], ids=["schedule", "number"]
)
def test_what_is_asked_may_be_fixed(daemon: Daemon, script: Script, fixed: dict[str, str]) -> None:
    """Then it doesn't matter what number was called, and the table is that of what is asked."""
    put_beside(daemon, script, TableKey=key_of(daemon), **fixed)
    assert script.call("0851234567").lot == FORWARDED
    wait_until(lambda: kept_tables(script), "the table is kept")
    script.set(BaseUrl="http://127.0.0.1:9")
    call = script.call("0857654321")
    assert (call.source, call.lot) == ("kept table", FORWARDED)


def test_an_answer_renews_the_table(matrix: Matrix, daemon: Daemon, script: Script) -> None:
    """And with the daemon gone each call is treated as before, message and all."""
    put_beside(daemon, script, TableKey=key_of(daemon))
    with matrix.scenario(PBX, "dead daemon with table"):
        for kept, (number, _, lot) in enumerate(TREATED.values(), start=1):
            assert script.call(number).lot == lot
            wait_until(lambda kept=kept: len(kept_tables(script)) == kept, "the table is kept")  # type: ignore[misc]
        before = {path: path.stat().st_mtime_ns for path in kept_tables(script)}
        for number, _, _ in TREATED.values():
            script.call(number)
        script.set(BaseUrl="http://127.0.0.1:9")
        for number, treatment, lot in TREATED.values():
            call = script.call(number)
            assert (call.source, call.lot) == ("kept table", lot), number
            assert call.played == (HEARD if "audio=m" in treatment else ())
        assert {path: path.stat().st_mtime_ns for path in kept_tables(script)} == before


def table_of_age(now: datetime, *, age: timedelta = timedelta(hours=1)) -> bytes:
    """Return a table made so long ago, whose name holds what JSON escapes."""
    name = 'Caf\u00e9 \\"De Hoek\\" \\\\'
    return forwarding_table(now, age=age, forward="+31612345678", name=name)


def keep(script: Script, table: bytes, signature: str | None = None) -> None:
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
    keep(script, table_of_age(clock.utc_now()))
    with bad_server(mode) as server, matrix.scenario(PBX, "dead daemon with table"):
        script.set(BaseUrl=server.url, TimeoutMs=timeout_ms_of(mode))
        call = script.call("+31850000000")
        assert (call.source, call.lot) == ("kept table", FORWARDED)


@pytest.mark.parametrize("mode", ANSWERING)
def test_a_daemon_that_answers_is_not_stood_in_for(script: Script, mode: str) -> None:
    """A token that was revoked must not go on deciding."""
    keep(script, table_of_age(clock.utc_now()))
    with bad_server(mode) as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


@pytest.mark.parametrize(
    ("scenario", "age", "signature"),
    TABLES_THAT_DO_NOT_HOLD,
)
def test_a_table_that_does_not_hold_is_not_used(
    matrix: Matrix, script: Script, scenario: str, age: timedelta, signature: str | None
) -> None:
    """The normal route, as if there were none."""
    keep(script, table_of_age(clock.utc_now(), age=age), signature)
    with bad_server("refused") as server, matrix.scenario(PBX, scenario):
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


def test_a_table_holds_no_longer_than_its_head_says(script: Script) -> None:
    """Even if an interval in it did."""
    now = clock.utc_now()
    end, past = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now + timedelta(days=6, hours=23), now))
    table = table_of_age(now)
    cut = table.replace(f'"expires_at":"{end}"'.encode(), f'"expires_at":"{past}"'.encode())
    assert cut != table
    keep(script, cut)
    with bad_server("refused") as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


@pytest.mark.parametrize(
    "kept",
    [b"", b"\n", b"v1=00", b"{}\n", signature_of(b"{}").encode() + b"\n{}"],
    ids=["nothing", "a line end", "no body", "no signature", "no table"],
)
def test_what_is_no_table_is_not_used(script: Script, kept: bytes) -> None:
    """A file that something else left there costs nothing but the table."""
    keep(script, b"")
    next(script.folder.iterdir()).write_bytes(kept)
    with bad_server("refused") as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000").lot == NORMAL


def test_without_a_key_no_table_is_kept_or_used(daemon: Daemon, script: Script) -> None:
    """Even one that is signed with an empty key."""
    put_beside(daemon, script, TableKey="")
    assert script.call("+31850000002").lot == FORWARDED
    assert not kept_tables(script)
    table = table_of_age(clock.utc_now())
    keep(script, table, "v1=" + hmac.new(b"", table, hashlib.sha256).hexdigest())
    script.set(BaseUrl="http://127.0.0.1:9")
    assert script.call("+31850000000").lot == NORMAL


@pytest.mark.parametrize("wrong", ["signature", "status"])
def test_a_table_that_can_not_be_trusted_is_not_kept(script: Script, wrong: str) -> None:
    """The one that is there stays."""
    keep(script, table_of_age(clock.utc_now()))
    path = next(script.folder.iterdir())
    before = path.read_bytes()
    path.touch()
    body = table_of_age(clock.utc_now(), age=timedelta(0))
    page = table_page(body, "v1=" + "0" * 64) if wrong == "signature" else Page(body, status=403)
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(answer_of()), "/table": page}
        script.set(BaseUrl=server.url)
        make_old(path)
        assert script.call("+31850000000").lot == "hung up"
        wait_until(lambda: any("/table" in asked for asked in server.requests), "it is asked for")
    script.call("+31850000000")
    assert path.read_bytes() == before


@pytest.mark.parametrize("other", ["older", "another schedule's"])
def test_a_table_that_was_sent_before_is_not_kept(script: Script, other: str) -> None:
    """It is rightly signed, but would undo what was saved since, or is of another schedule."""
    kept = table_of_age(clock.utc_now())
    script.folder.mkdir(exist_ok=True)
    path = script.folder / f"table-{hashlib.sha256(b'schedule=office').hexdigest()[:32]}.txt"
    path.write_bytes(signature_of(kept).encode() + b"\n" + kept)
    make_old(path)
    sent = (
        table_of_age(clock.utc_now(), age=timedelta(hours=2))
        if other == "older"
        else table_of_age(clock.utc_now(), age=timedelta(0)).replace(b'"office"', b'"shop"')
    )
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(answer_of()), "/table/office": table_page(sent)}
        script.set(BaseUrl=server.url, Schedule="office")
        script.call("+31850000000")
        wait_until(lambda: "/table/office" in server.requests, "it is asked for")
        right = table_of_age(clock.utc_now(), age=timedelta(minutes=1))
        # Time enough to write it, for a script that would.
        time.sleep(0.3)
        assert path.read_bytes().endswith(kept)
        server.pages["/table/office"] = table_page(right)
        script.call("+31850000000")
        wait_until(lambda: path.read_bytes().endswith(right), "a newer one is kept")


def test_messages_of_a_table_are_kept_with_it(script: Script) -> None:
    """One that nobody has heard yet is there when the daemon is not; then none is asked for."""
    named = f'"audio":"{DIGEST}.wav"'.encode()
    table = table_of_age(clock.utc_now()).replace(b'"audio":""', named)
    with bad_server("500") as server:
        server.pages |= {"/hook/3cx": Page(answer_of()), "/table": table_page(table)}
        script.set(BaseUrl=server.url)
        script.call("+31850000000")
        wait_until(lambda: f"/audio/{DIGEST}.wav" in server.requests, "the message is asked for")
        del server.pages["/hook/3cx"]
        asked = len(server.requests)
        call = script.call("+31850000000")
        assert (call.source, call.lot, call.played) == ("kept table", FORWARDED, ())
        assert len(server.requests) == asked + 1
        server.pages |= {"/hook/3cx": Page(answer_of()), f"/audio/{DIGEST}.wav": Page(MESSAGE)}
        make_old(kept_tables(script)[0])
        script.call("+31850000000")
        wait_until((script.folder / f"{DIGEST}.wav").exists, "the message is kept")
        server.pages.clear()
        assert script.call("+31850000000").played == HEARD


def make_old(path: Path) -> None:
    """Give a table the age at which a newer one is asked for."""
    then = clock.utc_now().timestamp() - 601
    os.utime(path, (then, then))
