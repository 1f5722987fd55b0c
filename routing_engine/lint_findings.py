"""What lint can find, by stable codes, and what it looks at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from routing_engine.table import IntervalTable
from schedules.consistency import day_plans
from schedules.date_text import date_of
from schedules.model import Schedule, Slot

Severity = Literal["error", "warning", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
# Operators' scripts build on these words: they are added to, never changed. Gravest first.
CODES: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        "unreadable": "error",
        "forward-loop": "error",
        "forward-refused": "error",
        "audio-missing": "error",
        "expectation-fails": "error",
        "not-linked": "warning",
        "closed-silently": "warning",
        "break-outside-hours": "warning",
        "end-at-23-59": "warning",
        "one-minute-slot": "warning",
        "clock-change": "warning",
        "overnight-cut": "warning",
        "shadowed-exception": "warning",
        "undecided-holiday": "warning",
        "forward-to-linked": "warning",
        "shadowed-holiday": "info",
        "unused-forward": "info",
        "unused-message": "info",
        "expired-exception": "info",
        "past-override": "info",
        "past-expectation": "info",
    }
)
COMING_DAYS: Final = 365

_RANKS: Final = {code: rank for rank, code in enumerate(CODES)}
_DATES_TOLD: Final = 3


class Finding(NamedTuple):
    """One thing that lint found: at which place, what is wrong, what to do.

    `place` is a path into the document such as `week.mon[2]`; `also` are further places where the
    very same was found.
    """

    code: str
    place: str
    problem: str
    remedy: str
    also: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Every place at which it was found."""
        return self.place, *self.also

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return CODES[self.code]


class PlannedDay(NamedTuple):
    """A day that was set up: where it stands, and its slots in order of time.

    Each slot comes with its position as it was written.
    """

    place: str
    slots: Sequence[tuple[int, Slot]]


class Subject(NamedTuple):
    """What is judged: a schedule and its table, from an instant on (epoch seconds).

    `today` is the local day of that instant, counted from 1970-01-01; `days` holds each day that
    was set up by its rule.
    """

    schedule: Schedule
    table: IntervalTable
    at: int
    today: int
    days: Mapping[str, PlannedDay]

    def is_live(self, rule: str) -> bool:
        """Tell whether a day may yet decide a call: no expired exception, draft or holiday off."""
        kind, _, name = rule.partition("/")
        if kind == "exceptions":
            return next(self.dates_ahead(name), None) is not None
        return kind == "week" or self.schedule.holidays[name].active

    def dates_ahead(self, exception_id: str) -> Iterator[date]:
        """Yield the dates of an exception from today on."""
        today = date_of(self.today)
        spans = self.schedule.exceptions[exception_id].dates
        yield from (day for span in spans if span.last >= today for day in span if day >= today)


def subject_of(schedule: Schedule, table: IntervalTable, at: int) -> Subject:
    """Lay out a schedule for what judges it."""
    today, _ = table.wall_clock(at)
    days = {
        rule: PlannedDay(place, sorted(enumerate(slots), key=lambda pair: pair[1].start))
        for rule, place, slots in day_plans(schedule)
    }
    return Subject(schedule, table, at, today, days)


def arrange(found: Iterable[Finding]) -> list[Finding]:
    """Put the gravest first, and what was found alike at several places into one."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for one in found:
        alike.setdefault((one.code, one.problem, one.remedy), []).append(one)
    merged = [
        first._replace(also=first.also + tuple(place for other in others for place in other.places))
        for first, *others in alike.values()
    ]
    return sorted(merged, key=lambda one: _RANKS[one.code])


def format_days(days: Iterable[date]) -> str:
    """Write the first few dates, and how many more there are."""
    texts = [f"{day:%A} {day}" for day in days]
    more = len(texts) - _DATES_TOLD
    return ", ".join(texts[:_DATES_TOLD]) + (f" and {more} more" if more > 0 else "")
