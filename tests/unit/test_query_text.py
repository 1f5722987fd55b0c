"""Reading the hook's parameters (contract.md: HTTP hook)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_adapters.query_text import ALIASES, BadRequestError, parse_query


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["did=1"], {"did": "1"}, id="one"),
        pytest.param(["did="], {"did": ""}, id="empty"),
        pytest.param(["did"], {"did": ""}, id="no-equals-sign"),
        pytest.param(["did=a=b"], {"did": "a=b"}, id="equals-sign-in-value"),
        pytest.param(["did=+31"], {"did": " 31"}, id="plus-is-a-space"),
        pytest.param(["did=%2B31"], {"did": "+31"}, id="encoded-plus"),
        pytest.param(["did=%252B"], {"did": "%2B"}, id="decoded-once"),
        pytest.param(["did=%c3%A9"], {"did": "é"}, id="utf-8"),
        pytest.param(["did=é"], {"did": "é"}, id="raw-utf-8"),
        pytest.param(["%64id=1"], {"did": "1"}, id="encoded-name"),
        pytest.param(["called=1", "from=2"], {"did": "1", "cli": "2"}, id="query-and-form"),
        pytest.param(["", "to=1"], {"did": "1"}, id="form-only"),
        pytest.param(["schedule=x&caller=2"], {"schedule": "x", "cli": "2"}, id="schedule"),
        pytest.param(["did=1&DID=2&x=%zz"], {"did": "1"}, id="unknown-ignored"),
        pytest.param(["did=1&explain"], {"did": "1"}, id="explain-empty"),
        pytest.param(["did=1&explain=1"], {"did": "1", "explain": "1"}, id="explain"),
        pytest.param(["did=1&explain=yes"], {"did": "1", "explain": "yes"}, id="explain-word"),
        pytest.param(["did=1&explain=false"], {"did": "1"}, id="explain-false"),
        pytest.param(
            ["did=1&callid=c&format=xml&at=now"],
            {"did": "1", "callid": "c", "format": "xml", "at": "now"},
            id="all-others",
        ),
    ],
)
def test_parameters_are_read(texts: list[str], expected: dict[str, str]) -> None:
    """Values are decoded once, and land under their own name."""
    assert parse_query(*texts) == expected


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        pytest.param([], "exactly one", id="nothing"),
        pytest.param(["cli=1"], "exactly one", id="neither"),
        pytest.param(["did=1&schedule=x"], "exactly one", id="both"),
        pytest.param(["did=1", "did=1"], "did is given twice", id="in-both-texts"),
        pytest.param(["did=1&to=1"], "did is given twice", id="alias"),
        pytest.param(["cli=1&caller=1&did=1"], "cli is given twice", id="alias-of-cli"),
        pytest.param(["explain=0&explain=0&did=1"], "explain is given twice", id="explain"),
        pytest.param(["did=" + "1" * 257], "did is longer than 256", id="long"),
        pytest.param(["did=1&callid=" + "1" * 129], "callid is longer than 128", id="long-callid"),
        pytest.param(["did=1&callid=" + "1" * 257], "callid is longer", id="longer-callid"),
        pytest.param(["did=%"], "%", id="bare-percent"),
        pytest.param(["did=%f"], "%", id="half-escape"),
        pytest.param(["did=%-1"], "%", id="sign-in-escape"),
        pytest.param(["did=%ff"], "UTF-8", id="no-utf-8"),
        pytest.param(["did=\udcff"], "UTF-8", id="raw-no-utf-8"),
        pytest.param(["did=%41\udcff"], "UTF-8", id="raw-no-utf-8-beside-escape"),
        pytest.param(["did=1&\udcff=1"], "UTF-8", id="raw-no-utf-8-name"),
        pytest.param(["did=1&x=" + "y" * 8_192], "longer than 8192", id="long-whole"),
    ],
)
def test_what_is_wrong_is_named(texts: list[str], problem: str) -> None:
    """Each fault is refused with a message that names it."""
    with pytest.raises(BadRequestError, match=problem):
        parse_query(*texts)


@pytest.mark.parametrize(("name", "length"), [("did", 256), ("cli", 256), ("callid", 128)])
def test_longest_values_are_taken(name: str, length: int) -> None:
    """A value of exactly the documented length is fine."""
    rest = "" if name == "did" else "&did=1"
    query = parse_query(f"{name}={'x' * length}{rest}")
    assert query[name] == "x" * length


@given(
    st.text(st.sampled_from("didtocl=&%+;2BfFé\udcff\x00"), max_size=60),
    st.sampled_from([*ALIASES, "x"]),
)
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    """No text makes reading fail in another way."""
    try:
        query = parse_query(f"{name}={text}")
    except BadRequestError:
        return
    assert ("did" in query) != ("schedule" in query)
