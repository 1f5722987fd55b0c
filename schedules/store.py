"""What a store of schedules promises, and the values it hands out.

Any database may keep it: `tests/store` is the suite that a store has to pass.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Protocol, Self

from schedules.edit_locks import BrokenLock, EditLock
from schedules.errors import (
    BereikbaarError,
    ConflictError,
    InvalidScheduleError,
    NotFoundError,
)
from schedules.telephone import NumberBlock

if TYPE_CHECKING:
    from pydantic import ValidationError

    from schedules.model import Schedule

_PLACES_TOLD: Final = 3
# A shorter part would be in too many ids.
_PART_LENGTH: Final = 3


class DamagedRevisionError(BereikbaarError):
    """A stored revision isn't what was saved, or can no longer be read."""


def document_of(schedule: "Schedule") -> str:
    """Return the JSON text that a store keeps; equal schedules give equal texts."""
    return schedule.model_dump_json(by_alias=True, exclude_none=True)


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved state of one schedule, with who saved it, when and why (semantics.md rule 20).

    `revision` counts from 1 per schedule; `document` is the JSON text exactly as stored, empty
    where the schedule was deleted; `sha256` is over all the other fields, so that rows that changed
    places are noticed too; `saved_at` is aware, in UTC.
    """

    schedule_id: str
    revision: int
    document: str
    sha256: str
    author: str
    saved_at: datetime
    summary: str

    def sealed(self) -> Self:
        """Return this revision with the checksum that belongs to it."""
        return dataclasses.replace(self, sha256=self._checksum())

    @property
    def is_intact(self) -> bool:
        """Whether this is what was saved; computed each time it is asked."""
        return self.sha256 == self._checksum()

    def _checksum(self) -> str:
        fields = (self.schedule_id, self.revision, self.author, self.saved_at, self.summary)
        text = "\n".join(map(str, (*fields, self.document)))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_deletion(self) -> bool:
        """Whether the schedule was deleted by this revision."""
        return self.document == "" and self.is_intact

    def schedule(self) -> "Schedule":
        """Return the schedule that was saved.

        Raises `DamagedRevisionError` when it isn't what was saved or can't be read by this version,
        and `NotFoundError` for a deletion.
        """
        if not self.is_intact:
            raise DamagedRevisionError(
                f"schedule {self.schedule_id}, revision {self.revision}: the checksum doesn't "
                "match, the stored text is damaged; roll back to an earlier revision, apply the "
                "document again, or restore a backup"
            )
        if self.document == "":
            raise NotFoundError(
                f"schedule {self.schedule_id} was deleted by its revision {self.revision}; "
                "take an earlier revision"
            )
        # Commands that read no schedule do without the model and pydantic, slow to import.
        from pydantic import ValidationError  # noqa: PLC0415

        from schedules.model import STORED, Schedule  # noqa: PLC0415

        try:
            return Schedule.model_validate_json(self.document, context=STORED)
        except (ValidationError, InvalidScheduleError) as error:
            raise DamagedRevisionError(
                f"schedule {self.schedule_id}, revision {self.revision}: this version can't read "
                "it; use the version that saved it, roll back to an earlier revision, or apply "
                f"the document again ({_places_of(error)})"
            ) from error


def _places_of(error: "ValidationError | InvalidScheduleError") -> str:
    """Say where a document is at fault; what stands there is not for whoever reads this."""
    if isinstance(error, InvalidScheduleError):
        found = [f"{fault.place or 'document'}: is refused" for fault in error.faults]
    else:
        from schedules.faults import format_place  # noqa: PLC0415 - as above

        lines = error.errors(include_url=False, include_context=False, include_input=False)
        found = [
            f"{format_place(line['loc']) or 'document'}: {line['type'].replace('_', ' ')}"
            for line in lines
        ]
    more = len(found) - _PLACES_TOLD
    return "; ".join(found[:_PLACES_TOLD]) + (f"; and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Token:
    """What a PBX or an operator proves itself with; the secret itself is kept nowhere.

    `sha256` is of the secret. No `schedules` means all; no `networks` (CIDR texts) means any.
    `created_at` and `revoked_at` are aware, in UTC.
    """

    id: str
    name: str
    sha256: str
    is_operator: bool
    schedules: frozenset[str]
    networks: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from an earlier store revision, read at one moment.

    `revision` is the store revision of that moment; `changed` holds the current revisions of the
    schedules saved since, by id; `deleted` the ids that are gone.
    """

    revision: int
    changed: tuple[Revision, ...]
    deleted: tuple[str, ...]
    has_new_tokens: bool


class ScheduleSource(Protocol):
    """Where schedules are read from: a store, or the last-good file.

    Everything raises `StoreUnavailableError` when it can't be read, or isn't whole any more.
    """

    def reading(self) -> AbstractContextManager[None]:
        """Hold one moment: all that is read inside belongs together."""
        ...

    def revision(self) -> int:
        """Return the store revision: one counter, up by 1 for each transaction with a change."""
        ...

    def currents(self) -> Iterator[Revision]:
        """Stream the current revision of every schedule that isn't deleted, by id.

        Whether one is missing is known at the end only: read to the end before use.
        """
        ...

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that aren't revoked, by id."""
        ...

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield each linked number or block, as text, with the id of the schedule that holds it."""
        ...


class StoreWriter(Protocol):
    """One transaction's changes: all of them, or none."""

    def current(self, schedule_id: str) -> Revision | None:
        """Return a schedule's current revision, changes of this transaction included."""
        ...

    def save(
        self, schedule: "Schedule", *, summary: str, expected_revision: int | None = None
    ) -> int:
        """Append a revision and return its number; identical content appends none.

        `expected_revision` is the one that was read, 0 for a schedule that isn't to exist yet.
        Raises `ConflictError` when that isn't the current one and the content differs; where only
        overrides were changed since, the edit is rebased over them (rules 7, 20). Raises
        `LockedError` while somebody else than the author holds the edit lock, unless only overrides
        change (rules 7, 26). Numbers that two schedules claim are refused when the transaction
        ends, so that they can move within it (rule 25).
        """
        ...

    def delete(self, schedule_id: str, *, summary: str, is_forced: bool = False) -> None:
        """Delete a schedule but keep its revisions; saving it again continues their numbering.

        Raises `NotFoundError`, `ConflictError` while numbers are linked (forced, they are
        unlinked), and `LockedError` while somebody else holds its edit lock.
        """
        ...

    def purge(self, schedule_id: str) -> int:
        """Remove a deleted schedule with all its revisions, for good; return how many it had.

        Raises `NotFoundError`, and `ConflictError` while it isn't deleted or a live token
        is for it.
        """
        ...

    def take_lock(self, schedule_id: str, seconds: int) -> EditLock:
        """Take the edit lock of a schedule for its author, or renew his (semantics.md rule 26).

        It lasts `seconds`, at most 24 h, from the transaction's time on. Locks are no change of the
        store revision. Raises `LockedError` while somebody else holds it, and `NotFoundError`.
        """
        ...

    def renew_lock(self, schedule_id: str, seconds: int) -> EditLock:
        """Renew the author's lock, if he holds it still.

        Raises `LockedError` when somebody else does, `ConflictError` when it was broken, and
        `NotFoundError` when there is none.
        """
        ...

    def release_lock(self, schedule_id: str) -> EditLock:
        """Give the author's lock up and return it; raises what `renew_lock` does."""
        ...

    def break_lock(self, schedule_id: str) -> EditLock:
        """Take a lock away from whoever holds it, note that, and return it.

        Raises `NotFoundError`.
        """
        ...

    def add_token(self, token: Token) -> None:
        """Add a token; raises `ConflictError` when its id or its secret is taken."""
        ...

    def revoke_token(self, id_or_name: str) -> Token:
        """Revoke a live token and return it as it is now.

        Raises `NotFoundError`, and `ConflictError` for a name that several live tokens share.
        """
        ...


class ScheduleStore(ScheduleSource, Protocol):
    """Where schedules, their revisions, numbers and tokens are kept."""

    def current(self, schedule_id: str) -> Revision:
        """Return a schedule's current revision.

        Raises `NotFoundError`, which names ids that look like it.
        """
        ...

    def history(self, schedule_id: str) -> list[Revision]:
        """Return all revisions, oldest first, of a schedule that may be deleted.

        Raises `NotFoundError`.
        """
        ...

    def kept_revision(self, schedule_id: str, revision: int) -> Revision:
        """Return one revision of a schedule that may be deleted; raises `NotFoundError`."""
        ...

    def lock(self, schedule_id: str, at: datetime) -> EditLock | None:
        """Return the edit lock that holds on a schedule at an aware instant."""
        ...

    def locks(self, at: datetime) -> tuple[EditLock, ...]:
        """Return all edit locks that hold at an aware instant, by schedule."""
        ...

    def broken_locks(self, schedule_id: str) -> tuple[BrokenLock, ...]:
        """Return who broke whose lock on a schedule, and when, oldest first."""
        ...

    def lock_changes(self) -> int:
        """Return how often locks were taken, renewed or given up: a write that saves nothing."""
        ...

    def deletions(self) -> list[Revision]:
        """Return the deletion of every schedule that is deleted and not purged, by id."""
        ...

    def changed_since(self, store_revision: int) -> Changes:
        """Return what changed after a store revision, all read at one moment.

        Raises `ConflictError` when the store isn't that far, or when a schedule that was deleted
        after it has been purged: then everything is to be read again.
        """
        ...

    def holder_of(self, block: NumberBlock) -> str | None:
        """Return the id of the schedule that holds a number of this block: that of the lowest."""
        ...

    def data_version(self) -> int:
        """Return a number that differs once another connection has committed; cheap to poll."""
        ...

    def writing(self, author: str, saved_at: datetime) -> AbstractContextManager[StoreWriter]:
        """Open a transaction that is saved when the block ends and undone when it raises.

        `saved_at` is aware. Raises `ConflictError` for numbers that two schedules claim, and
        `StoreUnavailableError` when another process goes on writing or nothing can be saved.
        """
        ...

    def all_tokens(self) -> tuple[Token, ...]:
        """Return all tokens, revoked ones too, by id."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def not_found(schedule_id: str, latest: Revision | None, ids: Iterable[str]) -> NotFoundError:
    """Return the error for a schedule that isn't there: who deleted it, or which look like it."""
    if latest is not None:
        return NotFoundError(
            f"schedule {schedule_id} was deleted {_by_whom(latest)}; to bring it back, "
            f"`bereikbaar schedule restore {schedule_id}`, or apply its document again (an old "
            "export: with --force)"
        )
    return NotFoundError(f"there is no schedule {schedule_id!r}; {_meant(schedule_id, ids)}")


def one_token(live: Iterable[Token], id_or_name: str) -> Token:
    """Return the live token with this id, or else the only one with this name.

    Raises `NotFoundError` and `ConflictError`.
    """
    tokens = list(live)
    found = [token for token in tokens if token.id == id_or_name] or [
        token for token in tokens if token.name == id_or_name
    ]
    if not found:
        names = {token.name for token in tokens} | {token.id for token in tokens}
        raise NotFoundError(f"there is no live token {id_or_name!r}; {_meant(id_or_name, names)}")
    if len(found) > 1:
        ids = ", ".join(token.id for token in found)
        raise ConflictError(f"{len(found)} live tokens are named {id_or_name}; say which: {ids}")
    return found[0]


def check_expected(schedule_id: str, latest: Revision | None, expected: int | None) -> None:
    """Check that a schedule still stands at the revision that was read (semantics.md rule 20).

    Raises `ConflictError`, which says who changed it, when, and what to do.
    """
    present = 0 if latest is None or latest.is_deletion else latest.revision
    if expected is None or expected == present:
        return
    if latest is None:
        raise ConflictError(
            f"schedule {schedule_id} doesn't exist, so it can't be at revision {expected}; "
            "save it without a revision to create it"
        )
    if latest.is_deletion:
        raise ConflictError(
            f"schedule {schedule_id} was deleted {_by_whom(latest)}; to bring it back, save "
            "it without a revision"
        )
    raise ConflictError(
        f"schedule {schedule_id} was changed {_by_whom(latest)}: it is at revision {present}, "
        f"not {expected}; read it again and repeat the change"
    )


def clash_between(schedule_id: str, block: NumberBlock, holder: str, held: NumberBlock) -> str:
    """Say that two schedules claim the same numbers, and what to do (semantics.md rule 25)."""
    where = "" if held == block else f", within {held}"
    return (
        f"schedule {schedule_id}: {block} is linked to {holder} already{where}; unlink it there "
        "first, or change both schedules in one `apply`"
    )


def _by_whom(revision: Revision) -> str:
    what = "" if revision.is_deletion else f" ({revision.summary})"
    return f"by {revision.author} on {revision.saved_at:%Y-%m-%d at %H:%M} UTC{what}"


def _meant(wrong: str, known: Iterable[str]) -> str:
    ids = sorted(set(known))
    parts = [one for one in ids if len(wrong) >= _PART_LENGTH and wrong in one]
    if close := get_close_matches(wrong, ids) or parts[:_PLACES_TOLD]:
        return f"did you mean {', '.join(close)}?"
    return "check the spelling"
