"""Why a decision came out as it did: the winner, every rule that lost, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from routing_engine.day_plan import candidates
from routing_engine.table import IntervalTable
from schedules.date_text import date_of
from schedules.holidays_nl import HOLIDAY_NAMES, holidays_by_day, moved_from
from schedules.slot_text import format_minute


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

    Source: semantics.md rules 7, 11 to 13 and 17.
    """
    winner = table.interval_at(at).rule
    overrides = list(_overrides(table, at))
    day_rules = list(_day_rules(table, at, winner))
    in_force = [override for override in overrides if override.wins]
    return [*in_force, *day_rules, *(override for override in overrides if not override.wins)]


def _overrides(table: IntervalTable, at: int) -> Iterator[Consideration]:
    for override in table.overrides:
        is_over, is_ahead = override.until_at <= at, at < override.from_at
        local_until = _local(table, override.until_at)
        if is_over:
            why = f"ended {local_until}"
            yield Consideration(override.name, override.title, wins=False, why=why)
        elif is_ahead:
            why = f"begins {_local(table, override.from_at)}"
            yield Consideration(override.name, override.title, wins=False, why=why)
        else:
            outcome = override.outcome
            yield Consideration(
                override.name,
                override.title,
                wins=True,
                why=f"override in force until {local_until}",
                status=outcome.status,
                action=outcome.action,
            )


def _day_rules(table: IntervalTable, at: int, winner: str) -> Iterator[Consideration]:
    day, minute = table.wall_clock(at)
    for index in candidates(table.rules, day):
        rule, title = table.rules.name_and_title(index)
        start, end, outcome = table.slot_at(index, minute)
        why = _why_it_holds(rule, day) if rule == winner else f"beaten by {winner}"
        yield Consideration(
            rule,
            title,
            rule == winner,
            why,
            f"{format_minute(start)}-{format_minute(end)}",
            outcome.status,
            outcome.action,
        )
    held = set(candidates(table.rules, day))
    for holiday_id in holidays_by_day(date_of(day).year).get(day, ()):
        index_and_limit = table.rules.recurring.holidays.get(holiday_id)
        if index_and_limit is None or index_and_limit[0] not in held:
            why = "holds in lustrum years only" if index_and_limit else "not switched on"
            yield Consideration(
                f"holidays/{holiday_id}", HOLIDAY_NAMES[holiday_id], wins=False, why=why
            )


def _why_it_holds(rule: str, day: int) -> str:
    kind, _, name = rule.partition("/")
    if kind == "exceptions":
        return "exception on this date"
    if kind == "week":
        return "no override, exception or holiday holds on this date"
    nominal = moved_from(name, date_of(day))
    if nominal is None:
        return "holiday"
    return f"holiday, moved from {nominal:%A} {nominal.day} {nominal:%B}"


def _local(table: IntervalTable, at: int) -> str:
    offset, _ = table.zone.offset_at(at)
    return f"{datetime.fromtimestamp(at + offset, UTC):%Y-%m-%d %H:%M}"
