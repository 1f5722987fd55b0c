"""A moment as a person types it, never guessed."""

import re
import warnings
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil import parser

from schedules.date_text import format_moment, instants_of, parse_moment
from schedules.errors import FaultyValueError

_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?:[ T]+([0-9:]+))?")
_DATE_ONLY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Two unlike days: what is read alike over both was written out in full.
_DEFAULTS: Final = (datetime(2001, 1, 2), datetime(2002, 3, 5))  # noqa: DTZ001 - wall-clock times


class _Words(parser.parserinfo):
    """Months in Dutch beside English."""

    MONTHS: list[Any] = [  # noqa: RUF012 - as dateutil declares it
        ("jan", "january", "januari"),
        ("feb", "february", "februari"),
        ("mar", "march", "mrt", "maart"),
        ("apr", "april"),
        ("may", "mei"),
        ("jun", "june", "juni"),
        ("jul", "july", "juli"),
        ("aug", "august", "augustus"),
        ("sep", "sept", "september"),
        ("oct", "october", "okt", "oktober"),
        ("nov", "november"),
        ("dec", "december"),
    ]


def parse_typed_moment(text: str) -> datetime:
    """Read a moment, local unless it has an offset; a date alone is its midnight.

    ISO 8601 (`2026-12-25 10:00`), day first (`25-12-2026 10:00`), or with the month as a word in
    Dutch or English (`25 december 2026 10:00`). Raises `FaultyValueError`.
    """
    text = text.strip()
    if _DATE_ONLY.fullmatch(text):
        return parse_moment(f"{text} 00:00")
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        day, month, year, time = match.groups()
        hour, _, rest = (time or "00:00").partition(":")
        return parse_moment(f"{year}-{month:>02}-{day:>02} {hour:>02}:{rest}")
    if any(char.isalpha() for char in text.partition("T")[0]):
        return _parse_words(text)
    return parse_moment(text)


def instants_at(moment: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """Return the instants, in epoch seconds, of a moment: two for a time that occurs twice.

    Raises `FaultyValueError` for a local time that doesn't exist (semantics.md rule 5).
    """
    if moment.tzinfo is not None:
        return (int(moment.timestamp()),)
    instants = instants_of(moment, zone)
    if not instants:
        problem = f"{format_moment(moment).replace('T', ' ')} does not exist in {zone.key}"
        raise FaultyValueError((problem, "choose a time outside the hour that the clock skips"))
    return instants


def _parse_words(text: str) -> datetime:
    try:
        with warnings.catch_warnings():
            # An unknown time zone would be ignored otherwise.
            warnings.simplefilter("error")
            readings = {
                parser.parse(text, _Words(dayfirst=True), default=default) for default in _DEFAULTS
            }
    except (ValueError, OverflowError, Warning):
        readings = set()
    if len(readings) != 1:
        raise FaultyValueError((f"{text[:40]!r} is not a moment", "write YYYY-MM-DD HH:MM"))
    return parse_moment(readings.pop().isoformat(timespec="seconds"))
