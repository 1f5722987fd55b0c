"""Pure edits of one day: slots in, slots out; whether they cover the day is judged on save."""

from collections.abc import Iterable, Sequence
from typing import Final

from schedules.errors import FaultyValueError
from schedules.model import Slot, Treatment, slot_of, treatment_of
from schedules.slot_text import DAY_MINUTES, TreatmentLike, format_minute, format_slot

OPEN: Final = treatment_of("open")
CLOSED: Final = treatment_of("closed")
BREAK: Final = treatment_of("break")

Span = tuple[int, int]


def slot(start: int, end: int, treatment: TreatmentLike) -> Slot:
    """Return the slot from one minute of the day up to another with a treatment."""
    return slot_of(format_slot(start, end, treatment))


def autofill(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """Fill what no slot covers with plain closed slots, in order (semantics.md rule 4)."""
    filled: list[Slot] = []
    reached = 0
    for one in sorted(slots, key=lambda one: one.start):
        if one.start > reached:
            filled.append(slot(reached, one.start, CLOSED))
        filled.append(one)
        reached = max(reached, one.end)
    if reached < DAY_MINUTES:
        filled.append(slot(reached, DAY_MINUTES, CLOSED))
    return tuple(filled)


def cut_out(day: Iterable[Slot], start: int, end: int) -> tuple[Slot, ...]:
    """Take a span of minutes out of a day: slots within it go, others keep what lies outside."""
    left: list[Slot] = []
    for one in day:
        if one.end <= start or end <= one.start:
            left.append(one)
            continue
        if one.start < start:
            left.append(slot(one.start, start, one))
        if end < one.end:
            left.append(slot(end, one.end, one))
    return tuple(left)


def lay_over(day: Iterable[Slot], slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Put slots into a day: what they cover of it gives way."""
    kept = tuple(day)
    for one in slots:
        kept = cut_out(kept, one.start, one.end)
    return tuple(sorted((*kept, *slots), key=lambda one: one.start))


def quick_day(
    opening: Span,
    pause: Span | None = None,
    *,
    is_open: Treatment = OPEN,
    is_closed: Treatment = CLOSED,
    is_break: Treatment = BREAK,
) -> tuple[Slot, ...]:
    """Make a whole day of an opening and a closing minute, and a break in between (rule 22).

    Raises `FaultyValueError` with every fault: hours that end before they begin, a break outside
    them, a treatment of another status.
    """
    faults = [*_span_faults("opening hours", opening)]
    if pause is not None:
        faults += _span_faults("break", pause)
        if not faults and not opening[0] < pause[0] < pause[1] < opening[1]:
            told = f"the break {_told(pause)} doesn't lie within the hours {_told(opening)}"
            faults.append((told, "let it begin after opening and end before closing"))
    for status, treatment in (("open", is_open), ("closed", is_closed), ("break", is_break)):
        if treatment.status != status:
            problem = f"the treatment of the {status} part says {treatment.status}"
            faults.append((problem, f"begin it with {status}"))
    if faults:
        raise FaultyValueError(*faults)
    parts = [(0, opening[0], is_closed), (*opening, is_open), (opening[1], DAY_MINUTES, is_closed)]
    day = [slot(start, end, treatment) for start, end, treatment in parts if start < end]
    return tuple(day) if pause is None else lay_over(day, [slot(*pause, is_break)])


def _span_faults(what: str, span: Span) -> Iterable[tuple[str, str]]:
    if span[0] >= span[1]:
        remedy = "write the earlier time first; past midnight belongs to the next day"
        yield f"the {what} {_told(span)} end before they begin", remedy


def _told(span: Span) -> str:
    return f"{format_minute(span[0])}-{format_minute(span[1])}"
