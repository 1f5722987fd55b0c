"""Another schedule's messages become this one's, with a verdict on each."""

from collections.abc import Iterable
from dataclasses import dataclass

from schedules.consistency import MAX_MESSAGES
from schedules.field_text import free_slug
from schedules.forward_rows import Verdict
from schedules.model import AudioMessage, Schedule
from schedules.target_editing import chosen_keys, name_key, same_message


@dataclass(frozen=True, slots=True)
class MessageVerdict:
    """What becomes of message `source_id` of the other schedule.

    `taken`: it is message `message_id` now. `present`: message `message_id` has the same name and
    sound. `refused`: `faults` say why, as `(problem, remedy)`. `not-chosen`: it was not judged.
    """

    source_id: str
    message: AudioMessage
    verdict: Verdict
    message_id: str | None = None
    faults: tuple[tuple[str, str], ...] = ()


def take_messages(
    schedule: Schedule, source: Schedule, *, only: Iterable[str] = ()
) -> tuple[Schedule, list[MessageVerdict]]:
    """Add another schedule's messages; one verdict for each of them, in order.

    `only` chooses by name or id, none meaning all. They keep their ids where these are free. Raises
    `NotFoundError` for a choice that the source has no message for.
    """
    rows = {one: {name_key(message.name), one} for one, message in source.audio.items()}
    keys = chosen_keys(rows.values(), only)
    by_id = dict(schedule.audio)
    verdicts = [
        _take(by_id, source_id, message)
        if keys is None or not keys.isdisjoint(rows[source_id])
        else MessageVerdict(source_id, message, "not-chosen")
        for source_id, message in source.audio.items()
    ]
    return schedule.replace(audio=by_id), verdicts


def _take(by_id: dict[str, AudioMessage], source_id: str, message: AudioMessage) -> MessageVerdict:
    """Add a message to those by id, or say why not."""
    present = same_message(by_id, message.name, message.sha256)
    if present is not None:
        return MessageVerdict(source_id, message, "present", present)
    faults = [
        (f"message {one} has this name, and another sound", "`audio rename` one of the two first")
        for one, other in by_id.items()
        if name_key(other.name) == name_key(message.name)
    ]
    if len(by_id) >= MAX_MESSAGES:
        faults.append((f"the schedule has {MAX_MESSAGES} messages, the most it can", "remove some"))
    if faults:
        return MessageVerdict(source_id, message, "refused", faults=tuple(faults))
    message_id = free_slug(source_id, by_id)
    by_id[message_id] = message
    return MessageVerdict(source_id, message, "taken", message_id)
