"""One transaction on the SQLite store: all of its changes, or none."""

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from schedules.errors import ConflictError, NotFoundError, StoreUnavailableError
from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_rows import Row, row_of, seal, seal_number
from schedules.store import (
    DamagedRevisionError,
    Revision,
    Token,
    check_expected,
    clash_between,
    document_of,
    one_token,
)
from schedules.telephone import NumberBlock

if TYPE_CHECKING:
    from schedules.model import Schedule


class SqliteWriter:
    """A `StoreWriter` on the transaction that its store has open."""

    def __init__(self, store: SqliteReader, author: str, saved_at: datetime) -> None:
        self._store = store
        self._author = author
        self._saved_at = saved_at
        revision, self._tokens_changed_in, *seals = store.state()
        self._revision = revision + 1
        self._schedules_seal, self._numbers_seal, self._tokens_seal = map(seal_number, seals)
        self._is_open = True
        self._relinked: set[str] = set()

    @contextmanager
    def _step(self) -> Iterator[None]:
        """Do one step, all of it or else the whole transaction is lost."""
        if not self._is_open:
            raise StoreUnavailableError(
                f"{self._store.path}: this transaction has ended, or a step of it failed; "
                "start another one"
            )
        try:
            with self._store.telling():
                yield
        except (ConflictError, NotFoundError):
            # These are raised before a step writes.
            raise
        except BaseException:
            # SQLite may have ended the transaction by itself: what followed would be saved alone.
            self._is_open = False
            raise

    def _execute(self, sql: str, *values: object) -> list[Row]:
        return self._store.rows(sql, *values)

    def current(self, schedule_id: str) -> Revision | None:
        """Return a schedule's current revision, changes of this transaction included."""
        with self._step():
            latest = self._store.latest(schedule_id)
        return None if latest is None or latest.is_deletion else latest

    def save(
        self, schedule: "Schedule", *, summary: str, expected_revision: int | None = None
    ) -> int:
        """Append a revision and return its number; identical content appends none."""
        document = document_of(schedule)
        with self._step():
            latest = self._store.latest(schedule.id)
            if latest is not None and _says_the_same(latest, schedule, document):
                return latest.revision
            check_expected(schedule.id, latest, expected_revision)
            return self._append(schedule.id, latest, document, schedule.numbers, summary)

    def delete(self, schedule_id: str, *, summary: str, is_forced: bool = False) -> None:
        """Delete a schedule but keep its revisions."""
        with self._step():
            latest = self._store.latest(schedule_id)
            if latest is None or latest.is_deletion:
                raise self._store.not_found(schedule_id, latest)
            linked = self._linked(schedule_id)
            if linked and not is_forced:
                numbers = ", ".join(str(NumberBlock(*span)) for span in sorted(linked))
                raise ConflictError(
                    f"schedule {schedule_id} still has linked numbers: {numbers}; unlink them "
                    "first, or delete it with --force"
                )
            self._append(schedule_id, latest, "", (), summary)

    def _append(
        self,
        schedule_id: str,
        latest: Revision | None,
        document: str,
        numbers: Iterable[NumberBlock],
        summary: str,
    ) -> int:
        number = latest.revision + 1 if latest else 1
        new = Revision(
            schedule_id, number, document, "", self._author, self._saved_at, summary
        ).sealed()
        self._execute(
            "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?)",
            schedule_id,
            new.revision,
            document,
            new.sha256,
            self._author,
            self._saved_at.isoformat(),
            summary,
        )
        self._execute(
            "INSERT INTO schedules VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "revision = excluded.revision, sha256 = excluded.sha256, "
            "changed_in = excluded.changed_in",
            schedule_id,
            new.revision,
            new.sha256,
            self._revision,
        )
        for one in (latest, new):
            if one is not None:
                self._schedules_seal ^= seal(one.schedule_id, one.revision, one.sha256)
        self._link(schedule_id, {(block.first, block.last) for block in numbers})
        self._write_state()
        return new.revision

    def _linked(self, schedule_id: str) -> set[tuple[int, int]]:
        sql = "SELECT first, last FROM numbers WHERE schedule_id = ?"
        return set(self._execute(sql, schedule_id))

    def _link(self, schedule_id: str, wanted: set[tuple[int, int]]) -> None:
        linked = self._linked(schedule_id)
        for first, last in linked - wanted:
            self._execute(
                "DELETE FROM numbers WHERE schedule_id = ? AND first = ? AND last = ?",
                schedule_id,
                first,
                last,
            )
        for first, last in wanted - linked:
            self._execute("INSERT INTO numbers VALUES (?, ?, ?)", first, last, schedule_id)
        for first, last in linked ^ wanted:
            self._numbers_seal ^= seal(first, last, schedule_id)
        if wanted - linked:
            self._relinked.add(schedule_id)

    def add_token(self, token: Token) -> None:
        """Add a token; raises `ConflictError` when its id or its secret is taken."""
        row = row_of(token)
        with self._step():
            if self._execute(
                "SELECT 1 FROM tokens WHERE id = ? OR sha256 = ?", token.id, token.sha256
            ):
                raise ConflictError(f"token {token.id} exists already; draw another one")
            self._execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
            self._touch_tokens(seal(*row))

    def revoke_token(self, id_or_name: str) -> Token:
        """Revoke a live token and return it as it is now."""
        with self._step():
            token = one_token(self._store.tokens(), id_or_name)
            revoked = dataclasses.replace(token, revoked_at=self._saved_at)
            row = row_of(revoked)
            self._execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", row[-1], token.id)
            self._touch_tokens(seal(*row_of(token)) ^ seal(*row))
        return revoked

    def _touch_tokens(self, change: int) -> None:
        self._tokens_seal ^= change
        self._tokens_changed_in = self._revision
        self._write_state()

    def _write_state(self) -> None:
        # After every step, not at the end: what is read within the transaction is checked too.
        self._execute(
            "UPDATE state SET revision = ?, tokens_changed_in = ?, schedules_seal = ?, "
            "numbers_seal = ?, tokens_seal = ?",
            self._revision,
            self._tokens_changed_in,
            f"{self._schedules_seal:x}",
            f"{self._numbers_seal:x}",
            f"{self._tokens_seal:x}",
        )

    def finish(self) -> None:
        """Check what concerns all schedules together, and let nothing follow.

        Raises `ConflictError` with every number that two schedules claim (semantics.md rule 25).
        """
        with self._step():
            if self._relinked:
                # A lost row would let a number be linked twice: reading all of them shows it.
                for _ in self._store.numbers():
                    pass
            if clashes := list(self._clashes()):
                raise ConflictError("\n".join(clashes))
        self.end()

    def end(self) -> None:
        """Refuse every further step."""
        self._is_open = False

    def _clashes(self) -> Iterator[str]:
        checked: set[str] = set()
        for schedule_id in sorted(self._relinked):
            checked.add(schedule_id)
            for span in sorted(self._linked(schedule_id)):
                block = NumberBlock(*span)
                for other, holder in self._store.overlaps(block):
                    if holder not in checked:
                        yield clash_between(schedule_id, block, holder, other)


def _says_the_same(latest: Revision, schedule: "Schedule", document: str) -> bool:
    """Tell whether a revision already holds this schedule; the order of its keys doesn't count."""
    if latest.is_deletion or not latest.is_intact:
        return False
    if latest.document == document:
        return True
    try:
        return latest.schedule() == schedule
    except DamagedRevisionError:
        return False
