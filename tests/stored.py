"""A store that is only what a test gives it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from schedules.revisions import Revision
from schedules.store import Token


@dataclass
class Source:
    """A `ScheduleSource` that holds what it is given."""

    revisions: tuple[Revision, ...]
    links: tuple[tuple[str, str], ...] = ()
    live: tuple[Token, ...] = ()
    store_revision: int = 1

    def reading(self) -> AbstractContextManager[None]:
        """Hold one moment."""
        return nullcontext()

    def revision(self) -> int:
        """Return the store revision."""
        return self.store_revision

    def currents(self) -> Iterator[Revision]:
        """Stream the revisions."""
        return iter(self.revisions)

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens."""
        return self.live

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield the linked numbers."""
        return iter(self.links)
