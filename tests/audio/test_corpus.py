"""Recordings by other programs become masters that sound like their source."""

from pathlib import Path

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.intake import TARGET, take_in
from audio_store.wav_header import read_header
from tests.audio.recordings import (
    CORPUS,
    RECORDINGS,
    best_correlation,
    reference_for,
    samples_of,
)

ENCODINGS = {
    "pcm8": "PCM 8 bit",
    "pcm16": "PCM 16 bit",
    "pcm24": "PCM 24 bit",
    "pcm32": "PCM 32 bit",
    "float32": "float 32 bit",
    "float64": "float 64 bit",
    "alaw": "A-law",
    "ulaw": "µ-law",
}
# Under this name in `other/`: what the refusal must say.
OTHER_FORMATS = {
    "192-khz": "is sampled at 192,000 Hz",
    "6-khz": "is sampled at 6,000 Hz",
    "aac": "is AAC",
    "aiff": "is AIFF",
    "amr": "is AMR",
    "au": "is Sun AU",
    "avi": "is a RIFF file, but no WAVE",
    "caf": "is Core Audio",
    "flac": "is FLAC",
    "g722": "is G.722 in a WAV",
    "g726": "is G.726 in a WAV",
    "gsm": "is GSM 6.10 in a WAV",
    "headerless": "is not a WAV file",
    "ima-adpcm": "is IMA ADPCM in a WAV",
    "m4a": "is MPEG-4",
    "mp3": "is an MP3",
    "mp3-in-wav": "is MP3 in a WAV",
    "mp3-without-tags": "is an MP3",
    "ms-adpcm": "is Microsoft ADPCM in a WAV",
    "ogg-opus": "is Ogg",
    "ogg-vorbis": "is Ogg",
    "rf64": "is RF64",
    "rifx": "is big-endian RIFX",
    "six-channels": "has 6 channels",
    "w64": "is Wave64",
    "wavpack": "is WavPack",
    "webm": "is Matroska or WebM",
    "wma": "is Windows Media",
}


def test_corpus_is_what_it_says() -> None:
    """There are at least 40 recordings, by three encoders, in every encoding and at every rate."""
    parts = [path.stem.split("-") for path in RECORDINGS]
    assert len(parts) >= 40
    assert {name for name, *_ in parts} == {"sox", "ffmpeg", "espeakng"}
    assert {encoding for _, encoding, *_ in parts} == set(ENCODINGS)
    rates = {int(rate) for _, _, rate, *_ in parts}
    assert rates == {8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000}
    assert {channels for _, _, _, channels, *_ in parts} == {"1", "2"}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recordings_are_taken_in(path: Path) -> None:
    """Each keeps its duration to 20 ms, sounds like what sox makes of it, and gets the level."""
    taken = take_in(path.read_bytes())
    _, encoding, rate, channels, *remarks = path.stem.split("-")
    assert taken.found[:3] == (ENCODINGS[encoding], int(channels), int(rate))
    expected = reference_for(path)
    seconds = 8_001 / 8_000 if "odd" in remarks else len(expected) / 8_000
    assert taken.seconds == pytest.approx(seconds, abs=0.02)
    assert best_correlation(samples_of(taken.master), expected) > 0.98
    assert taken.level_after == pytest.approx(TARGET, abs=1)
    assert taken.peak < -0.99
    assert any("pipe" in note for note in taken.notes) == ("pipe" in remarks)


def test_every_other_format_has_its_words() -> None:
    """The table names each file there is, and no other."""
    assert {path.stem for path in (CORPUS / "other").glob("*.wav")} == set(OTHER_FORMATS)


@pytest.mark.parametrize(("name", "problem"), OTHER_FORMATS.items(), ids=[*OTHER_FORMATS])
def test_other_formats_are_named_and_refused(name: str, problem: str) -> None:
    """What is called .wav and is something else is named, with a way to convert it."""
    with pytest.raises(RefusedAudioError) as caught:
        read_header((CORPUS / "other" / f"{name}.wav").read_bytes())
    assert caught.value.problem.startswith(problem)
    assert "ffmpeg" in caught.value.remedy
