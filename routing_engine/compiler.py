"""From a schedule to its interval table."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from typing import Final, TypeVar

from routing_engine.day_plan import RecurringRules, index_days, pack_spans
from routing_engine.decision import Outcome, TargetError
from routing_engine.table import HORIZON_DAYS, DayProfile, IntervalTable, OverrideSpan
from routing_engine.zones import zone_offsets
from schedules.date_text import epoch_day
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.holidays_nl import HOLIDAY_IDS, HOLIDAY_NAMES
from schedules.model import DayPlan, Schedule
from schedules.slot_text import DAY_MINUTES, Status, TreatmentLike

WEEKDAY_RULES: Final = tuple(
    f"week/{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
WEEKDAY_TITLES: Final = (
    "Maandag", "Dinsdag", "Woensdag", "Donderdag", "Vrijdag", "Zaterdag", "Zondag",
)  # fmt: skip

_KEPT: Final = 4_096
_START: Final = attrgetter("start")
_WORDS: Final = attrgetter("status", "audio", "forward", "voicemail")

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
    plans: list[DayPlan] = []
    recurring = _list_recurring(schedule, first_day, plans)
    labels, spans = _list_exceptions(schedule, plans)
    outcomes = _Outcomes(schedule, targets)
    shapes, profiles = _compile_profiles(plans, outcomes)
    overrides = _compile_overrides(schedule, outcomes)
    return IntervalTable(
        schedule=schedule.id,
        schedule_name=schedule.name,
        revision=revision,
        numbers=tuple(map(str, schedule.numbers)),
        zone=zone_offsets(schedule.timezone),
        recurring=recurring,
        exception_labels=labels,
        exception_spans=spans,
        shapes=shapes,
        profiles=profiles,
        outcomes=tuple(outcomes.found),
        overrides=overrides,
    )


def renew_table(table: IntervalTable, first_day: int) -> IntervalTable:
    """Index a table's days anew from `first_day` on; what the schedule says stays as it was."""
    holidays = table.recurring.holidays
    lustrum_only = tuple(holiday_id for holiday_id, (_, limited) in holidays.items() if limited)
    return IntervalTable(
        schedule=table.schedule,
        schedule_name=table.schedule_name,
        revision=table.revision,
        numbers=table.numbers,
        zone=table.zone,
        recurring=_recurring_rules(tuple(holidays), lustrum_only, first_day),
        exception_labels=table.exception_labels,
        exception_spans=table.exception_spans,
        shapes=table.shapes,
        profiles=table.profiles,
        outcomes=table.outcomes,
        overrides=table.overrides,
    )


def compile_outcome(treatment: TreatmentLike, schedule: Schedule, targets: TargetCheck) -> Outcome:
    """Return what a treatment does to the caller, its targets checked (rules 15 and 19).

    A forward that isn't allowed becomes voicemail where the schedule has an address, else the
    normal route for open and a hang-up for closed and break; a missing message stays silent.
    """
    if treatment.audio is None and treatment.forward is None and not treatment.voicemail:
        return _without_target(treatment.status)
    error: TargetError = ""
    audio = forward = ""
    email = schedule.voicemail_email or ""
    is_voicemail = treatment.voicemail
    if treatment.audio is not None:
        sha256 = schedule.audio[treatment.audio].sha256
        if targets.has_message(sha256):
            # Many schedules play the same message: kept once, and no longer than one of them is.
            audio = sys.intern(f"{sha256}.wav")
        else:
            error = "audio-missing"
    if treatment.forward is not None:
        forward = schedule.forwards[treatment.forward].number
        if forward_refusal(forward, schedule.forward_policy(targets.policy)) is not None:
            forward, error, is_voicemail = "", "forward-refused", bool(email)
    action = _without_target(treatment.status).action
    if forward:
        action = "forward"
    elif is_voicemail:
        action = "voicemail"
    voicemail = email if action == "voicemail" else ""
    return Outcome(treatment.status, action, audio, forward, voicemail, error)


@cache
def _without_target(status: Status) -> Outcome:
    """Return what a status alone does: one for all schedules, most of which have it."""
    return Outcome(status, "continue" if status == "open" else "hangup")


class _Outcomes:
    """The distinct outcomes of a schedule, numbered as they are met: slots repeat over the week."""

    def __init__(self, schedule: Schedule, targets: TargetCheck) -> None:
        self.found: list[Outcome] = []
        self._schedule = schedule
        self._targets = targets
        self._numbers: dict[tuple[object, ...], int] = {}

    def of(self, treatment: TreatmentLike) -> Outcome:
        """Return a treatment's outcome, which is among `found` then."""
        return self.found[self.number_of(treatment)]

    def number_of(self, treatment: TreatmentLike) -> int:
        """Return the number of a treatment's outcome."""
        words = _WORDS(treatment)
        number = self._numbers.get(words)
        if number is None:
            number = self._numbers[words] = len(self.found)
            self.found.append(compile_outcome(treatment, self._schedule, self._targets))
        return number


def _list_recurring(schedule: Schedule, first_day: int, plans: list[DayPlan]) -> RecurringRules:
    """List weekly hours and holidays, and add the day plan that each supplies."""
    week = schedule.week
    plans += (week.mon, week.tue, week.wed, week.thu, week.fri, week.sat, week.sun)
    holidays = schedule.holidays
    switched_on: list[str] = []
    lustrum_only: list[str] = []
    # In rank order, whatever order they were written in, so that more schedules share their index.
    for holiday_id in HOLIDAY_IDS:
        rule = holidays.get(holiday_id)
        if rule is not None and rule.active:
            switched_on.append(holiday_id)
            plans.append(rule.slots)
            if rule.every == "lustrum":
                lustrum_only.append(holiday_id)
    return _recurring_rules(tuple(switched_on), tuple(lustrum_only), first_day)


def _list_exceptions(
    schedule: Schedule, plans: list[DayPlan]
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return names and titles of exceptions and their packed spans, and add their day plans."""
    spans: list[tuple[int, int, int]] = []
    labels: list[tuple[str, str]] = []
    for exception_id, exception in schedule.exceptions.items():
        if dates := exception.dates:
            index = len(plans)
            spans += [(epoch_day(s.first), epoch_day(s.last), index) for s in dates]
            plans.append(exception.slots)
            labels.append(_exception_label(exception_id, exception.name))
    return (tuple(labels), pack_spans(spans)) if spans else ((), b"")


@lru_cache(maxsize=_KEPT)
def _exception_label(exception_id: str, name: str) -> tuple[str, str]:
    return f"exceptions/{exception_id}", name


@lru_cache(maxsize=_KEPT)
def _recurring_rules(
    switched_on: tuple[str, ...], lustrum_only: tuple[str, ...], first_day: int
) -> RecurringRules:
    """List and index weekly hours and holidays; shared by all schedules with the same ones."""
    rules = RecurringRules(
        WEEKDAY_RULES + tuple(f"holidays/{holiday_id}" for holiday_id in switched_on),
        WEEKDAY_TITLES + tuple(HOLIDAY_NAMES[holiday_id] for holiday_id in switched_on),
        {
            holiday_id: (index, holiday_id in lustrum_only)
            for index, holiday_id in enumerate(switched_on, start=len(WEEKDAY_RULES))
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
    shapes: list[int] = []
    for plan in plans:
        place = places.get(id(plan))
        if place is None:
            place = places[id(plan)] = len(profiles)
            profiles.append(_compile_day(plan, outcomes))
        shapes.append(place)
    return _share(_pack(shapes)), tuple(profiles)


def _compile_day(plan: DayPlan, outcomes: _Outcomes) -> DayProfile:
    """Compile one day; operators may write its slots in any order."""
    starts, pattern = [], []
    for slot in sorted(plan, key=_START):
        starts.append(slot.start)
        pattern.append(outcomes.number_of(slot))
    _, *later = starts
    return _profile((*later, DAY_MINUTES), _pack(pattern))


@lru_cache(maxsize=_KEPT)
def _profile(ends: tuple[int, ...], pattern: Sequence[int]) -> DayProfile:
    return DayProfile(ends, pattern)


def _pack(numbers: list[int]) -> Sequence[int]:
    """Keep small numbers as bytes, which a schedule's nearly always are."""
    try:
        return bytes(numbers)
    except ValueError:
        return tuple(numbers)


def _compile_overrides(schedule: Schedule, outcomes: _Outcomes) -> tuple[OverrideSpan, ...]:
    if not schedule.overrides:
        return ()
    return tuple(
        sorted(
            OverrideSpan(
                int(override.from_at.timestamp()),
                int(override.until_at.timestamp()),
                f"overrides/{override_id}",
                override.reason,
                outcomes.of(override.slot),
            )
            for override_id, override in schedule.overrides.items()
        )
    )


@lru_cache(maxsize=_KEPT)
def _share(value: _T) -> _T:
    """Return the one kept copy of equal values: schedules look alike, memory should know."""
    return value
