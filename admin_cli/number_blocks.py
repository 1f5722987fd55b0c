"""Numbers and blocks given on the command line, and what is left when some are taken away."""

from collections.abc import Iterable, Sequence

from admin_cli.refusals import FileFault, RefusedInputError
from schedules.errors import Fault, FaultyValueError
from schedules.telephone import NumberBlock, parse_number_entry


def parse_blocks(texts: Iterable[str], region: str) -> list[NumberBlock]:
    """Read numbers and blocks; raises `RefusedInputError` with every fault."""
    blocks: list[NumberBlock] = []
    faults: list[FileFault] = []
    for text in texts:
        try:
            blocks.append(parse_number_entry(text, region))
        except FaultyValueError as error:
            faults += [(None, Fault("NUMBER", *pair)) for pair in error.faults]
    if faults:
        raise RefusedInputError(faults)
    return blocks


def common(one: NumberBlock, other: NumberBlock) -> NumberBlock:
    """Return the numbers that two overlapping blocks share."""
    return NumberBlock(max(one.first, other.first), min(one.last, other.last))


def without(blocks: Sequence[NumberBlock], taken: Sequence[NumberBlock]) -> list[NumberBlock]:
    """Return what is left of blocks once others are taken out of them, in their order."""
    left = list(blocks)
    for gone in taken:
        left = [part for block in left for part in _cut(block, gone)]
    return left


def _cut(block: NumberBlock, gone: NumberBlock) -> list[NumberBlock]:
    if not block.overlaps(gone):
        return [block]
    parts = []
    if block.first < gone.first:
        parts.append(NumberBlock(block.first, gone.first - 1))
    if gone.last < block.last:
        parts.append(NumberBlock(gone.last + 1, block.last))
    return parts
