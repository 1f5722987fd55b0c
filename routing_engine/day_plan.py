"""Which rule supplies a date: the one place that knows the precedence of semantics.md rule 7."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Final

from schedules.date_text import date_of, epoch_day
from schedules.holidays_nl import holidays_by_day, is_lustrum

_THURSDAY: Final = 3
_FIRST_DAY: Final = epoch_day(date.min)
_LAST_DAY: Final = epoch_day(date.max)


@dataclass(frozen=True, slots=True, eq=False)
class RecurringRules:
    """Weekly hours and holidays, shared by all schedules with the same holidays switched on.

    `names` and `titles` run parallel: `week/mon` … `week/sun`, then holidays. `holidays` maps a
    switched-on holiday to its index in them and whether it holds in lustrum years only.
    `day_index[i]` is the rule of day `first_day + i`, counted from 1970-01-01.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    holidays: Mapping[str, tuple[int, bool]]
    first_day: int = 0
    day_index: bytes = b""


@dataclass(slots=True, eq=False)
class DayRules:
    """The rules of one schedule that can supply a date, each known by an index.

    Never changes once made; not frozen, since that would treble the cost of making one.

    First the recurring ones, then the exceptions: `exception_labels` holds the name and title of
    each, `exception_spans` is what `pack_spans` makes.
    """

    recurring: RecurringRules
    exception_labels: tuple[tuple[str, str], ...] = ()
    exception_spans: bytes = b""

    def name_and_title(self, index: int) -> tuple[str, str]:
        """Return the name and the title of one rule."""
        place = index - len(self.recurring.names)
        if place < 0:
            return self.recurring.names[index], self.recurring.titles[index]
        return self.exception_labels[place]


def pack_spans(spans: Iterable[tuple[int, int, int]]) -> bytes:
    """Pack `(first day, last day, rule index)` of exceptions into numbers of two bytes.

    The first days in order, then the last days, then the indices: a twentieth of what a dictionary
    of days would take. Two bytes reach to 2149; dates are of 2000 to 2100.
    """
    return array("H", [*chain.from_iterable(zip(*sorted(spans), strict=True))]).tobytes()


def span_on(packed: bytes, day: int) -> int | None:
    """Return the rule index of the span that holds a day, counted from 1970-01-01."""
    spans = memoryview(packed).cast("H")
    count = len(spans) // 3
    place = bisect_right(spans, day, 0, count) - 1
    if place < 0 or day > spans[count + place]:
        return None
    return spans[2 * count + place]


def plan_day(rules: DayRules, day: int) -> int:
    """Return the index of the rule that supplies the whole of a date.

    An exception, else what recurs: from the day index or, outside it, planned directly
    (semantics.md rules 7 and 18).
    """
    if rules.exception_spans:
        exception = span_on(rules.exception_spans, day)
        if exception is not None:
            return exception
    recurring = rules.recurring
    place = day - recurring.first_day
    if 0 <= place < len(recurring.day_index):
        return recurring.day_index[place]
    return next(recurring_candidates(recurring, day))


def candidates(rules: DayRules, day: int) -> Iterator[int]:
    """Yield every rule that could supply a date, the winner first, then those it beats."""
    exception = span_on(rules.exception_spans, day)
    if exception is not None:
        yield exception
    yield from recurring_candidates(rules.recurring, day)


def recurring_candidates(rules: RecurringRules, day: int) -> Iterator[int]:
    """Yield holidays in rank order, then the weekday (semantics.md rules 7, 11 and 13)."""
    year = _year_of(day)
    for holiday_id in holidays_by_day(year).get(day, ()):
        index, is_lustrum_only = rules.holidays.get(holiday_id, (None, False))
        if index is not None and (is_lustrum(year) or not is_lustrum_only):
            yield index
    yield weekday_of(day)


def index_days(rules: RecurringRules, first_day: int, days: int) -> RecurringRules:
    """Return the rules with the index of a number of days, from `first_day` on."""
    index = bytearray(weekday_of(first_day + place) for place in range(days))
    for day in holiday_days(first_day, first_day + days - 1):
        index[day - first_day] = next(recurring_candidates(rules, day))
    return replace(rules, first_day=first_day, day_index=bytes(index))


def holiday_days(first_day: int, last_day: int) -> Iterator[int]:
    """Yield the days, both ends included, on which some Dutch holiday falls."""
    for year in range(date_of(first_day).year, date_of(last_day).year + 1):
        yield from (day for day in holidays_by_day(year) if first_day <= day <= last_day)


def _year_of(day: int) -> int:
    """Return the year of a day; past the calendar's 9,999 years, its first or last."""
    return date_of(min(max(day, _FIRST_DAY), _LAST_DAY)).year


def weekday_of(day: int) -> int:
    """Return 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday."""
    return (day + _THURSDAY) % 7
