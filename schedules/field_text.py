"""The small checks that fields of a schedule share, each with its remedy."""

import re
import unicodedata
from collections.abc import Callable, Container
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from schedules.errors import FaultyValueError
from schedules.holidays_nl import HOLIDAY_IDS

if TYPE_CHECKING:
    from pydantic import BeforeValidator

SLUG_LENGTH: Final = 64
NAME_LENGTH: Final = 64
FREE_TEXT_LENGTH: Final = 2_000
EMAIL_LENGTH: Final = 254

_NO_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EMAIL = re.compile(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;:\"\\.]+(\.[^\s@<>(),;:\"\\.]+)+")


def text_reader(read: Callable[[str], object]) -> "BeforeValidator":
    """Let a field be given as text, of which `read` makes the value."""
    # The checks of this module serve commands that do without pydantic, slow to import.
    from pydantic import BeforeValidator  # noqa: PLC0415

    def read_text(value: object) -> object:
        return read(value) if isinstance(value, str) else value

    return BeforeValidator(read_text)


@lru_cache(maxsize=4_096)
def check_slug(text: str) -> str:
    """Pass an id: `[a-z0-9]` and inner `-`, at most 64 characters."""
    if _SLUG.fullmatch(text) is None or len(text) > SLUG_LENGTH:
        raise FaultyValueError(
            (f"{text[:80]!r} is not an id", f"use a-z, 0-9 and inner -, at most {SLUG_LENGTH}")
        )
    return text


def slug_of_name(name: str) -> str:
    """Return the id that a name suggests: accents dropped, `-` for all else but a-z and 0-9.

    Empty where nothing is left.
    """
    return _NO_SLUG.sub("-", fold(name)).strip("-")[:SLUG_LENGTH].rstrip("-")


def fold(text: str) -> str:
    """Return a text without case and accents, for comparing; each character by itself."""
    if text.isascii():
        return text.lower()
    # Some characters get their capitals by being taken apart, and others theirs by casefolding.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


def free_slug(wanted: str, taken: Container[str]) -> str:
    """Return an id that isn't taken: the one that is wanted, else with -2, -3 … behind it."""
    slug, count = wanted, 1
    while slug in taken:
        count += 1
        slug = f"{wanted[: SLUG_LENGTH - len(f'-{count}')].rstrip('-')}-{count}"
    return slug


@lru_cache(maxsize=4_096)
def check_name(text: str) -> str:
    """Pass a name: 1 to 64 printable characters, not only spaces."""
    if not text.strip():
        raise FaultyValueError(("is empty", f"give it 1 to {NAME_LENGTH} characters"))
    if len(text) > NAME_LENGTH:
        raise FaultyValueError(
            (f"is {len(text)} characters long", f"use at most {NAME_LENGTH} characters")
        )
    if not text.isprintable():
        raise FaultyValueError(("holds a character that can't be printed", "remove it"))
    return text


def check_free_text(text: str) -> str | None:
    """Pass free text, None for an empty one: line breaks are fine, other controls are not."""
    if len(text) > FREE_TEXT_LENGTH:
        raise FaultyValueError(
            (f"is {len(text)} characters long", f"use at most {FREE_TEXT_LENGTH} characters")
        )
    if not text.isprintable() and not all(c.isprintable() or c in "\n\t" for c in text):
        raise FaultyValueError(("holds a character that can't be printed", "remove it"))
    return text or None


def check_email(text: str) -> str:
    """Pass one e-mail address, without a display name."""
    if _EMAIL.fullmatch(text) is None or len(text) > EMAIL_LENGTH or not text.isprintable():
        raise FaultyValueError(
            (f"{text[:80]!r} is not an e-mail address", "write it as name@example.nl")
        )
    return text


def check_sha256(text: str) -> str:
    """Pass the SHA-256 of a stored message: 64 lower-case hexadecimal digits."""
    if _SHA256.fullmatch(text) is None:
        raise FaultyValueError(
            (f"{text[:80]!r} is not a SHA-256", "give 64 hexadecimal digits, or `file:` instead")
        )
    return text


@lru_cache(maxsize=64)
def check_holiday_id(text: str) -> str:
    """Pass the id of a Dutch holiday (semantics.md rule 10)."""
    if text not in HOLIDAY_IDS:
        close = get_close_matches(text[:40], HOLIDAY_IDS, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"use one of {', '.join(HOLIDAY_IDS)}"
        raise FaultyValueError((f"{text[:40]!r} is not a holiday", remedy))
    return text


@lru_cache(maxsize=256)
def check_country(text: str) -> str:
    """Pass the ISO 3166 code of a country that has telephone numbers."""
    if text == "NL":
        # Importing the library takes 90 ms, too long for who opts in to no other country.
        return text
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415

    if text not in SUPPORTED_REGIONS:
        raise FaultyValueError(
            (f"{text[:40]!r} is not a country", "use its ISO code, such as BE or DE, GB for the UK")
        )
    return text
