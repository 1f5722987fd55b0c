"""The text of a document as plain values, and where each stands."""

import pytest

from schedules import document_text
from schedules.document_text import read_text
from schedules.errors import InvalidScheduleError


def test_a_place_has_the_line_of_its_key() -> None:
    """Keys and list items are found again; what an alias brings is found where it stands."""
    text = read_text(b"# first\na:\n\n  - x\n  - &y\n    b: c\nd:\n  e: [1, *y]\n")
    assert text.value == {"a": ["x", {"b": "c"}], "d": {"e": ["1", {"b": "c"}]}}
    assert text.lines == {
        "": 2,
        "a": 2,
        "a[0]": 4,
        "a[1]": 5,
        "a[1].b": 6,
        "d": 7,
        "d.e": 8,
        "d.e[0]": 8,
        "d.e[1]": 5,
        "d.e[1].b": 6,
    }


@pytest.mark.parametrize(
    ("source", "value"),
    [
        pytest.param("a: 017", {"a": "017"}, id="digits"),
        pytest.param("a: 1_000", {"a": "1_000"}, id="digits-with-a-line"),
        pytest.param("a: 12:30:45", {"a": "12:30:45"}, id="base-sixty"),
        pytest.param("a: no", {"a": "no"}, id="no"),
        pytest.param("a: ''", {"a": ""}, id="empty-text"),
        pytest.param("a:", {"a": None}, id="bare"),
        pytest.param("a: &b", {"a": None}, id="bare-with-an-anchor"),
        pytest.param("{a: b}", {"a": "b"}, id="yaml-in-braces"),
        pytest.param('{"a": [1.50, -0, true, false, null]}', None, id="json"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}, id="anchor-anew"),
        pytest.param("a: |\n  b\n  c\n", {"a": "b\nc\n"}, id="block"),
    ],
)
def test_scalars_stay_text(source: str, value: object) -> None:
    """No scalar is taken for a number, a truth or a time."""
    expected = value or {"a": ["1.50", "-0", "true", "false", None]}
    assert read_text(source.encode()).value == expected


def test_a_text_of_many_values_is_left_alone_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the value that is one too many, whatever stands behind it."""
    monkeypatch.setattr(document_text, "MAX_VALUES", 100)
    with pytest.raises(InvalidScheduleError, match="more than 100 values"):
        read_text(b"- a\n" * 100 + b'- "never closed')
