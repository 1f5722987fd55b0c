"""What can be wrong with what operators write down, and who can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

# Comparing takes time in proportion to the length, and anything may be typed.
_MOST_COMPARED: Final = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at one place, with its remedy.

    `place` is a path into the document such as `week.mon[2]`, empty for the document as a whole;
    `line` counts from 1 where the text is known.
    """

    place: str
    problem: str
    remedy: str
    line: int | None = None

    def __str__(self) -> str:
        """Read as one line: place, problem, remedy."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.problem}; {self.remedy}"


class FaultyValueError(ValueError):
    """A value that can't be read, with every fault found in it.

    A `ValueError`, so that pydantic gathers it beside the faults of other fields.
    """

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Take `(problem, remedy)` pairs; the place is known to whoever holds the value."""
        super().__init__("; ".join(problem for problem, _ in faults))
        self.faults = faults


class BereikbaarError(Exception):
    """Something refused; the message says what, and what to do."""


class InvalidScheduleError(BereikbaarError):
    """A schedule the operator must mend; carries every fault found, never only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults in the order in which a reader meets them."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class NotFoundError(BereikbaarError):
    """What was asked for by name isn't there."""


class ConflictError(BereikbaarError):
    """Somebody else changed or holds what this change needs: read again, then decide."""


class LockedError(ConflictError):
    """Somebody else is editing it; the message names him (semantics.md rule 26)."""


class StoreUnavailableError(BereikbaarError):
    """The store can't be opened, read or written; the message names the file and the cause."""


class DamagedRowsError(StoreUnavailableError):
    """Rows of one table were lost or altered behind the store's back."""


def meant(wrong: str, known: Iterable[str], otherwise: str) -> str:
    """Return the remedy for a name that isn't there: those that look like it, else another one."""
    close = get_close_matches(wrong[:_MOST_COMPARED], list(known))
    return f"did you mean {', '.join(close)}?" if close else otherwise


class NewerStoreError(StoreUnavailableError):
    """A database that a newer version has changed."""


class OutdatedStoreError(StoreUnavailableError):
    """A database that lacks steps of this version, and wasn't to be given them."""


class DamagedStoreError(StoreUnavailableError):
    """A file that is no database, or one of which pages are damaged."""
