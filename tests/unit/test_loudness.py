"""Loudness and peaks, beside what ffmpeg measures."""

import random
from math import inf, pi, sin

import numpy as np
import pytest

from audio_store.loudness import Samples, integrated_loudness, peak_level


def tone(hertz: float, amplitude: float, seconds: float, rate: int = 8_000) -> list[float]:
    """Make a sine."""
    return [amplitude * sin(2 * pi * hertz * i / rate) for i in range(int(seconds * rate))]


def noise(amplitude: float, seconds: float, rate: int = 8_000) -> list[float]:
    """Make noise, the same each time."""
    source = random.Random(1)
    return [source.uniform(-amplitude, amplitude) for _ in range(int(seconds * rate))]


def rounded(signal: list[float]) -> Samples:
    """Return a signal as a file of 16 bits would have it."""
    return np.array([round(value * 32_767) for value in signal], np.float32) / 32_768


PAUSES = [
    *tone(500, 0.3, 1),
    *tone(500, 0.003, 3),
    *tone(500, 0.1, 1),
    *tone(0, 0, 2),
    *tone(800, 0.2, 0.55),
]


@pytest.mark.parametrize(
    ("signal", "rate", "lufs"),
    [
        pytest.param(tone(997, 0.1, 3), 8_000, -23.0, id="tone-near-1-khz"),
        pytest.param(tone(60, 0.5, 3), 8_000, -12.4, id="hum"),
        pytest.param(tone(200, 0.25, 3), 8_000, -15.8, id="low"),
        pytest.param(tone(3_000, 0.1, 3), 8_000, -19.5, id="high"),
        pytest.param(PAUSES, 8_000, -17.9, id="pauses-and-softer-parts"),
        pytest.param(noise(0.2, 3), 8_000, -16.5, id="noise"),
        pytest.param(noise(0.2, 3, 16_000), 16_000, -15.9, id="noise-at-16-khz"),
        pytest.param(tone(997, 0.1, 3, 44_100), 44_100, -23.0, id="tone-at-44-khz"),
        pytest.param(noise(0.2, 3, 48_000), 48_000, -15.6, id="noise-at-48-khz"),
    ],
)
def test_loudness_is_what_ffmpeg_measures(signal: list[float], rate: int, lufs: float) -> None:
    """A signal is as loud as ffmpeg 5.1 finds it, which tells one decimal.

    `ffmpeg -i SIGNAL.wav -filter_complex ebur128 -f null -`, the signals written as PCM 16 bit.
    """
    found = integrated_loudness(rounded(signal), rate)
    assert found == pytest.approx(lufs, abs=0.06)


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param([], id="nothing"),
        pytest.param(tone(997, 0.5, 0.39), id="shorter-than-a-block"),
        pytest.param([0.0] * 8_000, id="silence"),
        pytest.param(tone(997, 0.0003, 2), id="below-the-gate"),
    ],
)
def test_what_has_no_audible_block_has_no_loudness(signal: list[float]) -> None:
    """Without a block of 0.4 s above -70 LUFS there is nothing to tell."""
    assert integrated_loudness(rounded(signal), 8_000) is None


def test_twice_as_high_is_six_decibels_louder() -> None:
    """Loudness and peak follow a gain exactly."""
    soft = np.array(noise(0.1, 2), np.float32)
    before, after = (integrated_loudness(signal, 8_000) for signal in (soft, 2 * soft))
    assert before is not None
    assert after == pytest.approx(before + 6.0206, abs=0.001)
    assert peak_level(2 * soft) == pytest.approx(peak_level(soft) + 6.0206, abs=0.001)


@pytest.mark.parametrize(
    ("samples", "dbfs"),
    [
        pytest.param([0.0, 1.0, 0.0], 0.0, id="full-scale"),
        pytest.param([0.1, -0.5], -6.0206, id="lowest-counts"),
        pytest.param([0.0], -inf, id="silence"),
        pytest.param([], -inf, id="nothing"),
    ],
)
def test_peak_is_the_sample_farthest_from_zero(samples: list[float], dbfs: float) -> None:
    """The peak is told in dB of full scale."""
    assert peak_level(np.array(samples, np.float32)) == pytest.approx(dbfs, abs=0.001)
