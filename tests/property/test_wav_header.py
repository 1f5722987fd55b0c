"""The check of a WAV's header, for any bytes at all."""

import struct
from io import BytesIO

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from audio_store.errors import RefusedAudioError
from audio_store.wav_header import WavFacts, read_header

SUBTYPES = {
    "PCM_U8": "PCM 8 bit",
    "PCM_16": "PCM 16 bit",
    "PCM_24": "PCM 24 bit",
    "PCM_32": "PCM 32 bit",
    "FLOAT": "float 32 bit",
    "DOUBLE": "float 64 bit",
    "ALAW": "A-law",
    "ULAW": "µ-law",
}
CODES = {
    1: (8, 16, 24, 32),
    3: (32, 64),
    6: (8,),
    7: (8,),
}
NAMES = st.sampled_from([b"LIST", b"JUNK", b"bext", b"cue ", b"fact", b"data", b"fmt ", b"RIFF"])
SMALL = st.integers(0, 9)


def chunk(name: bytes, body: bytes) -> bytes:
    """Write a chunk with its pad byte."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


@st.composite
def formats(draw: st.DrawFn) -> bytes:
    """Draw a `fmt ` chunk, nearly always one that can be taken in."""
    code = draw(st.sampled_from([*CODES]))
    bits = draw(st.sampled_from(CODES[code]))
    channels = draw(st.integers(1, 2))
    rate = draw(st.sampled_from([8_000, 11_025, 44_100, 96_000]) | st.integers(7_990, 96_010))
    frame = channels * bits // 8
    body = struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)
    rest = struct.pack("<HHIH", 22, bits, 0, code) + bytes.fromhex("000000001000800000aa00389b71")
    if draw(st.booleans()):
        return chunk(b"fmt ", b"\xfe\xff" + body[2:] + rest)
    return chunk(b"fmt ", body + draw(st.sampled_from([b"", bytes(2)])))


@st.composite
def wavs(draw: st.DrawFn) -> bytes:
    """Draw a WAV of an ordinary form, with other chunks before and after the samples."""
    others = st.builds(chunk, st.sampled_from([b"LIST", b"JUNK", b"note"]), st.binary(max_size=30))
    body = b"WAVE" + draw(formats())
    body += b"".join(draw(st.lists(others, max_size=3)))
    samples = chunk(b"data", bytes(2) * draw(st.integers(0, 20_000)))
    body += samples + b"".join(draw(st.lists(others, max_size=2)))
    return b"RIFF" + struct.pack("<I", len(body)) + body


@st.composite
def damaged_wavs(draw: st.DrawFn) -> bytes:
    """Draw a WAV of which some bytes were replaced, and perhaps the end cut off."""
    data = bytearray(draw(wavs()))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, min(len(data), 120) - 4))
        data[place : place + 4] = draw(
            st.binary(min_size=4, max_size=4) | NAMES | SMALL.map(lambda n: struct.pack("<I", n))
        )
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


def read_independently(data: bytes) -> WavFacts:
    """Read the facts with libsndfile."""
    with soundfile.SoundFile(BytesIO(data)) as file:
        return WavFacts(SUBTYPES[file.subtype], file.channels, file.samplerate, file.frames)


@given(st.binary(max_size=200) | st.binary(max_size=99).map(lambda rest: b"RIFF" + rest))
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    """Bytes that are no WAV are refused, and fail in no other way."""
    with pytest.raises(RefusedAudioError) as caught:
        read_header(data)
    assert caught.value.problem
    assert caught.value.remedy


@given(wavs())
def test_what_is_accepted_is_read_alike_by_libsndfile(data: bytes) -> None:
    """A WAV of an ordinary form is read with the facts that libsndfile finds, or refused."""
    try:
        facts = read_header(data)
    except RefusedAudioError as error:
        if not error.problem.startswith(("lasts", "has no samples", "is sampled", "ends in")):
            raise
    else:
        assert facts == read_independently(data)


@given(damaged_wavs())
def test_damaged_wavs_are_refused_or_plausible(data: bytes) -> None:
    """Whatever was damaged, the answer is a refusal or facts that fit in the bytes there are."""
    try:
        facts = read_header(data)
    except RefusedAudioError:
        return
    assert facts.channels in (1, 2)
    assert 8_000 <= facts.rate <= 96_000
    assert 0 < facts.frames * facts.channels <= len(data) - 44


@pytest.mark.parametrize("size", [0, 2])
def test_endless_chunks_are_refused(size: int) -> None:
    """Ten megabytes of tiny chunks are given up after the thousandth."""
    body = b"WAVE" + chunk(b"JUNK", bytes(size)) * 900_000
    with pytest.raises(RefusedAudioError, match="more than 1,000 chunks"):
        read_header(b"RIFF" + struct.pack("<I", len(body)) + body)
