"""From a schedule to its interval table."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Final, TypeVar

from routing_engine.day_plan import DayRules, holiday_days, plan_day, weekday_of
from routing_engine.decision import Action, Outcome, TargetError
from routing_engine.table import HORIZON_DAYS, DayProfile, IntervalTable, OverrideSpan
from routing_engine.zones import zone_offsets
from schedules.date_text import epoch_day
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.holidays_nl import HOLIDAY_NAMES
from schedules.model import DayPlan, Schedule, Treatment

WEEKDAY_RULES: Final = tuple(
    f"week/{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
WEEKDAY_TITLES: Final = (
    "Maandag", "Dinsdag", "Woensdag", "Donderdag", "Vrijdag", "Zaterdag", "Zondag",
)  # fmt: skip

_BYTE_LIMIT: Final = 256
_KEPT: Final = 65_536
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
    rules, plans = _list_rules(schedule)
    outcome_of = _outcome_finder(schedule, targets)
    return IntervalTable(
        schedule=schedule.id,
        schedule_name=schedule.name,
        revision=revision,
        numbers=tuple(map(str, schedule.numbers)),
        zone=zone_offsets(schedule.timezone),
        rules=rules,
        profiles=_compile_profiles(plans, outcome_of),
        first_day=first_day,
        day_index=_index_days(rules, first_day),
        overrides=_compile_overrides(schedule, outcome_of),
    )


def renew_table(table: IntervalTable, first_day: int) -> IntervalTable:
    """Index a table's days anew from `first_day` on; what the schedule says stays as it was."""
    return IntervalTable(
        schedule=table.schedule,
        schedule_name=table.schedule_name,
        revision=table.revision,
        numbers=table.numbers,
        zone=table.zone,
        rules=table.rules,
        profiles=table.profiles,
        first_day=first_day,
        day_index=_index_days(table.rules, first_day),
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


def _outcome_finder(schedule: Schedule, targets: TargetCheck) -> Callable[[Treatment], Outcome]:
    """Compile each treatment of the schedule once: slots repeat over the week."""
    known: dict[tuple[object, ...], Outcome] = {}

    def outcome_of(treatment: Treatment) -> Outcome:
        key = treatment.status, treatment.audio, treatment.forward, treatment.voicemail
        outcome = known.get(key)
        if outcome is None:
            outcome = known[key] = _share(compile_outcome(treatment, schedule, targets))
        return outcome

    return outcome_of


def _list_rules(schedule: Schedule) -> tuple[DayRules, list[DayPlan]]:
    """Give every rule of the schedule an index, with the day plan it supplies."""
    week = schedule.week
    plans = [week.mon, week.tue, week.wed, week.thu, week.fri, week.sat, week.sun]
    switched_on: list[tuple[str, bool]] = []
    for holiday_id, rule in schedule.holidays.items():
        if rule.active:
            switched_on.append((holiday_id, rule.every == "lustrum"))
            plans.append(rule.slots)
    rules = _recurring_rules(tuple(switched_on))
    dated = {key: days for key, days in schedule.exceptions.items() if days.dates}
    if not dated:
        return rules, plans
    exceptions: dict[int, int] = {}
    for index, exception in enumerate(dated.values(), start=len(plans)):
        for span in exception.dates:
            first = epoch_day(span.first)
            exceptions.update(dict.fromkeys(range(first, first + len(span)), index))
    plans.extend(exception.slots for exception in dated.values())
    names = rules.names + tuple(f"exceptions/{exception_id}" for exception_id in dated)
    titles = rules.titles + tuple(exception.name for exception in dated.values())
    return DayRules(names, titles, rules.holidays, exceptions), plans


@lru_cache(maxsize=_KEPT)
def _recurring_rules(switched_on: tuple[tuple[str, bool], ...]) -> DayRules:
    """List weekly hours and holidays; shared by all schedules with the same holidays."""
    return DayRules(
        WEEKDAY_RULES + tuple(f"holidays/{holiday_id}" for holiday_id, _ in switched_on),
        WEEKDAY_TITLES + tuple(HOLIDAY_NAMES[holiday_id] for holiday_id, _ in switched_on),
        {
            holiday_id: (index, is_lustrum_only)
            for index, (holiday_id, is_lustrum_only) in enumerate(switched_on, start=7)
        },
        MappingProxyType({}),
    )


def _index_days(rules: DayRules, first_day: int) -> Sequence[int]:
    """Return the rule of each day of the horizon."""
    recurring = _recurring_index(tuple(rules.holidays.items()), first_day)
    if not rules.exceptions:
        return recurring
    fits_bytes = len(rules.names) <= _BYTE_LIMIT
    index = bytearray(recurring) if fits_bytes else array("H", list(recurring))
    for day in rules.exceptions:
        if 0 <= day - first_day < HORIZON_DAYS:
            index[day - first_day] = plan_day(rules, day)
    return bytes(index) if isinstance(index, bytearray) else index


@lru_cache(maxsize=_KEPT)
def _recurring_index(
    switched_on: tuple[tuple[str, tuple[int, bool]], ...], first_day: int
) -> bytes:
    """Lay the weekly hours over the horizon, then plan the days on which a holiday may fall."""
    rules = _recurring_rules(tuple((holiday_id, rule[1]) for holiday_id, rule in switched_on))
    index = bytearray(weekday_of(first_day + place) for place in range(HORIZON_DAYS))
    for day in holiday_days(first_day, first_day + HORIZON_DAYS - 1):
        index[day - first_day] = plan_day(rules, day)
    return bytes(index)


def _compile_profiles(
    plans: Iterable[DayPlan], outcome_of: Callable[[Treatment], Outcome]
) -> tuple[DayProfile, ...]:
    known: dict[tuple[int, ...], DayProfile] = {}
    profiles = []
    for plan in plans:
        # Equal texts of slots are read as one and the same slot.
        key = tuple(map(id, plan))
        profile = known.get(key)
        if profile is None:
            # Operators may write a day's slots in any order.
            slots = sorted(plan, key=_START)
            starts = _share(tuple([slot.start for slot in slots]))
            profile = _share(DayProfile(starts, tuple([outcome_of(slot) for slot in slots])))
            known[key] = profile
        profiles.append(profile)
    return tuple(profiles)


def _compile_overrides(
    schedule: Schedule, outcome_of: Callable[[Treatment], Outcome]
) -> tuple[OverrideSpan, ...]:
    return tuple(
        sorted(
            OverrideSpan(
                int(override.from_at.timestamp()),
                int(override.until_at.timestamp()),
                f"overrides/{override_id}",
                override.reason,
                outcome_of(override.slot),
            )
            for override_id, override in schedule.overrides.items()
        )
    )


@lru_cache(maxsize=_KEPT)
def _share(value: _T) -> _T:
    """Return the one kept copy of equal values: schedules look alike, memory should know."""
    return value
