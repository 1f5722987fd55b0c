"""Which numbers a caller may be forwarded to (quality.md: toll fraud).

Facts about Dutch numbers are those of the numbering plan that ACM administers: "Nummerplan
telefoon- en ISDN-diensten" (BWBR0010198), annex with the ranges and their destinations.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from schedules.errors import FaultyValueError
from schedules.telephone import E164

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN: Final = 64

_NINE: Final = frozenset({9})
# National number without its 0 -> how many digits it has; longest prefix first, with _NL_REFUSED.
_NL_ALLOWED: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {
        "1": _NINE,
        "2": _NINE,
        "3": _NINE,
        "4": _NINE,
        "5": _NINE,
        "7": _NINE,
        "6": _NINE,
        "85": _NINE,
        "88": _NINE,
        "91": _NINE,
        # 0800 is followed by four digits (short series) or seven (long series).
        "800": frozenset({7, 10}),
    }
)
_NL_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "112": "an emergency number",
        "116": "a European number of social value (116)",
        "14": "a public authority's short number (14)",
        "66": "a pager (066)",
        "67": "a number for automated services (067)",
        "82": "a virtual private network (082)",
        "84": "a personal assistant number (084)",
        "87": "a personal assistant number (087)",
        "90": "an information number (0900, 0906, 0909), which bills the caller",
        "97": "a machine-to-machine number (097)",
    }
)
_NL_REMEDY: Final = "forward to a geographic, 06, 085, 088, 091 or 0800 number instead"

_NEVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "+800": "an international freephone number",
        "+808": "an international shared-cost number",
        "+870": "a satellite telephone (Inmarsat)",
        "+878": "a universal personal number",
        "+881": "a satellite telephone",
        "+882": "an international network, satellites among them",
        "+883": "an international network, satellites among them",
        "+888": "an international relief network",
        "+979": "an international premium-rate number",
    }
)
_COUNTRY_REMEDY: Final = "forward to a fixed, mobile or internet telephony number instead"


@dataclass(frozen=True, slots=True)
class ForwardPolicy:
    """Which countries callers may be forwarded to: the home `region` and those opted in.

    Both are ISO 3166 codes of two capitals; anything else raises `FaultyValueError`, since a code
    that never matches would look like an opt-in and be none.
    """

    region: str = "NL"
    countries: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what is no country code."""
        wrong = sorted(c for c in {self.region, *self.countries} if not re.fullmatch("[A-Z]{2}", c))
        if wrong:
            problem = f"{', '.join(map(repr, wrong))}: not a country code"
            raise FaultyValueError((problem, "write two capitals, as in BE"))


@functools.lru_cache(maxsize=4_096)
def forward_refusal(number: str, policy: ForwardPolicy) -> tuple[str, str] | None:
    """Say why no caller may be forwarded to an E.164 number, as `(problem, remedy)`, or None.

    The home region and the countries opted in are allowed, except for numbers that bill the
    caller or reach no person. Dutch numbers are judged by a table of our own. Never raises.
    Source: quality.md (toll fraud).
    """
    if not E164.fullmatch(number):
        return f"{number[:_SHOWN]!r} is not an E.164 number", "write it as in +31612345678"
    if number[:4] in _NEVER:
        return f"{number} is {_NEVER[number[:4]]}, never forwarded to", _COUNTRY_REMEDY
    allowed = policy.countries | {policy.region}
    if not number.startswith("+31"):
        return _foreign_refusal(number, allowed)
    return _dutch_refusal(number) if "NL" in allowed else _not_opted_in(number, "NL")


def _dutch_refusal(number: str) -> tuple[str, str] | None:
    """Judge a Dutch number by the numbering plan's ranges: the library can't tell them apart."""
    national = number[3:]
    for size in (3, 2, 1):
        prefix = national[:size]
        if prefix in _NL_REFUSED:
            return f"{number} is {_NL_REFUSED[prefix]}", _NL_REMEDY
        lengths = _NL_ALLOWED.get(prefix)
        if lengths is None:
            continue
        if len(national) in lengths:
            return None
        expected = " or ".join(map(str, sorted(lengths)))
        problem = (
            f"{number} has {len(national)} digits after +31 where its range has {expected}, and "
            "short numbers can't be forwarded to"
        )
        return problem, f"check the number, or {_NL_REMEDY}"
    return f"{number} is in a Dutch range callers are not forwarded to", _NL_REMEDY


def _not_opted_in(number: str, country: str) -> tuple[str, str]:
    return (
        f"{number} is a number of {country}, which forwards are not allowed to",
        f"have {country} added to forward_countries, or forward to a number in an allowed country",
    )


def _foreign_refusal(number: str, allowed: frozenset[str]) -> tuple[str, str] | None:
    """Judge a number outside the Netherlands by the library's region and type of it."""
    # Importing the library takes 90 ms, too long for a command that needs no number.
    import phonenumbers  # noqa: PLC0415
    from phonenumbers import PhoneNumberType  # noqa: PLC0415

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return f"{number} has no country's calling code", "check the digits after the +"
    # A calling code can have many countries (+1, +7, +44): the whole number tells which.
    country = phonenumbers.region_code_for_number(parsed)
    if country is None or not phonenumbers.is_valid_number(parsed):
        return f"{number} is not a valid number in its country", "check its digits and length"
    if country not in allowed:
        return _not_opted_in(number, country)
    if phonenumbers.number_type(parsed) not in {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.UAN,
    }:
        problem = f"{number} is a premium, shared-cost, personal or pager number of {country}"
        return problem, _COUNTRY_REMEDY
    return None
