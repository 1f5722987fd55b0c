"""Rendering: awkward values, and preparing an answer once for many calls."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_adapters.answer import (
    ANSWER_FIELDS,
    CONTENT_TYPES,
    DECISION_ID_LENGTH,
    AnswerFormat,
    answer_fields,
    format_instant,
    prepare_answer,
    render_fields,
)
from routing_engine.decision import Decision, Outcome
from routing_engine.resolver import UNKNOWN_NUMBER

OPEN = Decision(
    outcome=Outcome("open", "continue"),
    schedule="office",
    schedule_name="Office",
    reason="weekly",
    rule="week/mon",
    title="Maandag",
    day=20_000,
    slot=(0, 1_440),
    revision=12,
    valid_until=1_777_327_200,
    next_status="closed",
    holds_from=0,
    holds_until=2_000_000_000,
)
FORMATS: tuple[AnswerFormat, ...] = ("json", "text", "xml")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_777_327_200, "2026-04-27T22:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (4_133_980_799, "2100-12-31T23:59:59Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ],
)
def test_instant_is_written_in_utc(at: int, text: str) -> None:
    """Epoch seconds become ISO 8601 with a Z."""
    assert format_instant(at) == text


def test_every_value_is_text() -> None:
    """Numbers are written out, and what isn't there is empty."""
    fields = answer_fields(OPEN, "now", "id", "https://x.example")
    assert tuple(fields) == ANSWER_FIELDS
    assert (fields["revision"], fields["valid_until"]) == ("12", "2026-04-27T22:00:00Z")
    unknown = answer_fields(UNKNOWN_NUMBER, "now", "id", "https://x.example")
    assert (unknown["revision"], unknown["valid_until"], unknown["audio_url"]) == ("", "", "")


def test_message_has_an_address() -> None:
    """`audio_url` is the message's name under the base address."""
    outcome = Outcome("closed", "hangup", audio="ab.wav")
    fields = answer_fields(replace(OPEN, outcome=outcome), "", "", "https://x.example/b")
    assert (fields["audio"], fields["audio_url"]) == ("ab.wav", "https://x.example/b/audio/ab.wav")


@pytest.mark.parametrize(
    ("value", "answer_format", "expected"),
    [
        pytest.param('a"b\\c', "json", '{"k":"a\\"b\\\\c"}', id="json-quote"),
        pytest.param("a\nb\t", "json", '{"k":"a\\nb\\t"}', id="json-control"),
        pytest.param("é€😀", "json", '{"k":"é€😀"}', id="json-unicode"),
        pytest.param("a\r\nb\nc\rd", "text", "k=a b c d\r\n", id="text-line-breaks"),
        pytest.param("a\u2028b\x85c\x0bd", "text", "k=a b c d\r\n", id="text-odd-line-breaks"),
        pytest.param("a=b", "text", "k=a=b\r\n", id="text-equals-sign"),
    ],
)
def test_awkward_value_is_written(value: str, answer_format: AnswerFormat, expected: str) -> None:
    """Quotes, controls and line breaks can't break the format."""
    assert render_fields({"k": value}, answer_format) == expected


@pytest.mark.parametrize("value", ["<a>&b", "'", '"', "'\"", "é\n\t<"])
def test_xml_reads_back(value: str) -> None:
    """An XML parser reads the value that was written."""
    text = render_fields({"status": value, "error": ""}, "xml")
    element = ET.fromstring(text)  # noqa: S314 - our own text
    assert (element.tag, element.attrib) == ("decision", {"status": value, "error": ""})


NAMES = st.text(max_size=64).filter(str.isprintable)


@given(name=NAMES, answer_format=st.sampled_from(FORMATS))
def test_prepared_answer_is_the_rendered_one(name: str, answer_format: AnswerFormat) -> None:
    """Filling a prepared answer gives what rendering it for that call gives."""
    decision = replace(OPEN, schedule_name=name)
    decision_id = "0123456789ab-0000002a"
    assert len(decision_id) == DECISION_ID_LENGTH
    fields = answer_fields(decision, "2026-04-27T10:00:00Z", decision_id, "https://x.example")
    prepared = prepare_answer(decision, answer_format, "https://x.example")
    body = render_fields(fields, answer_format).encode()
    at = 1_777_284_000
    assert prepared.body(at, decision_id) == body
    head, _, rest = prepared.message(at, decision_id).partition(b"\r\n\r\n")
    assert rest == body
    assert head.decode().split("\r\n") == [
        "HTTP/1.1 200 OK",
        f"Content-Type: {CONTENT_TYPES[answer_format]}",
        "Cache-Control: no-store",
        f"Content-Length: {len(body)}",
        "Date: Mon, 27 Apr 2026 10:00:00 GMT",
    ]


@given(NAMES)
def test_names_survive_json_and_xml(name: str) -> None:
    """Whatever name a schedule may have is read back as it is."""
    fields = answer_fields(replace(OPEN, schedule_name=name), "now", "id", "")
    assert json.loads(render_fields(fields, "json")) == fields
    element = ET.fromstring(render_fields(fields, "xml"))  # noqa: S314 - our own text
    assert element.attrib == fields


@given(NAMES)
def test_text_has_one_line_a_field(name: str) -> None:
    """A script that splits lines finds exactly the fields."""
    fields = answer_fields(replace(OPEN, schedule_name=name), "now", "id", "")
    lines = render_fields(fields, "text").split("\r\n")
    assert lines.pop() == ""
    assert tuple(line.partition("=")[0] for line in lines) == ANSWER_FIELDS
