"""The real daemon records its calls, however it ends, and whatever becomes of the file."""

import sqlite3
import stat
from contextlib import closing
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from admin_cli.control import ask_daemon
from pbx_adapters.decisions_db import read_decisions
from tests.e2e.daemon import NUMBER, Daemon, several_sizes, wait_until

CALLER = "+31612345678"
CALLER_DIGITS = b"612345678"


def path_of(daemon: Daemon) -> Path:
    """Return where calls are recorded."""
    return daemon.data_dir / "decisions.db"


def recorded(daemon: Daemon) -> list[tuple[str, bool]]:
    """Return the calls on record: the PBX's own id, and whether the caller is known."""
    rows = read_decisions(path_of(daemon), "calls")
    found = [(str(callid), caller is not None) for _, _, _, caller, _, callid, *_ in rows]
    return sorted(found, key=lambda call: (len(call[0]), call[0]))


def call(daemon: Daemon, callid: object) -> None:
    """Call as somebody, and be answered."""
    assert daemon.call(cli=CALLER, callid=str(callid)).fields["status"] == "open"


def is_recorded(daemon: Daemon, callid: object) -> bool:
    """Tell whether a call is on record."""
    return (str(callid), True) in recorded(daemon)


@several_sizes
def test_calls_are_recorded_soon_and_at_the_end(daemon: Daemon, workers: str) -> None:
    """Those of PBXs, each once; what operators ask over the control socket isn't a call."""
    daemon.settings["workers"] = workers
    daemon.start()
    call(daemon, 1)
    wait_until(lambda: is_recorded(daemon, 1), "the call is recorded")
    asked = f"/hook/generic?{urlencode({'did': NUMBER, 'callid': 'check'})}"
    assert ask_daemon(daemon.data_dir / "control.sock", asked).status == 200
    daemon.call(at="2026-12-25T10:00", callid="simulated")
    for callid in range(2, 30):
        call(daemon, callid)
    assert daemon.stop() == 0
    assert recorded(daemon) == [(str(callid), True) for callid in range(1, 30)]


def test_caller_is_nowhere_to_be_read(daemon: Daemon) -> None:
    """Neither in the log, whatever its level, nor in a file of the data directory."""
    daemon.log_level = "debug"
    daemon.start()
    call(daemon, 1)
    daemon.call(cli="sip:0612345678@192.0.2.1")
    daemon.call(cli="06 12345678", token="bk_wrong_token")
    wait_until(lambda: is_recorded(daemon, 1), "the call is recorded")
    daemon.kill()
    files = [path for path in daemon.data_dir.rglob("*") if path.is_file()]
    assert path_of(daemon) in files
    written = b"".join(path.read_bytes() for path in [*files, daemon.log_path])
    assert CALLER_DIGITS not in written
    assert CALLER_DIGITS[::-1] not in written[::-1].replace(b" ", b"")


def test_key_is_made_for_the_owner_only_and_stays(daemon: Daemon) -> None:
    """A second start finds the callers of the first."""
    daemon.start()
    call(daemon, 1)
    assert daemon.stop() == 0
    key = daemon.data_dir / "caller-hash.key"
    made = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    daemon.start()
    call(daemon, 2)
    assert daemon.stop() == 0
    assert key.read_bytes() == made
    with closing(sqlite3.connect(path_of(daemon))) as db:
        assert db.execute("SELECT count(*), count(DISTINCT caller) FROM calls").fetchone() == (2, 1)


def test_calls_are_recorded_without_callers_where_the_key_is_missing(daemon: Daemon) -> None:
    """A key that was put somewhere and is gone is told, and never made anew."""
    key = daemon.data_dir.parent / "elsewhere.key"
    daemon.settings = {"caller_hash_key_file": str(key)}
    daemon.start()
    call(daemon, 1)
    assert daemon.stop() == 0
    assert recorded(daemon) == [("1", False)]
    (line,) = daemon.events("callers_not_recorded")
    assert f"{key} isn't there; put it back" in line["why"]
    assert not key.exists()
    assert not (daemon.data_dir / "caller-hash.key").exists()


def test_nothing_is_recorded_where_nobody_wants_it(daemon: Daemon) -> None:
    """At no days of retention there is no call on record, nor a key, and old ones are removed."""
    daemon.start()
    call(daemon, 1)
    assert daemon.stop() == 0
    (daemon.data_dir / "caller-hash.key").unlink()
    daemon.settings = {"decision_retention_days": "0"}
    daemon.start()
    call(daemon, 2)
    wait_until(lambda: not recorded(daemon), "what was recorded is removed")
    assert daemon.stop() == 0
    assert recorded(daemon) == []
    assert not (daemon.data_dir / "caller-hash.key").exists()


def test_killed_daemon_loses_a_moment_at_most(daemon: Daemon) -> None:
    """What was on record stays there, and the next run goes on beside it."""
    callids = count(1)
    told: list[str] = []
    for _ in range(3):
        daemon.start()
        for _ in range(20):
            told.append(str(next(callids)))
            call(daemon, told[-1])
        wait_until(lambda: is_recorded(daemon, told[-1]), "the calls are recorded")
        call(daemon, "maybe")
        daemon.kill()
    daemon.start()
    assert daemon.stop() == 0
    kept = [callid for callid, _ in recorded(daemon)]
    assert [callid for callid in kept if callid != "maybe"] == told
    with closing(sqlite3.connect(path_of(daemon))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_file_that_is_damaged_meanwhile_costs_no_call(daemon: Daemon) -> None:
    """Calls are answered, and recorded in another file; it is told, and told when it is over."""
    daemon.start()
    call(daemon, 1)
    wait_until(lambda: is_recorded(daemon, 1), "the call is recorded")
    for suffix in ("-wal", "-shm"):
        # Whoever looked just now may have kept what hides the damage.
        path_of(daemon).with_name(f"decisions.db{suffix}").unlink(missing_ok=True)
    path_of(daemon).write_bytes(b"kapot" * 10_000)
    call(daemon, 2)
    wait_until(lambda: daemon.events("calls_recorded_again"), "calls are recorded again")
    assert daemon.stop() == 0
    assert recorded(daemon) == [("2", True)]
    (line,) = daemon.events("calls_not_recorded")
    assert "is damaged" in line["why"]
    assert path_of(daemon).with_name("decisions.db.damaged").exists()


def test_place_that_cannot_be_written_costs_no_call(daemon: Daemon) -> None:
    """What was decided waits until it can be; meanwhile a metric says so."""
    path_of(daemon).mkdir()
    daemon.start()
    call(daemon, 1)
    name = "bereikbaar_last_decision_write_successful"
    wait_until(lambda: daemon.metric(name) == 0, "it shows")
    call(daemon, 2)
    path_of(daemon).rmdir()
    wait_until(lambda: daemon.metric(name) == 1, "it is over")
    wait_until(lambda: is_recorded(daemon, 2), "what came meanwhile is recorded as well")
    assert [callid for callid, _ in recorded(daemon)] == ["1", "2"]
    assert daemon.metric("bereikbaar_decision_log_dropped_total") == 0
