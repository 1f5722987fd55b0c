"""The hook's answer: one flat set of fields, as JSON, text or XML (contract.md: HTTP hook).

A decision holds for many calls; only `at` and `decision_id` differ from call to call. So each
answer is prepared once with two gaps, and filled per call.
"""

import json
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import quoteattr

from routing_engine.decision import Decision

AnswerFormat = Literal["json", "text", "xml"]

# The dialect shapes the answer and nothing else: VBScript on Swyx has no JSON.
DIALECTS: Final[Mapping[str, AnswerFormat]] = {
    "3cx": "json",
    "swyx": "text",
    "asterisk": "json",
    "freeswitch": "json",
    "generic": "json",
}
CONTENT_TYPES: Final[Mapping[AnswerFormat, str]] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}
ANSWER_FIELDS: Final = (
    "status",
    "action",
    "audio",
    "audio_url",
    "forward",
    "voicemail",
    "schedule",
    "schedule_name",
    "reason",
    "rule",
    "at",
    "valid_until",
    "next_status",
    "revision",
    "decision_id",
    "error",
)

DECISION_ID_LENGTH: Final = 21

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_AT_GAP: Final = "\ue000"
_ID_GAP: Final = "\ue001"


class PreparedAnswer(NamedTuple):
    """An HTTP message in pieces: the date, the instant and the decision's id lie between them."""

    before_date: bytes
    before_at: bytes
    between: bytes
    after_id: bytes

    def message(self, at: int, decision_id: str) -> bytes:
        """Return head and body for one call; the id is `DECISION_ID_LENGTH` characters long."""
        date, instant = _stamps(at)
        before_date, before_at, between, after_id = self
        return b"".join(
            (before_date, date, before_at, instant, between, decision_id.encode(), after_id)
        )

    def body(self, at: int, decision_id: str) -> bytes:
        """Return the body alone."""
        _, instant = _stamps(at)
        return b"".join(
            (self.before_at, instant, self.between, decision_id.encode(), self.after_id)
        )


def prepare_answer(
    decision: Decision, answer_format: AnswerFormat, base_url: str
) -> PreparedAnswer:
    """Render a decision with gaps for the date, `at` and `decision_id`.

    `base_url` is where messages are downloaded from, without a trailing slash.
    """
    text = render_fields(answer_fields(decision, _AT_GAP, _ID_GAP, base_url), answer_format)
    before_at, _, rest = text.partition(_AT_GAP)
    between, _, after_id = rest.partition(_ID_GAP)
    pieces = before_at.encode(), between.encode(), after_id.encode()
    length = sum(map(len, pieces)) + len(_stamps(0)[1]) + DECISION_ID_LENGTH
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer_headers(answer_format))
    before_date = f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\nDate: "
    return PreparedAnswer(before_date.encode(), *pieces)


def answer_headers(answer_format: AnswerFormat) -> tuple[tuple[str, str], ...]:
    """Return the headers that every answer of the hook has in this format."""
    return ("Content-Type", CONTENT_TYPES[answer_format]), ("Cache-Control", "no-store")


@lru_cache(maxsize=8)
def _stamps(at: int) -> tuple[bytes, bytes]:
    """Return an instant as HTTP's `Date` (RFC 9110), which ends a head, and as an answer's `at`."""
    return f"{formatdate(at, usegmt=True)}\r\n\r\n".encode(), format_instant(at).encode()


def answer_fields(decision: Decision, at: str, decision_id: str, base_url: str) -> dict[str, str]:
    """Return the fields of an answer in their order, every value a string."""
    outcome = decision.outcome
    audio_url = f"{base_url}/audio/{outcome.audio}" if outcome.audio else ""
    valid_until = "" if decision.valid_until is None else format_instant(decision.valid_until)
    revision = "" if decision.revision is None else str(decision.revision)
    values = (
        outcome.status,
        outcome.action,
        outcome.audio,
        audio_url,
        outcome.forward,
        outcome.voicemail,
        decision.schedule,
        decision.schedule_name,
        decision.reason,
        decision.rule,
        at,
        valid_until,
        decision.next_status,
        revision,
        decision_id,
        outcome.error,
    )
    return dict(zip(ANSWER_FIELDS, values, strict=True))


def render_fields(fields: Mapping[str, object], answer_format: AnswerFormat) -> str:
    """Write fields in one of the three formats: texts, and in JSON whatever else it holds."""
    return _RENDERERS[answer_format](fields)


@lru_cache(maxsize=1_024)
def format_instant(at: int) -> str:
    """Write epoch seconds as UTC, `2026-04-27T22:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _render_json(fields: Mapping[str, object]) -> str:
    return _encode(fields)


def _render_text(fields: Mapping[str, object]) -> str:
    """Write `key=value` lines ending in CRLF; line breaks in values become spaces."""
    return "".join(
        f"{key}={' '.join(str(value).splitlines())}\r\n" for key, value in fields.items()
    )


def _render_xml(fields: Mapping[str, object]) -> str:
    """Write one flat element, `<decision status="open" action="continue" …/>`."""
    attributes = "".join(f" {key}={quoteattr(str(value))}" for key, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<decision{attributes}/>\n'


_RENDERERS: Final[Mapping[AnswerFormat, Callable[[Mapping[str, object]], str]]] = {
    "json": _render_json,
    "text": _render_text,
    "xml": _render_xml,
}
