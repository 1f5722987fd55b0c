"""Parts of an overview said in one language: dates, hours, and what a caller meets."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Final, NamedTuple

from admin_cli.overview_words import (
    ENGLISH_HOLIDAYS,
    MONTHS,
    SHORT_WEEKDAYS,
    WEEKDAYS,
    WORDS,
    Language,
)
from routing_engine.compiler import WEEKDAY_RULES
from routing_engine.overview import (
    CallerLot,
    DayRows,
    HolidayDate,
    HolidayRow,
    Overview,
    WeekdayRow,
    open_minutes,
)
from schedules.date_text import DateRange
from schedules.holidays_nl import HOLIDAY_NAMES
from schedules.model import Schedule
from schedules.slot_text import DAY_MINUTES, format_minute

EN_DASH: Final = "\N{EN DASH}"


class DaysAlike(NamedTuple):
    """Neighbouring weekdays with the same hours."""

    first: int
    last: int
    slots: DayRows


class Target(NamedTuple):
    """What a caller meets beside a status: its kind, the word for that, and its name if it has one.

    The kind is `message`, `forward` or `voicemail`.
    """

    kind: str
    word: str
    name: str


class Phrases:
    """Says parts of an overview in one language."""

    def __init__(self, language: Language, dash: str = "-") -> None:
        """Take one of `LANGUAGES`, and what stands between two times."""
        self.language = language
        self.dash = dash
        self.words = WORDS[language]

    def weekday(self, index: int) -> str:
        """Return the name of a weekday, 0 for Monday, with a capital."""
        return WEEKDAYS[self.language][index].capitalize()

    def short_weekday(self, index: int) -> str:
        """Return the name of a weekday, 0 for Monday, as short as it is in a date."""
        return SHORT_WEEKDAYS[self.language][index]

    def weekdays(self, first: int, last: int) -> str:
        """Return the names of neighbouring weekdays: `Maandag t/m vrijdag`."""
        if first == last:
            return self.weekday(first)
        joint = self.words["and" if last - first == 1 else "to"]
        return f"{self.weekday(first)} {joint} {WEEKDAYS[self.language][last]}"

    def holiday(self, holiday_id: str) -> str:
        """Return the name of a holiday."""
        names = HOLIDAY_NAMES if self.language == "nl" else ENGLISH_HOLIDAYS
        return names[holiday_id]

    def template(self, schedule: Schedule) -> str:
        """Return the name of the day that new exceptions start from, empty where there is none."""
        return "" if schedule.template is None else self.rule(schedule.template, schedule)

    def rule(self, rule: str, schedule: Schedule) -> str:
        """Return the name of a rule that can supply a date."""
        kind, _, name = rule.partition("/")
        if kind == "exceptions":
            return f"{self.words['exception'].lower()} {schedule.exceptions[name].name}"
        if kind == "holidays":
            return self.holiday(name)
        return self.weekday(WEEKDAY_RULES.index(rule))

    def day(self, day: date) -> str:
        """Write a date: `vr 25 dec 2026`."""
        return f"{self.day_of_year(day)} {day.year}"

    def day_of_year(self, day: date) -> str:
        """Write a date where the year is known: `vr 25 dec`."""
        return f"{self._short_day(day)} {self._month(day)}"

    def _short_day(self, day: date) -> str:
        return f"{self.short_weekday(day.weekday())} {day.day}"

    def _month(self, day: date) -> str:
        return MONTHS[self.language][day.month - 1]

    def dates(self, span: DateRange) -> str:
        """Write one date, or a range with nothing said twice: `ma 28 t/m do 31 dec 2026`."""
        first, last = span.first, span.last
        if first == last:
            return self.day(first)
        start = self._short_day(first)
        if (first.year, first.month) != (last.year, last.month):
            start += f" {self._month(first)}"
        if first.year != last.year:
            start += f" {first.year}"
        return f"{start} {self.words['to']} {self.day(last)}"

    def moment(self, moment: datetime) -> str:
        """Write a moment with its zone: `zo 22 nov 2026 11:00 CET`."""
        return f"{self.day(moment)} {moment:%H:%M %Z}"

    def span(self, start: int, end: int) -> str:
        """Write a span of a day, in minutes."""
        if (start, end) == (0, DAY_MINUTES):
            return self.words["all_day"]
        return self._hours(start, end)

    def _hours(self, start: int, end: int) -> str:
        return f"{format_minute(start)}{self.dash}{format_minute(end)}"

    def open_hours(self, slots: DayRows) -> list[str]:
        """Write when a day is open; never, and all day, in words."""
        spans = open_minutes(slots)
        if spans == [(0, DAY_MINUTES)]:
            return [self.words["open_all_day"]]
        return [self._hours(*span) for span in spans] or [self.words["never_open"]]

    def targets(self, lot: CallerLot) -> list[Target]:
        """Say what else a caller meets.

        A target that can't be used now says so, and what is done instead (semantics.md rule 19).
        """
        found = []
        words = self.words
        if lot.audio is not None:
            why = f" ({words['audio-missing']})" if lot.is_silent else ""
            found.append(Target("message", words["message"], f"{lot.audio.name}{why}"))
        if lot.forward is not None:
            name = f"{lot.forward.name} {lot.forward.number}"
            if lot.action != "forward":
                name += f" ({words['forward-refused']}; {words['instead']} {words[lot.action]})"
            found.append(Target("forward", words["forward"], name))
        elif lot.action == "voicemail":
            found.append(Target("voicemail", words["voicemail"], ""))
        return found

    def line(self, lot: CallerLot) -> str:
        """Say all of a treatment in one line: `gesloten, bericht Gesloten, voicemail`."""
        told = (f"{target.word} {target.name}".rstrip() for target in self.targets(lot))
        return ", ".join([self.words[lot.status], *told])

    def holiday_note(self, row: HolidayRow, found: HolidayDate, overview: Overview) -> str:
        """Say what is special about one date of a holiday, empty where nothing is."""
        notes = []
        if found.moved_from is not None:
            notes.append(f"{self.words['moved_from']} {self._short_day(found.moved_from)}")
        if row.is_on and found.held_by != row.rule:
            is_weekday = found.held_by in WEEKDAY_RULES
            holder = self.rule(found.held_by, overview.schedule)
            notes.append(self.words["not_that_year"] if is_weekday else holder)
        return ", ".join(notes)


def day_count(dates: Iterable[DateRange]) -> int:
    """Count the days of an exception."""
    return sum(map(len, dates))


def days_alike(week: tuple[WeekdayRow, ...]) -> list[DaysAlike]:
    """Put neighbouring weekdays with the same hours together."""
    found = []
    for slots, rows in groupby(enumerate(week), key=lambda pair: pair[1].slots):
        places = [place for place, _ in rows]
        found.append(DaysAlike(places[0], places[-1], slots))
    return found
