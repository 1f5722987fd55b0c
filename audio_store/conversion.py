"""The program that decodes, run as a process of its own: `python -m audio_store.conversion TASK`.

Its argument is a JSON object; samples without a header come in as a file on standard input and go
out on standard output, after a line that says it is ready and, for a master, a line of JSON.
`audio_store/intake.py` is its only caller.
"""

import json
import os
import resource
import signal
import sys
from math import isfinite, log10
from typing import BinaryIO, Final, NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio_store.errors import RefusedAudioError
from audio_store.intake import READY, TARGET
from audio_store.loudness import BLOCK_SECONDS, Samples, integrated_loudness, peak_level
from audio_store.masters import MAX_BYTES, MAX_SECONDS, SAMPLE_RATE

_CEILING: Final = -1.0  # dBFS
# A message this near to the target stays as it is: dB.
_SLACK: Final = 0.5
_SILENCE: Final = -50.0  # dBFS
# Beyond this, samples are no fractions of full scale: +24 dBFS.
_MAX_SAMPLE: Final = 16.0
_ROUNDS: Final = 4
_BLOCK_FRAMES: Final = 65_536
_WIDE_RATE: Final = 16_000

_FULL_SCALE: Final = 32_768
_TOP: Final = (_FULL_SCALE - 1) / _FULL_SCALE
# By encoding: what libsndfile calls it, and its highest sample as a fraction of full scale.
_SUBTYPES: Final = {
    "PCM 8 bit": ("PCM_U8", 127 / 128),
    "PCM 16 bit": ("PCM_16", _TOP),
    "PCM 24 bit": ("PCM_24", _TOP),
    "PCM 32 bit": ("PCM_32", _TOP),
    "float 32 bit": ("FLOAT", _TOP),
    "float 64 bit": ("DOUBLE", _TOP),
    "A-law": ("ALAW", 32_256 / _FULL_SCALE),
    "µ-law": ("ULAW", 32_124 / _FULL_SCALE),
}

_MEGABYTE: Final = 1 << 20
_LIMITS: Final = (
    (resource.RLIMIT_DATA, 160 * _MEGABYTE),
    (resource.RLIMIT_AS, 1_024 * _MEGABYTE),
    (resource.RLIMIT_CPU, 20),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, MAX_BYTES),
    # Those that are open stay so; there is no room for another file or socket.
    (resource.RLIMIT_NOFILE, 3),
    # No other process either, which would have these limits for itself (root is exempt).
    (resource.RLIMIT_NPROC, 0),
)
_WALL_SECONDS: Final = 90


class Sound(NamedTuple):
    """What was decoded, at 8 kHz in one channel, with its level (LUFS) and peak (dBFS).

    `clipped` is the share of the samples that were cut off at full scale when it was recorded.
    """

    samples: Samples
    clipped: float
    level: float | None
    peak: float


def decode(descriptor: int, encoding: str, channels: int, rate: int) -> Sound:
    """Decode headerless samples from an open file, mix them to one channel and resample to 8 kHz.

    Raises `RefusedAudioError` where they aren't numbers, or silent.
    """
    subtype, full_scale = _SUBTYPES[encoding]
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    parts: list[Samples] = []
    highest, clipped, count = 0.0, 0, 0
    # Reading from Python's own file objects would need memory that is writable and executable.
    with soundfile.SoundFile(
        descriptor,
        samplerate=rate,
        channels=channels,
        subtype=subtype,
        format="RAW",
        endian="LITTLE",
        closefd=False,
    ) as file:
        while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            highest = max(highest, _highest(block))
            clipped += _count_clipped(block, full_scale)
            count += block.size
            mono = block.mean(axis=1) if channels > 1 else np.ascontiguousarray(block[:, 0])
            parts.append(mono if rate == SAMPLE_RATE else resampler.resample_chunk(mono))
    if rate != SAMPLE_RATE:
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    samples = np.concatenate(parts)[: MAX_SECONDS * SAMPLE_RATE]
    level = integrated_loudness(samples, SAMPLE_RATE)
    sound = Sound(samples, clipped / count, level, peak_level(samples))
    _check_audible(sound, highest)
    return sound


def _highest(block: Samples) -> float:
    highest = float(np.abs(block).max())
    if not isfinite(highest):
        raise RefusedAudioError(
            "has samples that are no numbers (NaN or infinite)", "export it again as PCM 16 bit"
        )
    if highest > _MAX_SAMPLE:
        raise RefusedAudioError(
            f"has samples of {highest:,.0f} times full scale",
            "keep float samples between -1 and 1, or export it as PCM 16 bit",
        )
    return highest


def _count_clipped(block: Samples, full_scale: float) -> int:
    """Count the samples at or above full scale that lie flat between two alike."""
    middle = block[1:-1]
    is_flat = (block[2:] == middle) & (block[:-2] == middle)
    return int(np.count_nonzero(is_flat & (np.abs(middle) >= full_scale)))


def _check_audible(sound: Sound, highest: float) -> None:
    """Refuse silence; `highest` is the highest sample before mixing and resampling."""
    samples = sound.samples
    is_measurable = len(samples) >= BLOCK_SECONDS * SAMPLE_RATE
    # Half the span, as a constant offset makes a high peak and no sound.
    swing = _in_decibels(float(samples.max() - samples.min()) / 2)
    if swing >= _SILENCE and (sound.level is not None or not is_measurable):
        return
    remedy = "record it again, or raise its level"
    if sound.peak < _SILENCE <= _in_decibels(highest):
        raise RefusedAudioError(
            "is silent on a telephone: its channels cancel each other out, or all of it is above"
            " 4 kHz",
            remedy,
        )
    raise RefusedAudioError(f"is silent: it swings no further than {swing:.1f} dBFS", remedy)


def _in_decibels(amplitude: float) -> float:
    return 20 * log10(amplitude) if amplitude else float("-inf")


def plan_gain(level: float | None, peak: float, *, is_levelled: bool) -> float:
    """Return by how many dB to raise a message of this loudness (LUFS) and peak (dBFS).

    It goes to the target, up only as far as its peaks leave room. What is at most half a dB away
    stays as it is, so that levelling twice is levelling once. Samples above full scale, which
    only a float or a resampler can have, always come down.
    """
    gain = TARGET - level if is_levelled and level is not None else 0.0
    if peak > 0:
        return min(gain, (_CEILING if is_levelled else 0.0) - peak)
    if gain > 0:
        gain = max(0.0, min(gain, _CEILING - peak))
    return gain if abs(gain) >= _SLACK else 0.0


def quantize(samples: Samples) -> NDArray[np.int16]:
    """Return samples of 16 bits; those of a file of 16 bits as they were."""
    return np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")


def make_master(sound: Sound, *, is_levelled: bool) -> tuple[dict[str, float | None], bytes]:
    """Level what was decoded; return what was measured and the samples of the master."""
    level, gain = sound.level, 0.0
    step = plan_gain(level, sound.peak, is_levelled=is_levelled)
    master = quantize(sound.samples)
    # The gates make loudness follow the gain not quite exactly; what is left over is settled here.
    for _ in range(_ROUNDS):
        if not step:
            break
        gain += step
        master = quantize(sound.samples * 10 ** (gain / 20))
        rounded = master / np.float32(_FULL_SCALE)
        level = integrated_loudness(rounded, SAMPLE_RATE)
        step = plan_gain(level, peak_level(rounded), is_levelled=is_levelled)
    measured = {
        "level_before": sound.level,
        "level_after": level,
        "peak": peak_level(master / np.float32(_FULL_SCALE)),
        "clipped": sound.clipped,
        "gain": gain,
    }
    return measured, master.tobytes()


def encode_law(samples: bytes, subtype: str, scratch: int) -> bytes:
    """Return PCM of 16 bits as A-law or µ-law; `scratch` is an open file that may be written."""
    with soundfile.SoundFile(
        scratch,
        "w",
        samplerate=SAMPLE_RATE,
        channels=1,
        subtype=subtype,
        format="RAW",
        closefd=False,
    ) as file:
        file.buffer_write(samples, dtype="int16")
    os.lseek(scratch, 0, os.SEEK_SET)
    return os.read(scratch, len(samples))


def widen(samples: bytes) -> bytes:
    """Return 8 kHz PCM of 16 bits at 16 kHz."""
    narrow = np.frombuffer(samples, "<i2").astype(np.float32) / _FULL_SCALE
    return quantize(soxr.resample(narrow, SAMPLE_RATE, _WIDE_RATE, quality="HQ")).tobytes()


def _limit() -> None:
    """Give up what decoding doesn't need, before a byte of the recording is read."""
    os.nice(10)
    for what, limit in _LIMITS:
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bound, bound))
    # Should the caller be gone, nobody else ends it.
    signal.alarm(_WALL_SECONDS)


def main(task: str, out: BinaryIO) -> None:
    """Do one task of `audio_store/intake.py`."""
    settings = json.loads(task)
    scratch = os.memfd_create("law")
    _limit()
    out.write(READY)
    out.flush()
    kind = settings["to"]
    if kind == "master":
        try:
            sound = decode(0, settings["encoding"], settings["channels"], settings["rate"])
            measured, samples = make_master(sound, is_levelled=settings["is_levelled"])
        except RefusedAudioError as error:
            refusal = {"problem": error.problem, "remedy": error.remedy}
            out.write(json.dumps(refusal).encode() + b"\n")
            return
        out.write(json.dumps(measured).encode() + b"\n" + samples)
        return
    samples = sys.stdin.buffer.read()
    subtypes = {"alaw": "ALAW", "ulaw": "ULAW"}
    out.write(encode_law(samples, subtypes[kind], scratch) if kind in subtypes else widen(samples))


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout.buffer)
    sys.stdout.flush()
    # Nothing is left to tidy up, and whoever would write a file now can't.
    os._exit(0)
