"""Pure edits of a schedule as a whole: a new one, its settings, one like another."""

from collections.abc import Mapping

from pydantic import ValidationError

from schedules.errors import InvalidScheduleError
from schedules.faults import faults_of
from schedules.model import CLOSED_ALL_DAY, Reading, Schedule, WeeklyHours

# Texts of which an empty one means none.
_OPTIONAL = ("company", "notes", "voicemail_email")


def new_schedule(region: str = "NL", **fields: object) -> Schedule:
    """Return a schedule of these fields, closed all week where they say no `week`.

    National forms of numbers are read in `region`. Raises `InvalidScheduleError` with every fault.
    """
    week = dict.fromkeys(WeeklyHours.model_fields, CLOSED_ALL_DAY)
    try:
        return Schedule.model_validate(
            {"week": week, **_without_empty(fields)}, context=Reading(region=region)
        )
    except ValidationError as error:
        raise InvalidScheduleError(faults_of(error)) from None


def with_settings(schedule: Schedule, **fields: object) -> Schedule:
    """Change name, company, notes, e-mail address, zone, PBX or forward countries.

    An empty company, note or address is unset. Raises `InvalidScheduleError` with every fault, as
    of voicemail slots that lose their address.
    """
    changes = _without_empty(fields)
    try:
        return schedule.replace(**changes)
    except InvalidScheduleError as error:
        faults = dict.fromkeys(error.faults)
    # One field that can't be read keeps the whole from being judged by the others.
    for key, value in changes.items():
        try:
            schedule.replace(**{key: value})
        except InvalidScheduleError as error:
            faults |= dict.fromkeys(error.faults)
    raise InvalidScheduleError(faults)


def duplicate_of(schedule: Schedule, schedule_id: str, name: str) -> Schedule:
    """Return a new schedule like another: with all but its numbers and its overrides.

    A number is linked once (semantics.md rule 25); an override is of its moment, and of that
    schedule alone.
    """
    return schedule.replace(id=schedule_id, name=name, numbers=(), overrides={})


def _without_empty(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        key: None if key in _OPTIONAL and value == "" else value for key, value in fields.items()
    }
