"""Looking through a database beside the store, as `doctor` does."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pbx_adapters.side_database import SideDatabase, SideDatabaseUnavailableError
from tests.mounts import read_only, run_apart

SIDE = SideDatabase("side", {}, SideDatabaseUnavailableError)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a database of some thousand rows."""
    path = tmp_path / "side.db"
    with SIDE.writing(path) as db:
        db.execute("CREATE TABLE rows (text TEXT NOT NULL)")
        db.conn.executemany("INSERT INTO rows VALUES (?)", [("x",)] * 20_000)
    return path


def test_looking_ends_in_time(path: Path) -> None:
    """A file that is too large to be looked through is not called damaged."""
    SIDE.check(path, seconds=-1)


def test_damage_is_told_on_one_line_with_what_to_do(path: Path) -> None:
    """What SQLite finds comes in lines; a list of findings has one for each."""
    with path.open("r+b") as file:
        file.seek(3 * 4_096)
        file.write(bytes(4_096))
    with pytest.raises(SideDatabaseUnavailableError) as raised:
        SIDE.check(path)
    assert raised.value.is_damaged
    assert "\n" not in str(raised.value)
    remedy = "stop the daemon, move the file away, and start it again: it begins another"
    assert str(raised.value).endswith(f"; {remedy}")


def test_nothing_there_is_no_damage(tmp_path: Path) -> None:
    """Neither before the first daemon, nor where one has just begun."""
    SIDE.check(tmp_path / "side.db")
    (tmp_path / "side.db").touch()
    SIDE.check(tmp_path / "side.db")


def rows_in(path: Path) -> int:
    """Look through a database, and count its rows."""
    SIDE.check(path)
    with SIDE.reading(path, "rows") as db:
        assert db is not None
        return len(db.execute("SELECT * FROM rows").fetchall())


def read_where_nothing_is_written(folder: str) -> list[int]:
    """Count rows where all is in one file, and where some are still in its log."""
    closed, left = Path(folder) / "closed", Path(folder) / "left"
    closed.mkdir()
    path = closed / "side.db"
    with SIDE.writing(path) as db:
        db.execute("CREATE TABLE rows (text TEXT NOT NULL)")
        db.execute("INSERT INTO rows VALUES ('x')")
    with closing(sqlite3.connect(path)) as held:
        held.execute("PRAGMA user_version").fetchall()
        with SIDE.writing(path) as db:
            db.execute("INSERT INTO rows VALUES ('y')")
        shutil.copytree(closed, left)
    assert [one.name for one in closed.iterdir()] == ["side.db"]
    assert (left / "side.db-wal").stat().st_size
    counts = []
    for one in (closed, left):
        with read_only(one):
            counts.append(rows_in(one / "side.db"))
    return counts


def test_reading_on_a_disk_that_can_only_be_read(tmp_path: Path) -> None:
    """Nothing is missed: neither what was closed in good order, nor what a kill left in the log."""
    assert run_apart(read_where_nothing_is_written, tmp_path) == [2, 2]


def log_without_its_index(folder: str) -> str:
    """Read where some rows are in a log that can't be taken in; return what is told."""
    path = Path(folder) / "side.db"
    with SIDE.writing(path) as db:
        db.execute("CREATE TABLE rows (text TEXT NOT NULL)")
    path.with_name("side.db-wal").write_bytes(b"x")
    with read_only(path.parent), pytest.raises(SideDatabaseUnavailableError) as raised:
        rows_in(path)
    assert not raised.value.is_damaged
    return str(raised.value)


def test_log_that_can_not_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """Better nothing than a part that is taken for the whole: it is told what is the matter."""
    told = run_apart(log_without_its_index, tmp_path)
    assert told.endswith("; its disk can only be read: mount it for writing")
