"""The rows that say which schedules need a message, within the transaction of whoever calls.

One for each message and schedule of which any kept revision names it. A lost row would have a
message collected that is needed, so they have a seal. They can be made anew from the revisions.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from schedules.errors import DamagedRowsError
from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_rows import Row, messages_in, seal, seal_number

_REFERENCES: Final = """
SELECT audio_seal, sha256, schedule_id FROM state LEFT JOIN audio_references ON true
WHERE state.id = 1
"""
_REMEDY: Final = "run `bereikbaar audio collect`, which makes them anew from all revisions"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def audio_references(store: SqliteReader) -> frozenset[str]:
    """Return the SHA-256 of each message that a kept revision names.

    Raises `DamagedRowsError` where rows are lost or altered.
    """
    return frozenset([sha256 for sha256, _ in reference_rows(store)])


def reference_rows(store: SqliteReader) -> Iterator[Row]:
    """Stream each message with a schedule that needs it.

    Whether one is missing is known at the end only: read to the end before use. Raises
    `DamagedRowsError` there.
    """
    return store.sealed_rows("audio_references", _REFERENCES, lambda row: seal(*row), _REMEDY)


def audio_users(store: SqliteReader, sha256: str) -> tuple[str, ...]:
    """Return the ids of the schedules of which a kept revision names this message, sorted."""
    sql = "SELECT schedule_id FROM audio_references WHERE sha256 = ? ORDER BY schedule_id"
    return tuple(schedule_id for (schedule_id,) in store.rows(sql, sha256))


def note_messages(store: SqliteReader, schedule_id: str, digests: Iterable[str]) -> None:
    """Note that a revision of a schedule names these messages; those it had stay noted."""
    wanted = set(digests)
    if not wanted:
        return
    sql = "SELECT sha256 FROM audio_references WHERE schedule_id = ?"
    new = [
        (sha256, schedule_id)
        for sha256 in wanted.difference(sha256 for (sha256,) in store.rows(sql, schedule_id))
    ]
    _note(store, new)


def forget_messages(store: SqliteReader, schedule_id: str) -> None:
    """Remove all that a schedule noted: its revisions go."""
    sql = "DELETE FROM audio_references WHERE schedule_id = ? RETURNING sha256, schedule_id"
    _turn_seal(store, store.rows(sql, schedule_id))


def mend_references(store: SqliteReader) -> bool:
    """Note anew what all revisions name, where the rows aren't whole; tell whether they weren't.

    Those that are left of schedules that are left stay: a message too many is kept, never one too
    few.
    """
    try:
        audio_references(store)
    except DamagedRowsError:
        pass
    else:
        return False
    holders: set[object] = set()
    rows: set[Row] = set()
    with store.telling():
        # One at a time: all documents there ever were may be much. As bytes: damaged text may be
        # none.
        for document, holder in store.db.execute(
            "SELECT CAST(document AS BLOB), schedule_id FROM revisions"
        ):
            holders.add(holder)
            rows |= {(sha256, holder) for sha256 in messages_in(document)}
    rows |= {
        (sha256, holder)
        for sha256, holder in store.rows("DELETE FROM audio_references RETURNING *")
        if holder in holders and _DIGEST.fullmatch(str(sha256))
    }
    store.rows("UPDATE state SET audio_seal = '0'")
    _note(store, rows)
    return True


def _note(store: SqliteReader, rows: Collection[Row]) -> None:
    for row in rows:
        store.rows("INSERT INTO audio_references VALUES (?, ?)", *row)
    _turn_seal(store, rows)


def _turn_seal(store: SqliteReader, rows: Iterable[Row]) -> None:
    change = 0
    for row in rows:
        change ^= seal(*row)
    if change:
        ((held,),) = store.rows("SELECT audio_seal FROM state WHERE id = 1")
        store.rows("UPDATE state SET audio_seal = ?", f"{seal_number(held) ^ change:x}")
