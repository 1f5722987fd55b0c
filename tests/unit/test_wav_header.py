"""What is read from a WAV's header, and how foreign and faulty ones are refused."""

import struct

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.wav_header import WavFacts, read_header, read_layout

PCM_REST = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes) -> bytes:
    """Write a chunk with its pad byte."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    """Write a RIFF around chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(code: int, channels: int, rate: int, bits: int, rest: bytes = b"") -> bytes:
    """Write a `fmt ` chunk whose derived fields are right."""
    frame = channels * bits // 8
    fields = struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)
    return chunk(b"fmt ", fields + rest)


def extension(valid_bits: int, code: int, rest: bytes = PCM_REST) -> bytes:
    """Write what follows in a WAVE_FORMAT_EXTENSIBLE."""
    return struct.pack("<HHIH", 22, valid_bits, 0, code) + rest


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        pytest.param(
            riff(form(1, 1, 8_000, 16), chunk(b"data", bytes(1_600))),
            WavFacts("PCM 16 bit", 1, 8_000, 800),
            id="canonical",
        ),
        pytest.param(
            riff(form(1, 2, 44_100, 24), chunk(b"LIST", b"INFOx"), chunk(b"data", bytes(60_000))),
            WavFacts("PCM 24 bit", 2, 44_100, 10_000),
            id="list-of-odd-size-before-data",
        ),
        pytest.param(
            riff(form(6, 1, 8_000, 8, bytes(2)), chunk(b"data", bytes(801)), chunk(b"cue ", b"")),
            WavFacts("A-law", 1, 8_000, 801),
            id="odd-data-and-a-chunk-after",
        ),
        pytest.param(
            riff(form(0xFFFE, 2, 48_000, 32, extension(24, 1)), chunk(b"data", bytes(80_000))),
            WavFacts("PCM 32 bit", 2, 48_000, 10_000),
            id="extensible-24-bits-in-32",
        ),
        pytest.param(
            riff(form(0xFFFE, 1, 48_000, 64, extension(64, 3)), chunk(b"data", bytes(80_000))),
            WavFacts("float 64 bit", 1, 48_000, 10_000),
            id="extensible-float",
        ),
    ],
)
def test_ordinary_forms_are_read(data: bytes, facts: WavFacts) -> None:
    """Encoding, channels, rate and number of frames are told as they are."""
    assert read_header(data) == facts


@pytest.mark.parametrize(
    ("riff_size", "data_size"),
    [
        pytest.param(0xFFFFFFFF, 0xFFFFFFFF, id="ffmpeg"),
        pytest.param(0x7FFFF024, 0x7FFFF000, id="sox-and-espeak-ng"),
    ],
)
def test_streamed_wav_is_as_long_as_it_is(riff_size: int, data_size: int) -> None:
    """What came through a pipe says no size; all whole frames to the end are taken."""
    data = bytearray(riff(form(1, 2, 8_000, 16), chunk(b"data", bytes(6_402))))
    struct.pack_into("<I", data, 4, riff_size)
    struct.pack_into("<I", data, 40, data_size)
    layout = read_layout(bytes(data))
    assert (layout.facts.frames, layout.start, layout.size) == (1_600, 44, 6_400)
    assert layout.is_streamed


@pytest.mark.parametrize(
    "tail", [pytest.param(b"x", id="uncounted-pad"), pytest.param(bytes(99), id="zeros")]
)
def test_padding_after_the_end_is_passed_over(tail: bytes) -> None:
    """A pad byte nobody counted and zeros after the end change nothing."""
    data = riff(form(1, 1, 8_000, 16), chunk(b"data", bytes(1_600)))
    assert read_header(data + tail) == read_header(data)


def test_pad_byte_may_be_absent() -> None:
    """A writer that counts a pad byte and leaves it out is understood."""
    data = riff(form(7, 1, 8_000, 8), chunk(b"data", bytes(801)))
    assert read_header(data[:-1]).frames == 801


def test_facts_are_told_in_words() -> None:
    """An operator reads what was found."""
    assert WavFacts("PCM 24 bit", 2, 44_100, 542_430).told() == (
        "PCM 24 bit, 44,100 Hz, stereo, 12.3 s"
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"RIF", "is cut off after 3 bytes", id="three-bytes"),
        pytest.param(b"ID3" + bytes(99), "is an MP3", id="mp3"),
        pytest.param(bytes(4) + b"ftypM4A ", "is MPEG-4", id="m4a"),
        pytest.param(b"RIFF\4\0\0\0AVI ", "is a RIFF file, but no WAVE", id="avi"),
        pytest.param(b"Bestand niet gevonden", "is not a WAV file", id="text"),
        pytest.param(
            riff(form(0x31, 1, 8_000, 0), chunk(b"data", bytes(650))), "is GSM 6.10", id="gsm"
        ),
        pytest.param(
            riff(form(1, 3, 192_000, 16), chunk(b"data", bytes(600))),
            "has 3 channels, is sampled at 192,000 Hz",
            id="two-faults-at-once",
        ),
    ],
)
def test_refusal_says_what_was_found(data: bytes, problem: str) -> None:
    """What can't be taken in is named, with a way to make it fit."""
    with pytest.raises(RefusedAudioError) as caught:
        read_header(data)
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy
