"""Numbers found by what a person types of them: any written form, or some of their digits."""

import re
from dataclasses import dataclass
from typing import Final

from schedules.telephone import NumberBlock, dial_plan, read_number

_DIGIT: Final = re.compile(r"[0-9]")
_WRITTEN: Final = re.compile(r"\+?[0-9 ().\-/]+")
_NO_DIGITS: Final = re.compile(r"[^0-9]+")


@dataclass(frozen=True, slots=True)
class NumberPart:
    """What is typed of a number, as digits of E.164 without `+`.

    `beginnings` is what numbers begin with that are dialled as the text begins; `digits` stand
    anywhere in them, none where the text can only be a beginning.
    """

    beginnings: frozenset[str]
    digits: str = ""

    def find_in(self, block: NumberBlock) -> tuple[int, int] | None:
        """Return `(rank, number)` of the lowest number of a block that fits best, None for none.

        Rank 0 is the whole number, 1 its beginning, 2 digits within it; as digits without `+`.
        """
        length = len(str(block.last))
        for beginning in self.beginnings:
            if (found := _lowest_with(block, beginning, length - len(beginning))) is not None:
                return int(len(beginning) < length), found
        within = [
            found
            for after in range(length - len(self.digits) + 1)
            if self.digits and (found := _lowest_with(block, self.digits, after)) is not None
        ]
        return (2, min(within)) if within else None


def parse_number_part(text: str, region: str) -> NumberPart | None:
    """Read what is typed of a number, None where it holds nothing of one; never raises.

    National forms are read in `region`. Of a block `+31850000100..99` the first number counts.
    """
    text = text.strip().partition("..")[0]
    if _DIGIT.search(text) is None:
        return None
    whole = read_number(text, region)
    beginnings = set() if whole is None else {whole[1:]}
    if not _WRITTEN.fullmatch(text):
        return NumberPart(frozenset(beginnings)) if beginnings else None
    digits = _NO_DIGITS.sub("", text)
    if text.startswith("+"):
        beginnings.add(_NO_DIGITS.sub("", text.replace("(0)", "")))
        return NumberPart(frozenset(beginnings))
    if digits.startswith("0"):
        beginnings |= _dialled(digits, region)
    return NumberPart(frozenset(beginnings), digits)


def _dialled(digits: str, region: str) -> set[str]:
    """Return what numbers begin with that are dialled in a region as these digits, if known."""
    plan = dial_plan(region)
    if plan is None:
        return set()
    if digits.startswith(plan.international_prefix):
        return {digits.removeprefix(plan.international_prefix)} - {""}
    return {plan.calling_code + digits.removeprefix(plan.trunk_prefix)}


def _lowest_with(block: NumberBlock, digits: str, after: int) -> int | None:
    """Return the lowest number of a block that has these digits before its last `after` ones."""
    if after < 0:
        return None
    # A number without its last digits, modulo the power of ten, is what stands there.
    scale, size = 10**after, 10 ** len(digits)
    head = block.first // scale
    head += (int(digits) - head) % size
    number = max(block.first, head * scale)
    return number if number <= block.last else None
