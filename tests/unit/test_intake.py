"""Recordings become masters, in a process of their own."""

import struct
import subprocess
import sys
import wave
from io import BytesIO
from math import pi, sin
from pathlib import Path

import pytest

from audio_store import intake
from audio_store.errors import RefusedAudioError
from audio_store.intake import ENCODINGS, Encoding, encode, take_in
from audio_store.masters import check_master

FORMS = {"PCM 16 bit": (1, 16, "<h", 32_767), "float 32 bit": (3, 32, "<f", 1.0)}


def tone(hertz: float, amplitude: float, seconds: float, rate: int = 8_000) -> list[float]:
    """Make a sine."""
    return [amplitude * sin(2 * pi * hertz * i / rate) for i in range(int(seconds * rate))]


def wav(
    signal: list[float], *, rate: int = 8_000, channels: int = 1, encoding: str = "PCM 16 bit"
) -> bytes:
    """Write a WAV; with two channels the signal's samples alternate between them."""
    code, bits, pattern, scale = FORMS[encoding]
    packed = struct.Struct(pattern)
    samples = b"".join(
        packed.pack(value * scale if code == 3 else round(value * scale)) for value in signal
    )
    frame = channels * bits // 8
    body = b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, code, channels, rate, rate * frame, frame, bits
    )
    body += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("amplitude", "peak", "level"),
    [
        # A tone of 997 Hz has about the loudness of its mean power: 3 dB below its peak.
        pytest.param(0.02, -17.0, -20.0, id="soft-comes-up"),
        pytest.param(0.9, -17.0, -20.0, id="loud-comes-down"),
    ],
)
def test_messages_get_one_loudness(amplitude: float, peak: float, level: float) -> None:
    """Soft and loud recordings become equally loud."""
    taken = take_in(wav(tone(997, amplitude, 1)))
    assert taken.level_after == pytest.approx(level, abs=0.1)
    assert taken.peak == pytest.approx(peak, abs=0.1)
    assert taken.seconds == 1.0
    assert taken.notes == ()


def test_own_output_and_near_levels_stay_as_they_are() -> None:
    """A master within half a dB of the target comes back byte for byte, at any parity."""
    near = wav(tone(997, 10 ** (-16.7 / 20), 1)[:-1])
    check_master(near)
    assert take_in(near).master == near
    taken = take_in(wav(tone(997, 0.5, 1), rate=11_025))
    again = take_in(taken.master)
    assert (again.master, again.sha256) == (taken.master, taken.sha256)


def test_peaks_limit_the_gain() -> None:
    """A recording with high peaks is raised until they reach -1 dBFS, which is said."""
    clicks = [0.0] * 8_000
    clicks[::800] = [0.5] * 10
    taken = take_in(wav(clicks))
    assert taken.peak == pytest.approx(-1.0, abs=0.01)
    assert taken.level_after is not None
    assert taken.level_after < -22
    assert "its peaks leave no room" in taken.notes[0]
    assert take_in(taken.master).master == taken.master


def test_level_can_be_kept() -> None:
    """With levelling off the samples are those of the source."""
    data = wav(tone(997, 0.02, 1))
    taken = take_in(data, is_levelled=False)
    assert taken.master == data
    assert taken.level_before == taken.level_after == pytest.approx(-37.0, abs=0.1)


@pytest.mark.parametrize("is_levelled", [True, False])
def test_samples_above_full_scale_are_not_cut_off(*, is_levelled: bool) -> None:
    """A float recording of more than full scale comes down until it fits."""
    taken = take_in(wav(tone(997, 4.0, 1), encoding="float 32 bit"), is_levelled=is_levelled)
    assert taken.peak == pytest.approx(-17.0 if is_levelled else 0.0, abs=0.1)
    samples = struct.unpack("<8000h", taken.master[44:])
    assert samples.count(max(samples)) + samples.count(min(samples)) < 1_000
    assert taken.notes == (() if is_levelled else ("was above full scale, so was made softer",))


def test_very_soft_part_settles() -> None:
    """Where raising a message brings soft parts above the gate, its output is still final."""
    taken = take_in(wav(tone(997, 0.004, 1) + tone(997, 0.0003, 3), encoding="float 32 bit"))
    assert take_in(taken.master).master == taken.master


def test_channels_are_mixed() -> None:
    """Two channels become one that has both, each at half its height."""
    left, right = tone(500, 0.5, 1), tone(1_500, 0.5, 1)
    both = [value for pair in zip(left, right, strict=True) for value in pair]
    expected = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    taken = take_in(wav(both, channels=2), is_levelled=False)
    samples = struct.unpack("<8000h", taken.master[44:])
    assert max(abs(s / 32_768 - e) for s, e in zip(samples, expected, strict=True)) < 0.0002


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(
            wav([0.0] * 8_000),
            "is silent: it swings no further than -inf dBFS",
            id="digital-silence",
        ),
        pytest.param(wav(tone(997, 0.003, 1)), "no further than -50.5 dBFS", id="soft"),
        pytest.param(wav([0.5]), "lasts 0.1 ms", id="too-short"),
        pytest.param(
            wav([s * v for v in tone(997, 0.5, 1) for s in (1, -1)], channels=2),
            "silent on a telephone: its channels cancel",
            id="opposite-channels",
        ),
        pytest.param(
            # It comes and goes slowly: a sudden start would be a click.
            wav(
                [
                    a * b
                    for a, b in zip(
                        tone(9_000, 0.5, 1, 44_100), tone(0.5, 1, 1, 44_100), strict=True
                    )
                ],
                rate=44_100,
            ),
            "silent on a telephone",
            id="too-high",
        ),
        pytest.param(
            wav([*tone(997, 0.5, 1), float("nan")], encoding="float 32 bit"), "NaN", id="nan"
        ),
        pytest.param(
            wav([*tone(997, 0.5, 1), float("inf")], encoding="float 32 bit"), "NaN", id="infinite"
        ),
        pytest.param(
            wav(tone(997, 30_000, 1), encoding="float 32 bit"),
            "times full scale",
            id="float-scaled-as-integers",
        ),
    ],
)
def test_unusable_recordings_are_refused(data: bytes, problem: str) -> None:
    """What a caller couldn't hear is refused with what to do."""
    with pytest.raises(RefusedAudioError, match=problem) as caught:
        take_in(data)
    assert caught.value.remedy


def test_clipping_is_noted() -> None:
    """A recording cut off at full scale is taken in, and said to be so."""
    flat = [max(-1.0, min(1.0, value)) for value in tone(200, 3.0, 1)]
    # Of each half wave of 20 samples 15 are cut off, 13 of them between two others.
    assert "is clipped: 65.0%" in take_in(wav(flat)).notes[0]


def test_short_message_keeps_its_level() -> None:
    """What is shorter than a block of 0.4 s has no loudness, and is left as it is."""
    data = wav(tone(997, 0.1, 0.2))
    taken = take_in(data)
    assert (taken.master, taken.level_before) == (data, None)
    assert "too short" in taken.notes[0]


def test_streamed_recording_is_noted() -> None:
    """A WAV from a pipe is taken in whole, which is said."""
    data = bytearray(wav(tone(997, 0.1414, 1)))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    taken = take_in(bytes(data))
    assert taken.seconds == 1.0
    assert "pipe" in taken.notes[0]


@pytest.mark.parametrize("frames", [8_000, 8_001], ids=["even", "odd"])
@pytest.mark.parametrize(
    ("encoding", "code", "rate", "bits"),
    [("alaw", 6, 8_000, 8), ("ulaw", 7, 8_000, 8), ("pcm16k", 1, 16_000, 16)],
)
def test_variants_are_whole_wavs(
    encoding: Encoding, code: int, rate: int, bits: int, frames: int
) -> None:
    """A variant is a WAV of even length with the encoding asked for and the master's duration."""
    data = encode(wav(tone(997, 0.1, 2)[:frames]), encoding)
    assert struct.unpack_from("<HHI", data, 20) == (code, 1, rate)
    assert struct.unpack_from("<H", data, 34) == (bits,)
    assert int.from_bytes(data[4:8], "little") + 8 == len(data)
    assert len(data) % 2 == 0
    assert take_in(data, is_levelled=False).seconds == pytest.approx(frames / 8_000, abs=0.0002)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_variants_sound_like_their_master(encoding: Encoding) -> None:
    """Taken in again, a variant differs from its master by no more than its encoding rounds."""
    master = wav(tone(997, 0.2, 1))
    again = take_in(encode(master, encoding), is_levelled=False).master
    pairs = zip(
        struct.unpack("<8000h", master[44:]), struct.unpack("<8000h", again[44:]), strict=True
    )
    # At the very ends a resampler rings.
    assert max(abs(a - b) for a, b in [*pairs][50:-50]) <= 150


def test_only_masters_have_variants() -> None:
    """Other bytes are refused before any process starts."""
    with pytest.raises(RefusedAudioError):
        encode(b"no wav", "alaw")


DIES = "import os, sys; os.write(1, b'ready\\n'); "


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(DIES + "os.abort()", id="crash"),
        pytest.param(DIES + "import time; time.sleep(60)", id="hangs"),
        pytest.param(DIES + "sys.exit(1)", id="fails"),
        pytest.param(DIES, id="says-nothing"),
        pytest.param(DIES + "os.write(1, bytes(range(256)))", id="garbage"),
        pytest.param(DIES + "os.write(1, b'[]')", id="other-json"),
        pytest.param(
            DIES + 'os.write(1, b\'{"level_before": "x", "level_after": 0}\')', id="other-fields"
        ),
        pytest.param(
            DIES
            + 'os.write(1, b\'{"level_before": null, "level_after": 0, "peak": 0, "clipped": 0, '
            + '"gain": 0}\\n12345678\')',
            id="too-few-samples",
        ),
    ],
)
def test_failing_decoder_refuses_the_recording(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens to the process after it began, the recording is refused with a remedy."""
    monkeypatch.setattr(intake, "_COMMAND", (sys.executable, "-S", "-c", program))
    # Time enough to begin on a busy machine.
    monkeypatch.setattr(intake, "_WALL_SECONDS", 4.0)
    with pytest.raises(RefusedAudioError, match="decode") as caught:
        take_in(wav(tone(997, 0.1, 1)))
    assert "ffmpeg" in caught.value.remedy


@pytest.mark.parametrize(
    ("command", "why"),
    [
        pytest.param(("/nonexistent/python",), "No such file", id="no-interpreter"),
        pytest.param(
            (sys.executable, "-S", "-c", "import soundfile"), "No module named", id="no-decoder"
        ),
        pytest.param(("/bin/true",), "no reason", id="silent"),
    ],
)
def test_machine_that_cannot_convert_is_no_fault_of_the_recording(
    command: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the process doesn't start, that is told as trouble of the machine."""
    monkeypatch.setattr(intake, "_COMMAND", command)
    with pytest.raises(OSError, match=why):
        take_in(wav(tone(997, 0.1, 1)))


WORST = """
import resource, sys
from audio_store.intake import take_in
taken = take_in(sys.stdin.buffer.read())
print(taken.seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, *sys.modules)
"""


@pytest.mark.parametrize(
    ("rate", "channels", "bits", "size"),
    [
        pytest.param(96_000, 2, 8, 10_485_700, id="most-samples"),
        pytest.param(17_477, 2, 8, 10_485_700, id="longest"),
        pytest.param(8_001, 1, 16, 4_800_000, id="largest-at-8-khz"),
    ],
)
def test_decoding_stays_small(rate: int, channels: int, bits: int, size: int) -> None:
    """The largest recordings take less than 256 MB, and none of it in the caller's process."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, bits // 8, rate, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * (size // 256))
    result = subprocess.run(
        [sys.executable, "-c", WORST], input=buffer.getvalue(), capture_output=True, check=True
    )
    seconds, kilobytes, *modules = result.stdout.decode().split()
    assert float(seconds) == pytest.approx(size // 256 * 256 / rate / channels / bits * 8, abs=0.01)
    assert int(kilobytes) < 256 * 1024
    assert {"numpy", "soundfile", "soxr"}.isdisjoint(modules)


LIMITED = """
import os
import resource
import signal
from audio_store import conversion
before = os.nice(0)
conversion._limit()
found = {
    "processes": resource.getrlimit(resource.RLIMIT_NPROC),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "seconds": (resource.getrlimit(resource.RLIMIT_CPU)[1], 60 < signal.alarm(0) <= 90),
    "gives way": os.nice(0) > before or before == 19,
}
def attempt(name, act):
    try:
        act()
    except Exception as error:
        found[name] = type(error).__name__
attempt("open", lambda: os.open("/etc/hostname", os.O_RDONLY))
attempt("memory", lambda: bytearray(1 << 28))
attempt("write", lambda: [os.write(1, bytes(1 << 20)) for _ in range(12)])
os.write(2, repr(found).encode())
os._exit(0)
"""


def test_decoder_gives_up_what_it_does_not_need() -> None:
    """Once limited it starts nothing, opens no file, takes no 256 MB, writes no more than 10 MB.

    It gives way to others, and ends itself should nobody else do so.
    """
    with intake._memory_file() as out:
        result = subprocess.run(
            [sys.executable, "-c", LIMITED], stdout=out, stderr=subprocess.PIPE, check=True
        )
    assert result.stderr.decode() == (
        "{'processes': (0, 0), 'core': (0, 0), 'seconds': (20, True), 'gives way': True, "
        "'open': 'OSError', 'memory': 'MemoryError', 'write': 'OSError'}"
    )


def test_numpy_in_the_working_directory_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with a numpy.py of somebody else's is no danger to whoever stands in it."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('foreign')")
    monkeypatch.chdir(tmp_path)
    assert take_in(wav(tone(997, 0.1414, 1))).seconds == 1.0
