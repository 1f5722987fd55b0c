"""What a change alters for callers: two tables of one schedule, compared instant by instant."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from routing_engine.decision import NOTICED, Outcome
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS

_FEWEST_REPETITIONS: Final = 3
_WEEK: Final = timedelta(days=7)

_Span = tuple[datetime, datetime]
_Repetition = tuple[str, timedelta, str]


class Difference(NamedTuple):
    """A span, in epoch seconds, in which callers notice a change; None where there is no table."""

    from_at: int
    until_at: int
    before: Outcome | None
    after: Outcome | None


def differences(
    before: IntervalTable | None, after: IntervalTable | None, from_at: int, until_at: int
) -> Iterator[Difference]:
    """Yield the spans in which status, action, message or target differ, in order.

    Neighbouring spans with the same change are one.
    """
    pending: Difference | None = None
    at = from_at
    while at < until_at:
        old = before.interval_at(at) if before is not None else None
        new = after.interval_at(at) if after is not None else None
        next_at = min([until_at, *(interval.until_at for interval in (old, new) if interval)])
        was, becomes = (old.outcome if old else None), (new.outcome if new else None)
        if _noticed(was) != _noticed(becomes):
            found = Difference(at, next_at, was, becomes)
            if pending is not None and _is_continued(pending, found):
                pending = pending._replace(until_at=next_at)
            else:
                if pending is not None:
                    yield pending
                pending = found
        elif before is not None and after is not None:
            next_at = max(next_at, _end_of_equal_days(before, after, at, until_at))
        at = next_at
    if pending is not None:
        yield pending


def _end_of_equal_days(before: IntervalTable, after: IntervalTable, at: int, until_at: int) -> int:
    """Return up to when nothing can differ, since the days from `at` on are equal in both tables.

    Most changes touch a few days of the year: the others need no look at each of their slots.
    """
    if before.overrides or after.overrides or before.zone is not after.zone:
        return at
    offset, offset_until = after.zone.offset_at(at)
    day = first = (at + offset) // DAY_SECONDS
    last = (until_at + offset) // DAY_SECONDS + 1
    while day < last and before.day_outcomes(day) == after.day_outcomes(day):
        day += 1
    return at if day == first else min(day * DAY_SECONDS - offset, offset_until, until_at)


def describe_differences(
    found: Iterable[Difference], table: IntervalTable, message_names: Mapping[str, str]
) -> list[str]:
    """Tell differences as sentences in the table's local time, weekly repetitions as one.

    `message_names` gives the name of each message by its file name.
    """
    groups: defaultdict[_Repetition, list[_Span]] = defaultdict(list)
    for difference in found:
        start, end = (_local(table, at) for at in (difference.from_at, difference.until_at))
        change = (
            f"{_describe(difference.before, message_names)} becomes "
            f"{_describe(difference.after, message_names)}"
        )
        groups[_weekly_span(start, end), end - start, change].append((start, end))
    lines = []
    for (weekly_span, length, change), spans in groups.items():
        for run in _weekly_runs(spans):
            if len(run) < _FEWEST_REPETITIONS or length > _WEEK:
                lines += [(start, f"{_span(start, end)}: {change}") for start, end in run]
                continue
            first, last = run[0][0], run[-1][0]
            times = f"{len(run)} times from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            lines.append((first, f"every {weekly_span} ({times}): {change}"))
    return [line for _, line in sorted(lines)]


def _weekly_runs(spans: list[_Span]) -> list[list[_Span]]:
    """Split spans, in order, wherever a week is left out: "every" must mean every."""
    runs: list[list[_Span]] = []
    for span in spans:
        if runs and span[0] - runs[-1][-1][0] == _WEEK:
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def _noticed(outcome: Outcome | None) -> object:
    return None if outcome is None else outcome[NOTICED]


def _is_continued(pending: Difference, found: Difference) -> bool:
    return (
        pending.until_at == found.from_at
        and _noticed(pending.before) == _noticed(found.before)
        and _noticed(pending.after) == _noticed(found.after)
    )


def _describe(outcome: Outcome | None, message_names: Mapping[str, str]) -> str:
    if outcome is None:
        return "no schedule"
    words = [str(outcome.status)]
    if outcome.audio:
        words.append(f"message {message_names.get(outcome.audio, outcome.audio)!r}")
    words.append(
        {
            "continue": "normal route",
            "forward": f"forward to {outcome.forward}",
            "voicemail": f"voicemail to {outcome.voicemail}",
            "hangup": "hang up",
        }[outcome.action]
    )
    return f"{words[0]} ({', '.join(words[1:])})"


def _local(table: IntervalTable, at: int) -> datetime:
    offset, _ = table.zone.offset_at(at)
    return datetime.fromtimestamp(at + offset, UTC)


def _weekly_span(start: datetime, end: datetime) -> str:
    return f"{start:%A} {_times(start, end, '%A')}"


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%a %Y-%m-%d} {_times(start, end, '%a %Y-%m-%d')}"


def _times(start: datetime, end: datetime, day_format: str) -> str:
    if start.date() == end.date():
        return f"{start:%H:%M}-{end:%H:%M}"
    if end == (start + timedelta(days=1)).replace(hour=0, minute=0, second=0):
        return f"{start:%H:%M}-24:00"
    return f"{start:%H:%M} to {end.strftime(day_format)} {end:%H:%M}"
