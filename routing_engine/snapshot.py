"""Every number's table, as one immutable value that is swapped whole."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from routing_engine.table import IntervalTable
from schedules.telephone import NumberBlock

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False)
class LinkedNumbers(Generic[_T]):
    """What each linked number points at.

    Single numbers are E.164 text; blocks are sorted, and each number in E.164 digits from
    `block_starts[i]` to `block_ends[i]` belongs to `block_holders[i]`.
    """

    singles: Mapping[str, _T]
    block_starts: tuple[int, ...]
    block_ends: tuple[int, ...]
    block_holders: tuple[_T, ...]

    def holder_of(self, number: str) -> _T | None:
        """Return what an E.164 number points at."""
        return self.singles.get(number) or self.block_holder_of(number)

    def block_holder_of(self, number: str) -> _T | None:
        """Return what the block points at that holds an E.164 number."""
        try:
            digits = int(number)
        except ValueError:
            return None
        place = bisect_right(self.block_starts, digits) - 1
        if place < 0 or digits > self.block_ends[place]:
            return None
        return self.block_holders[place]


@dataclass(frozen=True, slots=True, eq=False)
class RoutingSnapshot:
    """All that is needed to decide any call.

    `unusable` are the ids of schedules that have no table, `unusable_numbers` what is linked to
    those. `revision` is the store revision it was made from; `horizon_at` the instant, in epoch
    seconds, up to which the tables are indexed.
    """

    revision: int
    numbers: LinkedNumbers[IntervalTable]
    tables: Mapping[str, IntervalTable]
    unusable: frozenset[str]
    unusable_numbers: LinkedNumbers[str]
    horizon_at: int


def assemble_snapshot(
    *,
    revision: int,
    links: Iterable[tuple[str, str]],
    tables: Mapping[str, IntervalTable],
    unusable: frozenset[str],
    horizon_at: int,
) -> RoutingSnapshot:
    """Make a snapshot of `(number entry, schedule id)` pairs and all that these point at.

    A number of a schedule that is neither among the tables nor among the unusable is unknown.
    """
    unusable_links: list[tuple[str, str]] = []

    def linked_tables() -> Iterator[tuple[str, IntervalTable]]:
        for entry, schedule in links:
            if schedule in tables:
                yield entry, tables[schedule]
            elif schedule in unusable:
                unusable_links.append((entry, schedule))

    numbers = link_numbers(linked_tables())
    unusable_numbers = link_numbers(unusable_links)
    return RoutingSnapshot(revision, numbers, tables, unusable, unusable_numbers, horizon_at)


def link_numbers(entries: Iterable[tuple[str, _T]]) -> LinkedNumbers[_T]:
    """Index number entries with what they point at; an entry is a number or a block as text."""
    singles: dict[str, _T] = {}
    blocks: list[tuple[NumberBlock, _T]] = []
    for entry, holder in entries:
        if ".." in entry:
            blocks.append((NumberBlock.from_text(entry), holder))
        else:
            singles[entry] = holder
    blocks.sort(key=lambda pair: pair[0].first)
    return LinkedNumbers(
        singles,
        tuple([block.first for block, _ in blocks]),
        tuple([block.last for block, _ in blocks]),
        tuple([holder for _, holder in blocks]),
    )
