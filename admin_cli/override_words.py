"""When an override begins and ends, as operators type it."""

import re
from datetime import datetime, timedelta
from typing import Final

from admin_cli.day_words import parse_time
from schedules.date_text import parse_moment
from schedules.errors import FaultyValueError

_TIME: Final = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?")
# Few digits, so that no span leads past the calendar.
_SPAN: Final = re.compile(r"(?:([0-9]{1,4})d)? *(?:([0-9]{1,4})h)? *(?:([0-9]{1,4})m)?")


def parse_when(text: str, *, is_end: bool) -> datetime | int:
    """Read a moment, or a time of the day: `2026-11-22 17:00`, `17:00`, `17`.

    A time of the day is a minute, 0 to 1440. Raises `FaultyValueError`.
    """
    text = text.strip()
    if _TIME.fullmatch(text):
        return parse_time(text, is_end=is_end)
    from admin_cli.moments import iso_of_typed

    return parse_moment(iso_of_typed(text))


def parse_length(text: str) -> timedelta:
    """Read how long: `90m`, `2h`, `1h30m`, `1d` (24 hours); raises `FaultyValueError`."""
    match = _SPAN.fullmatch(text.strip().lower())
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not length:
        raise FaultyValueError((f"{text[:40]!r} is no span of time", "write 90m, 2h, 1h30m or 1d"))
    return length


def format_length(length: timedelta) -> str:
    """Write how long something lasts, in minutes rounded up: `5 h 59 min`."""
    minutes = -(-length // timedelta(minutes=1))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
