"""Numbers found by any written form, and by some of their digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.number_search import parse_number_part
from schedules.telephone import NumberBlock

MOBILE = "+31612345678"
BLOCK = "+31850000100..99"


@pytest.mark.parametrize(
    ("typed", "linked", "found"),
    [
        pytest.param("+31612345678", MOBILE, (0, 31612345678), id="E.164"),
        pytest.param("0612345678", MOBILE, (0, 31612345678), id="national"),
        pytest.param("06-12 34 56.78", MOBILE, (0, 31612345678), id="separators"),
        pytest.param("0031612345678", MOBILE, (0, 31612345678), id="international prefix"),
        pytest.param("+31 (0)6 12345678", MOBILE, (0, 31612345678), id="(0)"),
        pytest.param("sip:+31612345678@trunk.example", MOBILE, (0, 31612345678), id="SIP URI"),
        pytest.param("06", MOBILE, (1, 31612345678), id="national beginning"),
        pytest.param("+31 (0)6 12", MOBILE, (1, 31612345678), id="beginning with (0)"),
        pytest.param("00316", MOBILE, (1, 31612345678), id="international beginning"),
        pytest.param("5678", MOBILE, (2, 31612345678), id="last digits"),
        pytest.param("2345", MOBILE, (2, 31612345678), id="digits within"),
        pytest.param("5679", MOBILE, None, id="other digits"),
        pytest.param("07", MOBILE, None, id="other national beginning"),
        pytest.param("+6", MOBILE, None, id="+ is the very beginning"),
        pytest.param("+316123456789", MOBILE, None, id="a digit too many"),
        pytest.param("00", MOBILE, None, id="only the international prefix"),
        pytest.param("1" * 200, MOBILE, None, id="more digits than a number has"),
        pytest.param("085-0000142", BLOCK, (0, 31850000142), id="a number of a block"),
        pytest.param("085-0000200", BLOCK, None, id="the number after a block"),
        pytest.param("085-00001", BLOCK, (1, 31850000100), id="beginning of a block"),
        pytest.param("085-000015", BLOCK, (1, 31850000150), id="beginning within a block"),
        pytest.param("77", BLOCK, (2, 31850000177), id="digits within a block"),
        pytest.param("0177", BLOCK, (2, 31850000177), id="zeros in front count"),
        pytest.param("0277", BLOCK, None, id="digits that no number of it has"),
        pytest.param(BLOCK, BLOCK, (0, 31850000100), id="a block as it is written"),
    ],
)
def test_what_is_found(typed: str, linked: str, found: tuple[int, int] | None) -> None:
    """The rank and the number that fits best, of one number or of a block."""
    part = parse_number_part(typed, "NL")
    assert part is not None
    assert part.find_in(NumberBlock.from_text(linked)) == found


@pytest.mark.parametrize("text", ["", "jansen", "+", "-", "weg 12", "klant-00077", "٣١", "..12"])
def test_what_is_no_number(text: str) -> None:
    """Text with other things than digits and separators is nothing of a number."""
    assert parse_number_part(text, "NL") is None


@pytest.mark.parametrize(
    ("typed", "region", "found"),
    [
        pytest.param("02 512", "BE", (1, 3225120000), id="Belgium"),
        pytest.param("02 512", "NL", None, id="the Netherlands"),
        pytest.param("02 512", "ZZ", None, id="a region without a dial plan"),
        pytest.param("2512", "ZZ", (2, 3225120000), id="digits need no dial plan"),
    ],
)
def test_a_region_reads_national_forms(
    typed: str, region: str, found: tuple[int, int] | None
) -> None:
    """The same digits begin other numbers elsewhere."""
    part = parse_number_part(typed, region)
    assert part is not None
    assert part.find_in(NumberBlock.from_text("+3225120000")) == found


@given(
    first=st.integers(31_850_000_000, 31_850_001_000),
    count=st.integers(1, 300),
    digits=st.text("0123456789", min_size=1, max_size=4),
)
def test_a_block_is_searched_as_if_written_out(first: int, count: int, digits: str) -> None:
    """Whether and where digits stand in a block is what going through its numbers tells."""
    part = parse_number_part(digits, "ZZ")
    assert part is not None
    numbers = range(first, first + count)
    found = next((number for number in numbers if digits in str(number)), None)
    assert part.find_in(NumberBlock(first, numbers[-1])) == (None if found is None else (2, found))
