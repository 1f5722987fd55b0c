"""Judging a whole of which parts can't be read: what stands in for those parts meanwhile."""

import copy
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from schedules.date_text import DateRange
from schedules.errors import Fault
from schedules.faults import Location, faults_of
from schedules.model import Reading, Schedule
from schedules.telephone import NumberBlock

NO_SHA256: Final = "0" * 64

_ANY: Final = "*"
_CLOSED: Final = "00:00-24:00 closed"
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Chosen such that none breaks a rule of the whole, or meets a value that an operator would write.
_STAND_INS: Final[dict[Location, Any]] = {
    ("id",): "x",
    ("name",): "x",
    ("pbx",): "generic",
    ("timezone",): "UTC",
    ("voicemail_email",): "x@example.nl",
    ("forward_countries", _ANY): "NL",
    ("numbers", _ANY): NumberBlock(999_999_999_999_999, 999_999_999_999_999),
    ("forwards", _ANY): {"name": "x", "number": "+31201234567"},
    ("audio", _ANY): {"name": "x", "sha256": NO_SHA256},
    ("week",): {day: [_CLOSED] for day in _WEEKDAYS},
    **{("week", day): [_CLOSED] for day in _WEEKDAYS},
    **{("week", day, _ANY): _CLOSED for day in _WEEKDAYS},
    ("exceptions", _ANY): {"name": "x"},
    ("exceptions", _ANY, "name"): "x",
    ("exceptions", _ANY, "dates", _ANY): DateRange(date.max, date.max),
    ("exceptions", _ANY, "slots"): [_CLOSED],
    ("exceptions", _ANY, "slots", _ANY): _CLOSED,
    ("holidays", _ANY): {},
    ("holidays", _ANY, "slots"): [_CLOSED],
    ("holidays", _ANY, "slots", _ANY): _CLOSED,
    ("expect", _ANY): {"at": "2000-01-01T12:00", "status": "closed"},
}
_HAVE_IDS: Final = ("forwards", "audio", "exceptions", "holidays")


def build_with_stand_ins(value: dict[str, Any], region: str) -> tuple[Schedule | None, list[Fault]]:
    """Build a schedule from a document's keys and values, without judging it as a whole.

    Returns the faults of its parts, beside a schedule in which other values stand in for what
    can't be read, or None where that would mislead. National numbers are read in `region`.
    """
    try:
        return _build(value, region), []
    except ValidationError as error:
        faults = faults_of(error)
        mended = copy.deepcopy(value)
        for line in error.errors(include_url=False):
            _mend(mended, line["loc"], line["type"])
    try:
        return _build(mended, region), faults
    except ValidationError:
        return None, faults


def _build(value: dict[str, Any], region: str) -> Schedule:
    reading = Reading(region=region, is_whole_judged_later=True)
    return Schedule.model_validate(value, context=reading, by_alias=True, by_name=False)


def _mend(value: Any, loc: Location, kind: str) -> None:  # noqa: ANN401 - any part of a document
    """Put a stand-in for the smallest part around `loc` that has one, or take the part away."""
    at, stand_in = _choose_stand_in(loc, kind)
    if len(at) == 1 and at[0] in _HAVE_IDS:
        # Names are looked up in it: without it, the rest can't be judged.
        return
    try:
        for part in at[:-1]:
            value = value[part]
        if stand_in is None:
            del value[at[-1]]
        else:
            value[at[-1]] = copy.deepcopy(stand_in)
    except (KeyError, IndexError, TypeError):
        # Another fault of the same part has had it replaced already.
        return


def _choose_stand_in(loc: Location, kind: str) -> tuple[Location, Any]:
    """Return the part to mend and what stands in for it, None for nothing."""
    if kind == "extra_forbidden":
        return loc, None
    if loc[-1] == "[key]":
        return loc[:-1], None
    if loc[0] == "overrides":
        return loc[:2], None
    for depth in range(len(loc), 0, -1):
        if (stand_in := _STAND_INS.get(_pattern_of(loc[:depth]))) is not None:
            return loc[:depth], stand_in
    return loc, None


def _pattern_of(loc: Location) -> Location:
    """Write `*` for an index, and for an id that an operator gave."""
    return tuple(
        _ANY if isinstance(part, int) or (depth == 1 and loc[0] in _HAVE_IDS) else part
        for depth, part in enumerate(loc)
    )
