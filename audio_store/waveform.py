"""What a message looks like in a list: its peaks, left to right."""

from array import array
from collections.abc import Sequence
from itertools import pairwise
from sys import byteorder
from typing import Final

from audio_store.masters import HEADER_BYTES, check_master

_FULL_SCALE: Final = 32_768
# Enough to find the peaks of speech; all samples of a five minutes' message would take 0.2 s.
_LOOKED_AT: Final = 1_000
_BARS: Final = "▁▂▃▄▅▆▇█"
_TOP: Final = 100


def peaks(master: bytes, columns: int = 32) -> list[int]:
    """Return the peak of each of `columns` equal parts of a master, 0 to 100 of full scale.

    Raises `RefusedAudioError` for bytes that are no master.
    """
    check_master(master)
    samples = array("h")
    samples.frombytes(master[HEADER_BYTES:])
    if byteorder == "big":
        samples.byteswap()
    bounds = [column * len(samples) // columns for column in range(columns + 1)]
    return [_find_peak(samples[start : max(end, start + 1)]) for start, end in pairwise(bounds)]


def sparkline(peaks: Sequence[int]) -> str:
    """Return peaks of 0 to 100 as a line of bars, one character each."""
    return "".join(_BARS[min(peak * len(_BARS) // _TOP, len(_BARS) - 1)] for peak in peaks)


def _find_peak(part: "array[int]") -> int:
    # An odd stride: an even one could keep meeting a hum at its zero crossings.
    looked_at = part[:: len(part) // _LOOKED_AT | 1]
    highest, lowest = max(looked_at), min(looked_at)
    return max(highest, -lowest) * _TOP // _FULL_SCALE
