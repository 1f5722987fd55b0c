"""Calls that came too fast to be filed: set aside as they are, to be filed once there is time.

To file a call, with its indexes and counts, takes nearly as long as to answer one. To set one aside
takes a tenth of that.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from pbx_adapters.call_record import RecordedCall, storable

if TYPE_CHECKING:
    from sqlite_utils import Database

_SLICE: Final = TypeAdapter(list[RecordedCall])
# Calls refer to nothing that could refer back to them.
_text_of: Final = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


class AlteredError(ValueError):
    """What was set aside isn't what we wrote."""


class Slice(NamedTuple):
    """Calls that were set aside together; `unreadable` counts those that were altered since."""

    calls: list[RecordedCall]
    unreadable: int


def set_aside(db: "Database", calls: Sequence[RecordedCall]) -> None:
    """Keep calls to be filed later. Within a transaction of `writing_decisions`."""
    if not all(call.callid.isascii() for call in calls):
        calls = [call._replace(callid=storable(call.callid)) for call in calls]
    values = len(calls), _text_of(calls)
    db.execute("INSERT INTO calls_set_aside (calls, told) VALUES (?, ?)", values)


def count_aside(db: "Database") -> int:
    """Count the calls that are set aside."""
    ((count,),) = db.execute("SELECT coalesce(sum(calls), 0) FROM calls_set_aside")
    return int(count)


def take_oldest(db: "Database") -> Slice | None:
    """Take out the slice that waits longest, None where none does. Within a transaction."""
    row = db.execute("SELECT slice, calls, told FROM calls_set_aside ORDER BY slice").fetchone()
    if row is None:
        return None
    number, count, told = row
    db.execute("DELETE FROM calls_set_aside WHERE slice = ?", (number,))
    try:
        return Slice(_read(told), 0)
    except AlteredError:
        return Slice([], count)


def read_aside(db: sqlite3.Connection) -> Iterator[RecordedCall]:
    """Yield all calls that are set aside, oldest first; raises `AlteredError`."""
    for (told,) in db.execute("SELECT told FROM calls_set_aside ORDER BY slice"):
        yield from _read(told)


def _read(told: str) -> list[RecordedCall]:
    try:
        return _SLICE.validate_json(told)
    except ValidationError:
        raise AlteredError("calls that were set aside were altered") from None
