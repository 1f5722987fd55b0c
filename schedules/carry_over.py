"""What slots point at carried along to another schedule (semantics.md rule 23)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from schedules.errors import Fault, InvalidScheduleError
from schedules.field_text import free_slug
from schedules.model import AudioMessage, DayPlan, Forward, Schedule, Slot

_Target = TypeVar("_Target", Forward, AudioMessage)


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
