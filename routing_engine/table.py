"""The two-level interval table of one schedule: day index, then the day's breakpoints."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from routing_engine.day_plan import DayRules, plan_day
from routing_engine.decision import Decision, Outcome, Reason
from routing_engine.zones import DAY_SECONDS, ZoneOffsets
from schedules.slot_text import DAY_MINUTES

# Yesterday to 400 days ahead, whatever the zone: a local day lies at most a day from UTC's.
HORIZON_DAYS: Final = 406

_REASONS: Final[dict[str, Reason]] = {
    "week": "weekly",
    "holidays": "holiday",
    "exceptions": "exception",
    "overrides": "override",
}


class DayProfile(NamedTuple):
    """One shape of day: `outcomes[i]` holds from minute `starts[i]` up to the next start."""

    starts: tuple[int, ...]
    outcomes: tuple[Outcome, ...]

    def slot_at(self, minute: int) -> tuple[int, int, Outcome]:
        """Return start, end and outcome of the slot that holds a minute of the day."""
        place = bisect_right(self.starts, minute)
        end = self.starts[place] if place < len(self.starts) else DAY_MINUTES
        return self.starts[place - 1], end, self.outcomes[place - 1]


class OverrideSpan(NamedTuple):
    """An override, from one instant up to, not including, another, in epoch seconds."""

    from_at: int
    until_at: int
    name: str
    title: str
    outcome: Outcome


class Interval(NamedTuple):
    """What holds from the instant asked for up to, not including, `until_at` (epoch seconds).

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


class IntervalTable:
    """All that decides one schedule's calls.

    `day_index[i]` is the rule that supplies day `first_day + i`, by its index in `rules.names`;
    `profiles` runs parallel to those names. Days outside the index are planned directly
    (semantics.md rule 18). `current` remembers the last decision while it holds; everything else
    never changes.
    """

    __slots__ = (
        "current",
        "day_index",
        "first_day",
        "numbers",
        "overrides",
        "profiles",
        "revision",
        "rules",
        "schedule",
        "schedule_name",
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
        rules: DayRules,
        profiles: tuple[DayProfile, ...],
        first_day: int,
        day_index: Sequence[int],
        overrides: tuple[OverrideSpan, ...],
    ) -> None:
        """Take the compiled parts as `compile_schedule` makes them."""
        self.schedule = schedule
        self.schedule_name = schedule_name
        self.revision = revision
        self.numbers = numbers
        self.zone = zone
        self.rules = rules
        self.profiles = profiles
        self.first_day = first_day
        self.day_index = day_index
        self.overrides = overrides
        self.current: Decision | None = None

    def rule_index(self, day: int) -> int:
        """Return which rule supplies a day, from the index or, outside it, planned directly."""
        place = day - self.first_day
        if 0 <= place < len(self.day_index):
            return self.day_index[place]
        return plan_day(self.rules, day)

    def profile_of(self, day: int) -> DayProfile:
        """Return the shape of a day, counted from 1970-01-01."""
        return self.profiles[self.rule_index(day)]

    def interval_at(self, at: int) -> Interval:
        """Return what holds at an instant: an override, else the slot on the wall clock."""
        next_override_at = None
        for override in self.overrides:
            if at < override.from_at:
                next_override_at = override.from_at
                break
            if at < override.until_at:
                return Interval(
                    override.until_at, override.name, override.title, None, None, override.outcome
                )
        interval = self.planned_interval_at(at)
        if next_override_at is not None and next_override_at < interval.until_at:
            return interval._replace(until_at=next_override_at)
        return interval

    def planned_interval_at(self, at: int) -> Interval:
        """Return what holds at an instant when overrides are left aside."""
        offset, offset_until = self.zone.offset_at(at)
        day, second = divmod(at + offset, DAY_SECONDS)
        rule = self.rule_index(day)
        start, end, outcome = self.profiles[rule].slot_at(second // 60)
        until_at = day * DAY_SECONDS + end * 60 - offset
        return Interval(
            min(until_at, offset_until),
            self.rules.names[rule],
            self.rules.titles[rule],
            day,
            (start, end),
            outcome,
        )

    def is_overridden_at(self, at: int) -> bool:
        """Tell whether an override is in force at an instant."""
        return any(override.from_at <= at < override.until_at for override in self.overrides)

    def wall_clock(self, at: int) -> tuple[int, int]:
        """Return the local day, counted from 1970-01-01, and the minute of it at an instant."""
        offset, _ = self.zone.offset_at(at)
        day, second = divmod(at + offset, DAY_SECONDS)
        return day, second // 60

    def intervals(self, from_at: int, until_at: int) -> Iterator[tuple[int, Interval]]:
        """Walk `(start, interval)` from one instant up to another, overrides included."""
        while from_at < until_at:
            interval = self.interval_at(from_at)
            yield from_at, interval
            from_at = interval.until_at
