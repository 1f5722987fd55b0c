"""The real daemon: tokens that rotate, end, and are noted as used; what decisions.db is worth."""

import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pbx_adapters.token_uses import read_uses
from tests.e2e.daemon import COMMAND, NUMBER, PATIENCE, Daemon, wait_until


def command(daemon: Daemon, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    """Run a command beside the daemon; return what it tells in JSON."""
    done = subprocess.run(
        [COMMAND, *arguments, "--json", "--data-dir", daemon.data_dir],
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    assert b"Warning" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@contextmanager
def calling(daemon: Daemon, sent: list[str], statuses: list[int]) -> Iterator[None]:
    """Call without a pause, each time with the last token that was put into the PBX."""
    stopping = threading.Event()

    def call() -> None:
        while not stopping.is_set():
            statuses.append(daemon.call(token=sent[-1]).status)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(PATIENCE)


def test_rotation_loses_no_call(running: Daemon) -> None:
    """Calls go on with the old token, then with the new one, through rotation and revocation."""
    old = command(running, "token", "create", "centrale")
    sent: list[str] = [old["token"]]
    statuses: list[int] = []
    with calling(running, sent, statuses):
        wait_until(lambda: len(statuses) > 10, "calls are answered with the old token")
        new = command(running, "token", "rotate", "centrale", "--overlap", "1h")
        seen = len(statuses)
        wait_until(lambda: len(statuses) > seen + 10, "the old token goes on")
        sent.append(new["token"])
        seen = len(statuses)
        # The call that was on its way may have been sent with the old one.
        wait_until(lambda: len(statuses) > seen + 10, "calls are answered with the new token")
        command(running, "token", "revoke", old["id"])
        seen = len(statuses)
        wait_until(lambda: len(statuses) > seen + 10, "the new token goes on")
    assert set(statuses) == {200}
    assert running.call(token=old["token"]).status == 401


def test_token_ends_by_itself(running: Daemon) -> None:
    """Without any change of the store it is refused from its end on, and counted as expired."""
    end = datetime.now(UTC) + timedelta(seconds=3)
    text = running.add_token(expires_at=end)
    wait_until(lambda: running.call(token=text).status == 200, "the token is good")
    wait_until(lambda: running.call(token=text).status == 401, "it has ended")
    assert datetime.now(UTC) >= end - timedelta(seconds=1)
    assert running.metric("bereikbaar_auth_failures_total") >= 1
    assert running.call().status == 200


def test_last_use_is_kept_when_the_daemon_ends(daemon: Daemon) -> None:
    """What calls noted in memory is in the list afterwards; who never called isn't."""
    daemon.start()
    used, idle = (command(daemon, "token", "create", name)["id"] for name in ("een", "twee"))
    operator = daemon.token.split("_")[1]
    daemon.call()
    before = int(time.time()) // 60 * 60
    assert daemon.stop() == 0
    uses = read_uses(daemon.data_dir / "decisions.db")
    assert uses.keys() == {operator}
    assert abs(uses[operator].timestamp() - before) <= 60
    listed = {one["id"]: one["last_used_at"] for one in command(daemon, "token", "list")}
    assert listed[operator] == f"{uses[operator]:%Y-%m-%dT%H:%M:%SZ}"
    assert listed[used] is listed[idle] is None


def test_use_wakes_nobody(daemon: Daemon) -> None:
    """What is kept of calls leaves the store's data version alone."""
    daemon.start()
    with daemon.store() as store:
        before = store.data_version()
        daemon.call()
        assert daemon.stop() == 0
        assert (daemon.data_dir / "decisions.db").exists()
        assert store.data_version() == before


def test_damaged_decisions_database_stops_no_start(daemon: Daemon) -> None:
    """Calls are answered; it is told, put aside, and begun anew."""
    path = daemon.data_dir / "decisions.db"
    path.write_bytes(b"kapot" * 1_000)
    daemon.start()
    assert daemon.status() == "open"
    assert daemon.stop() == 0
    (line,) = daemon.events("token_uses_not_kept")
    assert "damaged" in line["why"]
    daemon.start()
    assert daemon.status() == "open"
    assert daemon.stop() == 0
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM token_uses").fetchone() == (1,)


def test_forwarded_address_counts_from_a_trusted_proxy_only(daemon: Daemon) -> None:
    """As the environment sets it: for the networks of a token, and in the log."""
    daemon.settings = {"trusted_proxies": "127.0.0.1, 192.0.2.0/24"}
    text = daemon.add_token(networks=["203.0.113.0/24"])
    daemon.start()

    def ask(address: str) -> int:
        headers = {"Authorization": f"Bearer {text}", "X-Forwarded-For": address}
        return daemon.send("GET", f"/hook/3cx?did={NUMBER[1:]}", headers=headers)[0]

    assert ask("203.0.113.7, 192.0.2.1") == 200
    assert ask("198.51.100.7, 192.0.2.1") == 403
    assert [line["remote"] for line in daemon.events("request_refused")] == ["198.51.100.7"]
