"""Calls on their way to the record, so many at a time as one text.

A text is small while it waits, and goes to another process as it is.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import to_json

from pbx_adapters.call_record import RecordedCall, RecordedOutcome

# A call's fields but its outcome.
CallRow = tuple[str, int, str, str | None, int | None, str]

_ROWS: Final = TypeAdapter(list[CallRow])
_OUTCOME: Final = TypeAdapter(RecordedOutcome)
# Some 5 MB; what the busiest schedules answer now is among them.
_MAX_OUTCOMES: Final = 8_192


# The rows of some calls as JSON values between commas, and the outcome of each as JSON.
_Part = tuple[bytes, tuple[bytes, ...]]


class CallSlice(NamedTuple):
    """So many calls, in one or more parts.

    UTF-8, in which one odd character doesn't make all the others wider. Calls with one outcome
    have one text of it.
    """

    size: int = 0
    parts: tuple[_Part, ...] = ()

    def calls(self) -> list[RecordedCall]:
        """Read the calls; raises `ValueError` where they are none."""
        rows = _ROWS.validate_json(b"[%b]" % b",".join(rows for rows, _ in self.parts), strict=True)
        outcomes = chain.from_iterable(told for _, told in self.parts)
        pairs = zip(rows, map(_read_outcome, outcomes), strict=True)
        return [RecordedCall(*row, outcome) for row, outcome in pairs]


def slice_of(rows: list[CallRow], told_outcomes: Iterable[bytes]) -> CallSlice:
    """Make a slice of calls' fields, and of their outcomes as `told_outcome` gives them."""
    return CallSlice(len(rows), ((to_json(rows)[1:-1], tuple(told_outcomes)),))


def told_outcome(outcome: RecordedOutcome) -> bytes:
    """Return an outcome as JSON."""
    return to_json(outcome)


@lru_cache(maxsize=_MAX_OUTCOMES)
def _read_outcome(told: bytes) -> RecordedOutcome:
    return _OUTCOME.validate_json(told, strict=True)


def join_slices(slices: Iterable[CallSlice]) -> CallSlice:
    """Make one slice of several.

    Their texts are left alone: to touch thousands of them, that lie far from the processor, while
    calls wait for Python's lock, takes longer than all else that is done with them here.
    """
    some = [one for one in slices if one.size]
    return CallSlice(
        sum(one.size for one in some), tuple(chain.from_iterable(one.parts for one in some))
    )
