"""Lint's view of a day: slots that are probably not what was meant."""

from collections.abc import Iterator

from routing_engine.compiler import WEEKDAY_RULES, TargetCheck, compile_outcome
from routing_engine.lint_findings import Finding, PlannedDay, Subject
from schedules.model import Slot, Treatment
from schedules.slot_text import DAY_MINUTES, Status, format_slot, format_treatment


def check_days(subject: Subject, targets: TargetCheck) -> Iterator[Finding]:
    """Yield what is found slot by slot in the days and overrides that may yet decide a call."""
    for rule, day in subject.days.items():
        if subject.is_live(rule):
            yield from _check_breaks(subject, rule)
            yield from _check_lengths(day)
    yield from _check_silence(subject, targets)


def _check_silence(subject: Subject, targets: TargetCheck) -> Iterator[Finding]:
    """Find what hangs up on a caller who heard nothing."""
    for place, told, treatment in _live_treatments(subject):
        outcome = compile_outcome(treatment, subject.schedule, targets)
        # One whose message or forward is unusable is told as that.
        if outcome.action == "hangup" and not outcome.audio and not outcome.error:
            yield Finding(
                "closed-silently",
                place,
                f"{told}: callers are hung up on without having heard anything",
                "add audio=ID, or a forward or voicemail",
            )


def _live_treatments(subject: Subject) -> Iterator[tuple[str, str, Treatment]]:
    """Yield `(place, text, treatment)` of the slots and overrides that may yet decide a call."""
    for rule, day in subject.days.items():
        if subject.is_live(rule):
            for position, slot in day.slots:
                yield f"{day.place}[{position}]", _told(slot), slot
    for override_id, override in subject.schedule.overrides.items():
        if override.until_at.timestamp() > subject.at:
            forced = override.slot
            yield f"overrides.{override_id}.slot", format_treatment(forced), forced


def _check_breaks(subject: Subject, rule: str) -> Iterator[Finding]:
    """Find breaks that don't lie between open slots; those that touch count as one break."""
    day = subject.days[rule]
    if "break" not in _statuses(day):
        return
    before, after = _neighbours(subject, rule)
    statuses = [*before, *_statuses(day), *after]
    for index, (position, slot) in enumerate(day.slots, start=len(before)):
        if slot.status != "break":
            continue
        earlier = next((status for status in statuses[index::-1] if status != "break"), "closed")
        later = next((status for status in statuses[index:] if status != "break"), "closed")
        if not earlier == later == "open":
            yield Finding(
                "break-outside-hours",
                f"{day.place}[{position}]",
                f"{_told(slot)}: a break that does not lie between open slots",
                "make it closed, or mend the opening hours around it",
            )


def _neighbours(subject: Subject, rule: str) -> tuple[list[Status], list[Status]]:
    """Return the statuses of the weekdays before and after; a dated day stands by itself."""
    if rule not in WEEKDAY_RULES:
        return [], []
    place = WEEKDAY_RULES.index(rule)
    before, after = WEEKDAY_RULES[place - 1], WEEKDAY_RULES[(place + 1) % len(WEEKDAY_RULES)]
    return _statuses(subject.days[before]), _statuses(subject.days[after])


def _statuses(day: PlannedDay) -> list[Status]:
    return [slot.status for _, slot in day.slots]


def _check_lengths(day: PlannedDay) -> Iterator[Finding]:
    for position, slot in day.slots:
        if slot.end == DAY_MINUTES - 1:
            yield Finding(
                "end-at-23-59",
                f"{day.place}[{position}]",
                f"{_told(slot)}: ends a minute before the day does",
                "end it at 24:00, and remove the minute after it",
            )
        # The day's last minute is what the slot before it left over.
        elif slot.end - slot.start == 1 and slot.end != DAY_MINUTES:
            yield Finding(
                "one-minute-slot",
                f"{day.place}[{position}]",
                f"{_told(slot)}: lasts a single minute; an end is not included",
                "let the slot before it, or after it, take that minute",
            )


def _told(slot: Slot) -> str:
    return format_slot(slot.start, slot.end, slot)
