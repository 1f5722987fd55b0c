"""Tokens: who may ask, for which schedules, from where (contract.md: Authentication)."""

import hmac
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from pbx_adapters.addresses import Network, lies_in, parse_network
from schedules.errors import FaultyValueError
from schedules.store import Token

Refusal = Literal["missing", "malformed", "unknown"]
# Every reason for which somebody doesn't get what he asks for.
AuthFailure = Literal[
    "missing", "malformed", "unknown", "expired", "network", "schedule", "operator",
    "too-many-attempts", "pin",
]  # fmt: skip

TOKEN_PREFIX: Final = "bk"  # noqa: S105 - what every token starts with is no secret
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_TABLE_KEY_BYTES: Final = 32
_MAX_HEADER: Final = 1_024
_MAX_RECOGNISED: Final = 4_096


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: which token, and what it may. The control socket has operator rights.

    `expires_at` is in epoch seconds; `table_key` signs the tables it is given, empty without one.
    """

    name: str
    is_operator: bool
    schedules: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    token_id: str = ""
    table_key: bytes = field(default=b"", repr=False)
    expires_at: int | None = None

    def may_ask_for(self, schedule: str) -> bool:
        """Tell whether this schedule is among those the token is for; operators have all."""
        return not self.schedules or self.is_operator or schedule in self.schedules

    def may_come_from(self, address: str | None) -> bool:
        """Tell whether the peer's address lies in one of the token's networks."""
        return not self.networks or (address is not None and lies_in(address, self.networks))


LOCAL_OPERATOR: Final = Caller("control socket", is_operator=True)


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens that are valid, by id: the hash of the secret, and what it opens.

    `recognised` remembers headers that proved right: a PBX sends the same one with every call.
    """

    entries: Mapping[str, tuple[bytes, Caller]] = field(default_factory=dict)
    recognised: dict[str, Caller] = field(default_factory=dict)

    def authenticate(self, authorization: str | None) -> Caller | Refusal:
        """Return whose token the `Authorization` header holds, or why there is none."""
        caller = self.recognised.get(authorization or "")
        if caller is not None:
            return caller
        if not authorization:
            return "missing"
        tokens = find_tokens(authorization)
        if not tokens:
            return "malformed"
        for token in tokens:
            caller = self._caller_of(token)
            if caller is not None:
                if len(self.recognised) < _MAX_RECOGNISED:
                    self.recognised[authorization] = caller
                return caller
        return "unknown"

    def _caller_of(self, token: str) -> Caller | None:
        _, _, rest = token.partition("_")
        token_id, _, secret = rest.partition("_")
        expected, caller = self.entries.get(token_id, _NOBODY)
        # The digest is compared for unknown ids too, so that the time taken tells nothing.
        is_right = hmac.compare_digest(
            sha256(secret.encode(errors="surrogateescape")).digest(), expected
        )
        return caller if is_right else None


_NOBODY: Final[tuple[bytes, None]] = (bytes(32), None)


def index_tokens(tokens: Iterable[Token]) -> TokenTable:
    """Make the table of valid tokens from the stored ones."""
    return TokenTable(
        {
            token.id: (
                bytes.fromhex(token.sha256),
                Caller(
                    token.name,
                    token.is_operator,
                    token.schedules,
                    tuple(map(parse_network, token.networks)),
                    token.id,
                    bytes.fromhex(token.table_key),
                    None if token.expires_at is None else int(token.expires_at.timestamp()),
                ),
            )
            for token in tokens
            if token.revoked_at is None
        }
    )


def find_tokens(authorization: str) -> tuple[str, ...]:
    """Return the tokens an `Authorization` header may mean, at most two.

    Bearer (RFC 6750), or Basic (RFC 7617) with the token as password or as user name: PBXs
    differ.
    """
    scheme, _, value = authorization[:_MAX_HEADER].partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        candidates: tuple[str, ...] = (value,)
    elif scheme.lower() == "basic":
        try:
            # Of old PBXs the other part is Latin-1; what it says doesn't matter.
            decoded = b64decode(value, validate=True).decode(errors="replace")
        except (Base64Error, ValueError):
            return ()
        user, _, password = decoded.partition(":")
        candidates = (password, user)
    else:
        return ()
    # A token is ASCII; other bytes of a header may be no text at all.
    start = f"{TOKEN_PREFIX}_"
    return tuple(text for text in candidates if text.startswith(start) and text.isascii())


def create_token(  # noqa: PLR0913 - what is stored of one
    name: str,
    *,
    is_operator: bool,
    schedules: Iterable[str],
    networks: Iterable[str],
    created_at: datetime,
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """Make a token with 256 random bits; returns what to store, and the text to show once.

    The moments are aware, in UTC. Raises `FaultyValueError` for each network that is none.
    """
    faults: list[tuple[str, str]] = []
    clean = []
    for network in networks:
        try:
            clean.append(str(parse_network(network)))
        except FaultyValueError as error:
            faults += error.faults
    if faults:
        raise FaultyValueError(*faults)
    token_id = secrets.token_hex(_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    token = Token(
        id=token_id,
        name=name,
        sha256=sha256(secret.encode()).hexdigest(),
        is_operator=is_operator,
        schedules=frozenset(schedules),
        networks=tuple(clean),
        created_at=created_at,
        expires_at=expires_at,
        table_key=secrets.token_hex(_TABLE_KEY_BYTES),
    )
    return token, f"{TOKEN_PREFIX}_{token_id}_{secret}"
