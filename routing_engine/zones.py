"""The wall clock of a time zone, as a table of offsets instead of a calendar library."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

from schedules.date_text import FIRST_YEAR, LAST_YEAR

DAY_SECONDS: Final = 86_400
FOREVER: Final = 1 << 62

_PROBE_SECONDS: Final = 5 * DAY_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class ZoneOffsets:
    """Seconds to add to an instant to get the zone's wall clock.

    `offsets[i]` holds from `starts[i]` up to `starts[i + 1]`, in epoch seconds. Years outside
    2000 to 2100 keep the offset of the nearest year inside.
    """

    name: str
    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    def offset_at(self, at: int) -> tuple[int, int]:
        """Return the offset at an instant, and the instant up to which it holds."""
        index = bisect_right(self.starts, at)
        until = self.starts[index] if index < len(self.starts) else FOREVER
        return self.offsets[index - 1], until

    def clock_changes(self, from_at: int, until_at: int) -> list[tuple[int, int]]:
        """Return when clocks are set within a span, both ends included, and by how many seconds.

        Positive is forward, in spring; negative is back.
        """
        first = max(bisect_left(self.starts, from_at), 1)
        last = bisect_right(self.starts, until_at)
        return [
            (self.starts[place], self.offsets[place] - self.offsets[place - 1])
            for place in range(first, last)
        ]

    def occurrence_at(self, at: int) -> Literal[0, 1, 2]:
        """Tell a time that clocks show twice: 1 the first time, 2 the second; 0 for any other."""
        for change_at, seconds in self.clock_changes(at - DAY_SECONDS, at + DAY_SECONDS):
            if change_at + seconds <= at < change_at:
                return 1
            if change_at <= at < change_at - seconds:
                return 2
        return 0

    def day_start(self, day: int) -> int:
        """Return the first instant of a local day, counted from 1970-01-01, in epoch seconds.

        Midnight, or where the clocks skip midnight the change itself.
        """
        midnight = day * DAY_SECONDS
        before, change = self.offset_at(midnight - DAY_SECONDS)
        if change > midnight - before:
            return midnight - before
        after, _ = self.offset_at(change)
        return max(change, midnight - after)


@cache
def zone_offsets(name: str) -> ZoneOffsets:
    """Return the offset table of an IANA zone; found by probing every fifth day of 2000 to 2100.

    No zone changes its clocks twice within six days.
    """
    zone = ZoneInfo(name)
    first = int(datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC).timestamp())
    last = int(datetime(LAST_YEAR + 3, 1, 1, tzinfo=UTC).timestamp())
    starts, offsets = [-FOREVER], [_probe(zone, first)]
    for before, after in pairwise(range(first, last, _PROBE_SECONDS)):
        offset = _probe(zone, after)
        if offset != offsets[-1]:
            starts.append(_transition(zone, before, after))
            offsets.append(offset)
    return ZoneOffsets(name, tuple(starts), tuple(offsets))


def _probe(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _transition(zone: ZoneInfo, before: int, after: int) -> int:
    """Halve the span until the first second with the new offset is found."""
    offset = _probe(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _probe(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after
