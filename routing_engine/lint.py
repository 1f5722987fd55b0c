"""Static analysis of a schedule: what is allowed, but probably not what was meant.

A reader of the same rules and the same table that decide calls, never a second evaluator.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain

from routing_engine.compiler import TargetCheck
from routing_engine.expectations import expected_instants, failing_expectations
from routing_engine.lint_dates import check_dates
from routing_engine.lint_days import check_days
from routing_engine.lint_findings import Finding, Subject, arrange, subject_of
from routing_engine.table import IntervalTable
from schedules.consistency import refused_forwards, treatments
from schedules.date_text import date_of, format_moment
from schedules.exception_dates import exception_state
from schedules.holidays_nl import HOLIDAY_IDS, HOLIDAY_NAMES, holiday_dates
from schedules.model import Schedule


def lint_schedule(
    schedule: Schedule, table: IntervalTable, *, targets: TargetCheck, at: int
) -> list[Finding]:
    """Return what lint finds in one schedule, the gravest first.

    `table` is the schedule's, compiled for an instant `at` in epoch seconds; `targets` decides
    which forwards and messages can be used. Where forwards lead is `lint_forwards`'s to say.
    """
    subject = subject_of(schedule, table, at)
    return arrange(
        chain(
            _check_targets(subject, targets),
            _check_numbers(subject),
            _check_expectations(subject),
            check_days(subject, targets),
            check_dates(subject),
            _check_holidays(subject),
            _check_uses(subject),
            _check_expired(subject),
        )
    )


def undecided_holidays(schedule: Schedule, today: date) -> list[tuple[str, date]]:
    """Return the holidays that are switched neither on nor off, next one first, with that date."""
    found = []
    for holiday_id in HOLIDAY_IDS:
        if holiday_id not in schedule.holidays:
            dates = (holiday_dates(year).get(holiday_id) for year in (today.year, today.year + 1))
            # Koningsdag has no date before 2014.
            found += [(holiday_id, day) for day in dates if day is not None and day >= today][:1]
    return sorted(found, key=lambda pair: pair[1])


def _check_targets(subject: Subject, targets: TargetCheck) -> Iterator[Finding]:
    """Find what rule 19 of semantics.md makes do with at each call."""
    for fault in refused_forwards(subject.schedule, targets.policy):
        yield Finding("forward-refused", fault.place, fault.problem, fault.remedy)
    for message_id, message in subject.schedule.audio.items():
        if not targets.has_message(message.sha256):
            yield Finding(
                "audio-missing",
                f"audio.{message_id}",
                f"the sound of message {message.name!r} is not stored, so callers hear nothing",
                "apply the document with its file, or restore a backup",
            )


def _check_numbers(subject: Subject) -> Iterator[Finding]:
    if not subject.schedule.numbers:
        yield Finding(
            "not-linked",
            "numbers",
            "no number is linked, so no PBX reaches this schedule",
            f"link one with `bereikbaar schedule link {subject.schedule.id} NUMBER`",
        )


def _check_expectations(subject: Subject) -> Iterator[Finding]:
    for failing in failing_expectations(subject.schedule, subject.table, subject.at):
        expectation = failing.expectation
        yield Finding(
            "expectation-fails",
            f"expect[{failing.position}]",
            f"{format_moment(expectation.at)} is expected to be {expectation.status}, but is "
            f"{failing.status} by {failing.rule}",
            "correct the day, or the expectation",
        )


def _check_holidays(subject: Subject) -> Iterator[Finding]:
    """Find the holidays that nobody has decided on; one finding, for they are decided together."""
    undecided = undecided_holidays(subject.schedule, date_of(subject.today))
    if undecided:
        places = [f"holidays.{holiday_id}" for holiday_id, _ in undecided]
        told = ", ".join(f"{HOLIDAY_NAMES[holiday_id]} ({day})" for holiday_id, day in undecided)
        yield Finding(
            "undecided-holiday",
            places[0],
            f"neither on nor off, so treated as any other day: {told}",
            "decide with `bereikbaar holiday on` or `holiday off`",
            tuple(places[1:]),
        )


def _check_uses(subject: Subject) -> Iterator[Finding]:
    """Find forwards and messages that no day and no override names."""
    schedule = subject.schedule
    used = [treatment for _, treatment in treatments(schedule)]
    forwards = {treatment.forward for treatment in used}
    messages = {treatment.audio for treatment in used}
    for forward_id, forward in schedule.forwards.items():
        if forward_id not in forwards:
            problem = f"no slot and no override forwards to {forward.name!r}"
            remedy = "remove it, or name it in a slot"
            yield Finding("unused-forward", f"forwards.{forward_id}", problem, remedy)
    for message_id, message in schedule.audio.items():
        if message_id not in messages:
            problem = f"no slot and no override plays {message.name!r}"
            remedy = "remove it, or name it in a slot"
            yield Finding("unused-message", f"audio.{message_id}", problem, remedy)


def _check_expired(subject: Subject) -> Iterator[Finding]:
    """Find what lies in the past and decides nothing any more (semantics.md rules 7, 9 and 27)."""
    schedule, today = subject.schedule, date_of(subject.today)
    for exception_id, exception in schedule.exceptions.items():
        if exception_state(exception.dates, today) == "expired":
            place = f"exceptions.{exception_id}"
            last = max(span.last for span in exception.dates)
            problem = f"its last date was {last}"
            remedy = "remove it, or give it new dates"
            yield Finding("expired-exception", place, problem, remedy)
    for override_id, override in schedule.overrides.items():
        if override.until_at.timestamp() <= subject.at:
            problem = f"ended {format_moment(override.until_at)}"
            yield Finding("past-override", f"overrides.{override_id}", problem, "remove it")
    for position, expectation in enumerate(schedule.expect):
        if all(at < subject.at for at in expected_instants(expectation, subject.table)):
            problem = f"{format_moment(expectation.at)} has passed, so it guards nothing"
            remedy = "remove it, or expect the same of a later date"
            yield Finding("past-expectation", f"expect[{position}]", problem, remedy)
