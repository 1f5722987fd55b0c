"""Days, slots, times and treatments as operators type them; every fault is told at once."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar, cast

from admin_cli.refusals import RefusedInputError
from schedules.day_editing import Span
from schedules.editing import WEEKDAYS
from schedules.errors import Fault, FaultyValueError
from schedules.field_text import check_holiday_id
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Slot, slot_of
from schedules.slot_text import parse_minute

_DUTCH: Final = ("ma", "di", "wo", "do", "vr", "za", "zo")
_DAY_NUMBERS: Final = {
    name: number for names in (WEEKDAYS, _DUTCH) for number, name in enumerate(names)
}
_ALL: Final = ("all", "alle")
_KINDS: Final = {"week": "week", "exception": "exceptions", "holiday": "holidays"}
_TIME: Final = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?")

_T = TypeVar("_T")


class Typed:
    """Reads what was typed, value by value, so that the faults of all are told at once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def read(self, place: str, parse: Callable[[], _T]) -> _T:
        """Return what `parse` returns; where that is refused, nothing fit for use until `check`."""
        try:
            return parse()
        except FaultyValueError as error:
            self._faults += [Fault(place, *pair) for pair in error.faults]
            return cast("_T", None)

    def check(self) -> None:
        """Raise `RefusedInputError` with every fault met."""
        if self._faults:
            raise RefusedInputError((None, fault) for fault in self._faults)


def read_slots(typed: Typed, texts: Sequence[str]) -> list[Slot]:
    """Read slots such as `08:30-17:00 open`."""
    return [
        typed.read(f"SLOT {number}", partial(slot_of, text))
        for number, text in enumerate(texts, start=1)
    ]


def parse_days(text: str) -> list[str]:
    """Read days of the week: `mon`, `mon,wed`, `mon-fri`, `all`; in Dutch too.

    Raises `FaultyValueError` with every name that is none.
    """
    if text.lower() in _ALL:
        return list(WEEKDAYS)
    numbers: set[int] = set()
    faults = []
    for part in text.lower().split(","):
        first, dash, last = (name.strip() for name in part.partition("-"))
        if first not in _DAY_NUMBERS or (dash and last not in _DAY_NUMBERS):
            remedy = f"use {', '.join(WEEKDAYS)}, a span such as mon-fri, or all"
            faults.append((f"{part[:40]!r} is not a day of the week", remedy))
            continue
        start = _DAY_NUMBERS[first]
        length = (_DAY_NUMBERS[last] - start) % len(WEEKDAYS) if dash else 0
        numbers |= {(start + n) % len(WEEKDAYS) for n in range(length + 1)}
    if faults:
        raise FaultyValueError(*faults)
    return [WEEKDAYS[number] for number in sorted(numbers)]


def parse_holidays(text: str) -> list[str]:
    """Read holidays: `koningsdag`, `koningsdag,nieuwjaarsdag`, `all`; raises `FaultyValueError`."""
    if text.lower() in _ALL:
        return list(HOLIDAY_IDS)
    return [check_holiday_id(one.strip()) for one in text.split(",")]


def parse_rule(text: str) -> str:
    """Read the rule a day belongs to: `week/mon` or `mon`, `holidays/koningsdag` or `koningsdag`.

    Any other name is an exception's id. Raises `FaultyValueError`.
    """
    kind, slash, name = text.partition("/")
    if not slash:
        if text.lower() in _DAY_NUMBERS:
            return f"week/{WEEKDAYS[_DAY_NUMBERS[text.lower()]]}"
        return f"holidays/{text}" if text in HOLIDAY_IDS else f"exceptions/{text}"
    kind = _KINDS.get(kind.removesuffix("s"), "")
    if not kind or not name:
        remedy = "write week/mon, exceptions/ID or holidays/koningsdag"
        raise FaultyValueError((f"{text[:80]!r} names no day", remedy))
    return f"{kind}/{name}"


def parse_time(text: str, *, is_end: bool) -> int:
    """Read a time of the day as people type it: `8:30`, `08.30`, `8`; raises `FaultyValueError`."""
    match = _TIME.fullmatch(text.strip())
    if match is not None:
        text = f"{match[1]:>02}:{match[2] or '00'}"
    return parse_minute(text, is_end=is_end)


def parse_span(text: str) -> Span:
    """Read `12:30-13:00` as minutes of the day; raises `FaultyValueError`."""
    start, dash, end = text.partition("-")
    if not dash:
        raise FaultyValueError((f"{text[:40]!r} is not a span", "write HH:MM-HH:MM"))
    first, last = parse_time(start, is_end=False), parse_time(end, is_end=True)
    if first >= last:
        raise FaultyValueError((f"{text[:40]} ends before it begins", "write the earlier first"))
    return first, last
