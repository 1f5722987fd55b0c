"""Why a decision came out as it did: the winner, every rule that lost, and why."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Final, NamedTuple

from routing_engine.day_plan import candidates
from routing_engine.local_text import format_local
from routing_engine.table import IntervalTable, OverrideSpan
from routing_engine.zones import DAY_SECONDS
from schedules.date_text import date_of, epoch_day
from schedules.holidays_nl import (
    HOLIDAY_IDS,
    HOLIDAY_NAMES,
    holidays_by_day,
    is_lustrum,
    moved_from,
    moved_to,
)
from schedules.slot_text import format_minute

# Overrides are kept for good: those further away would hide the rest.
_NEAR_SECONDS: Final = 7 * DAY_SECONDS
_FIRST_DAY: Final = epoch_day(date.min)
_LAST_DAY: Final = epoch_day(date.max)
_KINDS: Final = {"overrides": "override", "exceptions": "exception", "holidays": "holiday"}
_WEEKDAYS: Final = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


class Consideration(NamedTuple):
    """One rule that was looked at: why it won or lost, and what it does with the caller.

    `slot`, `status` and `action` are empty for a rule that does not hold at this instant.
    """

    rule: str
    title: str
    wins: bool
    why: str
    slot: str = ""
    status: str = ""
    action: str = ""


def explain_decision(table: IntervalTable, at: int) -> list[Consideration]:
    """Return every rule considered at an instant, in epoch seconds, the winner first.

    Of the overrides those that ended or begin within a week. Source: semantics.md rules 7, 11 to
    13 and 17.
    """
    overrides = [
        _consider_override(table, override, at)
        for override in table.overrides
        if override.from_at - _NEAR_SECONDS <= at <= override.until_at + _NEAR_SECONDS
    ]
    return [
        *(override for override in overrides if override.wins),
        *_consider_date(table, at),
        *(override for override in overrides if not override.wins),
    ]


def _consider_override(table: IntervalTable, override: OverrideSpan, at: int) -> Consideration:
    name = _spoken(override.name)
    if override.until_at <= at:
        why = f"{name}; ended {format_local(table.zone, override.until_at)}"
    elif at < override.from_at:
        why = f"{name}; begins {format_local(table.zone, override.from_at)}"
    else:
        why = f"{name}, in force until {format_local(table.zone, override.until_at)}"
        status, action = override.outcome[:2]
        return Consideration(
            override.name, override.title, wins=True, why=why, status=status, action=action
        )
    return Consideration(override.name, override.title, wins=False, why=why)


def _consider_date(table: IntervalTable, at: int) -> Iterator[Consideration]:
    """Yield the rules that could supply the local date, then the holidays that can't this year."""
    day, minute = table.wall_clock(at)
    # A clock that is far off still gets an explanation; no holiday is known there.
    on = date_of(day) if _FIRST_DAY <= day <= _LAST_DAY else None
    winner = table.interval_at(at).rule
    held = {table.name_and_title(index): index for index in candidates(table, day)}
    names = [rule for rule, _ in held]
    for (rule, title), index in held.items():
        start, end, outcome = table.slot_at(index, minute)
        yield Consideration(
            rule,
            title,
            rule == winner,
            _why_it_wins(rule, names, on) if rule == winner else _why_it_loses(rule, winner, on),
            f"{format_minute(start)}-{format_minute(end)}",
            outcome.status,
            outcome.action,
        )
    if on is not None:
        yield from _absent_holidays(table, on, names)


def _why_it_wins(rule: str, held: list[str], on: date | None) -> str:
    described = _described(rule, on)
    if rule.startswith("week/"):
        return f"{described}; no override, exception or holiday holds"
    if rule.startswith("exceptions/"):
        return f"{described}, on this date"
    outranked = [_spoken(other) for other in held if _is_holiday(other) and other != rule]
    if outranked:
        return f"{described}; ranks before {' and '.join(outranked)} on the same date"
    return described


def _why_it_loses(rule: str, winner: str, on: date | None) -> str:
    why = f"{_described(rule, on)}; beaten by {_spoken(winner)}"
    is_by_rank = _is_holiday(rule) and _is_holiday(winner)
    return f"{why}, which ranks before it on the same date" if is_by_rank else why


def _absent_holidays(
    table: IntervalTable, on: date, held: Collection[str]
) -> Iterator[Consideration]:
    """Yield the holidays of a date that don't hold on it, and any that is moved away from it."""
    switched_on = table.recurring.holidays
    absent = {
        holiday_id: _why_it_is_off(on, is_on=holiday_id in switched_on)
        for holiday_id in holidays_by_day(on.year).get(epoch_day(on), ())
        if f"holidays/{holiday_id}" not in held
    }
    for holiday_id in HOLIDAY_IDS:
        if (kept := moved_to(holiday_id, on)) is not None:
            absent[holiday_id] = f"moved to {_day_of_month(kept)} this year" + (
                "" if holiday_id in switched_on else ", and switched off"
            )
    for holiday_id, why in absent.items():
        rule = f"holidays/{holiday_id}"
        yield Consideration(
            rule, HOLIDAY_NAMES[holiday_id], wins=False, why=f"{_spoken(rule)}; {why}"
        )


def _why_it_is_off(on: date, *, is_on: bool) -> str:
    """Say why a holiday doesn't hold on its date; one that is switched on waits for its year."""
    if not is_on:
        return "switched off"
    following = next(year for year in range(on.year + 1, on.year + 6) if is_lustrum(year))
    return f"switched on for lustrum years only, next in {following}"


def _is_holiday(rule: str) -> bool:
    return rule.startswith("holidays/")


def _described(rule: str, on: date | None) -> str:
    """Name a rule, and where it comes from when it is moved."""
    if on is None or not _is_holiday(rule):
        return _spoken(rule)
    nominal = moved_from(rule.partition("/")[2], on)
    moved = "" if nominal is None else f", moved from {_day_of_month(nominal)}"
    return f"{_spoken(rule)}{moved}"


def _spoken(rule: str) -> str:
    kind, _, name = rule.partition("/")
    return f"weekly hours of {_WEEKDAYS[name]}" if kind == "week" else f"{_KINDS[kind]} {name}"


def _day_of_month(day: date) -> str:
    # Only koningsdag moves, from the 27th to the 26th: every other ending would be dead.
    return f"{day:%A} the {day.day}th"
