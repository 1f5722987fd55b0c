"""Which schedule a number points at."""

import pytest

from routing_engine.snapshot import link_numbers

NUMBERS = link_numbers(
    [
        ("+31850000200..99", "tweede"),
        ("+31850000000", "los"),
        ("+31850000100..99", "eerste"),
        ("+3185000", "kort"),
    ]
)


@pytest.mark.parametrize(
    ("number", "holder"),
    [
        pytest.param("+31850000000", "los", id="single"),
        pytest.param("+31850000001", None, id="one-past-a-single"),
        pytest.param("+31850000099", None, id="one-before-a-block"),
        pytest.param("+31850000100", "eerste", id="first-of-a-block"),
        pytest.param("+31850000150", "eerste", id="inside-a-block"),
        pytest.param("+31850000199", "eerste", id="last-of-a-block"),
        pytest.param("+31850000200", "tweede", id="first-of-the-next-block"),
        pytest.param("+31850000299", "tweede", id="last-of-the-next-block"),
        pytest.param("+31850000300", None, id="one-past-the-blocks"),
        pytest.param("+3185000010", None, id="a-digit-short"),
        pytest.param("+318500001000", None, id="a-digit-long"),
        pytest.param("+12025550100", None, id="before-all-blocks"),
        pytest.param("+3185000", "kort", id="a-short-single"),
        pytest.param("anoniem", None, id="no-digits"),
        pytest.param("+" + "1" * 5_000, None, id="more-digits-than-python-reads"),
    ],
)
def test_a_number_has_its_holder(number: str, holder: str | None) -> None:
    """Blocks hold their first and last number, and nothing outside."""
    assert NUMBERS.holder_of(number) == holder


def test_without_numbers_nothing_is_held() -> None:
    """No links, no holder."""
    assert link_numbers([]).holder_of("+31850000000") is None
    assert link_numbers([("+31850000000", "los")]).holder_of("+31850000001") is None
