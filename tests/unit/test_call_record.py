"""Calls are kept as they were noted, and nothing of them outlives them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pbx_adapters.call_record import (
    RecordedCall,
    RecordedOutcome,
    remove_calls_before,
    split_id,
    write_calls,
)
from pbx_adapters.decisions_db import writing_decisions

# 2026-11-22 10:00:00 UTC.
AT = 1_795_341_600
DAY = 86_400
OPEN = RecordedOutcome(
    "kantoor", 3, "open", "continue", "weekly", "week/sun", "", "", "", "", AT + 3_600
)
CLOSED = RecordedOutcome(
    "kantoor", 3, "closed", "forward", "weekly", "week/sun", "", "+31612345678", "", "", None
)
UNKNOWN = RecordedOutcome(
    "", None, "unknown", "continue", "unknown-number", "", "", "", "", "", None
)


def call(count: int, at: int = AT, outcome: RecordedOutcome = OPEN) -> RecordedCall:
    """Return one call of the run that these tests share."""
    decision_id = f"0123456789ab-{count:08x}"
    return RecordedCall(decision_id, at, "3cx", "+31850000100", 2**63 - count, "17", outcome)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "decisions.db"


def write(path: Path, *calls: RecordedCall) -> None:
    """Keep calls in a transaction of their own."""
    with writing_decisions(path) as db:
        write_calls(db, calls)


def remove(path: Path, at: int, limit: int = 100) -> int:
    """Remove calls in a transaction of their own."""
    with writing_decisions(path) as db:
        return remove_calls_before(db, at, limit)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def test_each_call_is_one_row(path: Path) -> None:
    """With the numbers as numbers, and None where there is none."""
    anonymous = call(2, outcome=UNKNOWN)._replace(number=None, caller=None, callid="")
    write(path, call(1), anonymous)
    assert rows(
        path, "SELECT id, decided_at, number, caller, dialect, callid, valid_until FROM calls"
    ) == [
        (1 << 32 | 1, AT, 31850000100, 2**63 - 1, "3cx", "17", AT + 3_600),
        (1 << 32 | 2, AT, None, None, "3cx", "", None),
    ]


def test_what_calls_share_is_kept_once(path: Path) -> None:
    """Also when they come in several slices, and when only `valid_until` differs."""
    write(path, call(1), call(2, outcome=CLOSED))
    write(path, call(3, AT + DAY, OPEN._replace(valid_until=None)), call(4, AT + DAY, CLOSED))
    assert rows(path, "SELECT count(*) FROM outcomes") == [(2,)]
    assert rows(path, "SELECT count(*), max(prefix) FROM runs") == [(1, "0123456789ab")]
    assert rows(path, "SELECT count(*), max(slug) FROM schedules") == [(1, "kantoor")]


def test_no_calls_leave_no_trace(path: Path) -> None:
    """An empty slice is nothing."""
    write(path)
    assert rows(path, "SELECT count(*) FROM runs") == [(0,)]


def test_call_written_twice_is_kept_and_counted_once(path: Path) -> None:
    """A slice may come again after a fault that left open whether it was written."""
    write(path, call(1), call(2))
    write(path, call(2, AT + 5), call(3))
    assert rows(path, "SELECT decided_at FROM calls ORDER BY id") == [(AT,)] * 3
    assert rows(path, "SELECT calls FROM quarter_counts") == [(3,)]
    assert rows(path, "SELECT calls FROM day_counts") == [(3,)]


@pytest.mark.parametrize(
    ("decision_id", "expected"),
    [
        pytest.param("0123456789ab-0000002a", ("0123456789ab", 42), id="own"),
        pytest.param("0123456789ab-ffffffff", ("0123456789ab", 2**32 - 1), id="own-last"),
        pytest.param("0123456789ab-100000000", ("0123456789ab-100000000", 0), id="past-the-last"),
        pytest.param("0123456789ab-00000000", ("0123456789ab-00000000", 0), id="number-zero"),
        pytest.param("0123456789ab", ("0123456789ab", 0), id="prefix-alone"),
        pytest.param("0123456789AB-0000002A", ("0123456789AB-0000002A", 0), id="capitals"),
        pytest.param("van elders", ("van elders", 0), id="from-elsewhere"),
        pytest.param("", ("", 0), id="empty"),
    ],
)
def test_every_id_has_its_own_place(
    path: Path, decision_id: str, expected: tuple[str, int]
) -> None:
    """One that the hook didn't make stands for a run of its own."""
    assert split_id(decision_id) == expected
    write(path, call(1)._replace(decision_id=decision_id))
    assert rows(path, "SELECT prefix, id & 0xffffffff FROM calls JOIN runs ON run = id >> 32") == [
        expected
    ]


@pytest.mark.parametrize("callid", ["'; --", '"[{', "\n\r\t", "\x00", "ÿ☎", "7"])
def test_odd_call_ids_break_nothing(path: Path, callid: str) -> None:
    """A PBX's own id may hold any text; the calls beside it are kept all the same."""
    write(path, call(1), call(2)._replace(callid=callid), call(3))
    assert rows(path, "SELECT count(*) FROM calls") == [(3,)]


def test_old_calls_go_in_small_slices_and_nothing_of_them_stays(path: Path) -> None:
    """What only they named goes with the last of them; what later calls name stays."""
    old = [call(count, AT + count, CLOSED._replace(schedule="oud")) for count in range(1, 6)]
    write(path, *old, call(6)._replace(decision_id="van elders"))
    write(path, call(7, AT + 2 * DAY))
    assert remove(path, AT + DAY, limit=4) == 4
    assert rows(path, "SELECT sum(calls) FROM day_counts") == [(3,)]
    assert remove(path, AT + DAY, limit=4) == 2
    assert rows(path, "SELECT decided_at FROM calls") == [(AT + 2 * DAY,)]
    assert rows(path, "SELECT prefix FROM runs") == [("0123456789ab",)]
    assert rows(path, "SELECT slug FROM schedules") == [("kantoor",)]
    assert len(rows(path, "SELECT * FROM outcomes")) == 1
    assert rows(path, "SELECT calls FROM quarter_counts") == [(1,)]
    assert rows(path, "SELECT calls FROM day_counts") == [(1,)]
    assert remove(path, AT + DAY) == 0


def test_removal_is_to_the_second(path: Path) -> None:
    """A call at the instant itself stays, and what it shares with one that goes."""
    write(path, call(1, AT - 1), call(2, AT))
    assert remove(path, AT) == 1
    assert rows(path, "SELECT decided_at FROM calls") == [(AT,)]
    assert len(rows(path, "SELECT * FROM outcomes")) == 1


def test_counts_equal_the_calls(path: Path) -> None:
    """Per quarter and kind, and per day and number, whatever came and went."""
    for count in range(1, 40):
        outcome = (OPEN, CLOSED, UNKNOWN)[count % 3]
        number = None if count % 5 == 0 else f"+3185000{count % 4:04}"
        write(path, call(count, AT + count * 7_000, outcome)._replace(number=number))
    remove(path, AT + 100_000, limit=3)
    remove(path, AT + 50_000)
    assert rows(path, "SELECT quarter_at, kind, calls FROM quarter_counts WHERE calls") == rows(
        path, "SELECT decided_at / 900 * 900 AS q, kind, count(*) FROM calls GROUP BY q, kind"
    )
    assert rows(path, "SELECT day_at, number, calls FROM day_counts WHERE calls") == rows(
        path,
        "SELECT decided_at / 86400 * 86400 AS d, ifnull(number, 0) AS n, count(*) FROM calls "
        "GROUP BY d, n",
    )
