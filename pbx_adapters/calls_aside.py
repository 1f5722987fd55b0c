"""Calls that came too fast to be filed: set aside as they are, to be filed once there is time."""

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pbx_adapters.call_record import RecordedCall
from pbx_adapters.call_slice import AlteredError, CallSlice, read_calls

if TYPE_CHECKING:
    from sqlite_utils import Database


class Taken(NamedTuple):
    """Calls that were set aside together; `unreadable` counts those that were altered since."""

    calls: list[RecordedCall]
    unreadable: int


def set_aside(db: "Database", calls: CallSlice) -> None:
    """Keep calls to be filed later. Within a transaction of `writing_decisions`."""
    values = calls.size, calls.text()
    db.execute("INSERT INTO calls_set_aside (calls, told) VALUES (?, ?)", values)


def count_aside(db: "Database") -> int:
    """Count the calls that are set aside."""
    ((count,),) = db.execute("SELECT coalesce(sum(calls), 0) FROM calls_set_aside")
    return int(count)


def take_oldest(db: "Database") -> Taken | None:
    """Take out the slice that waits longest, None where none does. Within a transaction."""
    row = db.execute("SELECT slice, calls, told FROM calls_set_aside ORDER BY slice").fetchone()
    if row is None:
        return None
    number, count, told = row
    db.execute("DELETE FROM calls_set_aside WHERE slice = ?", (number,))
    try:
        return Taken(read_calls(told), 0)
    except AlteredError:
        return Taken([], count)


def read_aside(db: sqlite3.Connection) -> Iterator[RecordedCall]:
    """Yield all calls that are set aside, oldest first; raises `AlteredError`."""
    for (told,) in db.execute("SELECT told FROM calls_set_aside ORDER BY slice"):
        yield from read_calls(told)
