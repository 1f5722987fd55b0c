"""The PIN with which a schedule takes recordings made by telephone: drawn, judged, kept as a hash.

Six digits are soon tried, so a copy of the database must not tell them: they are kept as scrypt of
a salt (RFC 7914), which takes a twentieth of a second and 16 MB a try.
"""

import hmac
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import scrypt
from itertools import pairwise
from typing import Final, NamedTuple, Self

from schedules.errors import FaultyValueError

_DRAWN_DIGITS: Final = 6
_DIGITS: Final = re.compile(r"[0-9]{6,12}")
_REMEDY: Final = "use 6 to 12 digits that are not easily guessed"
_SALT_BYTES: Final = 16
_COST: Final = 2**14
_BLOCK: Final = 8


@dataclass(frozen=True, slots=True)
class PinHash:
    """What is kept of a PIN: a salt and the hash of both, in hexadecimal."""

    salt: str
    hash: str = field(repr=False)

    @classmethod
    def of(cls, pin: str) -> Self:
        """Return what to keep of a PIN; each time with another salt."""
        salt = os.urandom(_SALT_BYTES).hex()
        return cls(salt, _hash(pin, salt))

    def check(self, pin: str) -> bool:
        """Tell whether this is the PIN; how long that takes tells nothing about it."""
        if _DIGITS.fullmatch(pin) is None:
            # Also because scrypt fills its secret up with zero bytes: "123\0" would be "123".
            return False
        found = _hash(pin, self.salt)
        return hmac.compare_digest(found.encode(), self.hash.encode())


class SetPin(NamedTuple):
    """That a schedule has a PIN: by whom it was set, and when; None where that can't be read."""

    schedule_id: str
    set_by: str
    set_at: datetime | None


def _hash(pin: str, salt: str) -> str:
    return scrypt(pin.encode(), salt=salt.encode(), n=_COST, r=_BLOCK, p=1).hex()


def draw_pin() -> str:
    """Return six random digits that `check_pin` passes."""
    from secrets import choice  # noqa: PLC0415 - every command imports this module

    while True:
        pin = "".join(choice("0123456789") for _ in range(_DRAWN_DIGITS))
        if _guessed_at_once(pin) is None:
            return pin


def check_pin(text: str) -> str:
    """Pass a PIN of 6 to 12 digits; raises `FaultyValueError`, which never quotes it."""
    if _DIGITS.fullmatch(text) is None:
        raise FaultyValueError(("is not 6 to 12 digits", _REMEDY))
    if problem := _guessed_at_once(text):
        raise FaultyValueError((problem, _REMEDY))
    return text


def _guessed_at_once(pin: str) -> str | None:
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if steps == {0}:
        return "is one digit repeated"
    # Up or down by one, 0 next to 9 as on the keys of a telephone.
    if steps in ({1}, {9}):
        return "is a straight sequence of digits"
    return None
