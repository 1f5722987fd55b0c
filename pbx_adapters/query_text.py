"""What a PBX sends: the parameters of a query string or form (contract.md: HTTP hook)."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
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

_PLAIN: Final = re.compile("[ -$&-*,-~]*")
_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
# How aiohttp hands on bytes of a request line that are no UTF-8.
_UNDECODED: Final = re.compile("[\udc80-\udcff]")


class BadRequestError(Exception):
    """A request that can't be answered as it was meant; the message says what to correct."""


class HookQuery(NamedTuple):
    """The parameters of one request, as text; None where one is absent."""

    did: str | None = None
    schedule: str | None = None
    cli: str = ""
    callid: str = ""
    format: str | None = None
    at: str | None = None
    explain: bool = False


def parse_query(*texts: str) -> HookQuery:
    """Read the query string and, of a POST, the form, which together hold each parameter once.

    Unknown parameters are ignored. Raises `BadRequestError` for repeated ones, an alias beside
    its name, long values, broken encoding, and unless there is exactly one of did and schedule.
    """
    values: dict[str, str] = {}
    for text in texts:
        if text:
            _gather(text, values)
    if ("did" in values) == ("schedule" in values):
        raise BadRequestError("give exactly one of did and schedule")
    if len(values.get("callid", "")) > MAX_CALL_ID:
        raise BadRequestError(f"callid is longer than {MAX_CALL_ID} characters")
    explain = values.pop("explain", "")
    return HookQuery(**values, explain=explain not in ("", "0", "false"))


def _gather(text: str, values: dict[str, str]) -> None:
    if len(text) > MAX_QUERY:
        raise BadRequestError(f"the parameters are longer than {MAX_QUERY} characters")
    # Most requests are plain: then nothing in them needs decoding.
    decode = str if _PLAIN.fullmatch(text) else _decode
    for pair in text.split("&"):
        raw_name, _, raw_value = pair.partition("=")
        name = ALIASES.get(raw_name) or ALIASES.get(decode(raw_name))
        if name is None:
            continue
        value = decode(raw_value)
        if len(value) > MAX_VALUE:
            raise BadRequestError(f"{name} is longer than {MAX_VALUE} characters")
        if name in values:
            raise BadRequestError(f"{name} is given twice (under its name or an alias)")
        values[name] = value


def _decode(text: str) -> str:
    """Undo form encoding; strict where a lenient reading would guess."""
    if _UNDECODED.search(text):
        raise BadRequestError("a parameter is not UTF-8")
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        if _BROKEN_ESCAPE.search(text):
            raise BadRequestError("a parameter has a % that is not followed by two hex digits")
        try:
            return unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise BadRequestError("a parameter is not percent-encoded UTF-8") from None
    return text
