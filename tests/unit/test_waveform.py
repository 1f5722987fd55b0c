"""What a message looks like in a list."""

import wave
from io import BytesIO
from math import pi, sin
from struct import pack

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.waveform import peaks, sparkline


def master(samples: list[int]) -> bytes:
    """Write a master with the standard library."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8_000, len(samples), "NONE", ""))
        file.writeframes(pack(f"<{len(samples)}h", *samples))
    return buffer.getvalue()


def test_each_part_has_its_peak() -> None:
    """A part's peak is told in hundredths of full scale, whichever side it is on."""
    samples = [0] * 100 + [16_384, -5] * 50 + [-32_768] * 100 + [327] * 100
    assert peaks(master(samples), 4) == [0, 50, 100, 0]


@pytest.mark.parametrize("count", [1, 5, 31, 33])
def test_short_message_has_all_its_columns(count: int) -> None:
    """A message of fewer samples than columns still fills the line."""
    assert peaks(master([32_767] * count)) == [99] * 32


def test_peaks_of_a_long_message_are_found() -> None:
    """In five minutes of a 1 kHz tone every part is nearly as high as the tone."""
    second = [round(20_000 * sin(2 * pi * i / 8)) for i in range(8_000)]
    assert peaks(master(second * 300)) == [61] * 32


def test_other_bytes_are_refused() -> None:
    """What is no master has no waveform."""
    with pytest.raises(RefusedAudioError):
        peaks(b"no wav")


def test_line_rises_with_the_peaks() -> None:
    """Each column is one character, from the lowest bar to the highest."""
    assert sparkline([0, 12, 13, 50, 87, 88, 99, 100]) == "▁▁▂▅▇███"
