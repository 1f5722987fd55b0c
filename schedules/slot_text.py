"""Slots as operators write them: `08:30-17:00 open audio=welkom forward=storing`."""

import re
from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeVar, get_args

from schedules.errors import FaultyValueError

Status = Literal["open", "closed", "break"]

STATUSES: Final = get_args(Status)
DAY_MINUTES: Final = 24 * 60

_SHOWN: Final = 80
# Enough for the longest ids twice and room to spare.
_MAX_LENGTH: Final = 400

_T = TypeVar("_T")

_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_SPAN = re.compile(r"([^\s-]+)\s*-\s*([^\s-]+)(?:\s+|$)")


class TreatmentLike(Protocol):
    """Anything that says what happens to a caller."""

    @property
    def status(self) -> Status:
        """Whether the caller finds the entity open."""

    @property
    def audio(self) -> str | None:
        """The id of the message played first."""

    @property
    def forward(self) -> str | None:
        """The id of the forward the caller is sent to."""

    @property
    def voicemail(self) -> bool:
        """Whether the caller is sent to voicemail."""


def parse_minute(text: str, *, is_end: bool) -> int:
    """Return the minute of the day, 0 to 1440, that `HH:MM` names (semantics.md rule 3).

    Raises `FaultyValueError`: 24:00 is valid only as an end, 00:00 only as a start.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise FaultyValueError((f"{text[:_SHOWN]!r} is not a time", "write HH:MM, such as 08:30"))
    hour, minute = int(match[1]), int(match[2])
    total = hour * 60 + minute
    if total > DAY_MINUTES or minute > 59:  # noqa: PLR2004 - minutes of an hour
        raise FaultyValueError((f"{text} is not a time of day", "use 00:00 to 24:00"))
    if total == DAY_MINUTES and not is_end:
        raise FaultyValueError(
            ("24:00 is the end of a day, not a start", "start at 00:00 of the next day")
        )
    if total == 0 and is_end:
        raise FaultyValueError(
            ("00:00 can't be an end", "write 24:00 for the end of the day (overnight: two slots)")
        )
    return total


def format_minute(minute: int) -> str:
    """Write a minute of the day, 0 to 1440, as `HH:MM`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_treatment(text: str) -> dict[str, object]:
    """Read `STATUS [audio=ID] [forward=ID | voicemail]` into fields of those names.

    Raises `FaultyValueError` with every fault in the text.
    """
    _check_length(text)
    status, *words = text.split() or [""]
    fields: dict[str, object] = {"status": status}
    faults = []
    if status not in STATUSES:
        faults.append((f"{status[:_SHOWN]!r} is not a status", f"use {', '.join(STATUSES)}"))
    for word in words:
        name, _, value = word.partition("=")
        is_known = word == "voicemail" or (name in ("audio", "forward") and value != "")
        if not is_known:
            faults.append(
                (f"{word[:_SHOWN]!r} is not known here", "use audio=ID, forward=ID or voicemail")
            )
        elif name in fields:
            faults.append((f"{name} is given twice", "keep one of the two"))
        else:
            fields[name] = value or True
    if faults:
        raise FaultyValueError(*faults)
    return fields


def parse_slot(text: str) -> dict[str, object]:
    """Read `HH:MM-HH:MM STATUS [audio=ID] [forward=ID | voicemail]` into fields.

    `start` and `end` are minutes of the day. Raises `FaultyValueError` with every fault in the
    text.
    """
    _check_length(text)
    text = text.strip()
    span = _SPAN.match(text)
    if span is None:
        raise FaultyValueError(
            (
                f"{text[:_SHOWN]!r} is not a slot",
                "write HH:MM-HH:MM STATUS, such as 08:30-17:00 open",
            )
        )
    start_text, end_text = span.groups()
    treatment_text = text[span.end() :]
    faults: list[tuple[str, str]] = []
    start = _try(faults, lambda: parse_minute(start_text, is_end=False))
    end = _try(faults, lambda: parse_minute(end_text, is_end=True))
    treatment = _try(faults, lambda: parse_treatment(treatment_text))
    if treatment is None or faults:
        raise FaultyValueError(*faults)
    return {"start": start, "end": end, **treatment}


def _try(faults: list[tuple[str, str]], read: Callable[[], _T]) -> _T | None:
    """Return what `read` returns, or None and its faults in `faults`."""
    try:
        return read()
    except FaultyValueError as error:
        faults += error.faults
        return None


def _check_length(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        problem = f"{text[:_SHOWN]!r} goes on for {len(text):,} characters"
        raise FaultyValueError((problem, "write one slot, such as 08:30-17:00 open"))


def format_treatment(treatment: TreatmentLike) -> str:
    """Write a treatment the way `parse_treatment` reads it."""
    words: list[str] = [treatment.status]
    if treatment.audio is not None:
        words.append(f"audio={treatment.audio}")
    if treatment.forward is not None:
        words.append(f"forward={treatment.forward}")
    if treatment.voicemail:
        words.append("voicemail")
    return " ".join(words)


def format_slot(start: int, end: int, treatment: TreatmentLike) -> str:
    """Write a slot the way `parse_slot` reads it; `start` and `end` are minutes of the day."""
    return f"{format_minute(start)}-{format_minute(end)} {format_treatment(treatment)}"
