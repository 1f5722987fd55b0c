"""pydantic's error list, told in operators' words: a place, a problem and a remedy."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schedules.errors import Fault, FaultyValueError

Location = tuple[int | str, ...]

_SHOWN: Final = 64
_REMEDIES: Final = {
    "missing": ("is missing", "add it"),
    "dict_type": ("must be keys with values", "write it as a mapping"),
    "mapping_type": ("must be keys with values", "write it as a mapping"),
    "model_type": ("must be keys with values", "write it as a mapping"),
    "model_attributes_type": ("must be keys with values", "write it as a mapping"),
    "tuple_type": ("must be a list", "write it as a list"),
    "string_type": ("must be text", "write it as one text value"),
    "is_instance_of": ("must be text", "write it as one text value"),
    "bool_parsing": ("must be true or false", "write true or false"),
    "bool_type": ("must be true or false", "write true or false"),
    "path_type": ("must be a path", "write it as one text value"),
    "int_type": ("must be a whole number", "write digits alone"),
    "int_parsing": ("must be a whole number", "write digits alone"),
    "int_from_float": ("must be a whole number", "write digits alone"),
    "int_parsing_size": ("is far too large", "write a smaller number"),
    "float_type": ("must be a number", "write digits, with a point for a fraction"),
    "float_parsing": ("must be a number", "write digits, with a point for a fraction"),
    "greater_than_equal": ("is less than {ge:g}", "write {ge:g} or more"),
    "less_than_equal": ("is more than {le:g}", "write {le:g} or less"),
}
_SLOT_KEYS: Final = ("from", "to", "status", "audio", "forward", "voicemail")
# The keys of an entry or a week, by the key they stand under; those of the document under "".
_KEYS: Final = {
    "": (
        *("id", "name", "company", "notes", "pbx", "timezone", "voicemail_email"),
        *("forward_countries", "numbers", "forwards", "audio", "week", "exceptions", "holidays"),
        *("template", "overrides", "expect", "revision"),
    ),
    "forwards": ("name", "number"),
    "audio": ("name", "sha256", "file"),
    "week": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    "exceptions": ("name", "dates", "slots"),
    "holidays": ("active", "every", "slots"),
    "overrides": ("from", "until", "slot", "reason"),
    "expect": ("at", "status"),
}


def faults_of(
    error: ValidationError, keys: Mapping[str, Collection[str]] | None = None
) -> list[Fault]:
    """Return every fault pydantic found, in document order.

    Where it was no schedule's document that was read, `keys` are those that may stand in it, by
    the key that they stand under; its own are under "".
    """
    lines = error.errors(include_url=False)
    return [fault for line in lines for fault in _faults_of_line(line, keys)]


def format_place(loc: Location) -> str:
    """Write a path of keys and indices as `week.mon[2]`; a long or unprintable key is cut."""
    place = ""
    for part in loc:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part != "[key]":
            key = part if part.isprintable() else ascii(part)[1:-1]
            place += f".{key[:_SHOWN]}" if place else key[:_SHOWN]
    return place


def _faults_of_line(line: ErrorDetails, keys: Mapping[str, Collection[str]] | None) -> list[Fault]:
    loc = line["loc"]
    place = format_place(loc)
    cause = line.get("ctx", {}).get("error")
    if isinstance(cause, FaultyValueError):
        return [Fault(place, problem, remedy) for problem, remedy in cause.faults]
    if line["type"] == "extra_forbidden":
        return [Fault(place, "is not a key known here", _remedy_of_key(loc, keys))]
    if line["input"] is None:
        return [Fault(place, "is empty", "give it a value or remove it")]
    if line["type"] == "literal_error":
        expected = line["ctx"]["expected"]
        return [Fault(place, f"{str(line['input'])[:40]!r} is not known", f"use {expected}")]
    if line["type"] not in _REMEDIES:
        return [Fault(place, line["msg"], "correct it")]
    # Bounds stand beside the error.
    bounds = line.get("ctx", {})
    problem, remedy = (text.format(**bounds) for text in _REMEDIES[line["type"]])
    return [Fault(place, problem, remedy)]


def _remedy_of_key(loc: Location, keys: Mapping[str, Collection[str]] | None) -> str:
    key = str(loc[-1])
    if key == "<<":
        return "write out what it would merge"
    known = _keys_beside(loc) if keys is None else keys.get(str(loc[0]) if loc[1:] else "", ())
    close = get_close_matches(key[:_SHOWN], known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"use {', '.join(_KEYS['week'])}" if loc[:-1] == ("week",) else "remove it"


def _keys_beside(loc: Location) -> Sequence[str]:
    """Return the keys known where the last key of a path stands."""
    if len(loc) == 1:
        return _KEYS[""]
    is_slot = loc[0] != "expect" and isinstance(loc[-2], int)
    return _SLOT_KEYS if is_slot or loc[-2] == "slot" else _KEYS[str(loc[0])]
