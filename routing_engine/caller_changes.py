"""What a save changes for callers: two states of one schedule, compared over the coming days."""

from typing import Final

from routing_engine.change_text import describe_differences
from routing_engine.compare import Difference, differences
from routing_engine.compiler import TargetCheck, compile_schedule
from routing_engine.table import IntervalTable, first_day_for
from routing_engine.zones import DAY_SECONDS
from schedules.model import Schedule
from schedules.target_editing import uses_of

DAYS_COMPARED: Final = 365

# What a person reads at once; programs are told all.
_DATES_TOLD: Final = 5

# What the outcome of a call depends on.
_HEARD: Final = (
    "timezone", "voicemail_email", "forward_countries", "week",
    "forwards", "audio", "exceptions", "holidays", "overrides",
)  # fmt: skip


def compile_at(
    schedule: Schedule, targets: TargetCheck, at: int, revision: int = 0
) -> IntervalTable:
    """Compile a schedule for the time from an instant on, as the daemon does."""
    return compile_schedule(
        schedule, revision=revision, first_day=first_day_for(at), targets=targets
    )


def caller_changes(  # noqa: PLR0913 - what is compared, for how long, and for whom
    before: Schedule,
    after: Schedule,
    targets: TargetCheck,
    at: int,
    *,
    days: int = DAYS_COMPARED,
    is_brief: bool = False,
) -> tuple[list[Difference], list[str]]:
    """Compare the coming days for callers: every span that differs, and sentences about them.

    Brief sentences count what would make them long.
    """
    if all(getattr(before, key) == getattr(after, key) for key in _HEARD):
        return [], []
    was, table = compile_at(before, targets, at), compile_at(after, targets, at)
    last_day, _ = table.wall_clock(at + days * DAY_SECONDS)
    # Half a day would look like a change of hours.
    until_at = table.zone.day_start(last_day)
    found = list(differences(was, table, at, until_at))
    most_dates = _DATES_TOLD if is_brief else None
    names = _names_in(before, after)
    return found, describe_differences(found, was, table, names, most_dates=most_dates)


def _names_in(*schedules: Schedule) -> dict[str, str]:
    """Return the names of messages by file name and of forwards by number; the last one's count.

    Of forwards with the same number those count that something uses.
    """
    names: dict[str, str] = {}
    for schedule in schedules:
        names |= {f"{message.sha256}.wav": message.name for message in schedule.audio.values()}
        used: dict[str, list[str]] = {}
        for forward_id, places in uses_of(schedule, "forward").items():
            if places:
                forward = schedule.forwards[forward_id]
                used.setdefault(forward.number, []).append(forward.name)
        names |= {number: " / ".join(sharing) for number, sharing in used.items()}
    return names
