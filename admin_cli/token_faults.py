"""What `doctor` finds about tokens: those that end soon, and those that ended while in use."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from admin_cli.token_words import format_minute
from schedules.store import Token

SOON: Final = timedelta(days=14)
# A token that another one has replaced is at rest when nothing sent it for as long.
_IDLE: Final = timedelta(days=1)

# Code, place, problem and remedy.
TokenFault = tuple[str, str, str, str]


def token_faults(
    unrevoked: Iterable[Token], uses: Mapping[str, datetime], at: datetime
) -> Iterator[TokenFault]:
    """Yield what is wrong at an aware instant; `uses` tells when each was last sent, by its id."""
    tokens = list(unrevoked)
    for token in tokens:
        if token.expires_at is None:
            continue
        used_at = uses.get(token.id)
        if token.state_at(at) == "expired":
            yield from _expired_faults(token, used_at, at)
        elif token.expires_at <= at + SOON:
            yield from _expiring_faults(token, _successor(token, tokens, at), used_at, at)


def _expired_faults(token: Token, used_at: datetime | None, at: datetime) -> Iterator[TokenFault]:
    # Of what was last sent longer ago nobody expects an answer any more.
    if used_at is None or token.expires_at is None or used_at <= max(token.expires_at, at - SOON):
        return
    problem = (
        f"{token.name} ended on {format_minute(token.expires_at)} UTC and is still sent, last on "
        f"{format_minute(used_at)}: those calls take the PBX's normal route"
    )
    remedy = f"`bereikbaar token rotate {token.id}`, and put the new one into the PBX"
    yield "token-expired", _place(token), problem, remedy


def _expiring_faults(
    token: Token, successor: Token | None, used_at: datetime | None, at: datetime
) -> Iterator[TokenFault]:
    problem = f"{token.name} ends on {format_minute(token.expires_at)} UTC"
    if successor is None:
        remedy = f"`bereikbaar token rotate {token.id}`, and put the new one into the PBX"
        yield "token-expires-soon", _place(token), problem, remedy
    elif used_at is not None and used_at > at - _IDLE:
        problem += f", and is still sent, last on {format_minute(used_at)}"
        remedy = f"put its successor {successor.id} into whatever still sends it"
        yield "token-expires-soon", _place(token), problem, remedy


def _successor(token: Token, tokens: list[Token], at: datetime) -> Token | None:
    """Return the live token that goes on when this one ends."""
    for one in tokens:
        if one.id != token.id and one.is_like(token) and one.state_at(at) == "live":
            ends = one.expires_at
            if ends is None or (token.expires_at is not None and ends > token.expires_at):
                return one
    return None


def _place(token: Token) -> str:
    return f"token {token.id}"
