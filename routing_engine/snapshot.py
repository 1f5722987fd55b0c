"""Every number's table, as one immutable value that is swapped whole."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Generic, TypeVar

from routing_engine.table import IntervalTable
from schedules.telephone import NumberBlock

_T = TypeVar("_T")

_FIRST: Final = attrgetter("first")


@dataclass(frozen=True, slots=True, eq=False)
class LinkedNumbers(Generic[_T]):
    """What each linked number points at.

    Single numbers are E.164 text; blocks are sorted, and each number in E.164 digits from
    `block_starts[i]` to `block_ends[i]` belongs to `block_holders[i]`.
    """

    singles: dict[str, _T] = field(default_factory=dict)
    block_starts: tuple[int, ...] = ()
    block_ends: tuple[int, ...] = ()
    block_holders: tuple[_T, ...] = ()

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

    def relinked(
        self, unlinked: Iterable[str], links: Iterable[tuple[str, _T]]
    ) -> "LinkedNumbers[_T]":
        """Return these numbers without the entries `unlinked`, and then with `links`.

        An entry is a number or a block as text. No entry of `links` lies within another that stays.
        """
        singles: dict[str, _T] = {}
        blocks: dict[NumberBlock, _T] = {}
        for entry, holder in links:
            if ".." in entry:
                blocks[NumberBlock.from_text(entry)] = holder
            else:
                singles[entry] = holder
        gone = frozenset(unlinked)
        starts, ends = list(self.block_starts), list(self.block_ends)
        holders = list(self.block_holders)
        for block in (NumberBlock.from_text(entry) for entry in gone if ".." in entry):
            place = bisect_right(starts, block.first) - 1
            if place >= 0 and (starts[place], ends[place]) == (block.first, block.last):
                del starts[place], ends[place], holders[place]
        # In order: where all are new, each is put at the end and moves no other.
        for block in sorted(blocks, key=_FIRST):
            place = bisect_right(starts, block.first)
            starts.insert(place, block.first)
            ends.insert(place, block.last)
            holders.insert(place, blocks[block])
        return LinkedNumbers(
            with_changes(self.singles, gone, singles), tuple(starts), tuple(ends), tuple(holders)
        )


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


NOTHING: Final = RoutingSnapshot(0, LinkedNumbers(), {}, frozenset(), LinkedNumbers(), 0)


def assemble_snapshot(  # noqa: PLR0913 - all that a snapshot is made of
    *,
    revision: int,
    links: Iterable[tuple[str, str]],
    tables: Mapping[str, IntervalTable],
    unusable: frozenset[str],
    horizon_at: int,
    before: RoutingSnapshot = NOTHING,
    unlinked: Iterable[str] = (),
) -> RoutingSnapshot:
    """Make a snapshot of `(number entry, schedule id)` pairs and all that these point at.

    A number of a schedule that is neither among the tables nor among the unusable is unknown.

    One that differs little from one `before` needs only what differs: as `unlinked` the number
    entries of each schedule that is gone, or of which anything changed, and as `links` what those
    have now. `tables` and `unusable` are all there are.
    """
    gone = frozenset(unlinked)
    unusable_links: list[tuple[str, str]] = []

    def linked_tables() -> Iterator[tuple[str, IntervalTable]]:
        for entry, schedule in links:
            if schedule in tables:
                yield entry, tables[schedule]
            elif schedule in unusable:
                unusable_links.append((entry, schedule))

    numbers = before.numbers.relinked(gone, linked_tables())
    unusable_numbers = before.unusable_numbers.relinked(gone, unusable_links)
    return RoutingSnapshot(revision, numbers, tables, unusable, unusable_numbers, horizon_at)


def link_numbers(entries: Iterable[tuple[str, _T]]) -> LinkedNumbers[_T]:
    """Index number entries with what they point at; an entry is a number or a block as text."""
    nothing: LinkedNumbers[_T] = LinkedNumbers()
    return nothing.relinked((), entries)


def with_changes(
    values: dict[str, _T], gone: Iterable[str], changed: dict[str, _T]
) -> dict[str, _T]:
    """Return values without those that are gone, and with those that changed or came.

    However many stay, they are copied within a few milliseconds.
    """
    after = values | changed
    # What comes back keeps its place: a dictionary full of holes would be copied one by one.
    for key in gone:
        if key not in changed:
            after.pop(key, None)
    return after
