"""Calls on their way to the record, so many at a time as one text.

A text is small while it waits, and goes to another process as it is.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import to_json

from pbx_adapters.call_record import RecordedCall, RecordedOutcome

# A call's fields but its outcome.
CallRow = tuple[str, int, str, str | None, int | None, str]

_SLICE: Final = TypeAdapter(tuple[list[CallRow], list[RecordedOutcome]])


class CallSlice(NamedTuple):
    """So many calls: their rows and their outcomes, each as JSON values between commas.

    UTF-8, in which one odd character doesn't make all the others wider.
    """

    size: int = 0
    rows: bytes = b""
    outcomes: bytes = b""

    def calls(self) -> list[RecordedCall]:
        """Read the calls; raises `ValueError` where they are none."""
        rows, outcomes = _SLICE.validate_json(
            b"[[%b],[%b]]" % (self.rows, self.outcomes), strict=True
        )
        pairs = zip(rows, outcomes, strict=True)
        return [RecordedCall(*row, outcome) for row, outcome in pairs]


def slice_of(rows: list[CallRow], told_outcomes: Iterable[bytes]) -> CallSlice:
    """Make a slice of calls' fields, and of their outcomes as `told_outcome` gives them."""
    return CallSlice(len(rows), to_json(rows)[1:-1], b",".join(told_outcomes))


def told_outcome(outcome: RecordedOutcome) -> bytes:
    """Return an outcome as JSON."""
    return to_json(outcome)


def join_slices(slices: Iterable[CallSlice]) -> CallSlice:
    """Make one slice of several."""
    some = [one for one in slices if one.size]
    sizes, rows, outcomes = zip(*some, strict=True) if some else ((), (), ())
    return CallSlice(sum(sizes), b",".join(rows), b",".join(outcomes))
