"""The package on a clean Debian: installed, started, upgraded, removed, purged."""

import json
import re
import sqlite3
from contextlib import closing
from fnmatch import filter as filter_names
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from package.program import PROJECT, project_version
from tests.package.built import as_before, built_package
from tests.package.machine import Machine, RunningUnit
from tests.pbx.suites import require_suite

pytestmark = [pytest.mark.slow, pytest.mark.pbx]

EXAMPLES: Final = "/usr/share/doc/bereikbaar/docs/examples"
CONFIGURED: Final = 'listen = "127.0.0.1:0"  # any port that is free\n'
AS_DAEMON: Final = ("setpriv", "--reuid=bereikbaar", "--regid=bereikbaar", "--clear-groups")
# Worked out by hand from the examples of docs/: number, moment, and what the caller gets.
GOLDEN: Final = (
    ("+31850000100", "2026-11-23T10:00", "open", "continue", "week/mon"),
    ("+31850000100", "2026-11-23T17:00", "closed", "forward", "week/mon"),
    ("+31850000100", "2026-12-25T10:00", "closed", "hangup", "holidays/eerste_kerstdag"),
    ("+31850000110", "2026-12-05T11:00", "open", "continue", "exceptions/open-dag"),
    ("+31850000100", "2026-12-28T11:00", "closed", "voicemail", "exceptions/kerstvakantie"),
)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a machine on which nothing of ours was ever installed."""
    return Machine(require_suite("clean"), tmp_path / "machine")


@pytest.fixture
def in_use(machine: Machine, tmp_path: Path) -> tuple[Machine, str]:
    """Give a machine with the version before, configured, the example company, and a token."""
    machine.install(as_before(built_package(), tmp_path))
    return machine, put_in_use(machine)


def put_in_use(machine: Machine) -> str:
    """Configure what was installed, and save the example company; return an operator's token."""
    (machine.root / "etc/bereikbaar/bereikbaar.toml").write_text(CONFIGURED)
    documents = sorted((PROJECT / "docs/examples").glob("*.yaml"))
    # From a folder that only root can enter, as operators do.
    asked = ("env", "--chdir=/root", "SUDO_USER=anna", "bereikbaar")
    machine.run(*asked, "apply", *(f"{EXAMPLES}/{path.name}" for path in documents))
    told = machine.run(*asked, "token", "create", "centrale", "--operator", "--json").output
    return str(json.JSONDecoder().raw_decode(told)[0]["token"])


def call(daemon: RunningUnit, token: str, number: str, at: str) -> dict[str, Any]:
    """Ask what a caller would get at a moment."""
    asked = urlencode({"did": number, "at": at})
    answer = json.loads(daemon.get(f"/hook/3cx?{asked}", token))
    return {key: value for key, value in answer.items() if key != "decision_id"}


def answers(daemon: RunningUnit, token: str) -> list[dict[str, Any]]:
    """Ask for every golden answer; the port that was free isn't part of one."""
    found = []
    for number, at, status, action, rule in GOLDEN:
        answer = call(daemon, token, number, at)
        assert (answer["status"], answer["action"], answer["rule"]) == (status, action, rule)
        answer["audio_url"] = answer["audio_url"].replace(f":{daemon.port}/", "/")
        found.append(answer)
    return found


def health_check_at(port: int) -> list[str]:
    """Return the container's health check, of a daemon that listens elsewhere."""
    text = (PROJECT / "Containerfile").read_text()
    (command,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    return [word.replace(":8470", f":{port}") for word in json.loads(command)]


def told_to_stay(heading: str) -> set[str]:
    """Return what docs/installing.md says is left, by the heading of its column."""
    page = (PROJECT / "docs/installing.md").read_text()
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("|")]
    column = [cell.strip() for cell in rows[0]].index(heading)
    return {
        path[1]
        for row in rows
        if row[column].strip() == "stays" and (path := re.match(r" `/(\S+)`", row[0]))
    }


def check_left(machine: Machine, told: set[str]) -> None:
    """Check that what is left is what the page tells, no more and no less."""
    left = machine.left()
    assert {path for path in left if not any(fnmatch(path, pattern) for pattern in told)} == set()
    assert {pattern for pattern in told if not filter_names(left, pattern)} == set()
    assert "bereikbaar:" in (machine.root / "etc/passwd").read_text()


def test_installed_it_answers(machine: Machine) -> None:
    """Started as the unit says, as a user with few rights, it is ready, and keeps all to itself.

    What root does with the command line is that user's, in the name of who asked.
    """
    machine.install(built_package())
    units = [path.name for path in machine.root.glob("usr/lib/systemd/system/bereikbaar*")]
    machine.run("systemd-analyze", "verify", *units)
    token = put_in_use(machine)
    history = machine.run("bereikbaar", "schedule", "history", "hoofdkantoor").output
    assert "anna" in history
    with machine.daemon() as daemon:
        assert daemon.user() != 0
        assert json.loads(daemon.get("/-/ready"))["status"] == "ok"
        audio = answers(daemon, token)[2]["audio"]
        assert sha256(daemon.get(f"/audio/{audio}", token)).hexdigest() == audio[:-4]
        health_check = health_check_at(daemon.port)
        machine.run(*health_check)
    machine.run(*health_check, is_refused=True)
    data = machine.root / "var/lib/bereikbaar"
    states = [path.stat() for path in (data, *data.rglob("*"))]
    assert {state.st_uid for state in states} == {data.stat().st_uid}
    assert {state.st_mode & 0o077 for state in states} == {0}


def test_upgraded_it_answers_alike(in_use: tuple[Machine, str]) -> None:
    """Data, messages and configuration stay; the daemon is restarted once, and goes on as before.

    The version before could not read what this one migrates: it leaves a backup.
    """
    machine, token = in_use
    with machine.daemon() as daemon:
        earlier = answers(daemon, token)
        machine.pretend_systemd()
        machine.install(built_package())
        # The version before goes on until systemd ends it.
        assert answers(daemon, token) == earlier
    (restarted,) = machine.asked("restart")
    assert "bereikbaar.service" in restarted
    assert machine.asked("stop") == machine.asked("start") == []
    assert project_version() in machine.run("bereikbaar", "--version").output
    assert (machine.root / "etc/bereikbaar/bereikbaar.toml").read_text() == CONFIGURED
    assert list(machine.root.glob("usr/lib/bereikbaar/**/gone*")) == []
    with machine.daemon() as daemon:
        assert answers(daemon, token) == earlier
    (made,) = machine.root.glob("var/backups/bereikbaar/*.tar")
    machine.run("bereikbaar", "restore", f"/var/backups/bereikbaar/{made.name}", "--replace")


@pytest.fixture
def upgraded(in_use: tuple[Machine, str]) -> Machine:
    """Give a machine that was upgraded, without a daemon."""
    machine, _ = in_use
    machine.install(built_package())
    return machine


def test_what_is_left(upgraded: Machine) -> None:
    """After remove and purge that is left which docs/installing.md tells, data above all.

    What the timers start succeeds as its user until then. Once the administrator does what purge
    tells, nothing at all is left.
    """
    for name in ("backup", "maintenance"):
        unit = upgraded.root / f"usr/lib/systemd/system/bereikbaar-{name}.service"
        lines = unit.read_text().splitlines()
        (command,) = (line.partition("=")[2] for line in lines if line.startswith("ExecStart="))
        data = "BEREIKBAAR_DATA_DIR=/var/lib/bereikbaar"
        upgraded.run(*AS_DAEMON, "env", data, *command.split())
    (upgraded.root / "etc/bereikbaar/webhook-secret").write_text("whsec_")
    upgraded.run("dpkg", "--remove", "bereikbaar")
    check_left(upgraded, told_to_stay("after remove"))
    told = upgraded.run("dpkg", "--purge", "bereikbaar").output
    check_left(upgraded, told_to_stay("after purge"))
    assert list(upgraded.root.glob("var/lib/bereikbaar/bereikbaar.db"))
    folders = "/var/lib/bereikbaar /var/backups/bereikbaar /etc/bereikbaar"
    for remedy in (f"rm -r {folders}", "userdel bereikbaar"):
        assert f"    {remedy}\n" in told
        upgraded.run(*remedy.split())
    assert upgraded.left() == set()


def older_store(machine: Machine) -> Path:
    """Put a store of three steps in the place of the one that is there."""
    data = machine.root / "var/lib/bereikbaar"
    for path in data.glob("bereikbaar.db*"):
        path.unlink()
    (data / "last-good.jsonl").unlink(missing_ok=True)
    dump = (PROJECT / "tests/store/m003.sql").read_text()
    made = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())"
    inside = "/var/lib/bereikbaar/bereikbaar.db"
    machine.run(*AS_DAEMON, "python3", "-c", made, inside, text=dump)
    (data / "bereikbaar.db").chmod(0o600)
    return data / "bereikbaar.db"


def test_store_that_cant_be_migrated(in_use: tuple[Machine, str]) -> None:
    """The store is as it was, nothing is restarted, and once it is mended the upgrade goes on."""
    machine, _ = in_use
    store = older_store(machine)
    obstacle = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    inside = ("python3", "-c", obstacle, "/var/lib/bereikbaar/bereikbaar.db")
    machine.run(*inside, "ALTER TABLE tokens ADD COLUMN table_key TEXT")
    was = store.read_bytes()
    machine.pretend_systemd()
    told = machine.install(built_package(), is_refused=True).output
    assert "dpkg --configure bereikbaar" in told
    assert machine.asked("restart") == []
    assert "m004" in machine.run("bereikbaar", "migrate", "--dry-run").output
    assert rows(was, machine.root) == rows(store.read_bytes(), machine.root)
    machine.run(*inside, "ALTER TABLE tokens DROP COLUMN table_key")
    machine.run("dpkg", "--configure", "bereikbaar")
    (restarted,) = machine.asked("restart")
    # No daemon of this version ever starts on an older store.
    assert restarted.endswith("lacks=0")
    with machine.daemon() as daemon:
        assert json.loads(daemon.get("/-/ready"))["status"] == "ok"


def rows(database: bytes, folder: Path) -> list[str]:
    """Return all that a database holds, as text."""
    path = folder / "copied.db"
    path.write_bytes(database)
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())
