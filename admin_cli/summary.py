"""A stored document told to a person."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from schedules.editing import WEEKDAYS
from schedules.holidays_nl import HOLIDAY_NAMES
from schedules.revisions import Revision

_WIDTH: Final = 18
_CLOSED: Final = ["00:00-24:00 closed"]


def summary_lines(document: dict[str, Any], current: Revision) -> Iterator[str]:
    """Yield the lines that say everything an exported document says, weekdays alike as one."""
    saved = f"{current.revision}, by {current.author} on {current.saved_at:%Y-%m-%d %H:%M} UTC"
    yield f"{document['name']} ({document['id']})"
    yield _line("revision", f"{saved}: {current.summary}")
    for key in ("company", "pbx", "timezone", "voicemail_email", "template", "notes"):
        if key in document:
            yield _line(key.replace("_", " "), document[key])
    if "forward_countries" in document:
        yield _line("forwards also to", ", ".join(document["forward_countries"]))
    yield _line("numbers", ", ".join(document["numbers"]) or "none: no PBX reaches this schedule")
    yield from _parts(document)


def _parts(document: dict[str, Any]) -> Iterator[str]:
    for forward_id, forward in document.get("forwards", {}).items():
        yield _line(f"forward {forward_id}", f"{forward['name']}, {forward['number']}")
    for message_id, message in document.get("audio", {}).items():
        yield _line(f"message {message_id}", f"{message['name']}, {message['sha256'][:12]}…")
    for slots, days in groupby(document["week"].items(), key=lambda item: item[1]):
        yield from _slots(span_of_days([day for day, _ in days]), slots)
    for exception_id, exception in document.get("exceptions", {}).items():
        dates = ", ".join(exception.get("dates", ())) or "no dates yet: a draft"
        yield _line(f"exception {exception_id}", f"{exception['name']}: {dates}")
        yield from _slots("", exception["slots"])
    for holiday_id, rule in document.get("holidays", {}).items():
        state = "on" if rule.get("active", True) else "off"
        every = ", in lustrum years" if rule.get("every") == "lustrum" else ""
        yield _line(f"holiday {holiday_id}", f"{HOLIDAY_NAMES[holiday_id]}: {state}{every}")
        yield from _slots("", rule.get("slots", _CLOSED))
    for override_id, override in document["overrides"].items():
        span = f"{override['from']} to {override['until']}: {override['slot']}"
        yield _line(f"override {override_id}", f"{span} ({override['reason']})")
    for expected in document["expect"]:
        yield _line("expected", f"{expected['at']} {expected['status']}")


def span_of_days(days: Sequence[str]) -> str:
    """Write weekdays, in order, as `mon`, `mon-fri` or `mon,wed`."""
    first, last = WEEKDAYS.index(days[0]), WEEKDAYS.index(days[-1])
    if len(days) == 1 or last - first + 1 != len(days):
        return ",".join(days)
    return f"{days[0]}-{days[-1]}"


def _slots(heading: str, slots: list[str]) -> Iterator[str]:
    for index, slot in enumerate(slots):
        yield _line(heading if index == 0 else "", slot)


def _line(heading: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    lines = [f"{heading:<{_WIDTH}}  {first}", *(f"{'':<{_WIDTH}}  {line}" for line in rest)]
    return "\n".join(lines)
