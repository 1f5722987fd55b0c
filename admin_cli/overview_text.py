"""An overview in the terminal: bars of a character per half hour, readable without colour."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from admin_cli.overview_phrases import Phrases, days_alike
from admin_cli.overview_words import Language
from routing_engine.overview import DayRows, ExceptionRow, HolidayRow, Overview, SlotRow
from schedules.revisions import Revision
from schedules.slot_text import DAY_MINUTES, Status

WIDTH: Final = 80

_LABEL: Final = 20
_CELL_MINUTES: Final = 30
_STYLES: Final[Mapping[Status, str]] = {"open": "green", "break": "yellow", "closed": "red"}
_BLOCKS: Final[Mapping[Status, str]] = {
    "open": "\N{FULL BLOCK}",
    "break": "\N{MEDIUM SHADE}",
    "closed": "\N{MIDDLE DOT}",
}
_LETTERS: Final[Mapping[Status, str]] = {"open": "#", "break": "=", "closed": "."}

_Row = tuple[str | Text, str | Text]


def print_overview(overview: Overview, saved: Revision, language: Language) -> None:
    """Print all of a schedule, at most 80 columns wide; coloured only in a terminal."""
    console = Console(width=WIDTH, highlight=False)
    phrases = Phrases(language)
    bars = _LETTERS if console.options.ascii_only else _BLOCKS
    words = phrases.words
    console.print(Text(overview.schedule.name, style="bold"))
    _print_rows(console, _head(overview, saved, phrases))
    if overview.overrides:
        _print_part(console, words["overrides"], _overrides(overview, phrases))
    _print_part(console, words["week"], _week(overview, phrases, bars))
    title = f"{words['holidays']} ({words['next_first']})"
    _print_part(console, title, _holidays(overview, phrases, bars))
    for state in ("active", "draft", "expired"):
        rows = [row for row in overview.exceptions if row.state == state]
        if rows:
            title = f"{words['exceptions']}: {words[state].lower()}"
            _print_part(console, title, _exceptions(rows, phrases, bars))
    if not overview.exceptions:
        _print_part(console, words["exceptions"], [("", words["no_exceptions"])])
    _print_part(console, words["messages"], _messages(overview, phrases))
    _print_part(console, words["forwards"], _forwards(overview, phrases))


def bar_of(slots: DayRows, bars: Mapping[Status, str]) -> Text:
    """Return a day as one character per half hour: the status that has most of it."""
    statuses = [_status_in(slots, start) for start in range(0, DAY_MINUTES, _CELL_MINUTES)]
    runs = ((status, len(list(run))) for status, run in groupby(statuses))
    return Text.assemble(*((bars[status] * count, _STYLES[status]) for status, count in runs))


def _status_in(slots: DayRows, start: int) -> Status:
    """Return the status that has most of the cell that starts at a minute; of equals the first."""
    shares = dict.fromkeys((slot.lot.status for slot in slots), 0)
    for slot in slots:
        shares[slot.lot.status] += _overlap(slot, start)
    return max(shares, key=shares.__getitem__)


def _overlap(slot: SlotRow, start: int) -> int:
    return max(0, min(slot.end, start + _CELL_MINUTES) - max(slot.start, start))


def _print_part(console: Console, title: str, rows: Iterator[_Row] | list[_Row]) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    _print_rows(console, rows)


def _print_rows(console: Console, rows: Iterator[_Row] | list[_Row]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=_LABEL, overflow="fold")
    table.add_column(width=WIDTH - _LABEL - 4, overflow="fold")
    for label, told in rows:
        # Never markup: a name may hold brackets.
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in (label, told)))
    console.print(Padding(table, (0, 0, 0, 2)))


def _head(overview: Overview, saved: Revision, phrases: Phrases) -> Iterator[_Row]:
    schedule, words = overview.schedule, phrases.words
    zone = overview.at.tzinfo
    told = words["saved"].format(
        author=saved.author, moment=phrases.moment(saved.saved_at.astimezone(zone))
    )
    pairs = {
        "company": schedule.company,
        "numbers": ", ".join(map(str, schedule.numbers)) or words["not_linked"],
        "pbx": schedule.pbx,
        "timezone": schedule.timezone,
        "voicemail_email": schedule.voicemail_email,
        "template": phrases.template(schedule),
        "notes": schedule.notes,
        "revision": f"{overview.revision}, {told}",
    }
    yield from ((words[key], text) for key, text in pairs.items() if text)
    yield "", words["printed"].format(moment=phrases.moment(overview.at))


def _overrides(overview: Overview, phrases: Phrases) -> Iterator[_Row]:
    words = phrases.words
    for row in overview.overrides:
        state = words["in_force" if row.is_in_force else "coming"]
        yield row.title, Text(state, style="bold")
        from_at, until_at = phrases.moment(row.from_at), phrases.moment(row.until_at)
        yield "", f"{from_at} {words['until']} {until_at}"
        yield "", Text(phrases.line(row.lot), style=_STYLES[row.lot.status])


def _week(overview: Overview, phrases: Phrases, bars: Mapping[Status, str]) -> Iterator[_Row]:
    yield "", _legend(phrases, bars)
    yield "", "".join(f"{hour:<6}" for hour in range(0, 25, 3)).rstrip()
    for place, row in enumerate(overview.week):
        yield phrases.weekday(place), bar_of(row.slots, bars)
    for alike in days_alike(overview.week):
        yield "", ""
        yield from _slots(phrases.weekdays(alike.first, alike.last), alike.slots, phrases)


def _legend(phrases: Phrases, bars: Mapping[Status, str]) -> Text:
    legend = Text()
    for status in _STYLES:
        legend.append(f"{bars[status] * 2} {phrases.words[status]}", _STYLES[status]).append("   ")
    return legend


def _slots(label: str, slots: DayRows, phrases: Phrases) -> Iterator[_Row]:
    for place, slot in enumerate(slots):
        told = Text(f"{phrases.span(slot.start, slot.end):<12} ")
        told.append(phrases.line(slot.lot), _STYLES[slot.lot.status])
        yield label if place == 0 else "", told


def _holidays(overview: Overview, phrases: Phrases, bars: Mapping[Status, str]) -> Iterator[_Row]:
    for row in overview.holidays:
        yield phrases.holiday(row.rule.partition("/")[2]), _holiday_dates(row, overview, phrases)
        if row.is_on and row.slots is not None:
            yield from _day(row.slots, phrases, bars)


def _holiday_dates(row: HolidayRow, overview: Overview, phrases: Phrases) -> Text:
    told = Text(phrases.words["on" if row.is_on else "off"], style="bold" if row.is_on else "")
    if row.is_lustrum_only:
        told.append(f", {phrases.words['lustrum_only']}", "")
    for place, found in enumerate(sorted(row.dates, key=lambda found: found.day < row.next_day)):
        note = phrases.holiday_note(row, found, overview)
        told.append("; " if place else ": ", "not bold")
        told.append(phrases.day(found.day) + (f" ({note})" if note else ""), "not bold")
    return told


def _exceptions(
    rows: list[ExceptionRow], phrases: Phrases, bars: Mapping[Status, str]
) -> Iterator[_Row]:
    for row in rows:
        dates = ", ".join(map(phrases.dates, row.dates)) or phrases.words["no_dates"]
        yield row.title, dates
        yield from _day(row.slots, phrases, bars)


def _day(slots: DayRows, phrases: Phrases, bars: Mapping[Status, str]) -> Iterator[_Row]:
    """Yield a day's bar, where there is more than one slot to see, and its slots."""
    if len(slots) > 1:
        yield "", bar_of(slots, bars)
    yield from _slots("", slots, phrases)


def _messages(overview: Overview, phrases: Phrases) -> list[_Row]:
    words = phrases.words
    return [
        (
            message.name,
            words["audio-missing"]
            if message_id in overview.missing_messages
            else f"{message.sha256[:12]}...",
        )
        for message_id, message in overview.schedule.audio.items()
    ] or [("", words["no_messages"])]


def _forwards(overview: Overview, phrases: Phrases) -> list[_Row]:
    words = phrases.words
    return [
        (
            forward.name,
            f"{forward.number} ({words['forward-refused']})"
            if forward_id in overview.refused_forwards
            else forward.number,
        )
        for forward_id, forward in overview.schedule.forwards.items()
    ] or [("", words["no_forwards"])]
