"""Ways in which a disk spoils a file, each drawn with dice."""

import random
from collections.abc import Callable
from typing import Final

PAGE: Final = 4_096


def flip_bits(whole: bytes, _former: bytes, dice: random.Random) -> bytes:
    """Flip one bit, or some anywhere."""
    spoilt = bytearray(whole)
    for _ in range(dice.choice((1, 4, 32))):
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def zero_page(whole: bytes, _: bytes, dice: random.Random) -> bytes:
    """Lose a page."""
    return _with_page(whole, _any_page(whole, dice), bytes(PAGE))


def fill_page(whole: bytes, _: bytes, dice: random.Random) -> bytes:
    """Fill a page with something else."""
    return _with_page(whole, _any_page(whole, dice), dice.randbytes(PAGE))


def misplace_page(whole: bytes, _: bytes, dice: random.Random) -> bytes:
    """Write one page in the place of another: it is whole, but not that one."""
    start = _any_page(whole, dice)
    return _with_page(whole, _any_page(whole, dice), whole[start : start + PAGE])


def forget_page(whole: bytes, former: bytes, dice: random.Random) -> bytes:
    """Leave a page as it was before the last saves."""
    differing = [
        start
        for start in range(0, min(len(whole), len(former)), PAGE)
        if whole[start : start + PAGE] != former[start : start + PAGE]
    ]
    start = dice.choice(differing)
    return _with_page(whole, start, former[start : start + PAGE])


def cut_off(whole: bytes, _: bytes, dice: random.Random) -> bytes:
    """Lose the end."""
    return whole[: dice.randrange(1, len(whole))]


def _any_page(whole: bytes, dice: random.Random) -> int:
    return dice.randrange(len(whole) // PAGE) * PAGE


def _with_page(whole: bytes, start: int, page: bytes) -> bytes:
    return whole[:start] + page + whole[start + PAGE :]


# From a whole file, one from before the last saves, and dice to a spoilt one.
WAYS: Final[tuple[Callable[[bytes, bytes, random.Random], bytes], ...]] = (
    flip_bits,
    flip_bits,
    zero_page,
    fill_page,
    misplace_page,
    forget_page,
    cut_off,
)
