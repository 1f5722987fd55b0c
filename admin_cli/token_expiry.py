"""When a token ends, as operators type it."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from admin_cli.moments import iso_of_typed
from admin_cli.override_words import parse_length
from schedules.date_text import format_moment, instants_of, parse_moment
from schedules.errors import FaultyValueError

# Tokens belong to no schedule; this is the zone of schedules that name none.
_ZONE: Final = ZoneInfo("Europe/Amsterdam")
_REMEDY: Final = "write a moment, 2027-03-31 18:00, or a span from now on, 90d"


def parse_expiry(text: str, at: datetime) -> datetime:
    """Read when a token ends: a moment, or a span from an aware instant on, such as `90d`.

    A moment is local in Amsterdam unless it has an offset. Raises `FaultyValueError`.
    """
    try:
        expires_at = at + parse_length(text)
    except FaultyValueError:
        expires_at = _instant_of(text)
    if expires_at <= at:
        raise FaultyValueError(
            (f"{text[:40]!r} has passed: it is {at:%Y-%m-%d %H:%M} UTC", _REMEDY)
        )
    return expires_at.astimezone(at.tzinfo)


def _instant_of(text: str) -> datetime:
    try:
        moment = parse_moment(iso_of_typed(text))
    except FaultyValueError as error:
        raise FaultyValueError(*((problem, _REMEDY) for problem, _ in error.faults)) from None
    if moment.tzinfo is not None:
        return moment
    instants = [datetime.fromtimestamp(one, _ZONE) for one in instants_of(moment, _ZONE)]
    if len(instants) != 1:
        problem = "occurs twice" if instants else "does not occur"
        offsets = " or ".join(map(format_moment, instants)) or "another moment"
        raise FaultyValueError(
            (f"{moment:%Y-%m-%d %H:%M} {problem} in {_ZONE.key}", f"give {offsets}")
        )
    return instants[0]
