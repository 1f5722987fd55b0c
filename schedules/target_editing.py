"""Pure edits of what slots point at, forwards and audio messages: a schedule in, a schedule out.

Whether a caller may be sent to a forward's number is judged where a schedule is saved
(`refused_forwards`), for edits as for documents.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeVar

from schedules.consistency import treatments
from schedules.errors import ConflictError, Fault, InvalidScheduleError, NotFoundError, meant
from schedules.field_text import free_slug, slug_of_name
from schedules.model import AudioMessage, DayPlan, Forward, Reading, Schedule, Slot, Treatment

# The fields of a slot that name something of the schedule.
TargetField = Literal["forward", "audio"]

_Target = TypeVar("_Target", Forward, AudioMessage)
_Treatment = TypeVar("_Treatment", bound=Treatment)


def add_forward(
    schedule: Schedule, name: str, number: str, *, region: str = "NL", forward_id: str | None = None
) -> Schedule:
    """Add a forward, last; without an id it gets one made of its name (`slug_of_name`).

    National forms of `number` are read in `region`. Raises `ConflictError` for an id that is taken,
    and `InvalidScheduleError`: a taken name, a number that can't be read, too many forwards.
    """
    if forward_id is None:
        forward_id = free_slug(slug_of_name(name) or "forward", schedule.forwards)
    elif forward_id in schedule.forwards:
        raise ConflictError(
            f"{schedule.id} has a forward {forward_id} already; change that one, or give another id"
        )
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


def remove_forward(schedule: Schedule, forward_id: str) -> Schedule:
    """Remove a forward, and clear it from every slot and override (semantics.md rule 21).

    `uses_of` lists them beforehand. Raises `NotFoundError`.
    """
    find_forward(schedule, forward_id)

    def cleared(treatment: _Treatment) -> _Treatment:
        is_used = treatment.forward == forward_id
        return treatment.model_copy(update={"forward": None}) if is_used else treatment

    def cleared_plan(slots: DayPlan) -> DayPlan:
        return tuple(map(cleared, slots))

    return schedule.replace(
        forwards={one: forward for one, forward in schedule.forwards.items() if one != forward_id},
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
    known = schedule.forwards if field == "forward" else schedule.audio
    uses: dict[str, list[str]] = {target: [] for target in known}
    for place, treatment in treatments(schedule):
        target = getattr(treatment, field)
        if target is not None:
            uses[target].append(place)
    return uses


def find_forward(schedule: Schedule, forward_id: str) -> Forward:
    """Return a forward; raises `NotFoundError`, which names ids that look like it."""
    found = schedule.forwards.get(forward_id)
    if found is None:
        remedy = meant(forward_id, schedule.forwards, "see `forward list`")
        raise NotFoundError(f"{schedule.id} has no forward {forward_id[:80]!r}; {remedy}")
    return found


def name_key(name: str) -> str:
    """Return what two names have in common that a person takes for the same one."""
    return name.strip().casefold()


def carry_over(
    slots: Sequence[Slot], source: Schedule, target: Schedule
) -> tuple[Schedule, DayPlan]:
    """Return the target with the messages and forwards that slots of the source need, and the slots
    pointing at them (semantics.md rule 23).

    Those that are the same, in name and number or in name and SHA-256, are reused; an id that is
    taken by another gets a number behind it. Raises `InvalidScheduleError` for a voicemail slot
    where the target has no address for it, and where the target would get too many.
    """
    if target.voicemail_email is None and any(slot.voicemail for slot in slots):
        raise InvalidScheduleError(
            Fault(
                f"slots[{index}]",
                f"has voicemail, for which schedule {target.id} has no address",
                f"set voicemail_email of {target.id}, or take the voicemail out of the slot",
            )
            for index, slot in enumerate(slots)
            if slot.voicemail
        )
    forwards, forward_ids = _carried(
        (slot.forward for slot in slots), source.forwards, target.forwards
    )
    audio, audio_ids = _carried((slot.audio for slot in slots), source.audio, target.audio)
    carried = tuple(
        slot.model_copy(
            update={
                "forward": forward_ids[slot.forward],
                "audio": audio_ids[slot.audio],
            }
        )
        for slot in slots
    )
    return target.replace(forwards=forwards, audio=audio), carried


def _carried(
    ids: Iterable[str | None], theirs: Mapping[str, _Target], ours: Mapping[str, _Target]
) -> tuple[dict[str, _Target], dict[str | None, str | None]]:
    """Return ours with what is wanted of theirs, and by which id each is known here."""
    merged = dict(ours)
    known_as: dict[str | None, str | None] = {None: None}
    for wanted in ids:
        if wanted is None or wanted in known_as:
            continue
        target = theirs[wanted]
        same = [one for one in merged if merged[one] == target]
        # The same id first: then the slot stays as it is written.
        known = min(same, key=lambda one: one != wanted, default=free_slug(wanted, merged))
        merged[known] = target
        known_as[wanted] = known
    return merged, known_as


def _with_forward(
    schedule: Schedule, forward_id: str, name: str, number: str, region: str
) -> Schedule:
    faults = [
        Fault(f"forwards.{forward_id}.name", f"is the name of {one} already", "give another name")
        for one, other in schedule.forwards.items()
        if one != forward_id and name_key(other.name) == name_key(name)
    ]
    forward = {"name": name, "number": number}
    try:
        after = schedule.replace(
            Reading(region=region), forwards={**schedule.forwards, forward_id: forward}
        )
    except InvalidScheduleError as error:
        raise InvalidScheduleError([*faults, *error.faults]) from None
    if faults:
        raise InvalidScheduleError(faults)
    return after
