"""What changes for callers, in sentences that a shopkeeper understands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from routing_engine.compare import Difference
from routing_engine.decision import Outcome, Reason
from routing_engine.local_text import OCCURRENCES
from routing_engine.repetitions import (
    WEEK,
    Repetition,
    expected_days,
    find_repetitions,
    stretches,
)
from routing_engine.table import Interval, IntervalTable
from routing_engine.wall_spans import Piece, WallSpan, wall_spans

_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time(0, tzinfo=UTC)
_WHOLE_WEEK: Final = 7
_FEWEST_IN_A_ROW: Final = 3
# Which of two rules a change is named after.
_PRECEDENCE: Final[tuple[Reason, ...]] = ("override", "exception", "holiday", "weekly")


class _Told(NamedTuple):
    """The exception, holiday or override that a change is named after, if any; and the change."""

    name: str
    change: str


class _Shape(NamedTuple):
    """What makes two spans repetitions of one another."""

    told: _Told
    start: time
    length: timedelta


def describe_differences(
    found: Iterable[Difference],
    before: IntervalTable | None,
    after: IntervalTable,
    names: Mapping[str, str],
    *,
    most_dates: int | None = None,
) -> list[str]:
    """Tell differences between two tables as sentences in the local time of the second, in order.

    A sentence holds whenever the clock shows a time within its span, also a time that comes twice,
    unless it says which. `names` gives the name of a message by its file name, and of a forward by
    its number. Of what a repetition leaves out at most `most_dates` dates or spans of dates are
    listed and the rest is counted; None lists all.
    """
    pieces = [
        Piece(
            difference.from_at,
            difference.until_at,
            _Told(
                _title_of(difference, before, after),
                describe_change(difference.before, difference.after, names),
            ),
        )
        for difference in found
    ]
    lines: list[tuple[datetime, str]] = []
    groups: defaultdict[_Shape, dict[date, datetime]] = defaultdict(dict)
    for span in wall_spans(pieces, after.zone):
        if any(span.occurrences):
            lines.append((span.start, _sentence(span.what, _dated(span))))
        else:
            shape = _Shape(span.what, span.start.timetz(), span.end - span.start)
            groups[shape][span.start.date()] = span.start
    for shape, starts in groups.items():
        for repetition in _repetitions(shape, list(starts)):
            when = _when(repetition, shape, most_dates)
            lines.append((starts[repetition.days[0]], _sentence(shape.told, when)))
    return [line for _, line in sorted(lines)]


def describe_change(before: Outcome | None, after: Outcome | None, names: Mapping[str, str]) -> str:
    """Say what becomes of a caller; where the status stays, only what else differs."""
    if before is None or after is None or before.status != after.status:
        return f"{_describe(before, names)} becomes {_describe(after, names)}"
    changes = []
    was, becomes = _route(before, names), _route(after, names)
    if was != becomes:
        # "voicemail to info@… instead of post@…"
        shared = f"{after.action} to " if before.action == after.action else ""
        changes.append(f"{becomes} instead of {was.removeprefix(shared)}")
    if before.audio != after.audio:
        changes.append(_message_change(before.audio, after.audio, names))
    return f"still {after.status}, but {' and '.join(changes)}"


def _message_change(was: str, becomes: str, names: Mapping[str, str]) -> str:
    old, new = names.get(was, was), names.get(becomes, becomes)
    if not was:
        return f"with message {new!r}"
    if not becomes:
        return f"without message {old!r}"
    return (
        f"another recording of message {new!r}"
        if old == new
        else (f"message {new!r} instead of {old!r}")
    )


def _describe(outcome: Outcome | None, names: Mapping[str, str]) -> str:
    if outcome is None:
        return "no schedule"
    audio = names.get(outcome.audio, outcome.audio)
    message = f"message {audio!r}, " if outcome.audio else ""
    return f"{outcome.status} ({message}{_route(outcome, names)})"


def _route(outcome: Outcome, names: Mapping[str, str]) -> str:
    number = outcome.forward
    return {
        "continue": "normal route",
        "forward": f"forward to {names[number]} {number}"
        if number in names
        else (f"forward to {number}"),
        "voicemail": f"voicemail to {outcome.voicemail}",
        "hangup": "hang up",
    }[outcome.action]


def _title_of(difference: Difference, before: IntervalTable | None, after: IntervalTable) -> str:
    """Return the title of the one exception, holiday or override behind all of a difference.

    Empty where weekly hours have a part in it.
    """
    titles: set[str] = set()
    at = difference.from_at
    while at < difference.until_at:
        intervals = [table.interval_at(at) for table in (after, before) if table is not None]
        strongest = min(intervals, key=_rank_of)
        titles.add("" if strongest.reason == "weekly" else strongest.title)
        if len(titles) > 1 or "" in titles:
            return ""
        at = min(interval.until_at for interval in intervals)
    return titles.pop()


def _rank_of(interval: Interval) -> int:
    return _PRECEDENCE.index(interval.reason)


def _repetitions(shape: _Shape, days: list[date]) -> list[Repetition]:
    if shape.length >= WEEK:
        return [Repetition("once", [day], []) for day in days]
    return find_repetitions(days)


def _sentence(told: _Told, when: str) -> str:
    name = f"{told.name}, " if told.name else ""
    return f"{name}{when}: {told.change}"


def _when(repetition: Repetition, shape: _Shape, most_dates: int | None) -> str:
    first, last = repetition.days[0], repetition.days[-1]
    start = datetime.combine(first, shape.start)
    span = WallSpan(start, start + shape.length, shape.told)
    if repetition.how == "once":
        return _dated(span)
    if repetition.how == "daily":
        return f"{_date(first)} to {_date(last)}, each day {_times(span, None)}"
    weekdays = repetition.weekdays
    day_format = "%A" if len(weekdays) == 1 else None
    left_out = _left_out(repetition, most_dates)
    count = f"{len(repetition.days)} times from {first} to {last}{left_out}"
    return f"every {_weekdays_text(first, weekdays)} {_times(span, day_format)} ({count})"


def _left_out(repetition: Repetition, most_dates: int | None) -> str:
    """List the dates that a repetition leaves out, those that follow on one another as one."""
    found = stretches(repetition.left_out, expected_days(repetition))
    told: list[str] = []
    for days in found[:most_dates]:
        is_long = len(days) >= _FEWEST_IN_A_ROW
        told += [f"{days[0]} to {days[-1]}"] if is_long else map(str, days)
    if more := sum(map(len, found[:0] if most_dates is None else found[most_dates:])):
        told.append(f"{more} more")
    return f"; not on {_listed(told)}" if told else ""


def _weekdays_text(some_day: date, weekdays: list[int]) -> str:
    monday = some_day - timedelta(days=some_day.weekday())
    names = [f"{monday + timedelta(days=weekday):%A}" for weekday in weekdays]
    if len(names) == _WHOLE_WEEK:
        return "day"
    is_in_a_row = weekdays[-1] - weekdays[0] == len(weekdays) - 1
    if is_in_a_row and len(names) >= _FEWEST_IN_A_ROW:
        return f"{names[0]} to {names[-1]}"
    return _listed(names)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _dated(span: WallSpan[_Told]) -> str:
    return f"{_date(span.start)} {_times(span, '%a %Y-%m-%d')}"


def _date(day: date) -> str:
    return f"{day:%a %Y-%m-%d}"


def _times(span: WallSpan[_Told], day_format: str | None) -> str:
    """Tell from when to when; another day of the end by its format, else by how much later it is.

    Midnight at the end is 24:00 of the day before it.
    """
    start, end, _, (first, last) = span
    is_midnight = end.timetz() == _MIDNIGHT and end.date() > start.date()
    end_day = end.date() - _DAY if is_midnight else end.date()
    days_later = (end_day - start.date()).days
    from_text = f"{start:%H:%M}{OCCURRENCES[first] if first != last else ''}"
    until_text = f"{'24:00' if is_midnight else f'{end:%H:%M}'}{OCCURRENCES[last]}"
    if days_later <= 0:
        return f"{from_text}-{until_text}"
    if day_format is not None:
        return f"{from_text} to {end_day.strftime(day_format)} {until_text}"
    return f"{from_text} to {until_text} " + (
        "the next day" if days_later == 1 else f"{days_later} days later"
    )
