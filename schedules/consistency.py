"""What must hold across a whole schedule, once each of its parts can be read.

Each check yields its faults in document order; `inconsistencies` runs them all.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from schedules.date_text import instants_of, parse_zone
from schedules.errors import Fault
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.slot_text import DAY_MINUTES, TreatmentLike, format_minute

if TYPE_CHECKING:
    from schedules.model import DayPlan, Schedule, Slot

_Order = tuple[int, ...]

MAX_SLOTS: Final = 48
MAX_EXCEPTIONS: Final = 1_000
MAX_EXCEPTION_DATES: Final = 4_000
MAX_FORWARDS: Final = 1_000
MAX_MESSAGES: Final = 500
MAX_NUMBERS: Final = 200


def inconsistencies(schedule: "Schedule") -> list[Fault]:
    """Return every fault of the schedule as a whole, none when it is consistent."""
    checks = (
        _check_limits,
        _check_numbers,
        _check_days,
        _check_treatments,
        _check_exception_dates,
        _check_lustrum,
        _check_template,
        _check_overrides,
        _check_expectations,
    )
    return [fault for check in checks for fault in check(schedule)]


def refused_forwards(schedule: "Schedule", policy: ForwardPolicy) -> list[Fault]:
    """Return a fault for each forward that callers may not be sent to (quality.md: toll fraud)."""
    allowed = schedule.forward_policy(policy)
    return [
        Fault(f"forwards.{forward_id}.number", *refusal)
        for forward_id, forward in schedule.forwards.items()
        if (refusal := forward_refusal(forward.number, allowed)) is not None
    ]


def day_plans(schedule: "Schedule") -> "Iterator[tuple[str, str, DayPlan]]":
    """Walk `(rule, place, day plan)` of every day that was set up, weekly hours first."""
    for weekday, slots in schedule.week:
        yield f"week/{weekday}", f"week.{weekday}", slots
    for exception_id, exception in schedule.exceptions.items():
        yield f"exceptions/{exception_id}", f"exceptions.{exception_id}.slots", exception.slots
    for holiday_id, rule in schedule.holidays.items():
        yield f"holidays/{holiday_id}", f"holidays.{holiday_id}.slots", rule.slots


def coverage_faults(slots: "Sequence[Slot]") -> Iterator[tuple[str, str]]:
    """Yield `(problem, remedy)` for each gap and overlap of a day (semantics.md rule 4)."""
    reached = 0
    for slot in sorted(slots, key=lambda slot: slot.start):
        if slot.start > reached:
            yield _gap(reached, slot.start)
        elif slot.start < reached:
            until = min(slot.end, reached)
            yield (
                f"slots overlap from {format_minute(slot.start)} to {format_minute(until)}",
                "let each slot start where the one before it ends",
            )
        reached = max(reached, slot.end)
    if reached < DAY_MINUTES:
        yield _gap(reached, DAY_MINUTES)


def _gap(start: int, end: int) -> tuple[str, str]:
    span = f"{format_minute(start)}-{format_minute(end)}"
    return f"nothing is set from {span.replace('-', ' to ')}", f"add a slot, e.g. {span} closed"


def _check_limits(schedule: "Schedule") -> Iterator[Fault]:
    dates = sum(len(span) for days in schedule.exceptions.values() for span in days.dates)
    for place, count, limit, what in (
        ("numbers", len(schedule.numbers), MAX_NUMBERS, "number entries"),
        ("forwards", len(schedule.forwards), MAX_FORWARDS, "forwards"),
        ("audio", len(schedule.audio), MAX_MESSAGES, "messages"),
        ("exceptions", len(schedule.exceptions), MAX_EXCEPTIONS, "exceptions"),
        ("exceptions", dates, MAX_EXCEPTION_DATES, "exception dates"),
    ):
        if count > limit:
            yield Fault(place, f"has {count} {what}", f"keep to at most {limit}")


def _overlaps(spans: Iterable[tuple[_Order, Any, Any]]) -> Iterator[tuple[_Order, _Order, Any]]:
    """Yield `(earlier, later, where)` for spans `(order, first, last)` that share a value.

    Both ends are included; earlier and later are meant in document order, each later span is told
    once, and `where` is the first value shared.
    """
    furthest: tuple[_Order, Any, Any] | None = None
    for span in sorted(spans, key=lambda span: (span[1], span[0])):
        if furthest is not None and span[1] <= furthest[2]:
            earlier, later = sorted((furthest[0], span[0]))
            yield earlier, later, span[1]
        if furthest is None or span[2] > furthest[2]:
            furthest = span


def _check_numbers(schedule: "Schedule") -> Iterator[Fault]:
    spans = (((index,), block.first, block.last) for index, block in enumerate(schedule.numbers))
    for (earlier,), (later,), _ in _overlaps(spans):
        problem = f"{schedule.numbers[later]} overlaps {schedule.numbers[earlier]}"
        yield Fault(f"numbers[{later}]", problem, "give each number once")


def _check_days(schedule: "Schedule") -> Iterator[Fault]:
    for _, place, slots in day_plans(schedule):
        if len(slots) > MAX_SLOTS:
            yield Fault(place, f"has {len(slots)} slots", f"keep to at most {MAX_SLOTS} a day")
        for problem, remedy in coverage_faults(slots):
            yield Fault(place, problem, remedy)


def treatments(schedule: "Schedule") -> Iterator[tuple[str, TreatmentLike]]:
    """Walk `(place, treatment)` of every slot and override, in document order."""
    for _, place, slots in day_plans(schedule):
        for index, slot in enumerate(slots):
            yield f"{place}[{index}]", slot
    for override_id, override in schedule.overrides.items():
        yield f"overrides.{override_id}.slot", override.slot


def _check_treatments(schedule: "Schedule") -> Iterator[Fault]:
    for place, treatment in treatments(schedule):
        for what, target, where, known in (
            ("audio", treatment.audio, "audio", schedule.audio),
            ("forward", treatment.forward, "forwards", schedule.forwards),
        ):
            if target is not None and target not in known:
                remedy = f"add {target} under `{where}`, or name one that stands there"
                yield Fault(place, f"{what}={target} names no {what} of this schedule", remedy)
        if treatment.voicemail and schedule.voicemail_email is None:
            yield Fault(place, "has voicemail without an address", "set voicemail_email")


def _check_exception_dates(schedule: "Schedule") -> Iterator[Fault]:
    ids = list(schedule.exceptions)
    spans = (
        ((order, index), span.first, span.last)
        for order, exception in enumerate(schedule.exceptions.values())
        for index, span in enumerate(exception.dates)
    )
    for (holder, _), (order, index), day in _overlaps(spans):
        yield Fault(
            f"exceptions.{ids[order]}.dates[{index}]",
            f"{day} already belongs to exception {ids[holder]}",
            "give each date once, in one exception",
        )


def _check_lustrum(schedule: "Schedule") -> Iterator[Fault]:
    for holiday_id, rule in schedule.holidays.items():
        if rule.every == "lustrum" and holiday_id != "bevrijdingsdag":
            yield Fault(
                f"holidays.{holiday_id}.every",
                "lustrum is for bevrijdingsdag alone",
                "remove `every`: the holiday then holds every year",
            )


def _check_template(schedule: "Schedule") -> Iterator[Fault]:
    template = schedule.template
    if template is not None and template not in {rule for rule, _, _ in day_plans(schedule)}:
        yield Fault(
            "template",
            f"{template[:80]!r} is not a day of this schedule",
            "name one, such as week/mon, exceptions/ID or holidays/koningsdag",
        )


def _check_overrides(schedule: "Schedule") -> Iterator[Fault]:
    ids = list(schedule.overrides)
    last_moment = timedelta(microseconds=1)
    spans = (
        ((order,), override.from_at, override.until_at - last_moment)
        for order, override in enumerate(schedule.overrides.values())
    )
    for (earlier,), (later,), _ in _overlaps(spans):
        yield Fault(
            f"overrides.{ids[later]}",
            f"overlaps {ids[earlier]}",
            "end the one before the other begins: overrides don't overlap",
        )


def _check_expectations(schedule: "Schedule") -> Iterator[Fault]:
    zone = parse_zone(schedule.timezone)
    for index, expectation in enumerate(schedule.expect):
        if expectation.at.tzinfo is None and not instants_of(expectation.at, zone):
            yield Fault(
                f"expect[{index}].at",
                f"{expectation.at:%Y-%m-%d %H:%M} does not exist in {schedule.timezone}",
                "choose a time outside the hour that the clock skips",
            )
