"""How far a message is raised or lowered."""

import pytest

from audio_store.conversion import plan_gain


@pytest.mark.parametrize(
    ("level", "peak", "gain"),
    [
        pytest.param(-26.0, -10.0, 6.0, id="raised-to-the-target"),
        pytest.param(-26.0, -4.0, 3.0, id="raised-until-its-peaks-are-at-minus-1"),
        pytest.param(-26.0, -0.2, 0.0, id="never-lowered-for-its-peaks"),
        pytest.param(-12.0, -0.2, -8.0, id="lowered-to-the-target"),
        pytest.param(-20.4, -9.0, 0.0, id="near-enough-from-below"),
        pytest.param(-19.6, -9.0, 0.0, id="near-enough-from-above"),
        pytest.param(-26.0, -1.4, 0.0, id="hardly-any-room"),
        pytest.param(-26.0, 2.0, -3.0, id="above-full-scale"),
        pytest.param(None, -30.0, 0.0, id="too-short-to-measure"),
        pytest.param(None, 2.0, -3.0, id="too-short-and-above-full-scale"),
    ],
)
def test_gain(level: float | None, peak: float, gain: float) -> None:
    """A message goes to -20 LUFS, up as far as its peaks leave room."""
    assert plan_gain(level, peak, is_levelled=True) == pytest.approx(gain)


@pytest.mark.parametrize(("peak", "gain"), [(-9.0, 0.0), (0.0, 0.0), (2.0, -2.0)])
def test_gain_of_a_kept_level(peak: float, gain: float) -> None:
    """A message that keeps its level is lowered only to fit."""
    assert plan_gain(-40.0, peak, is_levelled=False) == pytest.approx(gain)
