"""The last-good file gives what was written, or says why it doesn't."""

import errno
import os
import random
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from schedules.errors import StoreUnavailableError
from schedules.last_good import read_last_good, write_last_good
from schedules.revisions import DamagedRevisionError, Revision
from schedules.sqlite_store import SqliteStore, open_store
from schedules.store import ScheduleSource
from tests.store.saving import MakeSchedule, MakeToken


@pytest.fixture
def filled(
    sqlite_store: SqliteStore,
    make_schedule: MakeSchedule,
    make_token: MakeToken,
    saved_at: datetime,
) -> SqliteStore:
    """Fill a store with schedules, a deleted one, numbers, and tokens, one of them revoked."""
    with sqlite_store.writing("jan", saved_at) as writer:
        writer.save(
            make_schedule("a", numbers=["+31850000000", "+31850000100..99"]),
            summary="één\nregel\u2028meer",
        )
        writer.save(make_schedule("b", name="Café ☎"), summary="")
        writer.save(make_schedule("weg"), summary="")
        writer.add_token(make_token("t1", schedules=frozenset({"b", "a"}), networks=("::/0",)))
        writer.add_token(make_token("t3", expires_at=saved_at, table_key="ab" * 32))
        writer.add_token(make_token("t2", is_operator=True))
    with sqlite_store.writing("jan", saved_at) as writer:
        writer.delete("weg", summary="")
        writer.revoke_token("t2")
    return sqlite_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the file, in a folder of its own."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "last-good.jsonl"


def everything(source: ScheduleSource) -> tuple[object, ...]:
    """Read all that a source gives."""
    with source.reading():
        return (
            source.revision(),
            list(source.currents()),
            list(source.numbers()),
            source.tokens(),
        )


class Faulty(SqliteStore):
    """A store that fails after its first schedule, as a full disk or a lost one does."""

    def currents(self) -> Iterator[Revision]:
        """Give one revision, then fail."""
        yield next(super().currents())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_file_gives_what_the_store_gave(filled: SqliteStore, path: Path) -> None:
    """All comes back equal; deleted schedules and revoked tokens are left out."""
    write_last_good(path, filled)
    last_good = read_last_good(path)
    assert everything(last_good) == everything(filled)
    assert [r.schedule_id for r in last_good.currents()] == ["a", "b"]
    assert [token.id for token in last_good.tokens()] == ["t1", "t3"]
    assert all(r.is_intact for r in last_good.currents())


def test_file_of_the_version_before_is_read(
    filled: SqliteStore, path: Path, make_token: MakeToken
) -> None:
    """Its tokens say nothing of an end or a key for tables: they have none."""
    write_last_good(path, filled)
    lines = path.read_text().splitlines(keepends=True)[:-1]
    fields = (',"expires_at":null', ',"table_key":""', ',"expires_at":"2026-11-22T10:00:00+00:00"')
    former = "".join(lines).replace('"version":2', '"version":1').replace("ab" * 32, "")
    for field in fields:
        former = former.replace(field, "")
    digest = sha256(former.encode()).hexdigest()
    path.write_text(f'{former}{{"sha256":"{digest}"}}\n')
    last_good = read_last_good(path)
    assert "expires_at" not in former
    assert last_good.tokens()[1] == make_token("t3")
    assert list(last_good.currents()) == list(filled.currents())


def test_empty_store_round_trips(sqlite_store: SqliteStore, path: Path) -> None:
    """No schedules at all is an answer too."""
    write_last_good(path, sqlite_store)
    assert everything(read_last_good(path)) == (0, [], [], ())


def test_file_can_be_copied_from_a_file(filled: SqliteStore, path: Path) -> None:
    """A last-good file is a source like the store: both write the same bytes."""
    write_last_good(path, filled)
    copy = path.with_name("copy")
    write_last_good(copy, read_last_good(path))
    assert copy.read_bytes() == path.read_bytes()


def test_file_is_for_its_owner_only(filled: SqliteStore, path: Path) -> None:
    """Whatever the umask, nobody else reads it; and nothing else is left beside it."""
    before = os.umask(0)
    try:
        write_last_good(path, filled)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 2])
def test_almost_empty_file_is_refused(path: Path, size: int) -> None:
    """A file without even a header is told as damaged."""
    path.write_bytes(b"\n" * size)
    with pytest.raises(StoreUnavailableError, match="damaged or cut off"):
        read_last_good(path)


def test_absent_file_is_told(path: Path) -> None:
    """The file and the cause are named."""
    with pytest.raises(StoreUnavailableError, match=r"last-good\.jsonl: can't be read: No such"):
        read_last_good(path)


def test_cut_off_file_is_refused_at_every_length(filled: SqliteStore, path: Path) -> None:
    """However much was written of it, a part never passes for the whole."""
    write_last_good(path, filled)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreUnavailableError):
            read_last_good(path)


def test_flipped_bits_are_refused(filled: SqliteStore, path: Path) -> None:
    """No single wrong bit, wherever it is, goes unnoticed."""
    write_last_good(path, filled)
    whole = path.read_bytes()
    dice = random.Random(20261122)
    for _ in range(1_000):
        broken = bytearray(whole)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        path.write_bytes(broken)
        with pytest.raises(StoreUnavailableError):
            read_last_good(path)


def test_lines_added_or_left_out_are_refused(filled: SqliteStore, path: Path) -> None:
    """A whole line more, fewer, or in another place shows."""
    write_last_good(path, filled)
    lines = path.read_bytes().splitlines(keepends=True)
    for broken in (lines[1:], [*lines[:2], *lines[3:]], [*lines, lines[1]], lines[::-1]):
        path.write_bytes(b"".join(broken))
        with pytest.raises(StoreUnavailableError):
            read_last_good(path)


def test_other_version_is_refused(
    filled: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole file of another format version is told as such, not as damaged."""
    monkeypatch.setattr("schedules.last_good.VERSION", 3)
    write_last_good(path, filled)
    monkeypatch.undo()
    with pytest.raises(StoreUnavailableError, match="format version 3, and 2 is read here"):
        read_last_good(path)


def test_file_replaced_while_being_read_is_told(
    filled: SqliteStore, path: Path, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """Schedules of one file never mix with the tokens of another."""
    write_last_good(path, filled)
    last_good = read_last_good(path)
    with filled.writing("jan", saved_at) as writer:
        writer.save(make_schedule("c"), summary="")
    write_last_good(path, filled)
    with pytest.raises(StoreUnavailableError, match="replaced"):
        list(last_good.currents())
    with pytest.raises(StoreUnavailableError, match="replaced"):
        list(last_good.numbers())


def test_older_file_stays_whole_when_the_source_fails(filled: SqliteStore, path: Path) -> None:
    """A failure halfway names the cause, and leaves neither a part nor a stray file."""
    write_last_good(path, filled)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailableError, match="No space left on device"):
        write_last_good(path, Faulty(filled.db, filled.path))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_damaged_revision_does_not_replace_an_older_file(filled: SqliteStore, path: Path) -> None:
    """What is damaged in the store stays whole in the file."""
    write_last_good(path, filled)
    before = path.read_bytes()
    filled.db.execute("DROP TRIGGER revisions_are_never_rewritten")
    filled.db.execute("UPDATE revisions SET document = '{}' WHERE schedule_id = 'b'")
    with pytest.raises(DamagedRevisionError, match="schedule b"):
        write_last_good(path, filled)
    assert path.read_bytes() == before


def test_absent_folder_is_told(filled: SqliteStore, tmp_path: Path) -> None:
    """A file that can't be made names the cause."""
    with pytest.raises(StoreUnavailableError, match="can't be written, No such file"):
        write_last_good(tmp_path / "nergens" / "last-good.jsonl", filled)


def test_file_is_written_of_one_moment(
    filled: SqliteStore, path: Path, make_schedule: MakeSchedule, saved_at: datetime
) -> None:
    """What is saved while it is being written isn't in it, not even in part."""

    class Overtaken(SqliteStore):
        def currents(self) -> Iterator[Revision]:
            with (
                closing(open_store(filled.path.parent)) as other,
                other.writing("piet", saved_at) as writer,
            ):
                writer.save(make_schedule("c", numbers=["+31850009999"]), summary="")
            return super().currents()

    before = everything(filled)
    write_last_good(path, Overtaken(filled.db, filled.path))
    assert everything(read_last_good(path)) == before
    assert len(list(filled.currents())) == 3
