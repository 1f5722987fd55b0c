"""What a PBX sends: the parameters of a query string or form (contract.md: HTTP hook)."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

ALIASES: Final[Mapping[str, str]] = {
    "did": "did",
    "called": "did",
    "to": "did",
    "schedule": "schedule",
    "cli": "cli",
    "caller": "cli",
    "from": "cli",
    "callid": "callid",
    "format": "format",
    "at": "at",
    "explain": "explain",
}
MAX_VALUE: Final = 256
MAX_CALL_ID: Final = 128
MAX_QUERY: Final = 8_192

_NO: Final = ("", "0", "false")
_PLAIN: Final = re.compile("[!-$&-*,-~]*")
_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
# How aiohttp hands on bytes of a request line that are no UTF-8.
_UNDECODED: Final = re.compile("[\udc80-\udcff]")


class BadRequestError(Exception):
    """A request that can't be answered as it was meant; the message says what to correct."""


def parse_query(*texts: str) -> dict[str, str]:
    """Read the query string and, of a POST, the form, which together hold each parameter once.

    Returns the parameters by their names, none under an alias. Unknown ones are ignored. Raises
    `BadRequestError` for repeated ones, an alias beside its name, long values, broken encoding, and
    unless there is exactly one of did and schedule.
    """
    values: dict[str, str] = {}
    for text in texts:
        if text:
            _gather(text, values)
    if ("did" in values) == ("schedule" in values):
        raise BadRequestError("give exactly one of did and schedule")
    if len(values.get("callid", "")) > MAX_CALL_ID:
        raise BadRequestError(f"callid is longer than {MAX_CALL_ID} characters")
    if values.get("explain", "yes") in _NO:
        del values["explain"]
    return values


def _gather(text: str, values: dict[str, str]) -> None:
    if len(text) > MAX_QUERY:
        raise BadRequestError(f"the parameters are longer than {MAX_QUERY} characters")
    # Of most requests the plus of a number is all there is to decode: then once for all of them.
    decoded = text.replace("%2B", "+")
    is_plain = "%" not in decoded and "+" not in text and text.isascii()
    for pair in (decoded if is_plain else text).split("&"):
        name, _, value = pair.partition("=")
        if not is_plain and not _PLAIN.fullmatch(pair):
            name, value = _decode_pair(name, value)
        name = ALIASES.get(name, "")
        if not name:
            continue
        if len(value) > MAX_VALUE:
            raise BadRequestError(f"{name} is longer than {MAX_VALUE} characters")
        if name in values:
            raise BadRequestError(f"{name} is given twice (under its name or an alias)")
        values[name] = value


def _decode_pair(name: str, value: str) -> tuple[str, str]:
    """Decode a parameter; the value of one that is ignored may be broken."""
    if name not in ALIASES:
        name = _decode(name)
    return name, _decode(value) if name in ALIASES else value


def _decode(text: str) -> str:
    """Undo form encoding; strict where a lenient reading would guess."""
    if _UNDECODED.search(text):
        raise BadRequestError("a parameter is not UTF-8")
    if "+" in text:
        text = text.replace("+", " ")
    # A number's plus is nearly always all there is to decode.
    text = text.replace("%2B", "+")
    if "%" in text:
        if _BROKEN_ESCAPE.search(text):
            raise BadRequestError("a parameter has a % that is not followed by two hex digits")
        try:
            return unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise BadRequestError("a parameter is not percent-encoded UTF-8") from None
    return text
