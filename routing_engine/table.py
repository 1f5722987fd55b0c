"""The two-level interval table of one schedule: day index, then the day's breakpoints."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, NamedTuple

from routing_engine.day_plan import DayRules, RecurringRules, plan_day
from routing_engine.decision import Decision, Outcome, Reason
from routing_engine.zones import DAY_SECONDS, ZoneOffsets

# Yesterday to 400 days ahead, whatever the zone: a local day lies at most a day from UTC's.
HORIZON_DAYS: Final = 406
# West of Greenwich local yesterday is the day before yesterday in UTC (semantics.md rule 18).
_DAYS_BEFORE: Final = 2

_UNTIL: Final = attrgetter("until_at")

_REASONS: Final[dict[str, Reason]] = {
    "week": "weekly",
    "holidays": "holiday",
    "exceptions": "exception",
    "overrides": "override",
}


def first_day_for(at: int) -> int:
    """Return the first day to index for tables made at an instant, in epoch seconds."""
    return at // DAY_SECONDS - _DAYS_BEFORE


class DayProfile(NamedTuple):
    """One shape of day, shared by all schedules that have it.

    Up to minute `ends[i]`, from where the slot before it ends, holds the outcome with number
    `pattern[i]` among its schedule's.
    """

    ends: tuple[int, ...]
    pattern: Sequence[int]

    def slot_at(self, minute: int) -> tuple[int, int, int]:
        """Return start, end and outcome number of the slot that holds a minute of the day."""
        place = bisect_right(self.ends, minute)
        start = self.ends[place - 1] if place else 0
        return start, self.ends[place], self.pattern[place]


class OverrideSpan(NamedTuple):
    """An override, from one instant up to, not including, another, in epoch seconds."""

    from_at: int
    until_at: int
    name: str
    title: str
    outcome: Outcome


@dataclass(slots=True)
class Interval:
    """What holds from the instant asked for up to, not including, `until_at` (epoch seconds).

    Never changes once made; not frozen, since that would double the cost of making one.
    `day` counts from 1970-01-01 and `slot` is a span of its minutes; an override has neither.
    """

    until_at: int
    rule: str
    title: str
    day: int | None
    slot: tuple[int, int] | None
    outcome: Outcome

    @property
    def reason(self) -> Reason:
        """Which kind of rule holds."""
        return _REASONS[self.rule.partition("/")[0]]


class IntervalTable(DayRules):
    """All that decides one schedule's calls.

    It is its schedule's day rules, which as an object of their own would take 64 bytes more.
    `shapes[index]` is the place of a rule's day in `profiles`, whose numbers point into
    `outcomes`, where those of overrides stand too. `overrides` are in order and don't overlap.
    `current` remembers the last decision while it holds; the rest never changes.
    """

    __slots__ = (
        "current",
        "numbers",
        "outcomes",
        "overrides",
        "profiles",
        "revision",
        "schedule",
        "schedule_name",
        "shapes",
        "zone",
    )

    def __init__(  # noqa: PLR0913 - one value per column of the table
        self,
        *,
        schedule: str,
        schedule_name: str,
        revision: int,
        numbers: tuple[str, ...],
        zone: ZoneOffsets,
        recurring: RecurringRules,
        exception_labels: tuple[tuple[str, str], ...],
        exception_spans: bytes,
        shapes: Sequence[int],
        profiles: tuple[DayProfile, ...],
        outcomes: tuple[Outcome, ...],
        overrides: tuple[OverrideSpan, ...],
    ) -> None:
        """Take the compiled parts as `compile_schedule` makes them."""
        self.recurring = recurring
        self.exception_labels = exception_labels
        self.exception_spans = exception_spans
        self.schedule = schedule
        self.schedule_name = schedule_name
        self.revision = revision
        self.numbers = numbers
        self.zone = zone
        self.shapes = shapes
        self.profiles = profiles
        self.outcomes = outcomes
        self.overrides = overrides
        self.current: Decision | None = None

    def rule_on(self, day: int) -> tuple[str, str]:
        """Return name and title of the rule that supplies a day, counted from 1970-01-01."""
        return self.name_and_title(plan_day(self, day))

    def day_outcomes(self, day: int) -> list[tuple[int, Outcome]]:
        """Return `(end minute, outcome)` of each slot of a day, counted from 1970-01-01."""
        profile = self.profiles[self.shapes[plan_day(self, day)]]
        outcomes = [self.outcomes[number] for number in profile.pattern]
        return list(zip(profile.ends, outcomes, strict=True))

    def slot_outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of every slot and override that was set up."""
        for shape in self.shapes:
            yield from (self.outcomes[number] for number in self.profiles[shape].pattern)
        yield from (override.outcome for override in self.overrides)

    def interval_at(self, at: int) -> Interval:
        """Return what holds at an instant: an override, else the slot on the wall clock."""
        override = self._override_from(at) if self.overrides else None
        if override is None:
            return self.planned_interval_at(at)
        if override.from_at <= at:
            return Interval(
                override.until_at, override.name, override.title, None, None, override.outcome
            )
        interval = self.planned_interval_at(at)
        if override.from_at < interval.until_at:
            return replace(interval, until_at=override.from_at)
        return interval

    def outcome_at(self, at: int) -> tuple[Outcome, int]:
        """Return what happens to a caller at an instant, and up to when: `interval_at` in brief."""
        override = self._override_from(at) if self.overrides else None
        if override is not None and override.from_at <= at:
            return override.outcome, override.until_at
        _, _, _, outcome, until_at = self._slot_on_clock(at)
        return outcome, until_at if override is None else min(until_at, override.from_at)

    def planned_interval_at(self, at: int) -> Interval:
        """Return what holds at an instant when overrides are left aside."""
        day, rule, slot, outcome, until_at = self._slot_on_clock(at)
        name, title = self.name_and_title(rule)
        return Interval(until_at, name, title, day, slot, outcome)

    def _override_from(self, at: int) -> OverrideSpan | None:
        """Return the override in force at an instant, else the next one."""
        place = bisect_right(self.overrides, at, key=_UNTIL)
        return self.overrides[place] if place < len(self.overrides) else None

    def _slot_on_clock(self, at: int) -> tuple[int, int, tuple[int, int], Outcome, int]:
        """Return day, rule, span and outcome of the slot at an instant, and up to when it holds."""
        offset, offset_until = self.zone.offset_at(at)
        day, second = divmod(at + offset, DAY_SECONDS)
        rule = plan_day(self, day)
        start, end, number = self.profiles[self.shapes[rule]].slot_at(second // 60)
        until_at = day * DAY_SECONDS + end * 60 - offset
        if offset_until < until_at:  # noqa: PLR1730 - calling `min` would cost a decision 5 %
            until_at = offset_until
        return day, rule, (start, end), self.outcomes[number], until_at

    def slot_at(self, rule: int, minute: int) -> tuple[int, int, Outcome]:
        """Return start, end and outcome of the slot that a rule has at a minute of the day."""
        start, end, number = self.profiles[self.shapes[rule]].slot_at(minute)
        return start, end, self.outcomes[number]

    def is_overridden_at(self, at: int) -> bool:
        """Tell whether an override is in force at an instant."""
        override = self._override_from(at)
        return override is not None and override.from_at <= at

    def wall_clock(self, at: int) -> tuple[int, int]:
        """Return the local day, counted from 1970-01-01, and the minute of it at an instant."""
        offset, _ = self.zone.offset_at(at)
        day, second = divmod(at + offset, DAY_SECONDS)
        return day, second // 60
