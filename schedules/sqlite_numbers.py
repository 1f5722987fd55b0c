"""The rows of linked numbers, within the transaction of whoever calls (semantics.md rule 25)."""

from collections.abc import Iterable, Iterator

from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_rows import seal
from schedules.store_refusals import clash_between
from schedules.telephone import NumberBlock

_Span = tuple[int, int]


def linked_blocks(store: SqliteReader, schedule_id: str) -> list[NumberBlock]:
    """Return what is linked to a schedule, lowest first."""
    return [NumberBlock(*span) for span in sorted(_linked(store, schedule_id))]


def link_blocks(
    store: SqliteReader, schedule_id: str, blocks: Iterable[NumberBlock]
) -> tuple[int, bool]:
    """Link these numbers to a schedule and no others.

    Returns what changes in the table's seal, and whether there are numbers it didn't have.
    """
    wanted = {(block.first, block.last) for block in blocks}
    linked = _linked(store, schedule_id)
    for span in linked - wanted:
        store.rows(
            "DELETE FROM numbers WHERE schedule_id = ? AND first = ? AND last = ?",
            schedule_id,
            *span,
        )
    for span in wanted - linked:
        store.rows("INSERT INTO numbers VALUES (?, ?, ?)", *span, schedule_id)
    change = 0
    for first, last in linked ^ wanted:
        change ^= seal(first, last, schedule_id)
    return change, not wanted <= linked


def clashes(store: SqliteReader, relinked: Iterable[str]) -> Iterator[str]:
    """Say of each number of these schedules that another one claims too what to do."""
    checked: set[str] = set()
    for schedule_id in sorted(relinked):
        checked.add(schedule_id)
        for block in linked_blocks(store, schedule_id):
            for other, holder in store.overlaps(block):
                if holder not in checked:
                    yield clash_between(schedule_id, block, holder, other)


def _linked(store: SqliteReader, schedule_id: str) -> set[_Span]:
    sql = "SELECT first, last FROM numbers WHERE schedule_id = ?"
    return set(store.rows(sql, schedule_id))
