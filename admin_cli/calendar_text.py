"""A month in the terminal: a grid of days, and below it what is special about some."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Final

from rich.console import Console
from rich.text import Text

from routing_engine.calendar_days import CalendarDay, Mark
from schedules.holidays_nl import HOLIDAY_NAMES
from schedules.model import Schedule
from schedules.slot_text import DAY_MINUTES, format_minute

WIDTH: Final = 80

_CELL: Final = 11
_MOST_LINES: Final = 3
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ALL_DAY: Final = (0, DAY_MINUTES)
_LETTERS: Final[Mapping[Mark, str]] = {
    "override": "O",
    "exception": "E",
    "holiday": "H",
    "other-holiday": "h",
    "clock-change": "C",
}
_LEGEND: Final = "E exception  H holiday  h holiday that doesn't hold  O override  C clock change"


def print_month(days: list[CalendarDay], schedule: Schedule) -> None:
    """Print a month, at most 80 columns wide; coloured only in a terminal."""
    console = Console(width=WIDTH, highlight=False)
    title = f"{days[0].day:%B %Y}, {schedule.name} ({schedule.id}), {schedule.timezone}"
    console.print(Text(title, style="bold"))
    console.print(Text("".join(f"{name:<{_CELL}}" for name in _WEEKDAYS).rstrip(), style="bold"))
    for week in _weeks(days):
        for cells in zip_longest(*map(_cell, week), fillvalue=Text()):
            console.print(_joined(cells), no_wrap=True)
    console.print(Text(_LEGEND, style="dim"))
    notes = [note for day in days if day.marks for note in _notes(day)]
    if notes:
        console.print()
    for note in notes:
        console.print(Text(note))


def _weeks(days: list[CalendarDay]) -> Iterator[list[CalendarDay | None]]:
    """Yield Monday to Sunday; None where the day is another month's."""
    padded = [*[None] * days[0].day.weekday(), *days, *[None] * (6 - days[-1].day.weekday())]
    for start in range(0, len(padded), 7):
        yield padded[start : start + 7]


def _joined(cells: tuple[Text, ...]) -> Text:
    line = Text()
    for cell in cells:
        line.append_text(cell).append(" " * (_CELL - len(cell)))
    line.rstrip()
    return line


def _cell(day: CalendarDay | None) -> list[Text]:
    """Return the lines of a day: its number with marks, its hours without colons, a gap."""
    if day is None:
        return []
    head = Text(f"{day.day.day:2}", style="bold")
    head.append("".join(f" {_LETTERS[mark]}" for mark in day.marks), "magenta")
    spans = [(hours.start, hours.end) for hours in day.hours]
    if not spans:
        return [head, Text("closed", style="red"), Text()]
    if spans == [_ALL_DAY]:
        return [head, Text("open", style="green"), Text()]
    lines = [f"{_digits(start)}-{_digits(end)}" for start, end in spans]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES - 1 :] = [f"+{len(lines) - _MOST_LINES + 1} more"]
    return [head, *(Text(line, style="green") for line in lines), Text()]


def _digits(minute: int) -> str:
    """Write a minute of the day in four digits: with colons seven days don't fit."""
    return format_minute(minute).replace(":", "")


def _notes(day: CalendarDay) -> Iterator[str]:
    """Say what is special about a day, and its hours in full."""
    label = f"{day.day:%a} {day.day.day:2}"
    spans = [f"{format_minute(hours.start)}-{format_minute(hours.end)}" for hours in day.hours]
    told = f"open {', '.join(spans)}" if spans else "closed"
    yield f"{label}  {day.title} ({day.rule}): {told}"
    for rule, reason in day.overrides:
        yield f"        override {reason} ({rule})"
    for holiday_id in day.holidays:
        if day.rule != f"holidays/{holiday_id}":
            yield f"        {HOLIDAY_NAMES[holiday_id]} doesn't hold"
    if day.skipped > 0:
        yield f"        the clocks skip {day.skipped} minutes"
    elif day.skipped < 0:
        yield f"        {-day.skipped} minutes occur twice"
