"""One transaction on the SQLite store: all of its changes, or none."""

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from schedules.edit_locks import EditLock, check_free_for
from schedules.errors import ConflictError, NotFoundError, StoreUnavailableError
from schedules.rebase import has_same_but_overrides, rebase_edit
from schedules.recording_pins import PinHash
from schedules.revisions import DamagedRevisionError, Revision, document_of
from schedules.sqlite_audio import forget_messages, mend_references, note_messages
from schedules.sqlite_locks import (
    break_lock,
    forget_locks,
    held_lock,
    live_lock,
    put_lock,
    remove_lock,
)
from schedules.sqlite_numbers import clashes, link_blocks, linked_blocks
from schedules.sqlite_pins import put_pin, remove_pin
from schedules.sqlite_reader import SqliteReader
from schedules.sqlite_rows import Row, row_of, seal, seal_number
from schedules.store import Token
from schedules.store_refusals import check_expected, check_no_token, one_token
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
        with self._step():
            latest = self._store.latest(schedule.id)
            if latest is not None and _says_the_same(latest, schedule):
                return latest.revision
            schedule = self._rebased(schedule, latest, expected_revision)
            if latest is not None and _says_the_same(latest, schedule):
                return latest.revision
            if latest is None or not _is_brake(latest, schedule):
                self._check_lock(schedule.id)
            document = document_of(schedule)
            note_messages(self._store, schedule.id, (one.sha256 for one in schedule.audio.values()))
            return self._append(schedule.id, latest, document, schedule.numbers, summary)

    def _rebased(
        self, edited: "Schedule", latest: Revision | None, expected: int | None
    ) -> "Schedule":
        """Return an edit over the overrides set since it was read; raises `ConflictError`."""
        try:
            check_expected(edited.id, latest, expected)
        except ConflictError:
            rebased = self._over_overrides(edited, latest, expected)
            if rebased is None:
                raise
            return rebased
        return edited

    def _over_overrides(
        self, edited: "Schedule", latest: Revision | None, expected: int | None
    ) -> "Schedule | None":
        with suppress(DamagedRevisionError, NotFoundError):
            if latest is not None and expected:
                base = self._store.kept_revision(edited.id, expected)
                return rebase_edit(base.schedule(), edited, latest.schedule())
        return None

    def _check_lock(self, schedule_id: str) -> None:
        check_free_for(self._author, live_lock(self._store, schedule_id, self._saved_at))

    def delete(self, schedule_id: str, *, summary: str, is_forced: bool = False) -> None:
        """Delete a schedule but keep its revisions."""
        with self._step():
            latest = self._store.latest(schedule_id)
            if latest is None or latest.is_deletion:
                raise self._store.not_found(schedule_id, latest)
            self._check_lock(schedule_id)
            linked = linked_blocks(self._store, schedule_id)
            if linked and not is_forced:
                numbers = ", ".join(map(str, linked))
                raise ConflictError(
                    f"schedule {schedule_id} still has linked numbers: {numbers}; unlink them "
                    "first, or delete it with --force"
                )
            self._append(schedule_id, latest, "", (), summary)
            remove_lock(self._store, schedule_id)

    def purge(self, schedule_id: str) -> int:
        """Remove a deleted schedule with all its revisions, for good; return how many it had."""
        with self._step():
            latest = self._store.latest(schedule_id)
            if latest is None:
                raise self._store.not_found(schedule_id, None)
            if not latest.is_deletion:
                raise ConflictError(
                    f"schedule {schedule_id} isn't deleted; delete it first, then purge it"
                )
            check_no_token(schedule_id, self._store.tokens())
            # What is removed isn't left readable in the file.
            self._execute("PRAGMA secure_delete = ON")
            forget_locks(self._store, schedule_id)
            forget_messages(self._store, schedule_id)
            remove_pin(self._store, schedule_id)
            self._execute(
                "UPDATE state SET forgotten_in = max(forgotten_in, "
                "(SELECT changed_in FROM schedules WHERE id = ?))",
                schedule_id,
            )
            self._execute("DELETE FROM schedules WHERE id = ?", schedule_id)
            removed = self._execute(
                "DELETE FROM revisions WHERE schedule_id = ? RETURNING revision", schedule_id
            )
            self._schedules_seal ^= seal(latest.schedule_id, latest.revision, latest.sha256)
            self._write_state()
        return len(removed)

    def take_lock(self, schedule_id: str, seconds: int) -> EditLock:
        """Take the edit lock of a schedule, or renew it."""
        with self._step():
            latest = self._store.latest(schedule_id)
            if latest is None or latest.is_deletion:
                raise self._store.not_found(schedule_id, latest)
            self._check_lock(schedule_id)
            return put_lock(self._store, schedule_id, self._author, self._saved_at, seconds)

    def renew_lock(self, schedule_id: str, seconds: int) -> EditLock:
        """Renew a lock that is held still."""
        with self._step():
            held_lock(self._store, schedule_id, self._author, self._saved_at)
            return put_lock(self._store, schedule_id, self._author, self._saved_at, seconds)

    def release_lock(self, schedule_id: str) -> EditLock:
        """Give a lock up, and return it."""
        with self._step():
            lock = held_lock(self._store, schedule_id, self._author, self._saved_at)
            remove_lock(self._store, schedule_id)
        return lock

    def break_lock(self, schedule_id: str) -> EditLock:
        """Take a lock away from whoever holds it, and note that."""
        with self._step():
            return break_lock(self._store, schedule_id, self._author, self._saved_at)

    def set_recording_pin(self, schedule_id: str, pin: PinHash | None) -> None:
        """Set a schedule's PIN for recordings, or remove it."""
        with self._step():
            latest = self._store.latest(schedule_id)
            if latest is None or latest.is_deletion:
                raise self._store.not_found(schedule_id, latest)
            if pin is None:
                remove_pin(self._store, schedule_id)
            else:
                put_pin(self._store, schedule_id, pin, self._author, self._saved_at)

    def mend_audio_references(self) -> bool:
        """Note anew what revisions name, where that isn't whole; tell whether it wasn't."""
        with self._step():
            return mend_references(self._store)

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
        change, has_new = link_blocks(self._store, schedule_id, numbers)
        self._numbers_seal ^= change
        if has_new:
            self._relinked.add(schedule_id)
        self._write_state()
        return new.revision

    def add_token(self, token: Token) -> None:
        """Add a token; raises `ConflictError` when its id or its secret is taken."""
        row = row_of(token)
        with self._step():
            if self._execute(
                "SELECT 1 FROM tokens WHERE id = ? OR sha256 = ?", token.id, token.sha256
            ):
                raise ConflictError(f"token {token.id} exists already; draw another one")
            self._execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
            self._touch_tokens(seal(*row))

    def revoke_token(self, id_or_name: str) -> Token:
        """Revoke a token and return it as it is now."""
        with self._step():
            token = one_token(self._store.tokens(), id_or_name, self._saved_at)
            revoked = dataclasses.replace(token, revoked_at=self._saved_at)
            self._replace_token(token, revoked)
        return revoked

    def expire_token(self, token_id: str, expires_at: datetime) -> Token:
        """Let a token end at an aware instant, and return it as it is now."""
        with self._step():
            kept = {token.id: token for token in self._store.tokens()}
            if token_id not in kept:
                raise NotFoundError(f"there is no token {token_id!r} that isn't revoked")
            expiring = dataclasses.replace(kept[token_id], expires_at=expires_at)
            self._replace_token(kept[token_id], expiring)
        return expiring

    def _replace_token(self, token: Token, new: Token) -> None:
        *_, revoked_at, expires_at, _ = row_of(new)
        sql = "UPDATE tokens SET revoked_at = ?, expires_at = ? WHERE id = ?"
        self._execute(sql, revoked_at, expires_at, token.id)
        self._touch_tokens(seal(*row_of(token)) ^ seal(*row_of(new)))

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
            if found := list(clashes(self._store, self._relinked)):
                raise ConflictError("\n".join(found))
        self.end()

    def end(self) -> None:
        """Refuse every further step."""
        self._is_open = False


def _says_the_same(latest: Revision, schedule: "Schedule") -> bool:
    """Tell whether a revision already holds this schedule; the order of its keys doesn't count."""
    if latest.is_deletion or not latest.is_intact:
        return False
    if latest.document == document_of(schedule):
        return True
    try:
        return latest.schedule() == schedule
    except DamagedRevisionError:
        return False


def _is_brake(latest: Revision, schedule: "Schedule") -> bool:
    """Tell whether a save changes overrides only: no lock holds that up (semantics.md rule 7)."""
    try:
        return has_same_but_overrides(latest.schedule(), schedule)
    except (DamagedRevisionError, NotFoundError):
        return False
