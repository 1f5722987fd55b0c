"""Every number's table, as one immutable value that is swapped whole."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing_engine.table import IntervalTable
from schedules.telephone import NumberBlock


@dataclass(frozen=True, slots=True, eq=False)
class LinkedNumbers:
    """Which schedule each linked number points at.

    Single numbers are E.164 text; blocks are sorted, and each number in E.164 digits from
    `block_starts[i]` to `block_ends[i]` belongs to `block_schedules[i]`.
    """

    singles: Mapping[str, str]
    block_starts: tuple[int, ...]
    block_ends: tuple[int, ...]
    block_schedules: tuple[str, ...]

    def holder_of(self, number: str) -> str | None:
        """Return the id of the schedule that an E.164 number points at."""
        holder = self.singles.get(number)
        if holder is None and self.block_starts and number[1:].isdecimal():
            digits = int(number[1:])
            place = bisect_right(self.block_starts, digits) - 1
            if place >= 0 and digits <= self.block_ends[place]:
                return self.block_schedules[place]
        return holder


@dataclass(frozen=True, slots=True, eq=False)
class RoutingSnapshot:
    """All that is needed to decide any call.

    `unusable` are the ids of schedules that have no table. `revision` is the store revision it was
    made from; `horizon_at` the instant, in epoch seconds, up to which the tables are indexed.
    """

    revision: int
    numbers: LinkedNumbers
    tables: Mapping[str, IntervalTable]
    unusable: frozenset[str]
    horizon_at: int


def link_numbers(entries: Iterable[tuple[str, str]]) -> LinkedNumbers:
    """Index `(number entry, schedule id)` pairs; an entry is a number or a block as text."""
    singles: dict[str, str] = {}
    blocks: list[tuple[int, int, str]] = []
    for entry, schedule in entries:
        if ".." in entry:
            block = NumberBlock.from_text(entry)
            blocks.append((block.first, block.last, schedule))
        else:
            singles[entry] = schedule
    blocks.sort()
    starts, ends, schedules = zip(*blocks, strict=True) if blocks else ((), (), ())
    return LinkedNumbers(singles, starts, ends, schedules)
