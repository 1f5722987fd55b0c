"""Pure edits of a schedule's days: weekly hours, exceptions, holidays and the template.

Each takes a `Schedule` and returns the edited one, judged as a whole: `InvalidScheduleError` has
every fault. A day is named by the rule that it belongs to: `week/mon`, `exceptions/open-dag`,
`holidays/koningsdag`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from schedules.carry_over import carry_over
from schedules.date_text import DateRange
from schedules.errors import ConflictError, NotFoundError, meant
from schedules.field_text import check_holiday_id, free_slug
from schedules.model import (
    CLOSED_ALL_DAY,
    DayPlan,
    ExceptionDays,
    HolidayRule,
    Schedule,
    Slot,
    WeeklyHours,
)

WEEKDAYS: Final = tuple(WeeklyHours.model_fields)

Every = Literal["year", "lustrum"]


def day_plan(schedule: Schedule, rule: str) -> DayPlan:
    """Return the slots of a day that was set up; raises `NotFoundError`.

    A holiday that isn't there is closed all day, as it will be once switched on (rule 14).
    """
    kind, _, name = rule.partition("/")
    if kind == "week" and name in WEEKDAYS:
        plan: DayPlan = getattr(schedule.week, name)
        return plan
    if kind == "exceptions":
        return find_exception(schedule, name).slots
    if kind == "holidays":
        holiday = schedule.holidays.get(check_holiday_id(name))
        return CLOSED_ALL_DAY if holiday is None else holiday.slots
    raise NotFoundError(f"{rule[:80]!r} is not a day; name one such as week/mon or exceptions/ID")


def with_days(schedule: Schedule, plans: Mapping[str, Sequence[Slot]]) -> Schedule:
    """Replace the slots of days, by rule; a holiday that isn't there is switched on with them."""
    week: dict[str, Any] = dict(schedule.week)
    exceptions = dict(schedule.exceptions)
    holidays = dict(schedule.holidays)
    for rule, slots in plans.items():
        day_plan(schedule, rule)
        kind, _, name = rule.partition("/")
        if kind == "week":
            week[name] = tuple(slots)
        elif kind == "exceptions":
            exceptions[name] = exceptions[name].model_copy(update={"slots": tuple(slots)})
        else:
            present = holidays.get(name, HolidayRule())
            holidays[name] = present.model_copy(update={"slots": tuple(slots)})
    return schedule.replace(
        week=WeeklyHours.model_construct(**week), exceptions=exceptions, holidays=holidays
    )


def copy_day(schedule: Schedule, source: str, targets: Iterable[str]) -> Schedule:
    """Give days the slots of another one; all are named by their rules."""
    return with_days(schedule, dict.fromkeys(targets, day_plan(schedule, source)))


def find_exception(schedule: Schedule, exception_id: str) -> ExceptionDays:
    """Return an exception; raises `NotFoundError`, which names those that look like it."""
    found = schedule.exceptions.get(exception_id)
    if found is None:
        remedy = meant(exception_id, schedule.exceptions, "see `exception list`")
        raise NotFoundError(f"{schedule.id} has no exception {exception_id[:80]!r}; {remedy}")
    return found


def add_exception(
    schedule: Schedule,
    exception_id: str,
    name: str,
    dates: Sequence[DateRange] = (),
    slots: Sequence[Slot] = CLOSED_ALL_DAY,
) -> Schedule:
    """Add an exception, a draft where it has no dates yet (semantics.md rules 8 and 9).

    Raises `ConflictError` when its id is taken.
    """
    if exception_id in schedule.exceptions:
        raise ConflictError(
            f"{schedule.id} has an exception {exception_id} already; edit that one, or give "
            "another id"
        )
    fields = {"name": name, "dates": tuple(dates), "slots": tuple(slots)}
    return schedule.replace(exceptions={**schedule.exceptions, exception_id: fields})


def copy_exception(source: Schedule, exception_id: str, target: Schedule) -> Schedule:
    """Add a copy of an exception to another schedule, under a free id (semantics.md rule 23).

    Messages and forwards go along, as `carry_over` does it.
    """
    copied = find_exception(source, exception_id)
    with_targets, slots = carry_over(copied.slots, source, target)
    chosen = free_slug(exception_id, target.exceptions)
    return add_exception(with_targets, chosen, copied.name, copied.dates, slots)


def edit_exception(schedule: Schedule, exception_id: str, **fields: object) -> Schedule:
    """Change `name`, `dates` (of `DateRange`) or `slots` of an exception."""
    present = find_exception(schedule, exception_id)
    changed = {**dict(present), **fields}
    return schedule.replace(exceptions={**schedule.exceptions, exception_id: changed})


def remove_exceptions(schedule: Schedule, exception_ids: Iterable[str]) -> Schedule:
    """Remove exceptions; a template that is one of them is unset (semantics.md rule 24)."""
    gone = set(exception_ids)
    for exception_id in gone:
        find_exception(schedule, exception_id)
    kept = {key: days for key, days in schedule.exceptions.items() if key not in gone}
    is_gone = schedule.template in {f"exceptions/{exception_id}" for exception_id in gone}
    return schedule.replace(exceptions=kept, template=None if is_gone else schedule.template)


def switch_on(
    schedule: Schedule, holiday_ids: Iterable[str], every: Every | None = None
) -> Schedule:
    """Switch holidays on, with the slots they have or else closed all day (rules 11 and 14).

    `every` is left as it is where none is given.
    """
    update: dict[str, object] = {"active": True} | ({} if every is None else {"every": every})
    return _with_holidays(schedule, holiday_ids, update)


def switch_off(schedule: Schedule, holiday_ids: Iterable[str]) -> Schedule:
    """Switch holidays off and keep their slots; one that was undecided is decided by this."""
    return _with_holidays(schedule, holiday_ids, {"active": False})


def _with_holidays(
    schedule: Schedule, holiday_ids: Iterable[str], update: Mapping[str, object]
) -> Schedule:
    changed = {
        check_holiday_id(one): {**dict(schedule.holidays.get(one, HolidayRule())), **update}
        for one in holiday_ids
    }
    return schedule.replace(holidays={**schedule.holidays, **changed})


def set_template(schedule: Schedule, rule: str | None) -> Schedule:
    """Choose the day that new exceptions begin with, or none (semantics.md rule 24)."""
    return schedule.replace(template=rule)


def template_slots(schedule: Schedule) -> DayPlan:
    """Return the slots a new exception begins with; raises `NotFoundError` without a template."""
    if schedule.template is None:
        raise NotFoundError(
            f"{schedule.id} has no template; choose one: "
            f"bereikbaar template set {schedule.id} week/mon"
        )
    return day_plan(schedule, schedule.template)
