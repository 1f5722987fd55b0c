"""What is in service, as a source for the last-good file."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from schedules.errors import BereikbaarError
from schedules.last_good import read_last_good
from schedules.revisions import Revision
from schedules.sqlite_store import SqliteStore
from schedules.store import Token


@dataclass(frozen=True, slots=True)
class InService:
    """A store, but of each schedule that can't be compiled the revision whose table was kept.

    A `ScheduleSource`. `stand_ins` holds those revisions by schedule, None where there is none:
    such a schedule is left out. Tokens and numbers are the store's newest.
    """

    store: SqliteStore
    stand_ins: Mapping[str, Revision | None]

    def reading(self) -> AbstractContextManager[None]:
        """Hold one moment of the store."""
        return self.store.reading()

    def revision(self) -> int:
        """Return the store revision."""
        return self.store.revision()

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that aren't revoked."""
        return self.store.tokens()

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield each linked number or block with its holder."""
        return self.store.numbers()

    def currents(self) -> Iterator[Revision]:
        """Stream the revisions in service, by id."""
        for current in self.store.currents():
            revision = self.stand_ins.get(current.schedule_id, current)
            if revision is not None:
                yield revision


def find_stand_ins(
    kept: Mapping[str, int | None], last_good: Path, store: SqliteStore
) -> dict[str, Revision | None]:
    """Find the revisions whose tables were kept, whole: in the last-good file, else in the store.

    `kept` holds their numbers by schedule, None where no table was kept.
    """
    found: dict[str, Revision | None] = dict.fromkeys(kept)
    if not kept:
        return found
    with suppress(BereikbaarError):
        for revision in read_last_good(last_good).currents():
            if kept.get(revision.schedule_id) == revision.revision:
                found[revision.schedule_id] = revision
    for schedule_id, number in kept.items():
        if found[schedule_id] is None and number is not None:
            found[schedule_id] = next(
                (
                    revision
                    for revision in store.history(schedule_id)
                    if revision.revision == number and revision.is_intact
                ),
                None,
            )
    return found
