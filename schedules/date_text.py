"""Dates, ranges of dates and moments as operators write them: ISO 8601, never guessed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schedules.errors import FaultyValueError

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        """Write one date, or `first..last`."""
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"

    def __len__(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        """Walk the days in order."""
        return (self.first + timedelta(days=n) for n in range(len(self)))


def epoch_day(day: date) -> int:
    """Count the days from 1970-01-01 to `day`, the form in which tables hold dates."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """Return the date that `epoch_day` counted."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def parse_date(text: str) -> date:
    """Read `YYYY-MM-DD` in the years 2000 to 2100; raises `FaultyValueError`."""
    if _DATE.fullmatch(text) is None:
        raise FaultyValueError((f"{text[:40]!r} is not a date", "write YYYY-MM-DD"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise FaultyValueError((f"{text} is not on the calendar", "correct the date")) from None
    _check_year(day.year)
    return day


@lru_cache(maxsize=2_048)
def parse_date_range(text: str) -> DateRange:
    """Read `YYYY-MM-DD` or `YYYY-MM-DD..YYYY-MM-DD`, both ends included.

    Raises `FaultyValueError` for unreadable dates and for a range that runs backwards.
    """
    first_text, dots, last_text = (part.strip() for part in text.partition(".."))
    first = parse_date(first_text)
    last = parse_date(last_text) if dots else first
    if last < first:
        raise FaultyValueError((f"{first}..{last} runs backwards", "write the earlier date first"))
    return DateRange(first, last)


@lru_cache(maxsize=2_048)
def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment in the years 2000 to 2100.

    With an offset (`2026-12-25T10:00+01:00`, `…Z`) the result is aware, without one it is a
    local wall-clock time. Raises `FaultyValueError`.
    """
    if _MOMENT.fullmatch(text) is None:
        raise FaultyValueError((f"{text[:40]!r} is not a moment", "write YYYY-MM-DDTHH:MM"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FaultyValueError((f"{text} is not on the clock or calendar", "correct it")) from None
    _check_year(moment.year)
    return moment


def format_moment(moment: datetime) -> str:
    """Write a moment the way `parse_moment` reads it, to the minute where that loses nothing."""
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


@lru_cache(maxsize=256)
def parse_zone(text: str) -> ZoneInfo:
    """Return the time zone with this IANA name; raises `FaultyValueError`."""
    is_name = re.fullmatch(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", text) is not None
    try:
        if is_name and text != "Factory":
            return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        pass
    raise FaultyValueError(
        (f"{text[:40]!r} is not a time zone", "use an IANA name such as Europe/Amsterdam")
    )


def instants_of(local: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """Return the instants, in epoch seconds, at which the zone's clocks show this local time.

    One, or none in a spring gap, or two in an autumn hour, earliest first
    (semantics.md rule 5).
    """
    instants = set()
    for fold in (0, 1):
        aware = local.replace(tzinfo=zone, fold=fold)
        at = aware.timestamp()
        if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == local:
            instants.add(int(at))
    return tuple(sorted(instants))


def day_at(at: int, zone: ZoneInfo) -> date:
    """Return the date that the zone's clocks show at an instant, in epoch seconds."""
    return datetime.fromtimestamp(at, zone).date()


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise FaultyValueError(
            (f"the year {year} lies outside {FIRST_YEAR}-{LAST_YEAR}", "correct the year")
        )
