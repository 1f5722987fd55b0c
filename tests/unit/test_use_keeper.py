"""When tokens were last sent is kept, read back, and never in anybody's way."""

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbx_adapters.decisions_db import STEPS, DecisionsUnavailableError
from pbx_adapters.token_uses import read_uses, write_uses
from pbx_adapters.use_keeper import UseKeeper

# 2026-11-22 10:00:00 UTC.
AT = 1_795_341_600
TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FIVE_PAST = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "decisions.db"


def test_last_use_is_kept_to_the_minute(path: Path) -> None:
    """A later one takes its place; others stay."""
    uses = {"a": AT + 59, "b": AT}
    keeper = UseKeeper(path, uses)
    keeper.flush()
    assert read_uses(path) == {"a": TEN, "b": TEN}
    uses["a"] = AT + 300
    keeper.flush()
    assert read_uses(path) == {"a": FIVE_PAST, "b": TEN}


def test_what_an_earlier_process_kept_stays(path: Path) -> None:
    """After a start nothing is noted yet, and what was kept is still known."""
    UseKeeper(path, {"a": AT}).flush()
    UseKeeper(path, {"b": AT + 300}).flush()
    assert read_uses(path) == {"a": TEN, "b": FIVE_PAST}


def test_nothing_new_writes_nothing(path: Path) -> None:
    """Within the minute, and without any call, the disk is left alone."""
    uses: dict[str, int] = {}
    keeper = UseKeeper(path, uses)
    keeper.flush()
    assert not path.exists()
    uses["a"] = AT
    keeper.flush()
    before = path.stat().st_mtime_ns
    uses["a"] = AT + 59
    keeper.flush()
    assert path.stat().st_mtime_ns == before


def test_file_is_for_its_owner_only(path: Path) -> None:
    """Nobody else reads which token is used when."""
    UseKeeper(path, {"a": AT}).flush()
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


def test_thread_keeps_what_is_noted_and_the_rest_when_it_ends(path: Path) -> None:
    """Every few seconds, and once more at the end."""
    uses = {"a": AT}
    keeper = UseKeeper(path, uses, flush_seconds=3_600)
    keeper.start()
    uses["b"] = AT
    keeper.stop()
    assert not keeper.is_alive()
    assert read_uses(path) == {"a": TEN, "b": TEN}


def test_absent_database_holds_nothing(path: Path) -> None:
    """Nor does one that was just made."""
    assert read_uses(path) == {}
    path.touch()
    assert read_uses(path) == {}
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (id)")
    assert read_uses(path) == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"kapot" * 1_000, id="no-database"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 8_000, id="damaged-database"),
    ],
)
def test_damaged_database_is_put_aside_and_begun_anew(
    path: Path, content: bytes, logged: list[dict[str, object]]
) -> None:
    """Reading says so; the next attempt to write makes another, and the damaged one stays."""
    path.write_bytes(content)
    with pytest.raises(DecisionsUnavailableError, match=r"decisions\.db: is damaged"):
        read_uses(path)
    keeper = UseKeeper(path, {"a": AT})
    keeper.flush()
    keeper.flush()
    assert read_uses(path) == {"a": TEN}
    assert path.with_name("decisions.db.damaged").read_bytes() == content
    fault, recovery = logged
    assert (fault["event"], recovery["event"]) == ("token_uses_not_kept", "token_uses_kept_again")
    assert "another" in str(fault["why"])


def test_lost_table_is_damage(path: Path) -> None:
    """A database that says it has taken its steps, and hasn't their tables, is begun anew."""
    UseKeeper(path, {"a": AT}).flush()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE token_uses")
    keeper = UseKeeper(path, {"b": AT})
    keeper.flush()
    keeper.flush()
    assert read_uses(path) == {"b": TEN}


def test_what_was_kept_before_the_damage_is_kept_again(path: Path) -> None:
    """A token that isn't sent any more was still sent then."""
    uses = {"a": AT}
    keeper = UseKeeper(path, uses)
    keeper.flush()
    path.write_bytes(b"kapot" * 1_000)
    uses["b"] = AT + 300
    keeper.flush()
    keeper.flush()
    assert read_uses(path) == {"a": TEN, "b": FIVE_PAST}


def test_a_fault_of_the_program_is_no_damage(path: Path) -> None:
    """What can't be written at all is no reason to begin the file anew."""
    UseKeeper(path, {"a": AT}).flush()
    with pytest.raises(DecisionsUnavailableError) as refused:
        write_uses(path, [(["b"], AT)])  # type: ignore[list-item]
    assert not refused.value.is_damaged
    assert read_uses(path) == {"a": TEN}


def test_altered_moments_are_left_out(path: Path) -> None:
    """A moment that is none is as good as unknown."""
    UseKeeper(path, {"a": AT}).flush()
    with closing(sqlite3.connect(path)) as db:
        for token_id, used_at in (("b", "kapot"), ("c", -1), ("d", 2**62)):
            db.execute("INSERT INTO token_uses VALUES (?, ?)", (token_id, used_at))
        db.commit()
    assert read_uses(path) == {"a": TEN}


def test_newer_database_is_left_alone(path: Path, logged: list[dict[str, object]]) -> None:
    """What a newer version has added to isn't written to, nor put aside."""
    UseKeeper(path, {"a": AT}).flush()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('decisions', 'm999_later', '')"
        )
        db.commit()
    UseKeeper(path, {"a": AT + 300}).flush()
    assert "newer version" in str(logged[0]["why"])
    assert "m999_later" in str(logged[0]["why"])
    assert read_uses(path) == {"a": TEN}
    assert not path.with_name("decisions.db.damaged").exists()


def test_fault_is_told_once_and_tried_again(path: Path, logged: list[dict[str, object]]) -> None:
    """What can't be written is kept once it can, and a later fault is told again."""
    uses = {"a": AT}
    keeper = UseKeeper(path, uses)
    path.mkdir()
    for _ in range(3):
        keeper.flush()
    assert [line["event"] for line in logged] == ["token_uses_not_kept"]
    path.rmdir()
    keeper.flush()
    assert read_uses(path) == {"a": TEN}
    path.rename(path.with_name("weg"))
    path.mkdir()
    uses["a"] = AT + 300
    keeper.flush()
    told = [line["event"] for line in logged]
    assert told == ["token_uses_not_kept", "token_uses_kept_again", "token_uses_not_kept"]


def test_step_names_stay() -> None:
    """A database of any release is known by the steps it has taken."""
    assert next(iter(STEPS)) == "m001_token_uses"
