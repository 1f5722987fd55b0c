"""What a receiver reads of an event: a mail, and the body of a webhook."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from pbx_adapters.notifications.notices import render_mail, webhook_body
from pbx_adapters.notifications.outbox import Delivery

SENT_AT: Final = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
ABOUT: Final[dict[str, Any]] = {
    "schedule": "winkel",
    "schedule_name": "Winkel Zwolle",
    "company": "Voorbeeld BV",
    "timezone": "Europe/Amsterdam",
    "at": "2026-11-22T10:00:20Z",
}
REVISION: Final[dict[str, Any]] = {
    "revision": 12,
    "result": "changed",
    "author": "jan",
    "summary": "Kerst: dicht",
    "callers": ["Fri 2026-12-25 00:00-24:00: open (normal route) becomes closed (hang up)"],
    "callers_left_out": 3,
}
OVERRIDE: Final[dict[str, Any]] = {
    "override": "stroom",
    "reason": "Stroomstoring",
    "treatment": "closed voicemail",
    "from": "2026-11-22T09:00:00Z",
    "until": "2026-11-22T11:00:00Z",
}


def delivery(kind: str, schedule: str = "winkel", **told: object) -> Delivery:
    """Make a delivery of an event."""
    return Delivery(
        1, "msg_1", "x", "mail", kind, schedule, 0, ABOUT | told, 0, attempts=0, next_at=0, why=""
    )


def lines(one: Delivery) -> list[str]:
    """Return the lines of a mail's text."""
    message = render_mail(one, "bereikbaar@example.nl", "beheer@example.nl", SENT_AT)
    return str(message.get_content()).splitlines()


ID_LINE: Final = "Message msg_1; another one with the same id is the same news."


def test_mail_of_a_revision() -> None:
    """Who saved what, and what changes for callers."""
    assert lines(delivery("revision", **REVISION)) == [
        "Schedule: Winkel Zwolle (winkel), Voorbeeld BV",
        "Revision: 12, changed by jan",
        "Saved: Sun 2026-11-22 11:00 (Europe/Amsterdam, UTC+01:00)",
        "Summary: Kerst: dicht",
        "",
        "What changes for callers in the coming year:",
        "- Fri 2026-12-25 00:00-24:00: open (normal route) becomes closed (hang up)",
        "- and 3 more",
        "",
        ID_LINE,
    ]


CALLERS: Final[dict[str, tuple[list[str] | None, str]]] = {
    "nothing": ([], "Hours, messages and targets stay the same for callers."),
    "not compared": (None, "What changes for callers was not compared."),
}


@pytest.mark.parametrize(("callers", "told"), CALLERS.values(), ids=CALLERS)
def test_mail_of_a_revision_without_changes(callers: list[str] | None, told: str) -> None:
    """Nothing for callers isn't the same as nothing known."""
    fields = REVISION | {"callers": callers, "callers_left_out": 0}
    assert lines(delivery("revision", **fields))[5] == told


def test_mail_of_a_deletion() -> None:
    """There is nothing to compare."""
    text = lines(delivery("revision", **REVISION | {"result": "deleted", "callers": []}))
    assert text[1] == "Revision: 12, deleted by jan"
    assert len(text) == 6


def test_mail_of_an_override() -> None:
    """In the schedule's own time; its end says why."""
    start = lines(delivery("override-start", **OVERRIDE))
    assert start == [
        "Schedule: Winkel Zwolle (winkel), Voorbeeld BV",
        "Override: Stroomstoring (stroom)",
        "Callers get: closed voicemail",
        "From: Sun 2026-11-22 10:00 (Europe/Amsterdam, UTC+01:00)",
        "Until: Sun 2026-11-22 12:00 (Europe/Amsterdam, UTC+01:00)",
        "",
        ID_LINE,
    ]
    end = lines(delivery("override-end", why="cleared", **OVERRIDE))
    assert end[5] == (
        "Ended: Sun 2026-11-22 11:00 (Europe/Amsterdam, UTC+01:00), since it was cleared"
    )


SUBJECTS = {
    "revision": (delivery("revision", **REVISION), "[Bereikbaar] winkel: Kerst: dicht"),
    "revision without summary": (
        delivery("revision", **REVISION | {"summary": ""}),
        "[Bereikbaar] winkel: changed",
    ),
    "override": (
        delivery("override-start", **OVERRIDE),
        "[Bereikbaar] winkel: override began: Stroomstoring",
    ),
    "its end": (
        delivery("override-end", why="ended", **OVERRIDE),
        "[Bereikbaar] winkel: override ended: Stroomstoring",
    ),
    "test": (delivery("test", ""), "[Bereikbaar] test"),
    "no header of its own": (
        delivery("revision", **REVISION | {"summary": "een\r\nBcc: x@example.nl\u2028twee"}),
        "[Bereikbaar] winkel: een Bcc: x@example.nl twee",
    ),
    "too long": (
        delivery("revision", **REVISION | {"summary": "a" * 500}),
        "[Bereikbaar] winkel: " + "a" * 128 + "…",
    ),
}


@pytest.mark.parametrize(("one", "expected"), SUBJECTS.values(), ids=SUBJECTS)
def test_subject(one: Delivery, expected: str) -> None:
    """The schedule and what happened, on one line of sensible length."""
    message = render_mail(one, "bereikbaar@example.nl", "beheer@example.nl", SENT_AT)
    assert message["Subject"] == expected
    assert message["Bcc"] is None


def test_headers() -> None:
    """The same id at each attempt, and a sign that no robot is to answer."""
    message = render_mail(delivery("test", ""), "a@example.nl", "b@example.nl", SENT_AT)
    assert (message["From"], message["To"]) == ("a@example.nl", "b@example.nl")
    assert message["Message-ID"] == "<msg_1@example.nl>"
    assert message["Date"] == "Sun, 22 Nov 2026 10:05:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_body_of_a_webhook() -> None:
    """Type, moment and data, as the convention has them; the same at each attempt."""
    one = delivery("override-end", why="ended", **OVERRIDE)
    assert json.loads(webhook_body(one)) == {
        "type": "override-end",
        "timestamp": "2026-11-22T10:00:20Z",
        "data": {
            "schedule": "winkel",
            "schedule_name": "Winkel Zwolle",
            "company": "Voorbeeld BV",
            "timezone": "Europe/Amsterdam",
            "override": "stroom",
            "reason": "Stroomstoring",
            "treatment": "closed voicemail",
            "from": "2026-11-22T09:00:00Z",
            "until": "2026-11-22T11:00:00Z",
            "why": "ended",
        },
    }
    assert webhook_body(one) == webhook_body(one)
