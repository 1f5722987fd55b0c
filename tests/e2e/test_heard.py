"""Recordings by other programs, taken in by the command line, as a PBX fetches them."""

import subprocess
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest

from audio_store.intake import TARGET
from audio_store.loudness import integrated_loudness, peak_level
from audio_store.wav_header import read_header
from tests.audio.recordings import RECORDINGS, best_correlation, reference_for, samples_of
from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, wait_until

# Converting them all takes longer than the rest of these tests: `make e2e` hears them.
pytestmark = pytest.mark.slow

# As many half hours as a day has.
_A_DAY = 48
_DAYS = ("mon", "tue", "wed", "thu", "fri")


def slots_of(ids: list[str]) -> str:
    """Write a day whose half hours play one message each."""
    ends = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 30 * len(ids), 30)]
    spans = zip(ends, [*ends[1:], "24:00"], strict=True)
    return ", ".join(
        f"{start}-{end} closed audio={one}" for (start, end), one in zip(spans, ids, strict=True)
    )


@pytest.fixture(scope="module")
def playing(shared: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """Have a schedule that plays every recording of the corpus at a time of its own."""
    folder = tmp_path_factory.mktemp("documents")
    ids = [f"m{number}" for number in range(len(RECORDINGS))]
    for one, path in zip(ids, RECORDINGS, strict=True):
        (folder / f"{one}.wav").write_bytes(path.read_bytes())
    audio = "\n".join(f"  {one}: {{name: Bericht {one}, file: {one}.wav}}" for one in ids)
    days = [ids[first : first + _A_DAY] for first in range(0, len(ids), _A_DAY)]
    week = dict.fromkeys(("sat", "sun", *_DAYS), "00:00-24:00 open")
    week |= {day: slots_of(some) for day, some in zip(_DAYS, days, strict=False)}
    lines = "\n".join(f"  {day}: [{slots}]" for day, slots in week.items())
    document = folder / "praat.yaml"
    document.write_text(f"id: praat\nname: Praat\npbx: generic\naudio:\n{audio}\nweek:\n{lines}\n")
    subprocess.run(
        [COMMAND, "apply", document, "--data-dir", shared.data_dir],
        check=True,
        capture_output=True,
        timeout=10 * PATIENCE,
    )
    wait_until(lambda: shared.call(schedule="praat").fields["schedule"] == "praat", "it is served")
    return shared


@pytest.mark.parametrize("number", range(len(RECORDINGS)), ids=[path.stem for path in RECORDINGS])
def test_recording_is_heard_through_the_hook(playing: Daemon, number: int) -> None:
    """The message of an answer lasts, sounds and is as loud as its source, levelled."""
    day, slot = divmod(number, _A_DAY)
    at = f"2026-11-{23 + day}T{slot // 2:02}:{15 + 30 * (slot % 2):02}"
    answer = playing.ask("GET", f"/hook/generic?{urlencode({'schedule': 'praat', 'at': at})}")
    assert (answer.status, answer.fields["error"]) == (200, "")
    path = urlsplit(answer.fields["audio_url"]).path
    assert Path(path).name == answer.fields["audio"]
    status, headers, wav = playing.request("GET", path)
    assert (status, headers["Content-Type"]) == (200, "audio/wav")
    source = RECORDINGS[number]
    heard = samples_of(wav)
    assert len(heard) / 8_000 == pytest.approx(read_header(source.read_bytes()).seconds, abs=0.02)
    assert best_correlation(heard, reference_for(source)) > 0.98
    fractions = heard / 32_768
    level, peak = integrated_loudness(fractions, 8_000), peak_level(fractions)
    assert level is not None
    # Speech whose peaks leave no room stays softer.
    assert level == pytest.approx(TARGET, abs=1) or (level < TARGET and peak > -1.1)
    assert np.abs(heard).max() < 32_767
