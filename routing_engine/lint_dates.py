"""Lint's view of the calendar: dates on which something else happens than was written."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from routing_engine.compiler import WEEKDAY_RULES
from routing_engine.day_plan import candidates, holiday_days, weekday_of
from routing_engine.lint_findings import (
    COMING_DAYS,
    Finding,
    PlannedDay,
    Subject,
    format_days,
)
from routing_engine.zones import DAY_SECONDS, ZoneOffsets
from schedules.date_text import date_of, epoch_day
from schedules.slot_text import format_minute, format_slot


class ClockChange(NamedTuple):
    """The part of a local day, in minutes from `start` to `end`, skipped or shown twice."""

    day: int
    start: int
    end: int
    is_skipped: bool


def check_dates(subject: Subject) -> Iterator[Finding]:
    """Yield what is found date by date: recurring days in the coming year, dated ones in theirs."""
    yield from _check_exceptions(subject)
    yield from _check_beaten_holidays(subject)
    yield from _check_clock_changes(subject)
    yield from _check_tails(subject)


def clock_changes(zone: ZoneOffsets, from_at: int, until_at: int) -> Iterator[ClockChange]:
    """Yield the local hours that a zone's clock skips or shows twice between two instants."""
    for change_at, seconds in zone.clock_changes(from_at, until_at):
        after, _ = zone.offset_at(change_at)
        first, last = sorted((change_at + after - seconds, change_at + after))
        for day in range(first // DAY_SECONDS, (last - 1) // DAY_SECONDS + 1):
            start, end = first - day * DAY_SECONDS, last - day * DAY_SECONDS
            minutes = max(start, 0) // 60, min(end, DAY_SECONDS) // 60
            yield ClockChange(day, *minutes, is_skipped=seconds > 0)


def _check_exceptions(subject: Subject) -> Iterator[Finding]:
    """Find exception dates of which an override takes every minute."""
    if not subject.table.overrides:
        return
    for exception_id in subject.schedule.exceptions:
        covered = [day for day in subject.dates_ahead(exception_id) if _is_overridden(subject, day)]
        if covered:
            yield Finding(
                "shadowed-exception",
                f"exceptions.{exception_id}",
                f"an override holds all of {format_days(covered)}, so this has no say then",
                "end the override sooner, or take the date out",
            )


def _is_overridden(subject: Subject, day: date) -> bool:
    """Tell whether overrides hold from a local midnight to the next."""
    zone, local_day = subject.table.zone, epoch_day(day)
    at, end = zone.day_start(local_day), zone.day_start(local_day + 1)
    while at < end and subject.table.is_overridden_at(at):
        at = subject.table.interval_at(at).until_at
    return at >= end


def _check_beaten_holidays(subject: Subject) -> Iterator[Finding]:
    """Find switched-on holidays that an exception or a holiday beats (semantics.md 7 and 13)."""
    table = subject.table
    for day in holiday_days(subject.today, subject.today + COMING_DAYS):
        winner, *losers = (table.name_and_title(index)[0] for index in candidates(table, day))
        for rule in losers[:-1]:
            yield Finding(
                "shadowed-holiday",
                rule.replace("/", "."),
                f"{winner} takes its place on {format_days([date_of(day)])}",
                "nothing, if that is meant; else take the date out of what beats it",
            )


def _check_clock_changes(subject: Subject) -> Iterator[Finding]:
    """Find slots and boundaries within an hour that is skipped or comes twice (rule 5)."""
    year_ends = subject.today + COMING_DAYS
    dated = [span.last for one in subject.schedule.exceptions.values() for span in one.dates]
    last_day = max((year_ends, *map(epoch_day, dated)))
    for change in clock_changes(subject.table.zone, subject.at, (last_day + 2) * DAY_SECONDS):
        rule, _ = subject.table.rule_on(change.day)
        if change.day <= year_ends or rule.startswith("exceptions/"):
            yield from _check_clock_change(change, subject.days[rule])


def _check_clock_change(change: ClockChange, day: PlannedDay) -> Iterator[Finding]:
    hour = f"{format_minute(change.start)}-{format_minute(change.end)}"
    told = f"on {format_days([date_of(change.day)])} the clock " + (
        f"skips {hour}" if change.is_skipped else f"shows {hour} twice"
    )
    was_inside = False
    for position, slot in day.slots:
        is_inside = change.start <= slot.start and slot.end <= change.end
        text = format_slot(slot.start, slot.end, slot)
        problem = ""
        if is_inside:
            effect = "is never used" if change.is_skipped else "is used twice, or twice as long"
            problem = f"{told}: {text} {effect}"
        elif change.start < slot.start < change.end and not was_inside:
            effect = (
                f"begins at {format_minute(change.end)}" if change.is_skipped else "begins twice"
            )
            problem = f"{told}: {text} {effect}"
        if problem:
            remedy = f"let slots begin and end outside {hour}, if that night matters"
            yield Finding("clock-change", f"{day.place}[{position}]", problem, remedy)
        was_inside = is_inside


def _check_tails(subject: Subject) -> Iterator[Finding]:
    """Find dates that cut off the weekly hours which run on past midnight (rule 6)."""
    tails = [_tail_of(subject.days[rule]) for rule in WEEKDAY_RULES]
    if not any(tails):
        return
    cut: defaultdict[tuple[str, int], list[date]] = defaultdict(list)
    for day in _dated_days(subject):
        (rule, _), tail = subject.table.rule_on(day), tails[weekday_of(day)]
        if not tail or rule.startswith("week/"):
            continue
        rule_before, _ = subject.table.rule_on(day - 1)
        _, evening = subject.days[rule_before].slots[-1]
        _, morning = subject.days[rule].slots[0]
        if evening.status == "open" and morning.status != "open":
            cut[rule, tail].append(date_of(day))
    for (rule, tail), days in cut.items():
        yield Finding(
            "overnight-cut",
            rule.replace("/", "."),
            f"the evening before {format_days(days)} runs on until {format_minute(tail)} in the "
            "weekly hours, but this holds from 00:00",
            f"begin it with 00:00-{format_minute(tail)} open, unless it is meant to cut",
        )


def _tail_of(day: PlannedDay) -> int:
    """Return until which minute a day is open from midnight on; 0 where it is so all day."""
    statuses = [(slot.start, slot.status) for _, slot in day.slots]
    return next((start for start, status in statuses if status != "open"), 0)


def _dated_days(subject: Subject) -> list[int]:
    """Return the days ahead that exceptions or, in the coming year, holidays may hold."""
    days = set(holiday_days(subject.today, subject.today + COMING_DAYS))
    for exception_id in subject.schedule.exceptions:
        days.update(map(epoch_day, subject.dates_ahead(exception_id)))
    return sorted(days)
