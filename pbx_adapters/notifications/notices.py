"""What a receiver reads: one event as a mail, or as the body of a webhook."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pbx_adapters.notifications.outbox import Delivery

_SUBJECT_LENGTH: Final = 150
_WHY_ENDED: Final = {
    "ended": "its time was over",
    "cleared": "it was cleared",
    "replaced": "another one took its place",
    "schedule-deleted": "the schedule was deleted",
}


def webhook_body(delivery: Delivery) -> bytes:
    """Return the JSON that a webhook is sent; the same at each attempt."""
    told = {key: value for key, value in delivery.told.items() if key != "at"}
    document = {"type": delivery.kind, "timestamp": delivery.told["at"], "data": told}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def render_mail(delivery: Delivery, sender: str, to: str, sent_at: datetime) -> EmailMessage:
    """Return a delivery as a mail in plain text; its id is the same at each attempt.

    `sent_at` is aware.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _one_line(_subject_of(delivery))
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{delivery.id}@{sender.rpartition('@')[2]}>"
    # RFC 3834: no robot is to answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_lines_of(delivery)) + "\n", cte="quoted-printable")
    return message


def _subject_of(delivery: Delivery) -> str:
    if delivery.kind == "test":
        return "[Bereikbaar] test"
    told = delivery.told
    if delivery.kind == "revision":
        what = told["summary"] or told["result"]
    else:
        verb = "began" if delivery.kind == "override-start" else "ended"
        what = f"override {verb}: {told['reason']}"
    return f"[Bereikbaar] {delivery.schedule}: {what}"


def _one_line(text: str) -> str:
    """Return a text without what would end a header."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _SUBJECT_LENGTH else f"{line[: _SUBJECT_LENGTH - 1]}…"


def _lines_of(delivery: Delivery) -> Iterator[str]:
    told = delivery.told
    if delivery.kind == "test":
        yield "Nothing happened: somebody tried whether news arrives here."
    else:
        company = f", {told['company']}" if told["company"] else ""
        yield f"Schedule: {told['schedule_name']} ({delivery.schedule}){company}"
        tell = _revision_lines if delivery.kind == "revision" else _override_lines
        yield from tell(told)
    yield ""
    yield f"Message {delivery.id}; another one with the same id is the same news."


def _revision_lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"Revision: {told['revision']}, {told['result']} by {told['author']}"
    yield f"Saved: {_local(told['at'], told['timezone'])}"
    yield f"Summary: {told['summary']}"
    if told["result"] != "changed":
        return
    yield ""
    if told["callers"] is None:
        yield "What changes for callers was not compared."
    elif not told["callers"]:
        yield "Hours, messages and targets stay the same for callers."
    else:
        yield "What changes for callers in the coming year:"
        yield from (f"- {sentence}" for sentence in told["callers"])
        if told["callers_left_out"]:
            yield f"- and {told['callers_left_out']} more"


def _override_lines(told: Mapping[str, Any]) -> Iterator[str]:
    zone = told["timezone"]
    yield f"Override: {told['reason']} ({told['override']})"
    yield f"Callers get: {told['treatment']}"
    yield f"From: {_local(told['from'], zone)}"
    yield f"Until: {_local(told['until'], zone)}"
    if "why" in told:
        yield f"Ended: {_local(told['at'], zone)}, since {_WHY_ENDED[told['why']]}"


def _local(instant: str, zone: str) -> str:
    """Return an instant in the schedule's own time, with its offset."""
    at = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return f"{at:%a %Y-%m-%d %H:%M} ({zone}, UTC{at.isoformat()[-6:]})"
