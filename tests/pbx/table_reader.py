"""A signed table read as a PBX without JSON reads it: line by line, instants compared as text.

Nothing here knows the daemon's code: docs/hook.md says all that is needed.
"""

import hmac
from hashlib import sha256
from typing import Final

_FROM: Final = '{"from":"'
_UNTIL: Final = '","until":"'
_WIDTH: Final = len("2026-11-22T10:00:00Z")


class RefusedTableError(Exception):
    """A table that nobody should decide by."""


def verify(body: bytes, signature: str, key: str) -> None:
    """Check the header's signature with a key in hexadecimal; raises `RefusedTableError`."""
    version, _, told = signature.partition("=")
    right = hmac.new(bytes.fromhex(key), body, sha256).hexdigest()
    if version != "v1" or not hmac.compare_digest(told, right):
        raise RefusedTableError("signature")


def find_fields(body: bytes, at: str) -> dict[str, str]:
    """Return what holds at an instant, `2026-11-22T10:00:00Z`; raises `RefusedTableError`."""
    lines = body.decode().split("\n")
    generated_at, expires_at = (text_of(lines[0], name) for name in ("generated_at", "expires_at"))
    if not generated_at <= at < expires_at:
        raise RefusedTableError("expired")
    return fields_of(find_line(lines, at))


def find_line(lines: list[str], at: str) -> str:
    """Return the one line that holds at an instant; raises `RefusedTableError`."""
    for line in lines:
        if line.startswith(_FROM):
            from_at = line[len(_FROM) :][:_WIDTH]
            until_at = line[len(_FROM) + _WIDTH + len(_UNTIL) :][:_WIDTH]
            if from_at <= at < until_at:
                return line
    raise RefusedTableError("no interval")


def fields_of(line: str) -> dict[str, str]:
    """Return the fields of an interval's line, in their order."""
    fields: dict[str, str] = {}
    rest = line.removesuffix(",").removeprefix("{")
    while rest != "}":
        name = rest[1:].partition('"')[0]
        start = f'"{name}":"'
        assert rest.startswith(start), rest
        length, fields[name] = _take_text(rest[len(start) :])
        rest = rest[len(start) + length :].removeprefix(",")
    return fields


def text_of(line: str, name: str) -> str:
    """Return one field of a line, found by its name alone."""
    start = f'"{name}":"'
    assert line.count(start) == 1, line
    _, value = _take_text(line.partition(start)[2])
    return value


def _take_text(rest: str) -> tuple[int, str]:
    """Return how long a value is with its closing quote, and the value."""
    value, place = "", 0
    while rest[place] != '"':
        if rest[place] == "\\":
            place += 1
            assert rest[place] in '"\\', rest
        value += rest[place]
        place += 1
    return place + 1, value
