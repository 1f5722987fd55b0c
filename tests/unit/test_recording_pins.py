"""PINs: which are taken, how they are drawn, and what is kept of them."""

from hashlib import scrypt

import pytest

from schedules.errors import FaultyValueError
from schedules.recording_pins import PinHash, check_pin, draw_pin


@pytest.mark.parametrize("pin", ["829473", "112233", "123457", "000001", "135790", "829473829473"])
def test_a_pin_is_taken(pin: str) -> None:
    """Any 6 to 12 digits that aren't the first to be tried."""
    assert check_pin(pin) == pin


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "6 to 12 digits", id="empty"),
        pytest.param("82947", "6 to 12 digits", id="short"),
        pytest.param("8294738294731", "6 to 12 digits", id="long"),
        pytest.param("82947a", "6 to 12 digits", id="letter"),
        pytest.param("829 473", "6 to 12 digits", id="space"),
        pytest.param("829473\n", "6 to 12 digits", id="line-break"),
        pytest.param("٨٢٩٤٧٣", "6 to 12 digits", id="arabic-digits"),
        pytest.param("777777", "repeated", id="one-digit"),
        pytest.param("000000000000", "repeated", id="zeros"),
        pytest.param("123456", "straight", id="up"),
        pytest.param("987654", "straight", id="down"),
        pytest.param("567890", "straight", id="up-to-zero"),
        pytest.param("210987", "straight", id="down-past-zero"),
    ],
)
def test_another_pin_is_refused(text: str, problem: str) -> None:
    """The refusal says why and what to do; it doesn't repeat the PIN."""
    with pytest.raises(FaultyValueError) as refused:
        check_pin(text)
    ((told, remedy),) = refused.value.faults
    assert problem in told
    assert remedy
    assert not text.strip() or text not in told + remedy


def test_a_drawn_pin_is_six_digits_that_pass() -> None:
    """Drawn again, it is another one."""
    drawn = [draw_pin() for _ in range(50)]
    assert all(check_pin(pin) == pin and len(pin) == 6 for pin in drawn)
    assert len(set(drawn)) > 40


def test_only_the_pin_itself_passes() -> None:
    """Neither another one, nor a part, nor anything that isn't digits."""
    kept = PinHash.of("829473")
    assert kept.check("829473")
    for wrong in ("829474", "82947", "8294730", "", "829473\0", "\udc80", "é"):
        assert not kept.check(wrong)


def test_a_pin_is_kept_with_a_salt_of_its_own() -> None:
    """The same PIN of two schedules looks different, and shows nowhere."""
    one, other = PinHash.of("829473"), PinHash.of("829473")
    assert one != other
    assert one.salt != other.salt
    assert one.hash not in repr(one)
    assert one.hash == scrypt(b"829473", salt=one.salt.encode(), n=16_384, r=8, p=1).hex()


def test_a_damaged_hash_passes_nobody() -> None:
    """It is wrong for every PIN, and no other fault."""
    assert not PinHash("kapot", "\ufffd").check("829473")
