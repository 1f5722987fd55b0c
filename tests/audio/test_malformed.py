"""Malformed WAVs are refused, whatever is wrong with them."""

import tracemalloc

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.intake import take_in
from tests.audio.malformed import CASES, WHOLE, Malformed

MEGABYTE = 1 << 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_malformed_wavs_are_refused(case: Malformed) -> None:
    """Each is refused in little memory, naming the fault and a remedy."""
    data = case.make()
    tracemalloc.start()
    try:
        with pytest.raises(RefusedAudioError) as caught:
            take_in(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert case.words in caught.value.problem
    assert caught.value.remedy
    assert peak < 2 * MEGABYTE


def test_what_they_are_made_of_is_good() -> None:
    """The WAV that the cases spoil would be taken in as it is."""
    assert take_in(WHOLE).seconds == 0.5


def test_there_are_enough_cases() -> None:
    """At least 40 cases, each with a name of its own."""
    assert len({case.id for case in CASES}) == len(CASES) >= 40
