"""From a schedule to its interval table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import Final, TypeVar

from routing_engine.day_plan import DayRules, RecurringRules, index_days, pack_spans
from routing_engine.decision import Action, Outcome, TargetError
from routing_engine.table import HORIZON_DAYS, DayProfile, IntervalTable, OverrideSpan
from routing_engine.zones import zone_offsets
from schedules.date_text import epoch_day
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.holidays_nl import HOLIDAY_IDS, HOLIDAY_NAMES
from schedules.model import DayPlan, Schedule, Treatment
from schedules.slot_text import DAY_MINUTES

WEEKDAY_RULES: Final = tuple(
    f"week/{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
WEEKDAY_TITLES: Final = (
    "Maandag", "Dinsdag", "Woensdag", "Donderdag", "Vrijdag", "Zaterdag", "Zondag",
)  # fmt: skip

_BYTE_LIMIT: Final = 256
_KEPT: Final = 4_096
# One object for each minute: numbers above 256 would be made anew for every day of every schedule.
_MINUTES: Final = tuple(range(DAY_MINUTES + 1))
_START: Final = attrgetter("start")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """What decides whether a forward or a message can be used now (semantics.md rule 19)."""

    policy: ForwardPolicy
    has_message: Callable[[str], bool]


def compile_schedule(
    schedule: Schedule, *, revision: int, first_day: int, targets: TargetCheck
) -> IntervalTable:
    """Compile a schedule for `HORIZON_DAYS` days from `first_day`, counted from 1970-01-01."""
    rules, plans = _list_rules(schedule, first_day)
    outcomes = _Outcomes(schedule, targets)
    shapes, profiles = _compile_profiles(plans, outcomes)
    overrides = _compile_overrides(schedule, outcomes)
    return IntervalTable(
        schedule=schedule.id,
        schedule_name=schedule.name,
        revision=revision,
        numbers=tuple(map(str, schedule.numbers)),
        zone=zone_offsets(schedule.timezone),
        rules=rules,
        shapes=shapes,
        profiles=profiles,
        outcomes=tuple(outcomes.found),
        overrides=overrides,
    )


def renew_table(table: IntervalTable, first_day: int) -> IntervalTable:
    """Index a table's days anew from `first_day` on; what the schedule says stays as it was."""
    switched_on = tuple(
        (holiday_id, is_lustrum_only)
        for holiday_id, (_, is_lustrum_only) in table.rules.recurring.holidays.items()
    )
    return IntervalTable(
        schedule=table.schedule,
        schedule_name=table.schedule_name,
        revision=table.revision,
        numbers=table.numbers,
        zone=table.zone,
        rules=replace(table.rules, recurring=_recurring_rules(switched_on, first_day)),
        shapes=table.shapes,
        profiles=table.profiles,
        outcomes=table.outcomes,
        overrides=table.overrides,
    )


def compile_outcome(treatment: Treatment, schedule: Schedule, targets: TargetCheck) -> Outcome:
    """Return what a treatment does to the caller, its targets checked (rules 15 and 19).

    A forward that isn't allowed becomes voicemail where the schedule has an address, else the
    normal route for open and a hang-up for closed and break; a missing message stays silent.
    """
    error: TargetError = ""
    audio = forward = ""
    email = schedule.voicemail_email or ""
    is_voicemail = treatment.voicemail
    if treatment.audio is not None:
        sha256 = schedule.audio[treatment.audio].sha256
        if targets.has_message(sha256):
            audio = f"{sha256}.wav"
        else:
            error = "audio-missing"
    if treatment.forward is not None:
        forward = schedule.forwards[treatment.forward].number
        if forward_refusal(forward, schedule.forward_policy(targets.policy)) is not None:
            forward, error, is_voicemail = "", "forward-refused", bool(email)
    action: Action = "continue" if treatment.status == "open" else "hangup"
    if forward:
        action = "forward"
    elif is_voicemail:
        action = "voicemail"
    return Outcome(
        treatment.status, action, audio, forward, email if action == "voicemail" else "", error
    )


class _Outcomes:
    """The distinct outcomes of a schedule, numbered as they are met: slots repeat over the week."""

    def __init__(self, schedule: Schedule, targets: TargetCheck) -> None:
        self.found: list[Outcome] = []
        self._schedule = schedule
        self._targets = targets
        self._numbers: dict[tuple[object, ...], int] = {}

    def number_of(self, treatment: Treatment) -> int:
        """Return the number of a treatment's outcome."""
        key = treatment.status, treatment.audio, treatment.forward, treatment.voicemail
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.found)
            outcome = compile_outcome(treatment, self._schedule, self._targets)
            self.found.append(_share(outcome))
        return number


def _list_rules(schedule: Schedule, first_day: int) -> tuple[DayRules, list[DayPlan]]:
    """Give every rule of the schedule an index, with the day plan it supplies."""
    week = schedule.week
    plans = [week.mon, week.tue, week.wed, week.thu, week.fri, week.sat, week.sun]
    switched_on: list[tuple[str, bool]] = []
    # In rank order, whatever order they were written in, so that more schedules share their index.
    for holiday_id in HOLIDAY_IDS:
        rule = schedule.holidays.get(holiday_id)
        if rule is not None and rule.active:
            switched_on.append((holiday_id, rule.every == "lustrum"))
            plans.append(rule.slots)
    recurring = _recurring_rules(tuple(switched_on), first_day)
    spans: list[tuple[int, int, int]] = []
    labels: list[str] = []
    for exception_id, exception in schedule.exceptions.items():
        if exception.dates:
            index = len(plans)
            spans += [(epoch_day(s.first), epoch_day(s.last), index) for s in exception.dates]
            plans.append(exception.slots)
            labels += _share(f"exceptions/{exception_id}"), _share(exception.name)
    if not spans:
        return _without_exceptions(recurring), plans
    return DayRules(recurring, tuple(labels), pack_spans(spans)), plans


@lru_cache(maxsize=_KEPT)
def _without_exceptions(recurring: RecurringRules) -> DayRules:
    return DayRules(recurring)


@lru_cache(maxsize=_KEPT)
def _recurring_rules(switched_on: tuple[tuple[str, bool], ...], first_day: int) -> RecurringRules:
    """List and index weekly hours and holidays; shared by all schedules with the same ones."""
    rules = RecurringRules(
        WEEKDAY_RULES + tuple(f"holidays/{holiday_id}" for holiday_id, _ in switched_on),
        WEEKDAY_TITLES + tuple(HOLIDAY_NAMES[holiday_id] for holiday_id, _ in switched_on),
        {
            holiday_id: (index, is_lustrum_only)
            for index, (holiday_id, is_lustrum_only) in enumerate(switched_on, start=7)
        },
    )
    return index_days(rules, first_day, HORIZON_DAYS)


def _compile_profiles(
    plans: Sequence[DayPlan], outcomes: _Outcomes
) -> tuple[Sequence[int], tuple[DayProfile, ...]]:
    """Compile each distinct plan once; equal texts were read as one and the same plan.

    Returns the place of each plan's profile, and the profiles.
    """
    places: dict[int, int] = {}
    profiles: list[DayProfile] = []
    for plan in plans:
        if id(plan) not in places:
            places[id(plan)] = len(profiles)
            # Operators may write a day's slots in any order.
            slots = sorted(plan, key=_START)
            ends = tuple([_MINUTES[slot.end] for slot in slots])
            pattern = _pack([outcomes.number_of(slot) for slot in slots])
            profiles.append(_share(DayProfile(ends, pattern)))
    return _share(_pack([places[id(plan)] for plan in plans])), tuple(profiles)


def _pack(numbers: list[int]) -> Sequence[int]:
    """Keep small numbers as bytes, which a schedule's nearly always are."""
    return bytes(numbers) if max(numbers) < _BYTE_LIMIT else tuple(numbers)


def _compile_overrides(schedule: Schedule, outcomes: _Outcomes) -> tuple[OverrideSpan, ...]:
    return tuple(
        sorted(
            OverrideSpan(
                int(override.from_at.timestamp()),
                int(override.until_at.timestamp()),
                f"overrides/{override_id}",
                override.reason,
                outcomes.found[outcomes.number_of(override.slot)],
            )
            for override_id, override in schedule.overrides.items()
        )
    )


@lru_cache(maxsize=_KEPT)
def _share(value: _T) -> _T:
    """Return the one kept copy of equal values: schedules look alike, memory should know."""
    return value
