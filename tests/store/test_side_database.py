"""Looking through a database beside the store, as `doctor` does."""

from pathlib import Path

import pytest

from pbx_adapters.side_database import SideDatabase, SideDatabaseUnavailableError

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
