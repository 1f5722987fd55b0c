"""The corpus of recordings by other programs, and how like two recordings are."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CORPUS = Path(__file__).with_name("corpus")
RECORDINGS = sorted(path for path in CORPUS.glob("*.wav") if not path.stem.startswith("reference"))
LAG = 160  # samples of 8 kHz in 20 ms


def samples_of(master: bytes) -> NDArray[np.float64]:
    """Return the samples of a canonical master."""
    return np.frombuffer(master[44:], "<i2").astype(np.float64)


def reference_for(path: Path) -> NDArray[np.float64]:
    """Return what sox made of the same source."""
    name = "reference-short" if path.stem.endswith("-short") else "reference"
    return samples_of((CORPUS / f"{name}.wav").read_bytes())


def best_correlation(found: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Return the correlation at the lag, of at most 20 ms, where it is highest."""
    best = -1.0
    for lag in range(-LAG, LAG + 1):
        a, b = found[max(0, lag) :], expected[max(0, -lag) :]
        common = min(len(a), len(b))
        a, b = a[:common], b[:common]
        best = max(best, float(a @ b / np.sqrt((a @ a) * (b @ b))))
    return best
