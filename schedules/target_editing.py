"""Pure edits of what slots point at, forwards and audio messages: a schedule in, a schedule out.

Whether a caller may be sent to a forward's number is judged where a schedule is saved
(`refused_forwards`), for edits as for documents.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeVar

from schedules.consistency import treatments
from schedules.errors import ConflictError, Fault, InvalidScheduleError, NotFoundError, meant
from schedules.field_text import free_slug, slug_of_name
from schedules.model import AudioMessage, DayPlan, Forward, Reading, Schedule, Treatment

# The fields of a slot that name something of the schedule.
TargetField = Literal["forward", "audio"]

# Under which key a schedule has them, and what operators call one.
_KEYS: Final[dict[TargetField, str]] = {"forward": "forwards", "audio": "audio"}
TOLD_AS: Final[dict[TargetField, str]] = {"forward": "forward", "audio": "message"}
_SHOWN: Final = 40

_Treatment = TypeVar("_Treatment", bound=Treatment)


def add_forward(
    schedule: Schedule, name: str, number: str, *, region: str = "NL", forward_id: str | None = None
) -> Schedule:
    """Add a forward, last; without an id it gets one made of its name (`slug_of_name`).

    National forms of `number` are read in `region`. Raises `ConflictError` for an id that is taken,
    and `InvalidScheduleError`: a taken name, a number that can't be read, too many forwards.
    """
    forward_id = _new_id(schedule, "forward", name, forward_id)
    return _with_forward(schedule, forward_id, name, number, region)


def set_forward(
    schedule: Schedule,
    forward_id: str,
    *,
    name: str | None = None,
    number: str | None = None,
    region: str = "NL",
) -> Schedule:
    """Change a forward's name, number or both, and so everywhere it is used; None leaves it.

    Raises `NotFoundError`, and `InvalidScheduleError` as `add_forward` does.
    """
    present = find_forward(schedule, forward_id)
    return _with_forward(
        schedule,
        forward_id,
        present.name if name is None else name,
        present.number if number is None else number,
        region,
    )


def add_message(
    schedule: Schedule, name: str, sha256: str, *, message_id: str | None = None
) -> Schedule:
    """Add a message, last; without an id it gets one made of its name.

    Where the same sound is there under this name, nothing changes: `same_message` tells its id.
    What a message sounds like never changes, so that another sound under a name that is taken is
    refused. Raises `ConflictError` for an id that is taken, and `InvalidScheduleError`.
    """
    if same_message(schedule.audio, name, sha256, message_id) is not None:
        return schedule
    message_id = _new_id(schedule, "audio", name, message_id)
    remedy = "give another name: the sound of a message that is there is never changed"
    return _with_target(
        schedule, "audio", message_id, {"name": name, "sha256": sha256}, name_remedy=remedy
    )


def same_message(
    messages: Mapping[str, AudioMessage], name: str, sha256: str, message_id: str | None = None
) -> str | None:
    """Return the id of a message with this name and sound, the one given if any; or None."""
    return next(
        (
            one
            for one, message in messages.items()
            if message.sha256 == sha256
            and name_key(message.name) == name_key(name)
            and message_id in (None, one)
        ),
        None,
    )


def rename_message(schedule: Schedule, message_id: str, name: str) -> Schedule:
    """Change a message's name, and so everywhere it is used.

    Raises `NotFoundError`, and `InvalidScheduleError` for a name that is another's or is none.
    """
    sha256 = find_message(schedule, message_id).sha256
    return _with_target(schedule, "audio", message_id, {"name": name, "sha256": sha256})


def remove_target(schedule: Schedule, field: TargetField, target_id: str) -> Schedule:
    """Remove a forward or a message, and clear it from every slot and override (semantics.md rule
    21).

    `uses_of` lists them beforehand; a message's bytes stay stored. Raises `NotFoundError`.
    """
    find_target(schedule, field, target_id)

    def cleared(treatment: _Treatment) -> _Treatment:
        is_used = getattr(treatment, field) == target_id
        return treatment.model_copy(update={field: None}) if is_used else treatment

    def cleared_plan(slots: DayPlan) -> DayPlan:
        return tuple(map(cleared, slots))

    key = _KEYS[field]
    kept = {one: target for one, target in getattr(schedule, key).items() if one != target_id}
    return schedule.replace(
        **{key: kept},
        week=schedule.week.model_copy(
            update={day: cleared_plan(slots) for day, slots in schedule.week}
        ),
        exceptions={
            one: exception.model_copy(update={"slots": cleared_plan(exception.slots)})
            for one, exception in schedule.exceptions.items()
        },
        holidays={
            one: rule.model_copy(update={"slots": cleared_plan(rule.slots)})
            for one, rule in schedule.holidays.items()
        },
        overrides={
            one: override.model_copy(update={"slot": cleared(override.slot)})
            for one, override in schedule.overrides.items()
        },
    )


def uses_of(schedule: Schedule, field: TargetField) -> dict[str, list[str]]:
    """Return, for each forward or each message, the places that use it; none for an unused one.

    A place is a path into the document, such as `week.mon[2]` or `overrides.storing.slot`.
    """
    uses: dict[str, list[str]] = {target: [] for target in getattr(schedule, _KEYS[field])}
    for place, treatment in treatments(schedule):
        target = getattr(treatment, field)
        if target is not None:
            uses[target].append(place)
    return uses


def find_forward(schedule: Schedule, forward_id: str) -> Forward:
    """Return a forward; raises `NotFoundError`, which names ids that look like it."""
    find_target(schedule, "forward", forward_id)
    return schedule.forwards[forward_id]


def find_message(schedule: Schedule, message_id: str) -> AudioMessage:
    """Return a message; raises `NotFoundError`, which names ids that look like it."""
    find_target(schedule, "audio", message_id)
    return schedule.audio[message_id]


def find_target(schedule: Schedule, field: TargetField, target_id: str) -> None:
    """Pass the id of a forward or message that is there; else raises `NotFoundError`."""
    known = getattr(schedule, _KEYS[field])
    if target_id not in known:
        remedy = meant(target_id, known, f"see `{field} list`")
        raise NotFoundError(f"{schedule.id} has no {TOLD_AS[field]} {target_id[:80]!r}; {remedy}")


def chosen_keys(rows: Iterable[set[str]], only: Iterable[str]) -> set[str] | None:
    """Return the keys that are chosen by name or id among those of rows, None where all are meant.

    Raises `NotFoundError` with every choice that no row has.
    """
    chosen = {name_key(one): one for one in only}
    known = set().union(*rows)
    missing = []
    for key, one in chosen.items():
        if key not in known:
            remedy = meant(key, known, "check the spelling")
            missing.append(f"there is no {one[:_SHOWN]!r} among them; {remedy}")
    if missing:
        raise NotFoundError("\n".join(missing))
    return set(chosen) or None


def name_key(name: str) -> str:
    """Return what two names have in common that a person takes for the same one."""
    return name.strip().casefold()


def _new_id(schedule: Schedule, field: TargetField, name: str, given: str | None) -> str:
    """Return the id of what is added: as given, else made of its name; raises `ConflictError`."""
    known, what = getattr(schedule, _KEYS[field]), TOLD_AS[field]
    if given is None:
        return free_slug(slug_of_name(name) or what, known)
    if given in known:
        remedy = "change that one, or give another id" if field == "forward" else "give another id"
        raise ConflictError(f"{schedule.id} has a {what} {given} already; {remedy}")
    return given


def _with_forward(
    schedule: Schedule, forward_id: str, name: str, number: str, region: str
) -> Schedule:
    forward = {"name": name, "number": number}
    return _with_target(schedule, "forward", forward_id, forward, Reading(region=region))


def _with_target(  # noqa: PLR0913 - what, under which id, and how it is read
    schedule: Schedule,
    field: TargetField,
    target_id: str,
    target: Mapping[str, str],
    reading: Reading | None = None,
    *,
    name_remedy: str = "give another name",
) -> Schedule:
    """Put a forward or message into a schedule; raises `InvalidScheduleError` with all faults."""
    key = _KEYS[field]
    present: Mapping[str, Any] = getattr(schedule, key)
    faults = [
        Fault(f"{key}.{target_id}.name", f"is the name of {one} already", name_remedy)
        for one, other in present.items()
        if one != target_id and name_key(other.name) == name_key(target["name"])
    ]
    try:
        after = schedule.replace(reading, **{key: {**present, target_id: target}})
    except InvalidScheduleError as error:
        raise InvalidScheduleError([*faults, *error.faults]) from None
    if faults:
        raise InvalidScheduleError(faults)
    return after
