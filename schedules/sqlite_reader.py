"""Reading the SQLite store: everything in `ScheduleStore` but the writing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from schedules.errors import (
    ConflictError,
    DamagedRowsError,
    NotFoundError,
    StoreUnavailableError,
)
from schedules.migrations import telling
from schedules.revisions import Revision
from schedules.sqlite_rows import Row, revision_of, seal, seal_of_schedule, token_of
from schedules.store import Changes, Token
from schedules.store_refusals import not_found
from schedules.telephone import NumberBlock

MAX_BLOCK: Final = 100_000

# The checksum comes from the schedule's own row: one that points at a wrong revision shows.
_LATEST: Final = """
SELECT s.id, s.revision, r.document, s.sha256, r.author, r.saved_at, r.summary
FROM schedules AS s
LEFT JOIN revisions AS r ON r.schedule_id = s.id AND r.revision = s.revision
"""
_KEPT: Final = """
SELECT schedule_id, revision, document, sha256, author, saved_at, summary
FROM revisions WHERE schedule_id = ?
"""
_CURRENTS: Final = """
SELECT schedules_seal, s.id, s.revision, r.document, s.sha256, r.author, r.saved_at, r.summary
FROM state
LEFT JOIN schedules AS s ON true
LEFT JOIN revisions AS r ON r.schedule_id = s.id AND r.revision = s.revision
WHERE state.id = 1
ORDER BY s.id
"""
_NUMBERS: Final = """
SELECT numbers_seal, first, last, schedule_id FROM state LEFT JOIN numbers ON true
WHERE state.id = 1
ORDER BY first
"""
_TOKENS: Final = """
SELECT tokens_seal, tokens.* FROM state LEFT JOIN tokens ON true
WHERE state.id = 1
ORDER BY tokens.id
"""
_OVERLAPS: Final = """
SELECT first, last, schedule_id FROM numbers WHERE first BETWEEN :first AND :last
UNION ALL
SELECT first, last, schedule_id FROM numbers
WHERE last > first AND first BETWEEN :lowest AND :first - 1 AND last >= :first
ORDER BY first
"""


class SqliteReader:
    """What a store on one SQLite connection tells."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.db = db
        self.path = path

    def close(self) -> None:
        """Let go of the database; its log is folded in when this was the last one."""
        self.db.close()

    def telling(self) -> AbstractContextManager[None]:
        """Tell the database's errors in operators' words."""
        return telling(self.path)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one moment: all that is read inside belongs together."""
        if self.db.in_transaction:
            yield
            return
        with self.telling():
            self.db.execute("BEGIN")
        try:
            yield
        finally:
            with self.telling():
                self.db.commit()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query; raises `StoreUnavailableError`."""
        with self.telling():
            return self.db.execute(sql, values).fetchall()

    def sealed_rows(
        self,
        table: str,
        sql: str,
        seal_of: Callable[[Row], int],
        remedy: str = "restore a backup",
    ) -> Iterator[Row]:
        """Stream rows that follow the seal of their table in `sql`; check it at the end.

        One statement reads both, so both are of one moment. Raises `DamagedRowsError`.
        """
        expected, found = None, 0
        with self.telling():
            for stored, *fields in self.db.execute(sql):
                expected = stored
                # An empty table gives one row that holds nothing but the seal.
                if fields[0] is not None:
                    row = tuple(fields)
                    found ^= seal_of(row)
                    yield row
        if f"{found:x}" != expected:
            raise DamagedRowsError(f"{self.path}: rows of {table} are damaged or missing: {remedy}")

    def revision(self) -> int:
        """Return the store revision."""
        return int(self.state()[0])

    def state(self) -> Row:
        """Return the store revision, that of the last token change, and the seals of the tables."""
        rows = self.rows(
            "SELECT revision, tokens_changed_in, schedules_seal, numbers_seal, tokens_seal "
            "FROM state"
        )
        if not rows:
            raise StoreUnavailableError(f"{self.path}: its state is missing: restore a backup")
        return rows[0]

    def currents(self) -> Iterator[Revision]:
        """Stream the current revision of every schedule that isn't deleted, by id."""
        for row in self.sealed_rows("schedules", _CURRENTS, seal_of_schedule):
            revision = revision_of(row)
            if not revision.is_deletion:
                yield revision

    def current(self, schedule_id: str) -> Revision:
        """Return a schedule's current revision; raises `NotFoundError`."""
        latest = self.latest(schedule_id)
        if latest is None or latest.is_deletion:
            raise self.not_found(schedule_id, latest)
        return latest

    def latest(self, schedule_id: str) -> Revision | None:
        """Return a schedule's last revision, which may be its deletion."""
        rows = self.rows(f"{_LATEST} WHERE s.id = ?", schedule_id)
        return revision_of(rows[0]) if rows else None

    def deletions(self) -> list[Revision]:
        """Return the deletion of every schedule that is deleted, by id."""
        rows = self.rows(f"{_LATEST} WHERE r.document = '' ORDER BY s.id")
        return [revision_of(row) for row in rows]

    def not_found(self, schedule_id: str, latest: Revision | None) -> NotFoundError:
        """Return the error for a schedule that isn't there: why, or which ones look like it."""
        return not_found(
            schedule_id, latest, (row[0] for row in self.rows("SELECT id FROM schedules"))
        )

    def history(self, schedule_id: str) -> list[Revision]:
        """Return all revisions, oldest first; raises `NotFoundError`."""
        rows = self.rows(f"{_KEPT} ORDER BY revision", schedule_id)
        if not rows:
            raise self.not_found(schedule_id, None)
        return [revision_of(row) for row in rows]

    def kept_revision(self, schedule_id: str, revision: int) -> Revision:
        """Return one revision; raises `NotFoundError`, which says which there are."""
        # SQLite holds no greater number, and neither has it any such revision.
        is_storable = revision.bit_length() < 64  # noqa: PLR2004 - bits
        sql = f"{_KEPT} AND revision = ?"
        rows = self.rows(sql, schedule_id, revision) if is_storable else []
        if not rows:
            kept = self.history(schedule_id)
            raise NotFoundError(
                f"schedule {schedule_id} has no revision {revision}; take one from "
                f"{kept[0].revision} to {kept[-1].revision}"
            )
        return revision_of(rows[0])

    def changed_since(self, store_revision: int) -> Changes:
        """Return what changed after a store revision.

        Raises `ConflictError` for one ahead, and for one before a deletion that was purged.
        """
        with self.reading():
            revision, tokens_changed_in, *_ = self.state()
            if store_revision > revision:
                raise ConflictError(
                    f"{self.path} stands at revision {revision}, before the {store_revision} that "
                    "was read from it: a backup was put back; read everything again"
                )
            if store_revision < self.rows("SELECT forgotten_in FROM state")[0][0]:
                raise ConflictError(
                    f"{self.path}: schedules that revision {store_revision} may have held were "
                    "purged; read everything again"
                )
            # The plus keeps SQLite from going through all ids in order, for the few that changed.
            rows = self.rows(f"{_LATEST} WHERE s.changed_in > ? ORDER BY +s.id", store_revision)
        latest = [revision_of(row) for row in rows]
        return Changes(
            revision=revision,
            changed=tuple(one for one in latest if not one.is_deletion),
            deleted=tuple(one.schedule_id for one in latest if one.is_deletion),
            has_new_tokens=tokens_changed_in > store_revision,
        )

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield each linked number or block, lowest first, with the schedule that holds it."""
        for first, last, schedule_id in list(self.number_rows()):
            yield str(NumberBlock(first, last)), schedule_id

    def number_rows(self) -> Iterator[Row]:
        """Stream the first and last of what is linked, and its holder, lowest first.

        Whether one is missing is known at the end only: read to the end before use.
        """
        return self.sealed_rows("numbers", _NUMBERS, lambda row: seal(*row))

    def holder_of(self, block: NumberBlock) -> str | None:
        """Return the id of the schedule that holds the lowest taken number of this block."""
        overlaps = self.overlaps(block)
        return overlaps[0][1] if overlaps else None

    def overlaps(self, block: NumberBlock) -> list[tuple[NumberBlock, str]]:
        """Return what is linked within a block, lowest first, with its holders."""
        span = {"first": block.first, "last": block.last, "lowest": block.first - MAX_BLOCK + 1}
        with self.telling():
            rows = self.db.execute(_OVERLAPS, span).fetchall()
        return [(NumberBlock(first, last), holder) for first, last, holder in rows]

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that aren't revoked, by id."""
        return tuple(token for token in self.all_tokens() if token.revoked_at is None)

    def all_tokens(self) -> tuple[Token, ...]:
        """Return all tokens, revoked ones too, by id."""
        rows = list(self.sealed_rows("tokens", _TOKENS, lambda row: seal(*row)))
        return tuple(token_of(row) for row in rows)

    def data_version(self) -> int:
        """Return a number that differs once another connection has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])
