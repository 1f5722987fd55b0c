"""All that one schedule says, as rows for a page: named, dated and put in the reader's order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Final, NamedTuple

from routing_engine.compiler import WEEKDAY_RULES, WEEKDAY_TITLES, TargetCheck, compile_outcome
from routing_engine.decision import Action
from routing_engine.table import IntervalTable
from schedules.date_text import DateRange, date_of, epoch_day, parse_zone
from schedules.exception_dates import ExceptionState, exception_state
from schedules.holidays_nl import HOLIDAY_NAMES, holiday_dates, moved_from
from schedules.model import AudioMessage, DayPlan, ExceptionDays, Forward, Schedule, Treatment
from schedules.slot_text import Status

_START: Final = attrgetter("start")
_NEXT_DAY: Final = attrgetter("next_day")


class CallerLot(NamedTuple):
    """What a caller meets: status, and the message and the forward that were set up.

    `action` is what happens now: with a forward that isn't allowed it is another than `forward`;
    `is_silent` where the message can't be played (semantics.md rule 19).
    """

    status: Status
    audio: AudioMessage | None
    forward: Forward | None
    action: Action
    is_silent: bool


class SlotRow(NamedTuple):
    """A span of a day, in minutes from midnight, and what a caller meets in it."""

    start: int
    end: int
    lot: CallerLot


DayRows = tuple[SlotRow, ...]


class WeekdayRow(NamedTuple):
    """One weekday of the weekly hours."""

    rule: str
    title: str
    slots: DayRows


class HolidayDate(NamedTuple):
    """A date of a holiday: which rule supplies it, and the nominal date it was moved from."""

    day: date
    held_by: str
    moved_from: date | None


class HolidayRow(NamedTuple):
    """A holiday, on, off or never set up, with its dates of this and next year.

    `next_day` is the first that isn't past; `slots` is None where it was never set up.
    """

    rule: str
    title: str
    is_on: bool
    is_lustrum_only: bool
    dates: tuple[HolidayDate, ...]
    next_day: date
    slots: DayRows | None


class ExceptionRow(NamedTuple):
    """An exception; its dates in order, `next_day` the first that isn't past."""

    rule: str
    title: str
    state: ExceptionState
    dates: tuple[DateRange, ...]
    next_day: date | None
    slots: DayRows


class OverrideRow(NamedTuple):
    """An override in force or still to come; its moments in the schedule's zone."""

    rule: str
    title: str
    is_in_force: bool
    from_at: datetime
    until_at: datetime
    lot: CallerLot


@dataclass(frozen=True, slots=True)
class Overview:
    """A schedule on one page, as it is at `at`, in the schedule's zone.

    Holidays and exceptions stand with the next one first.
    """

    schedule: Schedule
    revision: int
    at: datetime
    week: tuple[WeekdayRow, ...]
    holidays: tuple[HolidayRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    overrides: tuple[OverrideRow, ...]
    missing_messages: frozenset[str]
    refused_forwards: frozenset[str]


def overview_of(
    schedule: Schedule, table: IntervalTable, targets: TargetCheck, at: int
) -> Overview:
    """Return the overview of a schedule and its table at an instant, in epoch seconds."""
    today, _ = table.wall_clock(at)
    reader = _Reader(schedule, targets)
    return Overview(
        schedule=schedule,
        revision=table.revision,
        at=_local(schedule, at),
        week=tuple(_week(schedule, reader)),
        holidays=tuple(sorted(_holidays(schedule, table, reader, today), key=_NEXT_DAY)),
        exceptions=_exceptions(schedule, reader, date_of(today)),
        overrides=tuple(_overrides(schedule, table, reader, at)),
        missing_messages=frozenset(
            message_id
            for message_id in schedule.audio
            if reader.lot(Treatment(status="open", audio=message_id)).is_silent
        ),
        refused_forwards=frozenset(
            forward_id
            for forward_id in schedule.forwards
            if reader.lot(Treatment(status="open", forward=forward_id)).action != "forward"
        ),
    )


class _Reader:
    """Puts names to what the slots of one schedule refer to."""

    def __init__(self, schedule: Schedule, targets: TargetCheck) -> None:
        self._schedule = schedule
        self._targets = targets

    def rows(self, plan: DayPlan) -> DayRows:
        """Return the slots of a day in order; operators may have written them in any."""
        ordered = sorted(plan, key=_START)
        return tuple(SlotRow(slot.start, slot.end, self.lot(slot)) for slot in ordered)

    def lot(self, treatment: Treatment) -> CallerLot:
        """Return what a treatment means for a caller."""
        outcome = compile_outcome(treatment, self._schedule, self._targets)
        return CallerLot(
            treatment.status,
            self._schedule.audio[treatment.audio] if treatment.audio is not None else None,
            self._schedule.forwards[treatment.forward] if treatment.forward is not None else None,
            outcome.action,
            is_silent=treatment.audio is not None and not outcome.audio,
        )


def open_minutes(slots: DayRows) -> list[tuple[int, int]]:
    """Return the spans of a day, in minutes, in which it is open; neighbouring ones as one."""
    spans: list[tuple[int, int]] = []
    for slot in slots:
        if slot.lot.status != "open":
            continue
        if spans and spans[-1][1] == slot.start:
            spans[-1] = (spans[-1][0], slot.end)
        else:
            spans.append((slot.start, slot.end))
    return spans


def _week(schedule: Schedule, reader: _Reader) -> Iterator[WeekdayRow]:
    for rule, title in zip(WEEKDAY_RULES, WEEKDAY_TITLES, strict=True):
        plan = getattr(schedule.week, rule.partition("/")[2])
        yield WeekdayRow(rule, title, reader.rows(plan))


def _holidays(
    schedule: Schedule, table: IntervalTable, reader: _Reader, today: int
) -> Iterator[HolidayRow]:
    years = [date_of(today).year, date_of(today).year + 1]
    for holiday_id, title in HOLIDAY_NAMES.items():
        dates = (holiday_dates(year).get(holiday_id) for year in years)
        days = [day for day in dates if day is not None]
        next_day = next((day for day in days if epoch_day(day) >= today), None)
        if next_day is None:
            # By a clock that is far off: Koningsdag has no date before 2014, none has after 2200.
            continue
        rule = schedule.holidays.get(holiday_id)
        yield HolidayRow(
            f"holidays/{holiday_id}",
            title,
            is_on=rule is not None and rule.active,
            is_lustrum_only=rule is not None and rule.every == "lustrum",
            dates=tuple(
                HolidayDate(day, table.rule_on(epoch_day(day))[0], moved_from(holiday_id, day))
                for day in days
            ),
            next_day=next_day,
            slots=None if rule is None else reader.rows(rule.slots),
        )


def _exceptions(schedule: Schedule, reader: _Reader, today: date) -> tuple[ExceptionRow, ...]:
    rows = [
        _exception(f"exceptions/{exception_id}", exception, reader, today)
        for exception_id, exception in schedule.exceptions.items()
    ]
    return (
        *sorted((row for row in rows if row.state == "active"), key=_NEXT_DAY),
        *(row for row in rows if row.state == "draft"),
        *sorted(
            (row for row in rows if row.state == "expired"),
            key=lambda row: row.dates[-1].last,
            reverse=True,
        ),
    )


def _exception(rule: str, exception: ExceptionDays, reader: _Reader, today: date) -> ExceptionRow:
    dates = tuple(sorted(exception.dates))
    ahead = [max(span.first, today) for span in dates if span.last >= today]
    state = exception_state(dates, today)
    next_day = min(ahead, default=None)
    return ExceptionRow(rule, exception.name, state, dates, next_day, reader.rows(exception.slots))


def _local(schedule: Schedule, at: int) -> datetime:
    """Return an instant on the schedule's wall clock, aware of its offset."""
    return datetime.fromtimestamp(at, parse_zone(schedule.timezone))


def _overrides(
    schedule: Schedule, table: IntervalTable, reader: _Reader, at: int
) -> Iterator[OverrideRow]:
    for span in table.overrides:
        if span.until_at > at:
            override = schedule.overrides[span.name.partition("/")[2]]
            yield OverrideRow(
                span.name,
                span.title,
                span.from_at <= at,
                _local(schedule, span.from_at),
                _local(schedule, span.until_at),
                reader.lot(override.slot),
            )
