"""A database that is held open spares the disk, and is let go where another takes its place."""

from pathlib import Path

import pytest

from pbx_adapters.call_record import write_calls
from pbx_adapters.decisions_db import DecisionsUnavailableError, writing_decisions
from pbx_adapters.side_database import HeldOpen
from tests.recorded import call_of, file_calls, recorded_numbers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "decisions.db"


def test_database_is_not_synchronised_for_every_transaction(path: Path) -> None:
    """A busy disk would hold up recording; letting go leaves nothing but the database."""
    file_calls(path, call_of(1))
    held = HeldOpen(path)
    held.hold()
    before = path.read_bytes()
    file_calls(path, call_of(2))
    assert path.read_bytes() == before
    assert recorded_numbers(path) == [1, 2]
    held.let_go()
    assert list(path.parent.iterdir()) == [path]
    assert recorded_numbers(path) == [1, 2]


def test_database_that_is_moved_away_is_let_go(path: Path) -> None:
    """What is written then is in the one that took its place; the other is whole all the same."""
    held = HeldOpen(path)
    held.hold()
    file_calls(path, call_of(1))
    held.hold()
    file_calls(path, call_of(2))
    aside = path.with_name("aside.db")
    path.rename(aside)
    held.hold()
    file_calls(path, call_of(3))
    assert recorded_numbers(path) == [3]
    # It was moved without its log, which held the second.
    assert recorded_numbers(aside) == [1]
    held.let_go()


def test_database_that_is_held_is_written_without_being_opened_again(path: Path) -> None:
    """Until another takes its place, which is looked at for every transaction."""
    held = HeldOpen(path)
    file_calls(path, call_of(1))
    held.hold()
    first = held.connection
    assert first is not None
    for number in (2, 3):
        with writing_decisions(path, held) as db:
            assert db.conn is first
            write_calls(db, [call_of(number)])
    assert recorded_numbers(path) == [1, 2, 3]
    path.rename(path.with_name("aside.db"))
    assert held.connection is None
    with writing_decisions(path, held) as db:
        write_calls(db, [call_of(4)])
    assert recorded_numbers(path) == [4]
    held.let_go()
    assert held.connection is None


@pytest.mark.parametrize("has_log", [pytest.param(True, id="log"), pytest.param(False, id="none")])
def test_database_damaged_while_it_is_held_is_found(path: Path, *, has_log: bool) -> None:
    """Nothing that was read before the damage is taken for what is there."""
    held = HeldOpen(path)
    file_calls(path, call_of(1))
    held.hold()
    for number in range(2, 6):
        with writing_decisions(path, held) as db:
            write_calls(db, [call_of(number)])
    if not has_log:
        for suffix in ("-wal", "-shm"):
            path.with_name(f"decisions.db{suffix}").unlink()
    path.write_bytes(b"kapot" * 10_000)
    with (
        pytest.raises(DecisionsUnavailableError, match="is damaged"),
        writing_decisions(path, held) as db,
    ):
        write_calls(db, [call_of(6)])
    held.let_go()
    assert path.with_name("decisions.db.damaged").exists()
