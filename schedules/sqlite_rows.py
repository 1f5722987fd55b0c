"""Rows of the SQLite store as values, and the seals that show when rows are lost or altered.

A table's seal is the XOR of its rows' seals: it changes with every row that comes, goes or differs.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from schedules.revisions import Revision
from schedules.store import Token

_UNREADABLE_AT: Final = datetime(1970, 1, 1, tzinfo=UTC)
# How documents are stored, compact; quotes within their texts are escaped.
_MESSAGE: Final = re.compile(rb'"sha256":"([0-9a-f]{64})"')

Row = tuple[Any, ...]


def seal(*fields: object) -> int:
    """Return a row's share in the seal of its table."""
    return int.from_bytes(hashlib.sha256("\n".join(map(str, fields)).encode()).digest(), "big")


def seal_of_schedule(row: Row) -> int:
    """Return the seal of a row of schedules, with its checksum."""
    schedule_id, revision, _, sha256, *_ = row
    return seal(schedule_id, revision, sha256)


def seal_number(text: str) -> int:
    """Read a stored seal."""
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        # One that matches no rows: the damage goes on showing.
        return -1


def revision_of(row: Row) -> Revision:
    """Return the revision that a row holds, damaged or not."""
    schedule_id, revision, document, sha256, author, saved_at, summary = row
    try:
        at = datetime.fromisoformat(saved_at)
    except (TypeError, ValueError):
        # The checksum covers it, so the revision shows as damaged.
        at = _UNREADABLE_AT
    return Revision(schedule_id, revision, document, sha256, author, at, summary)


def messages_in(document: bytes) -> set[str]:
    """Return the SHA-256 of each message that a stored document names, even of a damaged one."""
    return {sha256.decode() for sha256 in _MESSAGE.findall(document)}


def token_of(row: Row) -> Token:
    """Return the token that a row holds."""
    token_id, name, sha256, is_operator, schedules, networks, *times, table_key = row
    created_at, revoked_at, expires_at = times
    return Token(
        id=token_id,
        name=name,
        sha256=sha256,
        is_operator=bool(is_operator),
        schedules=frozenset(json.loads(schedules)),
        networks=tuple(json.loads(networks)),
        created_at=datetime.fromisoformat(created_at),
        revoked_at=revoked_at and datetime.fromisoformat(revoked_at),
        expires_at=expires_at and datetime.fromisoformat(expires_at),
        table_key=table_key,
    )


def row_of(token: Token) -> Row:
    """Return the row that holds a token."""
    return (
        token.id,
        token.name,
        token.sha256,
        int(token.is_operator),
        json.dumps(sorted(token.schedules)),
        json.dumps(token.networks),
        token.created_at.astimezone(UTC).isoformat(),
        token.revoked_at and token.revoked_at.astimezone(UTC).isoformat(),
        token.expires_at and token.expires_at.astimezone(UTC).isoformat(),
        token.table_key,
    )
