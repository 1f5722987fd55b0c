"""A stored database of each release is upgraded, and a newer one refused: the same decisions."""

import json
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from admin_cli.backup_archive import BackupWriter, Contents
from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.migration_steps import STEPS
from tests.e2e.daemon import COMMAND, NUMBER, Daemon, new_daemon, wait_until
from tests.faults.fault_table import note_fault
from tests.faults.releases.write_release import SECRET, TOKEN
from tests.oracle import Oracle
from tests.store.sqlite_rows import damage

RELEASES: Final = Path(__file__).with_name("releases")
DUMPS: Final = sorted(RELEASES.glob("m*.sql"))
# No recording was ever stored in these data directories.
MISSING: Final = frozenset({"ab" * 32})
DAYS: Final = (
    *("2026-11-23", "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-05", "2026-12-25"),
    *("2026-12-28", "2027-01-01", "2027-03-28", "2027-04-27", "2027-05-05", "2027-10-31"),
    *("2030-05-05", "2031-04-26", "2031-04-27"),
)
TIMES: Final = ("00:00", "01:30", "02:30", "08:30", "12:00", "20:59")


def lay_out(dump: Path, data_dir: Path) -> None:
    """Make the database that an earlier version left behind."""
    data_dir.mkdir(exist_ok=True)
    with closing(sqlite3.connect(data_dir / "bereikbaar.db")) as db:
        db.executescript(dump.read_text())


def check_decisions(daemon: Daemon) -> int:
    """Compare decisions with a plain reading of the documents; return how many."""
    count = 0
    for path in sorted(RELEASES.glob("*.yaml")):
        schedule = read_document(path.read_bytes(), ForwardPolicy()).schedule
        oracle = Oracle(schedule, missing=MISSING)
        zone = ZoneInfo(schedule.timezone)
        for local in (f"{day}T{time}" for day in DAYS for time in TIMES):
            at = int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())
            moment = datetime.fromtimestamp(at, UTC).isoformat()
            told = daemon.call(did=str(schedule.numbers[0]), at=moment).fields
            expected = oracle.answer(at)
            lot = tuple(
                told[name] for name in ("status", "action", "audio", "forward", "voicemail")
            )
            assert (lot, told["rule"], told["error"]) == (
                tuple(expected.lot),
                expected.rule,
                expected.error,
            ), moment
            assert (told["schedule_name"], told["revision"]) == (schedule.name, "2")
            count += 1
    return count


def run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """Run the command line as a process; return its JSON."""
    done = subprocess.run([COMMAND, *arguments, "--json"], capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_step_has_a_stored_database() -> None:
    """Whoever adds a step stores what the version before it wrote."""
    assert [path.stem for path in DUMPS] == [name.partition("_")[0] for name in STEPS]
    for path, step in zip(DUMPS, STEPS, strict=True):
        taken = [name for name in STEPS if f"'{name}'" in path.read_text()]
        assert taken[-1] == step


@pytest.mark.parametrize("dump", DUMPS, ids=[path.stem for path in DUMPS])
def test_upgrade_changes_no_decision(tmp_path: Path, dump: Path) -> None:
    """The daemon brings the store up to date by itself, and decides as the documents say."""
    lay_out(dump, tmp_path / "data")
    daemon = Daemon(tmp_path / "data", token=TOKEN)
    try:
        daemon.start()
        count = check_decisions(daemon)
        assert daemon.call(token=f"bk_ffffffffffff_{SECRET}").status == 401
        assert daemon.call(schedule="weg").fields["reason"] == "unknown-number"
        daemon.save("break")
        wait_until(lambda: daemon.status() == "break", "a change is followed")
        assert daemon.stop() == 0
        with daemon.store() as store:
            assert [one.revision for one in store.history("hoofdkantoor")] == [1, 2]
            assert [one.revision for one in store.history("weg")] == [1, 2]
            assert store.audio_references() == MISSING
            assert all(one.is_intact for one in store.currents())
    finally:
        daemon.kill()
    note_fault(
        "upgrade and downgrade of the schema",
        f"a stored database of schema {dump.stem}",
        count,
        "identical decisions; its token good, its revoked one refused, its history whole",
    )


@pytest.mark.parametrize("dump", DUMPS, ids=[path.stem for path in DUMPS])
def test_backup_of_an_earlier_release_comes_back(tmp_path: Path, dump: Path) -> None:
    """Restored by this version it is brought up to date, and decides the same."""
    lay_out(dump, tmp_path / "earlier")
    with (tmp_path / "all.tar").open("wb") as file:
        writer = BackupWriter(file)
        writer.add_file("bereikbaar.db", tmp_path / "earlier" / "bereikbaar.db")
        made = Contents(6, 2, "2026-11-22T10:00:00Z", "0.1.0", writer.files, tuple(MISSING))
        writer.finish(made)
    with new_daemon(tmp_path) as daemon:
        run("restore", tmp_path / "all.tar", "--replace", "--data-dir", daemon.data_dir)
        daemon.token = TOKEN
        daemon.start()
        count = check_decisions(daemon)
        assert daemon.call(did=NUMBER).fields["reason"] == "unknown-number"
    note_fault(
        "upgrade and downgrade of the schema",
        f"a backup of schema {dump.stem}, restored",
        count,
        "identical decisions",
    )


def make_newer(data_dir: Path) -> None:
    """Change the database as a later version may."""
    damage(data_dir, "ALTER TABLE tokens ADD COLUMN colour TEXT")
    damage(
        data_dir,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('bereikbaar', 'm999_colours', '')",
    )


def told_why(daemon: Daemon) -> str:
    """Return what readiness says is wrong."""
    return " ".join(daemon.ready().fields["why"])


def test_earlier_program_on_a_newer_store(tmp_path: Path) -> None:
    """It says so and changes nothing; calls go on from the last-good file; a backup goes back."""
    lay_out(DUMPS[-1], tmp_path / "data")
    daemon = Daemon(tmp_path / "data", token=TOKEN)
    try:
        daemon.start()
        run("backup", tmp_path / "before.tar", "--data-dir", daemon.data_dir)
        assert daemon.stop() == 0
        make_newer(daemon.data_dir)
        newer = rows(daemon.database)
        daemon.start()
        count = check_decisions(daemon)
        assert daemon.ready().fields["status"] == "degraded"
        assert "belongs to a newer version, which added m999_colours" in told_why(daemon)
        refused = run("migrate", "--data-dir", daemon.data_dir, code=1)
        assert "install that version, or restore a backup of this one" in refused["message"]
        assert daemon.stop() == 0
        assert rows(daemon.database) == newer
        run("restore", tmp_path / "before.tar", "--replace", "--data-dir", daemon.data_dir)
        daemon.start()
        count += check_decisions(daemon)
        assert daemon.ready().fields["status"] == "ok"
    finally:
        daemon.kill()
    note_fault(
        "upgrade and downgrade of the schema",
        "a store of a newer version under this one, and back by a backup",
        count,
        "refused clearly and left as it was; identical decisions from the last-good file, and "
        "from the backup",
    )


def rows(database: Path) -> list[str]:
    """Return all that a database holds."""
    with closing(sqlite3.connect(database)) as db:
        return list(db.iterdump())
