"""What was recorded goes when its time is over, and nothing of it is left."""

import os
import time
from pathlib import Path

import pytest

from pbx_adapters import decision_keeper
from pbx_adapters.decision_keeper import DecisionKeeper
from pbx_adapters.token_uses import read_uses, write_uses
from tests.recorded import (
    AT,
    DAY,
    CallSource,
    call_of,
    calls_of,
    file_calls,
    keeper_of,
    recorded_numbers,
    unwritable,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "decisions.db"


def test_what_is_too_old_is_removed(path: Path) -> None:
    """What came before the retention goes; what came at its very beginning stays."""
    begins_at = AT - 30 * DAY
    file_calls(path, call_of(1, begins_at - 1), call_of(2, begins_at), call_of(3))
    assert keeper_of(path, CallSource()).remove_expired(10)
    assert recorded_numbers(path) == [2, 3]


def test_much_is_removed_little_by_little(path: Path) -> None:
    """In slices, between which others write; it says whether more is to be done."""
    file_calls(path, *calls_of(range(1, 2_501), AT - 31 * DAY), call_of(3_000))
    keeper = keeper_of(path, CallSource())
    assert not keeper.remove_expired(0)
    assert len(recorded_numbers(path)) == 1_501
    assert not keeper.remove_expired(0)
    assert keeper.remove_expired(0)
    assert recorded_numbers(path) == [3_000]


def test_thread_removes_what_is_too_old(path: Path) -> None:
    """Without being asked, and while calls come in."""
    file_calls(path, *calls_of(range(1, 2_501), AT - 31 * DAY))
    keeper = keeper_of(path, CallSource(call_of(3_000)), flush_seconds=0.01)
    keeper.start()
    deadline = time.monotonic() + 30
    while recorded_numbers(path) != [3_000] and time.monotonic() < deadline:
        time.sleep(0.01)
    keeper.stop()
    assert recorded_numbers(path) == [3_000]


def test_no_retention_removes_everything_but_the_use_of_tokens(path: Path) -> None:
    """Whoever stops recording wants nothing left of it."""
    file_calls(path, call_of(1, AT - 1), call_of(2, AT - DAY))
    write_uses(path, [("a", AT)])
    assert keeper_of(path, CallSource(), days=0).remove_expired(10)
    assert recorded_numbers(path) == []
    assert read_uses(path).keys() == {"a"}


def test_nothing_of_a_removed_call_is_left_in_the_files(path: Path) -> None:
    """Neither of the call itself nor of what only it named: the bytes are overwritten."""
    secret = call_of(1, AT - 31 * DAY, "geheim-gesprek")
    file_calls(path, secret._replace(outcome=secret.outcome._replace(forward="+31612345678")))
    file_calls(path, call_of(2))
    caller = (2**62 + 1).to_bytes(8)

    def content() -> bytes:
        return b"".join(one.read_bytes() for one in sorted(path.parent.iterdir()))

    for trace in (b"geheim-gesprek", b"+31612345678", caller):
        assert trace in content()
    assert keeper_of(path, CallSource()).remove_expired(10)
    for trace in (b"geheim-gesprek", b"+31612345678", caller):
        assert trace not in content()
    assert recorded_numbers(path) == [2]


def test_damaged_database_goes_once_all_in_it_is_too_old(path: Path) -> None:
    """What was put aside holds calls as well, and may be kept no longer than they."""
    file_calls(path, call_of(1))
    aside = path.with_name("decisions.db.damaged")
    aside.write_bytes(b"kapot")
    os.utime(aside, (AT - 30 * DAY, AT - 30 * DAY))
    keeper = keeper_of(path, CallSource())
    assert keeper.remove_expired(1)
    assert aside.exists()
    os.utime(aside, (AT - 31 * DAY, AT - 31 * DAY))
    assert keeper.remove_expired(1)
    assert not aside.exists()


def test_removing_that_fails_is_told_and_tried_later(
    path: Path, logged: list[dict[str, object]]
) -> None:
    """It waits for its next turn rather than trying on and on."""
    file_calls(path, call_of(1, AT - 31 * DAY))
    keeper = keeper_of(path, CallSource())
    with unwritable(path):
        assert keeper.remove_expired(10)
    assert [line["event"] for line in logged] == ["calls_not_recorded"]
    assert keeper.remove_expired(10)
    assert recorded_numbers(path) == []


def test_folder_that_cannot_be_looked_into_does_not_end_the_thread() -> None:
    """Nothing would be recorded any more once it can be."""
    # As root nothing is forbidden; a name that is too long fails alike.
    assert keeper_of(Path("/" + "x" * 300), CallSource()).remove_expired(1)


def test_clock_that_leaps_ahead_removes_nothing_for_a_day(
    path: Path, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded is still there when the clock is put back, and goes when it stays."""
    file_calls(path, call_of(1))
    clock = [AT]
    keeper = DecisionKeeper(path, CallSource().take, 30, lambda: clock[0])
    clock[0] = AT + 31 * DAY
    assert keeper.remove_expired(10)
    assert keeper.remove_expired(10)
    assert recorded_numbers(path) == [1]
    assert [line["event"] for line in logged] == ["calls_not_removed"]
    clock[0] = AT
    assert keeper.remove_expired(10)
    monkeypatch.setattr(decision_keeper, "_DOUBT_SECONDS", 0)
    clock[0] = AT + 31 * DAY
    assert keeper.remove_expired(10)
    assert recorded_numbers(path) == []
