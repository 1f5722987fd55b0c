"""Calls are written soon, kept as long as they may be, and waited for by nobody."""

import os
import threading
import time
from pathlib import Path

import pytest

from pbx_adapters import decision_keeper
from pbx_adapters.call_slice import CallSlice
from pbx_adapters.config import Config
from pbx_adapters.decision_keeper import NICENESS, RUSH, SLICE, DecisionKeeper
from pbx_adapters.keepers import Keepers
from pbx_adapters.metrics import Metrics
from tests.recorded import (
    AT,
    CallSource,
    as_slice,
    call_of,
    calls_of,
    keeper_of,
    recorded_numbers,
    unwritable,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "decisions.db"


def settle(keeper: DecisionKeeper) -> None:
    """Let some seconds pass in which no call comes."""
    for _ in range(6):
        keeper.flush()


def test_all_that_waits_is_written(path: Path) -> None:
    """Whether it is little or more than one transaction takes."""
    source = CallSource(*calls_of(range(1, 25 * SLICE)))
    settle(keeper_of(path, source))
    assert recorded_numbers(path) == list(range(1, 25 * SLICE))
    assert not source.calls


def test_nothing_to_write_leaves_the_disk_alone(path: Path) -> None:
    """Without a call there isn't even a database."""
    keeper = keeper_of(path, CallSource())
    keeper.flush()
    assert keeper.remove_expired(1)
    assert list(path.parent.iterdir()) == []


def test_thread_writes_every_so_often_and_the_rest_when_it_ends(path: Path) -> None:
    """Stopping waits for what was noted last."""
    source = CallSource(call_of(1))
    keeper = keeper_of(path, source, flush_seconds=0.01)
    keeper.start()
    deadline = time.monotonic() + 30
    while source.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    source.calls.extend(calls_of(range(2, 1_000)))
    keeper.stop()
    assert not keeper.is_alive()
    assert recorded_numbers(path) == list(range(1, 1_000))


@pytest.mark.parametrize(
    ("answers_calls", "niceness"),
    [pytest.param(False, NICENESS, id="supervisor"), pytest.param(True, 0, id="alone")],
)
def test_thread_yields_a_busy_processor_where_it_holds_up_no_call(
    path: Path, *, answers_calls: bool, niceness: int
) -> None:
    """Calls that wait for Python's lock would wait until whoever has it gets a turn."""
    source = CallSource(call_of(1))
    config = Config(data_dir=path.parent)
    keepers = Keepers(config, Metrics(), {}, source.take, answers_calls=answers_calls)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    keepers.start()
    deadline = time.monotonic() + 30
    while source.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    (thread,) = (one for one in threading.enumerate() if one.name == "decision-keeper")
    assert thread.native_id is not None
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) == (niceness or before)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
    keepers.stop()


def test_end_that_cannot_wait_says_so(path: Path, logged: list[dict[str, object]]) -> None:
    """A disk that hangs doesn't keep the daemon from ending, and what is lost by it is told."""
    is_freed = threading.Event()

    def take(_limit: int) -> CallSlice:
        is_freed.wait(30)
        return CallSlice()

    keeper = DecisionKeeper(path, take, 30, lambda: AT, flush_seconds=0.01)
    keeper.start()
    keeper.stop(seconds=0.01)
    is_freed.set()
    keeper.join(30)
    assert [line["event"] for line in logged] == ["calls_not_recorded"]


def test_what_cannot_be_written_waits(
    path: Path, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once, for so many there is room, and it is told again when all is mended."""
    monkeypatch.setattr(decision_keeper, "MOST_WAITING", 5 * SLICE)
    told: list[bool] = []
    dropped: list[int] = []
    source = CallSource(*calls_of(range(1, 10 * SLICE)))
    keeper = keeper_of(path, source, tell_written=told.append, tell_dropped=dropped.append)
    with unwritable(path):
        keeper.flush()
        for _ in range(3):
            keeper.flush()
        assert sum(dropped) == 5 * SLICE - 1
        assert [line["event"] for line in logged] == ["calls_not_recorded"]
        assert str(path) in str(logged[0]["why"])
        assert told == [False] * 4
    settle(keeper)
    assert recorded_numbers(path) == list(range(1, 5 * SLICE + 1))
    assert [line["event"] for line in logged] == ["calls_not_recorded", "calls_recorded_again"]
    assert told[-1]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"kapot" * 1_000, id="no-database"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 8_000, id="damaged-database"),
    ],
)
def test_damaged_database_is_put_aside_and_calls_are_written_to_another(
    path: Path, content: bytes, logged: list[dict[str, object]]
) -> None:
    """No call that waits is lost by it."""
    path.write_bytes(content)
    keeper = keeper_of(path, CallSource(*calls_of(range(1, 3 * SLICE))))
    keeper.flush()
    keeper.flush()
    assert recorded_numbers(path) == list(range(1, 3 * SLICE))
    assert path.with_name("decisions.db.damaged").read_bytes() == content
    assert [line["event"] for line in logged] == ["calls_not_recorded", "calls_recorded_again"]
    assert "is damaged" in str(logged[0]["why"])


def test_call_that_can_never_be_written_keeps_no_other_out(
    path: Path, logged: list[dict[str, object]]
) -> None:
    """It is dropped with those taken beside it, counted and told; the next ones are written."""
    dropped: list[int] = []
    source = CallSource(call_of(1)._replace(dialect=None), call_of(2))  # type: ignore[arg-type]
    keeper = keeper_of(path, source, tell_dropped=dropped.append)
    keeper.flush()
    assert sum(dropped) == 2
    source.calls.append(call_of(3))
    keeper.flush()
    assert recorded_numbers(path) == [3]
    assert [line["event"] for line in logged] == ["calls_not_recorded", "calls_recorded_again"]
    assert not path.with_name("decisions.db.damaged").exists()


def test_source_that_fails_does_not_end_the_thread(
    path: Path, logged: list[dict[str, object]]
) -> None:
    """A defect elsewhere is told; later calls are written."""
    answers = [None, as_slice([call_of(1)]), CallSlice()]

    def take(_limit: int) -> CallSlice:
        answer = answers.pop(0)
        if answer is None:
            raise ValueError("kapot")
        return answer

    keeper = DecisionKeeper(path, take, 30, lambda: AT)
    keeper.flush()
    keeper.flush()
    assert recorded_numbers(path) == [1]
    assert "kapot" in str(logged[0]["why"])


def test_end_writes_also_what_came_after_a_fault(path: Path) -> None:
    """What waits behind calls that could not be written is not left behind."""
    source = CallSource(call_of(1))
    keeper = keeper_of(path, source)
    with unwritable(path):
        keeper.flush()
    source.calls.append(call_of(2))
    keeper.flush()
    assert recorded_numbers(path) == [1, 2]


def test_calls_that_come_too_fast_wait_until_fewer_come(path: Path) -> None:
    """So that they don't take the processor from those that are to be answered."""
    source = CallSource(call_of(1))
    keeper = keeper_of(path, source)
    keeper.flush()
    source.calls.extend(calls_of(range(2, 6 * SLICE)))
    keeper.flush()
    assert not source.calls
    assert recorded_numbers(path) == [1]
    source.calls.extend(calls_of(range(6 * SLICE, 6 * SLICE + RUSH)))
    keeper.flush()
    assert 1 < len(recorded_numbers(path)) < 6 * SLICE + RUSH - 1
    settle(keeper)
    assert recorded_numbers(path) == list(range(1, 6 * SLICE + RUSH))


def test_a_long_second_is_no_rush(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while others are written comes no faster for it."""
    elapsed = [1_000.0]
    monkeypatch.setattr(decision_keeper, "monotonic", lambda: elapsed[0])
    source = CallSource(call_of(1))
    keeper = keeper_of(path, source)
    keeper.flush()
    elapsed[0] += 1.5
    source.calls.extend(calls_of(range(2, 2 + RUSH + RUSH // 2)))
    keeper.flush()
    assert len(recorded_numbers(path)) > RUSH


def test_end_writes_all_that_waits_however_fast_it_came(path: Path) -> None:
    """No call is to be answered any more."""
    source = CallSource()
    keeper = keeper_of(path, source, flush_seconds=0.01)
    keeper.start()
    deadline = time.monotonic() + 30
    for first in range(1, 9 * SLICE, SLICE):
        source.calls.extend(calls_of(range(first, first + SLICE)))
        while source.calls and time.monotonic() < deadline:
            time.sleep(0.005)
    source.calls.extend(calls_of(range(9 * SLICE + 1, 30 * SLICE)))
    keeper.stop(30)
    assert recorded_numbers(path) == list(range(1, 30 * SLICE))


def test_few_calls_that_come_while_others_are_written_wait(path: Path) -> None:
    """One transaction for each would cost more than the calls themselves."""
    source = CallSource(call_of(1))

    def take_while_calls_come(limit: int) -> CallSlice:
        taken = source.take(limit)
        sizes.append(taken.size)
        source.calls.append(call_of(1 + len(sizes)))
        return taken

    sizes: list[int] = []
    keeper = DecisionKeeper(path, take_while_calls_come, 30, lambda: AT)
    keeper.flush()
    keeper.flush()
    assert sizes == [1, 1]
    assert recorded_numbers(path) == [1, 2]


def test_calls_that_never_stop_coming_keep_nothing_else_from_being_done(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a second they wait for the next time, like any others, so that the end is noticed."""
    elapsed = [1_000.0]
    monkeypatch.setattr(decision_keeper, "monotonic", lambda: elapsed[0])
    sizes: list[int] = []

    def take_and_let_time_pass(limit: int) -> CallSlice:
        elapsed[0] += 0.3
        first = 1 + sum(sizes)
        sizes.append(limit if len(sizes) < 100 else 0)
        return as_slice(calls_of(range(first, first + sizes[-1])))

    DecisionKeeper(path, take_and_let_time_pass, 30, lambda: AT).flush()
    assert sizes == [SLICE] * 4


def test_waiting_calls_outlive_a_fault_of_removing(path: Path) -> None:
    """What was taken and not written yet stays where it is."""
    keeper = keeper_of(path, CallSource(call_of(1)))
    with unwritable(path):
        keeper.flush()
        keeper.remove_expired(1)
    keeper.flush()
    assert recorded_numbers(path) == [1]
