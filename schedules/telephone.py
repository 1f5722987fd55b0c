"""Telephone numbers: read, parsed and masked; E.164 inside (semantics.md rule 25).

Two ways in, on purpose. `read_number` takes whatever a trunk delivers and never fails; the
`parse_` functions take what a person writes, are strict, and say what to do about it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, Self
from urllib.parse import unquote

from schedules.errors import FaultyValueError

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")

_MAX_DELIVERED: Final = 256
_MAX_WRITTEN: Final = 64
_MAX_BLOCK: Final = 100_000

_PLAIN: Final = re.compile(r"\+?[0-9]{7,18}")
# Each turn of the loop takes exactly one digit or one parenthesis: no way to backtrack slowly.
_WRITTEN: Final = re.compile(
    r"(?:\(\+[0-9]{1,3}\)|\+)?(?:[ .-]{0,3}(?:\([0-9]{1,6}\)|[0-9]))+",
)
_DIGITS: Final = re.compile(r"[0-9]+")
_DROP_SEPARATORS: Final = str.maketrans("", "", " .-()")
_FORM_DECODED_PLUS: Final = re.compile(r"\A (?=[1-9])")
_SCHEMES: Final = frozenset({"sip", "sips", "tel"})
# RFC 3966 also allows longer contexts; those name a private exchange, and so an extension.
_PHONE_CONTEXT: Final = re.compile(
    r"(?:^|;)phone-context=\+([1-9][0-9]{0,2})(?:;|$)", re.IGNORECASE
)


class DialPlan(NamedTuple):
    """What a region's numbers start with: as digits, without `+`."""

    calling_code: str
    trunk_prefix: str
    international_prefix: str
    lengths: frozenset[int]


# Importing the library takes 90 ms, too long for a command; a test holds this equal to it.
_DUTCH: Final = DialPlan("31", "0", "00", frozenset(range(5, 12)))


def dial_plan(region: str) -> DialPlan | None:
    """Give the dial plan of a region whose prefixes are plain, else None (the library reads)."""
    return _DUTCH if region == "NL" else _plan_by_library(region)


@functools.lru_cache(maxsize=256)
def _plan_by_library(region: str) -> DialPlan | None:
    """Give the dial plan of a region as the phonenumbers library has it."""
    from phonenumbers import PhoneMetadata  # noqa: PLC0415

    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None or metadata.national_prefix != "0":
        return None
    international = metadata.preferred_international_prefix or metadata.international_prefix or ""
    if not _DIGITS.fullmatch(international):
        return None
    lengths = frozenset(metadata.general_desc.possible_length)
    return DialPlan(str(metadata.country_code), "0", international, lengths)


def _by_library(number: str, region: str | None) -> str | None:
    """Read `[+]digits` with the phonenumbers library; E.164, or None when there is none."""
    import phonenumbers  # noqa: PLC0415

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return e164 if E164.fullmatch(e164) else None


def _international_digits(number: str, plan: DialPlan) -> str | None:
    """Put the calling code before `digits` as dialled in a region; None when it isn't plain.

    Digits with none of the prefixes in front could be an extension as well as a number from
    another country: never a guess (semantics.md rule 16).
    """
    code, trunk, international, lengths = plan
    if number.startswith(international):
        return number[len(international) :]
    if number.startswith(trunk):
        national = number[len(trunk) :]
        return None if national.startswith(trunk) else code + national
    if number.startswith(code) and len(number) - len(code) in lengths:
        return number
    return None


@functools.lru_cache(maxsize=256)
def _with_trunk_prefix(region: str) -> tuple[str, ...]:
    """Give how a region's own numbers begin with the trunk prefix still, as in +310612345678."""
    plan = dial_plan(region)
    return () if plan is None else (f"+{plan.calling_code}{plan.trunk_prefix}",)


def _complete(number: str, region: str) -> str | None:
    """Turn `[+]digits` into E.164 without the library wherever the region's prefixes are plain."""
    plan = dial_plan(region)
    if number.startswith("+"):
        digits: str | None = number[1:]
    elif plan is None:
        return _by_library(number, region)
    else:
        digits = _international_digits(number, plan)
    if digits is None:
        return None
    if plan is not None and digits.startswith(plan.calling_code):
        national = digits[len(plan.calling_code) :].lstrip(plan.trunk_prefix)
        digits = plan.calling_code + national
    e164 = "+" + digits
    return e164 if E164.fullmatch(e164) else None


def _read_written(text: str, region: str) -> str | None:
    """Read digits with a person's separators; `text` must consist of nothing else."""
    if not _WRITTEN.fullmatch(text):
        return None
    e164 = _complete(text.translate(_DROP_SEPARATORS), region)
    if e164 is None or "(0)" not in text:
        return e164
    plan = dial_plan(region)
    if plan is not None and e164.startswith("+" + plan.calling_code):
        return e164
    # Abroad, only the library knows whether the (0) belongs to the number, as it does in Italy.
    return _by_library(e164, None)


def _unwrap(text: str) -> tuple[str, str]:
    """Take the number and its country context out of a name-addr, a SIP URI or a tel URI."""
    _, opening, address = text.rpartition("<")
    if opening:
        address, closing, _ = address.partition(">")
        if not closing:
            return "", ""
    scheme, colon, rest = address.partition(":")
    if colon:
        address = rest
        if scheme.strip().lower() not in _SCHEMES:
            return "", ""
    user, at, _ = address.partition("@")
    number, _, parameters = user.partition(";")
    is_ip_address = bool(colon) and not at and "." in number and scheme.strip().lower() != "tel"
    context = _PHONE_CONTEXT.search(parameters)
    return "" if is_ip_address else number, context[1] if context else ""


@functools.lru_cache(maxsize=65_536)
def read_number(text: str, region: str = "NL") -> str | None:
    """Read the E.164 number out of what a trunk delivers; None when there is none in it.

    Takes national and international forms of `region` (ISO 3166), human separators, `sip:`,
    `sips:` and `tel:` URIs with or without a display name, percent-encoding, and a `+` that
    form decoding turned into a space. The number need not be valid, only sane: 7 to 15 digits.
    Never raises. Sources: semantics.md rule 25; RFC 3966 for `phone-context`.
    """
    # As most come; each is read for the record once more, and callers' numbers are not kept.
    if E164.fullmatch(text) and not text.startswith(_with_trunk_prefix(region)):
        return text
    if len(text) > _MAX_DELIVERED:
        return None
    if _PLAIN.fullmatch(text):
        return _complete(text, region)
    number, context = _unwrap(unquote(text))
    number = _FORM_DECODED_PLUS.sub("+", number).strip(" \t\r\n")
    if context and not number.startswith(("+", "00")):
        is_national = number.startswith("0")
        number = f"+{context}(0){number[1:]}" if is_national else f"+{context}{number}"
    return _read_written(number, region)


def read_local_digits(text: str) -> str:
    """Read the plain digits, such as an extension's, out of what a trunk delivers; else empty.

    Takes separators and URIs as `read_number` does, which is to be asked first. Never raises.
    """
    if len(text) > _MAX_DELIVERED:
        return ""
    number, _ = _unwrap(unquote(text))
    number = number.strip(" \t\r\n").translate(_DROP_SEPARATORS).removeprefix("+")
    return number if _DIGITS.fullmatch(number) else ""


_EXAMPLE: Final = "as in +31612345678"
_FORM_FAULTS: Final = (
    (
        re.compile(r"[^\x00-\x7f]"),
        "holds a character that is not ASCII",
        f"type the digits as 0-9, {_EXAMPLE}",
    ),
    (
        re.compile(r"[:@<>]"),
        "is an address, not a telephone number",
        f"leave out sip:, tel: and what follows @, {_EXAMPLE}",
    ),
    (
        re.compile(r"[;,#*]|(?<=[0-9 ])(?:x|ext)\b", re.IGNORECASE),
        "holds an extension or a dialling code",
        f"write only the number that is called, {_EXAMPLE}",
    ),
    (
        re.compile(r"[A-Za-z]"),
        "holds letters",
        f"write the number in digits, {_EXAMPLE}",
    ),
)


def _form_fault(number: str) -> tuple[str, str] | None:
    """Say what keeps a text from being a number as a person writes it: `(problem, remedy)`."""
    shown = repr(number[:_MAX_WRITTEN])
    if not number:
        return "holds no number", f"write it with its country code, {_EXAMPLE}"
    if len(number) > _MAX_WRITTEN:
        return f"{shown}… is too long for a telephone number", "write one of 7 to 15 digits"
    for pattern, problem, remedy in _FORM_FAULTS:
        if pattern.search(number):
            return f"{shown} {problem}", remedy
    if not _WRITTEN.fullmatch(number):
        remedy = (
            "write digits, at most one + in front, and spaces, hyphens, dots or pairs of "
            "parentheses between them, as in +31 6 12345678"
        )
        return f"{shown} is not written as a telephone number", remedy
    return None


def _parse_written(text: str, region: str) -> str:
    """Read a number as a person writes it; raises `FaultyValueError`."""
    number = text.strip(" \t\r\n")
    if (fault := _form_fault(number)) is not None:
        raise FaultyValueError(fault)
    e164 = _read_written(number, region)
    # The library drops what E.164 has no room for, such as a trunk 0 after a foreign code.
    e164 = e164 and _by_library(e164, None)
    if e164 is None:
        remedy = (
            f"write it with its country code, 7 to 15 digits in all, {_EXAMPLE}, or as dialled in "
            f"{region}, area code included"
        )
        raise FaultyValueError((f"{number!r} is not a whole telephone number", remedy))
    return e164


@dataclass(frozen=True, slots=True)
class NumberBlock:
    """One linked number, or a block of consecutive ones: `first` to `last`, E.164 digits.

    Raises `FaultyValueError` for a block that is backwards, of mixed lengths, not E.164, or larger
    than 100,000 numbers. `str()` gives the text of a schedule document: `+31850000000`, or
    `+31850000100..99`, where the shortest suffix that says it replaces the last digits
    (contract.md: schedule document).
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        """Refuse what is no block."""
        first, last = str(self.first), str(self.last)
        if not E164.fullmatch("+" + first) or len(first) != len(last):
            problem = f"+{first} to +{last} is not a block of E.164 numbers of one length"
            raise FaultyValueError((problem, "write 7 to 15 digits for both"))
        if self.last < self.first:
            remedy = (
                "write the lowest number first, and after .. only the last digits of the highest, "
                "as in +31850000100..99"
            )
            raise FaultyValueError((f"runs backwards, from +{first} to +{last}", remedy))
        if len(self) > _MAX_BLOCK:
            problem = (
                f"+{first} to +{last} is {len(self):,} numbers, more than the {_MAX_BLOCK:,} a "
                "block may hold"
            )
            raise FaultyValueError((problem, "split it, or write fewer digits after .."))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read back the text that `str()` gave, for whoever vouches that it did.

        Nothing is judged; text that never was a block's may raise ValueError.
        """
        head, _, suffix = text.partition("..")
        block = object.__new__(cls)
        object.__setattr__(block, "first", int(head))
        object.__setattr__(block, "last", int(head[: len(head) - len(suffix)] + suffix))
        return block

    def __str__(self) -> str:
        """Give the canonical text of a schedule document."""
        if self.first == self.last:
            return f"+{self.first}"
        first, last = str(self.first), str(self.last)
        same = next(i for i, digit in enumerate(first) if digit != last[i])
        return f"+{first}..{last[same:]}"

    def __len__(self) -> int:
        """Count the numbers."""
        return self.last - self.first + 1

    def overlaps(self, other: NumberBlock) -> bool:
        """Tell whether the two have a number in common."""
        return self.first <= other.last and other.first <= self.last


def _last_of_block(first: str, suffix: str) -> str:
    """Replace the last digits of a block's first number (E.164) by what stands after `..`."""
    import phonenumbers  # noqa: PLC0415

    if not _DIGITS.fullmatch(suffix):
        problem = f"{suffix[:_MAX_WRITTEN]!r} after .. is not a row of digits"
        remedy = "write only the last digits of the block's highest number, as in +31850000100..99"
        raise FaultyValueError((problem, remedy))
    national = phonenumbers.national_significant_number(phonenumbers.parse(first, None))
    if len(suffix) > len(national):
        problem = (
            f"the {len(suffix)} digits after .. are more than the {len(national)} that {first} has "
            "after its country code"
        )
        remedy = "write only the last digits that change, as in +31850000100..99"
        raise FaultyValueError((problem, remedy))
    return first[: -len(suffix)] + suffix


_DASHED_BLOCK: Final = re.compile(r"(\+?[0-9]{7,15})-([0-9]{1,5})")


def parse_number_entry(text: str, region: str = "NL") -> NumberBlock:
    """Parse one entry of a schedule's linked numbers: a number, or a block `+31850000100..99`.

    Any valid number of any country will do; national forms are read in `region` (semantics.md
    rule 25). Raises `FaultyValueError`.
    """
    import phonenumbers  # noqa: PLC0415

    head, dots, suffix = text.partition("..")
    dashed = _DASHED_BLOCK.fullmatch(text)
    try:
        first = _parse_written(head, region)
    except FaultyValueError as error:
        if dashed:
            raise FaultyValueError(
                (error.faults[0][0], _remedy_of_dash(*dashed.groups()))
            ) from None
        raise
    last = _last_of_block(first, suffix.strip(" \t\r\n")) if dots else first
    block = NumberBlock(int(first[1:]), int(last[1:]))
    invalid = [
        number
        for number in dict.fromkeys((first, last))
        if not phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    ]
    if invalid:
        problem = f"{' and '.join(invalid)}: no such number in its country"
        remedy = _remedy_of_dash(*dashed.groups()) if dashed else "check digits and length"
        raise FaultyValueError((problem, remedy))
    return block


def _remedy_of_dash(first: str, last: str) -> str:
    """Say how a block is written that was given with a hyphen; two digits where they suffice."""
    is_same = first[-len(last) :][:-2] == last[:-2]
    return f"write a block as {first}..{last[-2:] if is_same else last}"


def parse_forward_number(text: str, region: str = "NL") -> str:
    """Parse a forward's number as a person writes it; E.164 out.

    ASCII digits only, over the whole text, before the library sees it: the library would read
    letters, other scripts' digits and extensions. Raises `FaultyValueError`. Whether a caller may
    be forwarded there is `forward_refusal`'s to say. Source: quality.md (toll fraud).
    """
    return _parse_written(text, region)


def mask_number(text: str) -> str:
    """Mask a number for a log: every character a `*`, save the last three digits.

    Text with fewer than seven digits is masked wholly, lest it be guessed. Text past 256
    characters loses its head. Never raises. Source: contract.md (logs).
    """
    text = text[-_MAX_DELIVERED:]
    digits = [i for i, character in enumerate(text) if "0" <= character <= "9"]
    shown = set(digits[-3:]) if len(digits) >= len("0612345") else set()
    return "".join(character if i in shown else "*" for i, character in enumerate(text))
