"""When a token ends, as operators type it; and what is told of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from admin_cli.invocation import Invocation, format_utc, tell
from admin_cli.moments import iso_of_typed
from admin_cli.override_words import parse_length
from pbx_adapters.data_dir import DECISIONS_FILE
from schedules.date_text import format_moment, instants_of, parse_moment
from schedules.errors import FaultyValueError
from schedules.store import Token

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


def token_fields(one: Token, at: datetime, uses: Mapping[str, datetime]) -> dict[str, Any]:
    """Return what programs are told of a token at an instant; its secret and its key are not."""
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state_at(at),
        "operator": one.is_operator,
        "schedules": sorted(one.schedules),
        "networks": list(one.networks),
        "created_at": _iso(one.created_at),
        "expires_at": _iso(one.expires_at),
        "last_used_at": _iso(uses.get(one.id)),
        "revoked_at": _iso(one.revoked_at),
    }


def token_uses(invocation: Invocation) -> dict[str, datetime]:
    """Return when each token was last sent, by its id; where that can't be read, say so."""
    from pbx_adapters.decisions_db import DecisionsUnavailableError
    from pbx_adapters.token_uses import read_uses

    try:
        return read_uses(invocation.data_dir / DECISIONS_FILE)
    except DecisionsUnavailableError as error:
        tell(f"Warning: when tokens were last used is unknown: {error}")
        return {}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)


def format_minute(at: datetime | None) -> str:
    """Write a moment in UTC for a person, to the minute; empty for none."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
