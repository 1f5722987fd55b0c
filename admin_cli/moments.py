"""A moment as a person types it, never guessed."""

import re
import warnings
from datetime import datetime
from typing import Final

from schedules.date_text import format_moment, parse_moment
from schedules.errors import FaultyValueError

_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?:[ T]+([0-9:]+))?")
_DATE_ONLY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What people write short, each with what to add.
_SHAPES: Final = (
    (re.compile(r"[0-9]{1,2}(:[0-9]{2}){0,2}"), "the date is missing: write YYYY-MM-DD HH:MM"),
    (
        re.compile(r"[0-9]{1,2}([-/. ])([0-9]{1,2}|[A-Za-z]+)\1'?[0-9]{2}([ T].*)?"),
        "write the year in four digits: YYYY-MM-DD HH:MM",
    ),
    (
        re.compile(r".*[0-9][ T]+([0-9](:.*)?|[0-9]{1,2}:?|[0-9]{1,2}:[0-9](:.*)?)"),
        "write hour and minute in two digits: 09:00",
    ),
    (re.compile(r".*", re.DOTALL), "write YYYY-MM-DD HH:MM"),
)
# Two unlike days: what is read alike over both was written out in full.
_DEFAULTS: Final = (datetime(2001, 1, 2), datetime(2002, 3, 5))  # noqa: DTZ001 - wall-clock times

# dateutil lets through whatever goes wrong on its way; InvalidOperation is an ArithmeticError.
_UNREADABLE: Final = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, Warning)

# Months in Dutch beside English, as dateutil takes them.
_MONTHS: Final = [
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


def iso_of_typed(text: str) -> str:
    """Return a moment as a person types it in the form that `at` takes; a date is its midnight.

    ISO 8601 (`2026-12-25 10:00`), day first (`25-12-2026 10:00`), or with the month as a word in
    Dutch or English (`25 december 2026 10:00`); local unless it has an offset. Raises
    `FaultyValueError`.
    """
    text = text.strip()
    try:
        return format_moment(_parse_typed(text))
    except FaultyValueError as error:
        remedies = [remedy for shape, remedy in _SHAPES if shape.fullmatch(text)]
        if "is not a moment" not in str(error):
            raise
        raise FaultyValueError((f"{text[:40]!r} is not a moment", remedies[0])) from error


def _parse_typed(text: str) -> datetime:
    if _DATE_ONLY.fullmatch(text):
        return parse_moment(f"{text} 00:00")
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        day, month, year, time = match.groups()
        hour, _, rest = (time or "00:00").partition(":")
        return parse_moment(f"{year}-{month:>02}-{day:>02} {hour:>02}:{rest}")
    if any(char.isalpha() for char in text.partition("T")[0]):
        return _parse_words(text)
    return parse_moment(text)


def _parse_words(text: str) -> datetime:
    from dateutil import parser

    words = type("_Words", (parser.parserinfo,), {"MONTHS": _MONTHS})(dayfirst=True)
    try:
        with warnings.catch_warnings():
            # An unknown time zone would be ignored otherwise.
            warnings.simplefilter("error")
            readings = {parser.parse(text, words, default=default) for default in _DEFAULTS}
    except _UNREADABLE:
        readings = set()
    if len(readings) != 1:
        raise FaultyValueError((f"{text[:40]!r} is not a moment", "write YYYY-MM-DD HH:MM"))
    return parse_moment(readings.pop().isoformat(timespec="seconds"))
