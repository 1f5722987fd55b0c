"""Which rule supplies a date: the one place that knows the precedence of semantics.md rule 7."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from schedules.date_text import date_of, epoch_day
from schedules.holidays_nl import holidays_by_day, is_lustrum

_THURSDAY: Final = 3
_FIRST_DAY: Final = epoch_day(date.min)
_LAST_DAY: Final = epoch_day(date.max)


@dataclass(frozen=True, slots=True, eq=False)
class DayRules:
    """The rules of one schedule that can supply a date; each is known by its index in `names`.

    `names` and `titles` run parallel: `week/mon` … `week/sun` first, then holidays, then
    exceptions. `holidays` maps a switched-on holiday to its index and whether it holds in lustrum
    years only; `exceptions` maps days, counted from 1970-01-01, to an index.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    holidays: Mapping[str, tuple[int, bool]]
    exceptions: Mapping[int, int]


def plan_day(rules: DayRules, day: int) -> int:
    """Return the index of the rule that supplies the whole of a date."""
    return next(candidates(rules, day))


def candidates(rules: DayRules, day: int) -> Iterator[int]:
    """Yield every rule that could supply a date, the winner first, then those it beats.

    Exception, then holidays in rank order, then weekly hours (semantics.md rules 7, 11 and 13).
    """
    exception = rules.exceptions.get(day)
    if exception is not None:
        yield exception
    year = _year_of(day)
    for holiday_id in holidays_by_day(year).get(day, ()):
        index, is_lustrum_only = rules.holidays.get(holiday_id, (None, False))
        if index is not None and (is_lustrum(year) or not is_lustrum_only):
            yield index
    yield weekday_of(day)


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
