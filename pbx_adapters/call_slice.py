"""Calls on their way to the record, so many at a time as one text.

To make rows of a call, with indexes and counts, takes nearly as long as to answer one; to make text
of it takes a tenth of that. A text also goes to another process, or to a disk, as it is.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from pbx_adapters.call_record import RecordedCall, RecordedOutcome

# A call's fields but its outcome.
CallRow = tuple[str, int, str, str | None, int | None, str]

_SLICE: Final = TypeAdapter(tuple[list[CallRow], list[RecordedOutcome]])
# Nothing in a call refers back to it.
_encode: Final = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


class AlteredError(ValueError):
    """The text isn't what was written."""


class CallSlice(NamedTuple):
    """So many calls: their rows and their outcomes, each as JSON values between commas."""

    size: int = 0
    rows: str = ""
    outcomes: str = ""

    @classmethod
    def of(cls, calls: Iterable[RecordedCall]) -> "CallSlice":
        """Make a slice of recorded calls."""
        calls = tuple(calls)
        outcomes = (told_outcome(call.outcome) for call in calls)
        return slice_of([call[:6] for call in calls], outcomes)

    def calls(self) -> list[RecordedCall]:
        """Read the calls; raises `AlteredError`."""
        return read_calls(self.text())

    def text(self) -> str:
        """Return the slice as one JSON text."""
        return f"[[{self.rows}],[{self.outcomes}]]"


def slice_of(rows: list[CallRow], told_outcomes: Iterable[str]) -> CallSlice:
    """Make a slice of calls' fields, and of their outcomes as `told_outcome` gives them."""
    return CallSlice(len(rows), _encode(rows)[1:-1], ",".join(told_outcomes))


def told_outcome(outcome: RecordedOutcome) -> str:
    """Return an outcome as JSON."""
    return _encode(outcome)


def join_slices(slices: Iterable[CallSlice]) -> CallSlice:
    """Make one slice of several."""
    some = [one for one in slices if one.size]
    sizes, rows, outcomes = zip(*some, strict=True) if some else ((), (), ())
    return CallSlice(sum(sizes), ",".join(rows), ",".join(outcomes))


def read_calls(text: str) -> list[RecordedCall]:
    """Read the calls of `CallSlice.text`; raises `AlteredError`."""
    try:
        rows, outcomes = _SLICE.validate_json(text, strict=True)
        return [RecordedCall(*row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]
    except ValueError:
        raise AlteredError("calls on their way to the record were altered") from None
