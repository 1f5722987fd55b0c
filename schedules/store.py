"""What a store of schedules promises, and the values it hands out.

Any database may keep it: `tests/store` is the suite that a store has to pass.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from schedules.edit_locks import BrokenLock, EditLock
from schedules.recording_pins import PinHash, SetPin
from schedules.revisions import Revision
from schedules.telephone import NumberBlock

if TYPE_CHECKING:
    from schedules.model import Schedule

TokenState = Literal["live", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Token:
    """What a PBX or an operator proves itself with; the secret itself is kept nowhere.

    `sha256` is of the secret. No `schedules` means all; no `networks` (CIDR texts) means any.
    `created_at`, `revoked_at` and `expires_at` are aware, in UTC; from `expires_at` on it opens
    nothing. `table_key` signs the tables that are given to it: 32 bytes in hexadecimal.
    """

    id: str
    name: str
    sha256: str
    is_operator: bool
    schedules: frozenset[str]
    networks: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    table_key: str = field(default="", repr=False)

    def state_at(self, at: datetime) -> TokenState:
        """Tell whether it opens anything at an aware instant, or why not."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "live"

    def is_like(self, other: "Token") -> bool:
        """Tell whether another token has the same name and rights: one can replace the other."""
        return _likeness(self) == _likeness(other)


def _likeness(token: Token) -> tuple[object, ...]:
    return token.name, token.is_operator, token.schedules, frozenset(token.networks)


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

        With it go its PIN, and what says that it needs messages. Raises `NotFoundError`, and
        `ConflictError` while it isn't deleted or a live token is for it.
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

    def set_recording_pin(self, schedule_id: str, pin: PinHash | None) -> None:
        """Set a schedule's PIN for recordings by telephone, or remove it; that is no revision.

        Raises `NotFoundError`.
        """
        ...

    def mend_audio_references(self) -> bool:
        """Note anew which messages all revisions name, where the notes aren't whole.

        Tells whether they weren't. They follow from the revisions, so that nothing is lost by it.
        """
        ...

    def add_token(self, token: Token) -> None:
        """Add a token; raises `ConflictError` when its id or its secret is taken."""
        ...

    def revoke_token(self, id_or_name: str) -> Token:
        """Revoke a token and return it as it is now; of one name, the live one before an expired.

        Raises `NotFoundError`, and `ConflictError` for a name that several such tokens share.
        """
        ...

    def expire_token(self, token_id: str, expires_at: datetime) -> Token:
        """Let a token that isn't revoked end at an aware instant, and return it as it is now.

        Raises `NotFoundError`.
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

    def audio_references(self) -> frozenset[str]:
        """Return the SHA-256 of each message that any kept revision of any schedule names.

        Raises `StoreUnavailableError` when that isn't whole any more.
        """
        ...

    def audio_users(self, sha256: str) -> tuple[str, ...]:
        """Return the ids, sorted, of the schedules of which a kept revision names this message."""
        ...

    def recording_pin(self, schedule_id: str) -> PinHash | None:
        """Return what is kept of a schedule's PIN for recordings, None where it has none."""
        ...

    def set_pins(self) -> tuple[SetPin, ...]:
        """Return which schedules have a PIN for recordings, by id, deleted ones too."""
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
