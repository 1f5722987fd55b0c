"""What is told of a token."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from admin_cli.invocation import Invocation, format_utc, tell
from pbx_adapters.data_dir import DECISIONS_FILE
from schedules.store import Token


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
