"""What the thread that keeps the last-good file makes of the file that is there already."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbx_adapters.last_good_keeper import LastGoodKeeper, Noted
from schedules.last_good import read_last_good, write_last_good
from schedules.sqlite_store import open_store
from tests.engine import OPEN, schedule_of


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        pytest.param(b"", b"", True, id="whole-stays"),
        pytest.param(b"open", b"shut", False, id="damaged-is-written-anew"),
        pytest.param(b'"store_revision":1', b'"store_revision":7', False, id="header-damaged"),
    ],
)
def test_file_of_an_earlier_run(tmp_path: Path, old: bytes, new: bytes, *, is_kept: bool) -> None:
    """A whole file of the revision in service is left alone; one that was damaged is replaced."""
    path = tmp_path / "last-good.jsonl"
    with closing(open_store(tmp_path)) as store:
        with store.writing("test", datetime(2026, 11, 22, tzinfo=UTC)) as writer:
            writer.save(schedule_of(OPEN), summary="test")
        write_last_good(path, store)
    path.write_bytes(path.read_bytes().replace(old, new))
    before = path.stat().st_ino
    keeper = LastGoodKeeper(tmp_path, path)
    keeper.note(Noted(1, {}))
    keeper.start()
    keeper.stop()
    assert not keeper.is_alive()
    assert read_last_good(path).revision() == 1
    assert (path.stat().st_ino == before) is is_kept
