"""Recorded calls for tests, and what of them a database holds."""

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pbx_adapters.call_record import RecordedCall, RecordedOutcome, write_calls
from pbx_adapters.call_slice import CallSlice, slice_of, told_outcome
from pbx_adapters.decision_keeper import DecisionKeeper
from pbx_adapters.decisions_db import writing_decisions

# 2026-11-22 10:00:00 UTC.
AT: Final = 1_795_341_600
DAY: Final = 86_400
OUTCOME: Final = RecordedOutcome(
    "kantoor", 3, "open", "continue", "weekly", "week/sun", "", "", "", "", AT + 3_600
)


def call_of(number: int, at: int = AT, callid: str = "17.4") -> RecordedCall:
    """Return the call of this number, 1 or more, in a run of the daemon."""
    decision_id = f"0123456789ab-{number:08x}"
    return RecordedCall(decision_id, at, "3cx", "+31850000100", 2**62 + number, callid, OUTCOME)


def calls_of(numbers: range, at: int = AT) -> list[RecordedCall]:
    """Return the calls of these numbers."""
    return [call_of(number, at) for number in numbers]


def as_slice(calls: Iterable[RecordedCall]) -> CallSlice:
    """Return calls as they are on their way to the record."""
    calls = tuple(calls)
    return slice_of([call[:6] for call in calls], [told_outcome(call.outcome) for call in calls])


def recorded_numbers(path: Path) -> list[int]:
    """Return the numbers of the calls that a database holds, in their order."""
    with closing(sqlite3.connect(path)) as db:
        # An id is its run and its number, 32 bits each.
        rows = db.execute("SELECT id & 0xffffffff FROM calls ORDER BY id").fetchall()
    return [number for (number,) in rows]


class CallSource:
    """Calls that wait, as `DecisionLog` hands them out."""

    def __init__(self, *calls: RecordedCall) -> None:
        self.calls = deque(calls)

    def take(self, limit: int) -> CallSlice:
        """Hand out the oldest."""
        return as_slice(self.calls.popleft() for _ in range(min(limit, len(self.calls))))


def keeper_of(path: Path, source: CallSource, days: int = 30, **options: object) -> DecisionKeeper:
    """Return a keeper whose clock stands still."""
    return DecisionKeeper(path, source.take, days, lambda: AT, **options)  # type: ignore[arg-type]


def file_calls(path: Path, *calls: RecordedCall) -> None:
    """Have calls written."""
    with writing_decisions(path) as db:
        write_calls(db, calls)


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Put a folder in the database's place."""
    aside = path.with_name("aside")
    is_there = path.exists()
    if is_there:
        path.rename(aside)
    path.mkdir()
    yield
    path.rmdir()
    if is_there:
        aside.rename(path)
