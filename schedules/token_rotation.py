"""Which token may be replaced: two alike are live at once, never three (ADR 16)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from schedules.errors import ConflictError
from schedules.store import Token
from schedules.store_refusals import one_token

MAX_LIVE: Final = 2


def token_to_rotate(unrevoked: Iterable[Token], id_or_name: str, at: datetime) -> Token:
    """Return the token to replace, by its id, or by its name while one token alone is meant.

    `at` is aware. Raises `NotFoundError`, and `ConflictError` where several are meant, or where
    two alike are live already.
    """
    tokens = list(unrevoked)
    meant = [token for token in tokens if id_or_name in (token.id, token.name)]
    for token in meant:
        alike = [one for one in tokens if one.is_like(token) and one.state_at(at) == "live"]
        if len(alike) >= MAX_LIVE and all(one.is_like(token) for one in meant):
            raise ConflictError(_told_of(alike))
    return one_token(tokens, id_or_name, at)


def _told_of(alike: list[Token]) -> str:
    told = ", ".join(f"{one.id} ({_end_of(one)})" for one in alike)
    return (
        f"{len(alike)} tokens {alike[0].name} with the same rights are live: {told}; revoke the "
        "one that nothing uses any more, `bereikbaar token list` tells which, or wait until one "
        "has expired"
    )


def _end_of(token: Token) -> str:
    if token.expires_at is None:
        return "without an end"
    return f"until {token.expires_at:%Y-%m-%d %H:%M} UTC"
