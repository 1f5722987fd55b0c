"""Documents hold for every schedule, and no bytes break their reader."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from schedules.documents import format_yaml, read_document, write_document
from schedules.errors import Fault, InvalidScheduleError
from schedules.forward_rules import ForwardPolicy
from schedules.model import Reading, Schedule
from tests.strategies import documents_strategy, schedules_strategy

KEYS = st.one_of(
    st.sampled_from(
        (
            *("id", "name", "pbx", "week", "mon", "slots", "dates", "forwards", "audio"),
            *("exceptions", "holidays", "koningsdag", "overrides", "from", "until", "slot"),
            *("expect", "at", "status", "numbers", "number", "sha256", "file", "revision"),
            *("every", "template"),
        )
    ),
    st.text(max_size=5),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(("00:00-24:00 open", "open", "true", "2026-01-01", "2026-12-25T10:00Z")),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=12,
)
YAML_PIECES = st.lists(
    st.sampled_from(
        (
            *("id: x\n", "week:\n", "  mon: ", "[", "]", "{", "}", ", ", ": ", "- ", "? ", "\n"),
            *("&a ", "*a", "!!str ", "! ", "!<x> ", "<<", "|", "> ", "|2", "'", '"', "# c", "\t"),
            *("\\x", "\\U00110000", "\\", "%YAML 1.1\n", "%TAG ! x\n", "---\n", "...\n", "0"),
            *("\x85", "\u2028", "\ufeff", "é", "\U0001f600", "null", "~", "@", "`", "%", "\n  "),
        )
    ),
    max_size=25,
).map("".join)


@st.composite
def broken_trees(draw: st.DrawFn) -> Any:  # noqa: ANN401 - whatever comes of it
    """Draw a valid document in which one to four values were lost, moved or replaced."""
    tree = json.loads(json.dumps(draw(documents_strategy())))
    for _ in range(draw(st.integers(1, 4))):
        _break_one_value(draw, tree)
    return tree


def _break_one_value(draw: st.DrawFn, part: Any) -> None:  # noqa: ANN401 - any part of a tree
    while part:
        key = draw(st.sampled_from(list(part) if isinstance(part, dict) else range(len(part))))
        if isinstance(part[key], dict | list) and part[key] and draw(st.booleans()):
            part = part[key]
            continue
        value = part.pop(key)
        if draw(st.booleans()):
            if isinstance(part, dict):
                part[draw(st.one_of(st.just(key), KEYS))] = draw(st.one_of(st.just(value), TREES))
            else:
                part.insert(key, draw(TREES))
        return


def read_or_refuse(source: bytes) -> None:
    """Read any bytes: a schedule comes of it, or faults that an operator can use."""
    try:
        schedule = read_document(source, ForwardPolicy()).schedule
    except InvalidScheduleError as error:
        faults: Sequence[Fault] = error.faults
    else:
        assert Schedule.model_validate(write_document(schedule)) == schedule
        return
    assert faults
    for fault in faults:
        assert fault.problem
        assert fault.remedy
        assert str(fault).isprintable()
        assert len(str(fault)) < 1_000


@given(schedule=schedules_strategy(), revision=st.one_of(st.none(), st.integers(1, 10**9)))
def test_an_export_reads_back_equal(schedule: Schedule, revision: int | None) -> None:
    """What is exported, as YAML or JSON, reads back as the same schedule."""
    exported = write_document(schedule, revision)
    for text in (format_yaml(exported), json.dumps(exported)):
        document = read_document(text.encode(), ForwardPolicy())
        assert document.schedule == schedule
        assert document.revision == revision
        assert write_document(document.schedule, revision) == exported


@given(schedule=schedules_strategy())
def test_the_stored_form_reads_back_equal(schedule: Schedule) -> None:
    """What the store keeps reads back as the same schedule, unjudged."""
    stored = schedule.model_dump_json(by_alias=True)
    assert Schedule.model_validate_json(stored, context=Reading(is_stored=True)) == schedule


@given(source=st.binary())
def test_no_bytes_break_the_reader(source: bytes) -> None:
    """Any bytes are read or refused."""
    read_or_refuse(source)


@given(text=YAML_PIECES)
@example(text="*a\u2028")
@example(text="a: !!float x\n? [a]\n")
def test_no_yaml_breaks_the_reader(text: str) -> None:
    """Any run of what YAML is made of is read or refused."""
    read_or_refuse(text.encode())


@given(tree=st.one_of(TREES, st.dictionaries(KEYS, TREES)))
def test_no_tree_breaks_the_reader(tree: object) -> None:
    """Any keys, lists and scalars are read or refused."""
    read_or_refuse(json.dumps(tree).encode())


@given(tree=broken_trees())
def test_no_damage_breaks_the_reader(tree: object) -> None:
    """A sound document, damaged anywhere, is read or refused."""
    read_or_refuse(json.dumps(tree).encode())
