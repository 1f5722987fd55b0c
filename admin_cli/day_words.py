"""Days, slots and times as operators type them."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from admin_cli.typed import Typed
from schedules.day_editing import Span
from schedules.editing import WEEKDAYS
from schedules.errors import FaultyValueError
from schedules.field_text import check_holiday_id
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Slot, slot_of
from schedules.slot_text import format_slot, parse_minute

_DUTCH: Final = ("ma", "di", "wo", "do", "vr", "za", "zo")
_DAY_NUMBERS: Final = {
    name: number for names in (WEEKDAYS, _DUTCH) for number, name in enumerate(names)
}
_ALL: Final = ("all", "alle")
_KINDS: Final = {"week": "week", "exception": "exceptions", "holiday": "holidays"}
_TIME: Final = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?")


def read_slots(typed: Typed, texts: Sequence[str]) -> list[Slot]:
    """Read slots such as `08:30-17:00 open`."""
    return [
        typed.read(f"SLOT {number}", partial(slot_of, text))
        for number, text in enumerate(texts, start=1)
    ]


def slot_texts(slots: Iterable[Slot]) -> list[str]:
    """Write slots the way `read_slots` reads them."""
    return [format_slot(slot.start, slot.end, slot) for slot in slots]


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
    """Read holidays: `koningsdag`, `koningsdag,nieuwjaarsdag`, `all`.

    Raises `FaultyValueError` with every name that is none.
    """
    if text.lower() in _ALL:
        return list(HOLIDAY_IDS)
    found: list[str] = []
    faults: list[tuple[str, str]] = []
    for one in text.split(","):
        try:
            found.append(check_holiday_id(one.strip()))
        except FaultyValueError as error:
            faults += error.faults
    if faults:
        raise FaultyValueError(*faults)
    return found


def parse_rules(text: str) -> list[str]:
    """Read the rules of days: what `parse_rule` reads, or several weekdays, `tue-fri`, `sat,sun`.

    Raises `FaultyValueError`.
    """
    word, slash, name = text.rpartition("/")
    kind = _KINDS.get(word.removesuffix("s")) if slash else _kind_of(name)
    if kind is None or not name:
        remedy = "write week/mon, exceptions/ID or holidays/koningsdag"
        raise FaultyValueError((f"{text[:80]!r} names no day", remedy))
    if kind == "week":
        return [f"week/{day}" for day in parse_days(name)]
    return [f"{kind}/{check_holiday_id(name) if kind == 'holidays' else name}"]


def _kind_of(name: str) -> str:
    """Return what a bare name is: a weekday or several, else a holiday, else an exception."""
    if all(part.strip() in _DAY_NUMBERS for part in re.split("[-,]", name.lower())):
        return "week"
    return "holidays" if name in HOLIDAY_IDS else "exceptions"


def parse_rule(text: str) -> str:
    """Read the rule a day belongs to: `week/mon` or `mon`, `holidays/koningsdag` or `koningsdag`.

    Any other name is an exception's id. Raises `FaultyValueError`.
    """
    rules = parse_rules(text)
    if len(rules) > 1:
        raise FaultyValueError((f"{text[:80]!r} is more than one day", "name one"))
    return rules[0]


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
