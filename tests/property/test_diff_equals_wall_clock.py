"""What a change is said to alter for callers is what two plain readings differ in, no more."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_engine.caller_changes import caller_changes
from routing_engine.change_text import describe_change
from routing_engine.compare import Difference, differences
from routing_engine.compiler import TargetCheck
from routing_engine.decision import Outcome
from schedules.consistency import treatments
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import instant
from tests.oracle import DAY, MINUTE, Lot, Oracle
from tests.property.cases import Case, cases, lot_of

EXAMPLES: Final = settings().max_examples
QUARTER: Final = 15 * MINUTE
_STARTS = st.one_of(
    st.integers(instant("2026-01-01T00:00Z"), instant("2028-12-31T00:00Z")),
    # In the hour that comes twice, and on the day on which one is skipped.
    st.integers(instant("2026-10-25T02:00+02:00"), instant("2026-10-25T03:00+01:00")),
    st.integers(instant("2027-03-28T00:00Z"), instant("2027-03-28T03:00Z")),
).map(lambda at: at - at % QUARTER)

T = TypeVar("T")
Change = tuple[Lot, Lot]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Case, Case]:
    """Draw two schedules, or two states of one, under the same rules for forwards and messages."""
    before, after = draw(cases()), draw(cases())
    if draw(st.booleans()):
        after = _edited(before, after)
    missing = before.oracle.missing | after.oracle.missing
    schedules = before.schedule, after.schedule
    was, becomes = (Case(one, before.oracle.region, missing, "2026-01-01") for one in schedules)
    return was, becomes


def _edited(case: Case, other: Case) -> Case:
    """Change one weekday and an override, and leave out exceptions and holidays."""
    plan = next(iter(case.schedule.exceptions.values())).slots if case.schedule.exceptions else ()
    week = case.schedule.week.model_copy(update={"wed": plan or case.schedule.week.sun})
    overrides = dict(list(case.schedule.overrides.items())[1:])
    schedule = case.schedule.replace(week=week, exceptions={}, template=None, overrides=overrides)
    return Case(schedule, case.oracle.region, other.oracle.missing, "2026-01-01")


def compared(before: Case, after: Case, at: int) -> tuple[list[Difference], list[str]]:
    """Compare the year from an instant on, as `bereikbaar diff` does."""
    missing = before.oracle.missing
    targets = TargetCheck(
        ForwardPolicy(region=before.oracle.region), lambda sha256: sha256 not in missing
    )
    return caller_changes(before.schedule, after.schedule, targets, at)


def year_from(at: int, zone: ZoneInfo) -> int:
    """Return the midnight at which the compared year ends."""
    day = datetime.fromtimestamp(at + 365 * DAY, zone).date()
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def expected_changes(
    before: Oracle, after: Oracle, from_at: int, until_at: int
) -> list[Change | None]:
    """Compare two oracles minute by minute; None where nothing differs."""
    one_of: dict[Change, Change] = {}
    changes: list[Change | None] = []
    lots = zip(before.lots(from_at, until_at), after.lots(from_at, until_at), strict=True)
    for change in lots:
        was, becomes = change
        is_same = was is becomes or was == becomes
        # One object for equal changes makes comparing years of them quick.
        changes.append(None if is_same else one_of.setdefault(change, change))
    return changes


def spread(spans: Iterable[tuple[int, int, T]], from_at: int, until_at: int) -> list[T | None]:
    """Lay spans out over the minutes they cover, checking that no two cover the same."""
    minutes: list[T | None] = [None] * ((until_at - from_at) // MINUTE)
    for start, end, what in spans:
        covered = slice((start - from_at) // MINUTE, (end - from_at) // MINUTE)
        count = (end - start) // MINUTE
        assert minutes[covered] == [None] * count, what
        minutes[covered] = [what] * count
    return minutes


def changes_of(spans: Sequence[Difference]) -> list[tuple[int, int, Change]]:
    """Put differences in the oracle's words, checking that no two could be one."""
    found: list[tuple[int, int, Change]] = []
    for span in spans:
        assert span.before is not None
        assert span.after is not None
        change = lot_of(span.before), lot_of(span.after)
        assert not found or found[-1][1] < span.from_at or found[-1][2] != change
        found.append((span.from_at, span.until_at, change))
    return found


# How sentences say when, read back without the code that wrote them.
_OCCURRENCE: Final = r"(?: \((first|second) time\))?"
_WEEKDAY: Final = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DATED: Final = r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d"
_TIMES: Final = (
    rf"(?P<start>\d\d:\d\d){_OCCURRENCE}"
    rf"(?:-| to (?P<end_day>{_WEEKDAY}|{_DATED})? ?)"
    rf"(?P<end>\d\d:\d\d){_OCCURRENCE}"
    r"(?: (?P<later>the next day|\d days later))?"
)
_WEEKLY: Final = re.compile(
    rf"(?:.*, )?every (?P<days>day|{_WEEKDAY}(?:(?:, | and | to ){_WEEKDAY})*) {_TIMES} "
    r"\((?P<count>\d+) times from (?P<first>[\d-]{10}) to (?P<last>[\d-]{10})"
    r"(?:; not on (?P<left_out>[^)]+))?\): (?P<change>.*)",
    re.DOTALL,
)
_DAILY: Final = re.compile(
    rf"(?:.*, )?(?P<first>{_DATED}) to (?P<last>{_DATED}), each day {_TIMES}: (?P<change>.*)",
    re.DOTALL,
)
_ONCE: Final = re.compile(rf"(?:.*, )?(?P<first>{_DATED}) {_TIMES}: (?P<change>.*)", re.DOTALL)
_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PASS: Final = {None: None, "first": 0, "second": 1}


class SentenceReader:
    """Reads sentences back as spans, by the wall clock of a zone from one instant to another."""

    def __init__(self, zone: ZoneInfo, from_at: int, until_at: int) -> None:
        """Note which instants each quarter of the wall clock, as if it were UTC, stands for."""
        self.instants: dict[int, list[int]] = {}
        for quarter in range(from_at, until_at, QUARTER):
            local = datetime.fromtimestamp(quarter, zone)
            shown = int(local.replace(tzinfo=UTC).timestamp())
            self.instants.setdefault(shown, []).append(quarter)

    def spans(self, sentence: str) -> Iterator[tuple[int, int, str]]:
        """Yield the spans that a sentence covers, with the change it tells."""
        match = next(
            match
            for pattern in (_WEEKLY, _DAILY, _ONCE)
            if (match := pattern.fullmatch(sentence)) is not None
        )
        for day in _days_told(match):
            start = datetime.combine(day, time.fromisoformat(match["start"]), UTC)
            end = _end_told(match, start)
            shown = int(start.timestamp()), int(end.timestamp())
            # The occurrences are the two groups without a name.
            occurrences = [_PASS[text] for text in _occurrences(match)]
            for from_at, until_at in self._between(*shown, *occurrences):
                yield from_at, until_at, match["change"]

    def _between(
        self, start: int, end: int, first: int | None, last: int | None
    ) -> Iterator[tuple[int, int]]:
        if first is None and last is None:
            for shown in range(start - start % QUARTER, end, QUARTER):
                within = max(start - shown, 0), min(end - shown, QUARTER)
                for at in self.instants.get(shown, ()):
                    yield at + within[0], at + within[1]
            return
        starts, ends = self._instants_at(start), self._instants_at(end - MINUTE)
        # Said once at the end, it is meant for a beginning that comes twice as well.
        place = first if first is not None or len(starts) == 1 else last
        yield starts[place or 0], ends[-1 if last is None else last] + MINUTE

    def _instants_at(self, shown: int) -> list[int]:
        into = shown % QUARTER
        return [at + into for at in self.instants[shown - into]]


def _occurrences(match: "re.Match[str]") -> list[str | None]:
    named = set(match.re.groupindex.values())
    return [match[place] for place in range(1, match.re.groups + 1) if place not in named]


def _days_told(match: "re.Match[str]") -> list[date]:
    groups = match.groupdict()
    first = date.fromisoformat(groups["first"][-10:])
    last = date.fromisoformat((groups.get("last") or groups["first"])[-10:])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if match.re is not _WEEKLY:
        for text in (groups["first"], groups.get("last")):
            assert text is None or f"{date.fromisoformat(text[-10:]):%a}" == text[:3]
        return days
    weekdays = _weekdays_told(groups["days"])
    days = [day for day in days if day.weekday() in weekdays]
    for text in re.findall(r"[\d-]{10}(?: to [\d-]{10})?", groups["left_out"] or ""):
        out_first, out_last = date.fromisoformat(text[:10]), date.fromisoformat(text[-10:])
        days = [day for day in days if not out_first <= day <= out_last]
    assert len(days) == int(groups["count"])
    return days


def _weekdays_told(text: str) -> set[int]:
    if text == "day":
        return set(range(7))
    named = [_NAMES.index(name) for name in re.findall(_WEEKDAY, text)]
    return set(range(named[0], named[1] + 1)) if " to " in text else set(named)


def _end_told(match: "re.Match[str]", start: datetime) -> datetime:
    hour, minute = map(int, match["end"].split(":"))
    midnight = datetime.combine(start.date(), time(), UTC)
    if (end_day := match["end_day"]) is not None:
        if end_day in _NAMES:
            midnight += timedelta(days=(_NAMES.index(end_day) - start.weekday()) % 7)
        else:
            midnight = datetime.combine(date.fromisoformat(end_day[-10:]), time(), UTC)
    elif (later := match["later"]) is not None:
        midnight += timedelta(days=1 if later == "the next day" else int(later[0]))
    return midnight + timedelta(hours=hour, minutes=minute)


def names_in(schedule: Schedule) -> dict[str, str]:
    """Return what messages and numbers are called; a number that several slots name by several
    forwards is called by all their names.
    """
    names = {f"{one.sha256}.wav": one.name for one in schedule.audio.values()}
    in_use = {treatment.forward for _, treatment in treatments(schedule)}
    for forward_id, one in schedule.forwards.items():
        if forward_id in in_use:
            names[one.number] = (
                f"{names[one.number]} / {one.name}" if one.number in names else one.name
            )
    return names


def check_year(before: Case, after: Case, at: int) -> None:
    """Check differences and sentences of a year against the oracles, minute by minute."""
    zone = after.oracle.zone
    until_at = year_from(at, zone)
    expected = expected_changes(before.oracle, after.oracle, at, until_at)
    found, sentences = compared(before, after, at)
    assert spread(changes_of(found), at, until_at) == expected
    names = names_in(before.schedule) | names_in(after.schedule)
    texts = {
        change: describe_change(_outcome(change[0]), _outcome(change[1]), names)
        for change in set(expected)
        if change is not None
    }
    reader = SentenceReader(zone, at - 2 * DAY, until_at + 2 * DAY)
    told = [span for sentence in sentences for span in reader.spans(sentence)]
    assert spread(told, at, until_at) == [change and texts[change] for change in expected]


def _outcome(lot: Lot) -> Outcome:
    return Outcome(*lot)  # type: ignore[arg-type]


@settings(max_examples=EXAMPLES // 5)
@given(pair=pairs(), at=_STARTS)
def test_a_diff_is_what_two_wall_clocks_differ_in(pair: tuple[Case, Case], at: int) -> None:
    """Each minute of a year: in the spans, and in the sentences read back, and in no others."""
    check_year(*pair, at)


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(pair=pairs(), at=_STARTS)
def test_many_diffs_are_what_two_wall_clocks_differ_in(pair: tuple[Case, Case], at: int) -> None:
    """The same for many more pairs."""
    check_year(*pair, at)


@settings(max_examples=EXAMPLES // 2)
@given(pair=pairs(), at=_STARTS)
def test_differences_of_a_few_days_are_those_of_two_wall_clocks(
    pair: tuple[Case, Case], at: int
) -> None:
    """Many more pairs, where something often happens."""
    before, after = pair
    until_at = at + 3 * DAY
    found = changes_of(list(differences(before.table, after.table, at, until_at)))
    expected = expected_changes(before.oracle, after.oracle, at, until_at)
    assert spread(found, at, until_at) == expected


@given(case=cases(), at=_STARTS)
def test_equal_schedules_differ_nowhere(case: Case, at: int) -> None:
    """Neither in a span nor in a sentence; also of one that is written otherwise."""
    again = Case(
        case.schedule.replace(name="Anders", notes="Anders", numbers=()),
        case.oracle.region,
        case.oracle.missing,
        "2026-01-01",
    )
    assert compared(case, case, at) == ([], [])
    assert compared(case, again, at) == ([], [])
    assert list(differences(case.table, again.table, at, at + 400 * DAY)) == []


@given(case=cases(), at=_STARTS)
def test_a_year_of_the_oracle_is_what_it_says_minute_by_minute(case: Case, at: int) -> None:
    """`lots` is a shorter way to `lot`, which is written from the rules."""
    lots = case.oracle.lots(at, at + 2 * DAY)
    assert lots == [case.oracle.lot(minute) for minute in range(at, at + 2 * DAY, MINUTE)]
