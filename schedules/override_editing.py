"""Pure edits of a schedule's overrides (semantics.md rule 7)."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from schedules.errors import NotFoundError
from schedules.model import Override, Schedule


def set_override(schedule: Schedule, override_id: str, override: Override) -> Schedule:
    """Put an override into a schedule; the ones it replaces end where it begins.

    One that would begin while it is in force is left out, and so is one with the same id.
    """
    kept = {
        key: ended
        for key, present in schedule.overrides.items()
        if key != override_id and (ended := _until(present, override)) is not None
    }
    return schedule.replace(overrides={**kept, override_id: override})


def _until(present: Override, override: Override) -> Override | None:
    """Return what is left of an override once another begins, None for nothing."""
    if present.until_at <= override.from_at or override.until_at <= present.from_at:
        return present
    if present.from_at >= override.from_at:
        return None
    return present.model_copy(update={"until_at": override.from_at})


def clear_overrides(schedule: Schedule, override_ids: Iterable[str]) -> Schedule:
    """Remove overrides; raises `NotFoundError` for ids that aren't there."""
    gone = set(override_ids)
    for override_id in sorted(gone - schedule.overrides.keys()):
        close = get_close_matches(override_id[:80], schedule.overrides)
        remedy = f"did you mean {', '.join(close)}?" if close else "see `override list`"
        raise NotFoundError(f"{schedule.id} has no override {override_id[:80]!r}; {remedy}")
    kept = {key: present for key, present in schedule.overrides.items() if key not in gone}
    return schedule.replace(overrides=kept)


def live_overrides(schedule: Schedule, at: datetime) -> list[str]:
    """Return the ids of the overrides that are in force or still to come; `at` is aware."""
    return [key for key, override in schedule.overrides.items() if override.until_at > at]
