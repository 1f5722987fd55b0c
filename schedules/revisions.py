"""One saved state of one schedule: what a store keeps, and reads back."""

import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from schedules.errors import BereikbaarError, InvalidScheduleError, NotFoundError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from schedules.model import Schedule

_PLACES_TOLD: Final = 3


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
