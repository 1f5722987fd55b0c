"""What is asked for one call, and what is decided."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Action = Literal["continue", "forward", "voicemail", "hangup"]
CallStatus = Literal["open", "closed", "break", "unknown"]
Reason = Literal["override", "exception", "holiday", "weekly", "unknown-number", "outside-service"]
TargetError = Literal["", "forward-refused", "audio-missing", "unavailable"]


NOTICED: Final = slice(0, 5)


@dataclass(slots=True)
class CallQuery:
    """One call: when, and which number was called (E.164) or which schedule is asked by its id.

    `at` is in epoch seconds. A number that could not be read is None. Never changes; not frozen,
    since that would double the cost of making one.
    """

    at: int
    number: str | None = None
    schedule: str | None = None


class Outcome(NamedTuple):
    """What happens to the caller; empty text where there is none (semantics.md rule 15).

    `audio` is the file name of the message, `forward` E.164, `voicemail` an e-mail address.
    `error` says which target had become unusable (rule 19). `outcome[NOTICED]` is what a caller
    can tell apart.
    """

    status: CallStatus
    action: Action
    audio: str = ""
    forward: str = ""
    voicemail: str = ""
    error: TargetError = ""


@dataclass(slots=True)
class Decision:
    """What was decided, why, and until when (semantics.md rule 17).

    Never changed once made; not frozen, since that would double the cost of making one.

    Holds for every call from `holds_from` up to, not including, `holds_until` (epoch seconds).
    `valid_until` is the first later instant at which the caller's lot changes, None where nothing
    changes within 400 days; `next_status` is the status from then on. `day` counts days from
    1970-01-01; `slot` is the span in minutes of that day. An override has neither.
    """

    outcome: Outcome
    schedule: str
    schedule_name: str
    reason: Reason
    rule: str
    title: str
    day: int | None
    slot: tuple[int, int] | None
    revision: int | None
    valid_until: int | None
    next_status: CallStatus | Literal[""]
    holds_from: int
    holds_until: int
