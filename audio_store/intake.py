"""Recordings in, masters out: checked here, decoded and levelled in a process with limits."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Final, Literal, NamedTuple

from pywav import WavRead, WavWrite

from audio_store.errors import RefusedAudioError
from audio_store.masters import HEADER_BYTES, SAMPLE_RATE, check_master
from audio_store.wav_format import CONVERT
from audio_store.wav_header import WavFacts, read_layout

Encoding = Literal["alaw", "ulaw", "pcm16k"]
ENCODINGS: Final = ("alaw", "ulaw", "pcm16k")

TARGET: Final = -20.0  # LUFS
READY: Final = b"ready\n"

# -P: a numpy.py in the folder where somebody stands is none of ours.
_COMMAND: Final = (sys.executable, "-P", "-m", "audio_store.conversion")
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_WALL_SECONDS: Final = 60.0
# Samples by which resamplers may differ in where a recording ends.
_END_SLACK: Final = 4
# dB below the target that callers notice.
_NOTABLY_SOFT: Final = 2.0
_NOTABLY_CLIPPED: Final = 0.001
_DATA_REMEDY: Final = f"export it again, or {CONVERT}"


class _TelephonyForm(NamedTuple):
    """How a WAV of a variant is headed; `silence` is a sample of it, none where none is needed."""

    code: int
    rate: int
    bits: int
    silence: bytes = b""


_MASTER_FORM: Final = _TelephonyForm(1, SAMPLE_RATE, 16)
_FORMS: Final[dict[str, _TelephonyForm]] = {
    "alaw": _TelephonyForm(6, SAMPLE_RATE, 8, b"\xd5"),
    "ulaw": _TelephonyForm(7, SAMPLE_RATE, 8, b"\xff"),
    "pcm16k": _TelephonyForm(1, 2 * SAMPLE_RATE, 16),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A recording that became a master, and what is worth knowing about it.

    Levels are in LUFS (`None` where it is too short to tell), the peak of the master in dBFS.
    """

    master: bytes
    sha256: str
    seconds: float
    found: WavFacts
    level_before: float | None
    level_after: float | None
    peak: float
    notes: tuple[str, ...]


class _Measured(NamedTuple):
    """What the conversion tells of a master."""

    level_before: float | None
    level_after: float | None
    peak: float
    clipped: float
    gain: float


def take_in(data: bytes, *, is_levelled: bool = True) -> Taken:
    """Make a master of a WAV of any ordinary form: PCM 16 bit, 8 kHz, mono, at one loudness.

    The same bytes give the same master; a master that is at its level comes back as it is. Blocks
    while another process works. Raises `RefusedAudioError` that says what was found and what to
    do, and `OSError` where this machine can't do it.
    """
    layout = read_layout(data)
    facts = layout.facts
    task = {
        "to": "master",
        "encoding": facts.encoding,
        "channels": facts.channels,
        "rate": facts.rate,
        "is_levelled": is_levelled,
    }
    samples = memoryview(data)[layout.start : layout.start + layout.size]
    told, _, converted = _convert(task, samples).partition(b"\n")
    measured = _read_measured(told)
    _check_length(len(converted), 2 * facts.frames * SAMPLE_RATE / facts.rate)
    master = _write_wav(converted, _MASTER_FORM)
    seconds = check_master(master)
    notes = [*_note_source(facts, measured, is_streamed=layout.is_streamed)]
    notes += _note_level(measured, is_levelled=is_levelled)
    return Taken(
        master,
        sha256(master).hexdigest(),
        seconds,
        facts,
        measured.level_before,
        measured.level_after,
        measured.peak,
        tuple(notes),
    )


def encode(master: bytes, encoding: Encoding) -> bytes:
    """Return a WAV of a master as A-law or µ-law at 8 kHz, or as PCM 16 bit at 16 kHz.

    Blocks while another process works. Raises as `take_in`.
    """
    check_master(master)
    form = _FORMS[encoding]
    samples = memoryview(master)[HEADER_BYTES:]
    encoded = _convert({"to": encoding}, samples)
    frames = len(samples) // 2
    _check_length(len(encoded), frames * (form.rate // SAMPLE_RATE) * form.bits // 8)
    # An odd chunk wants a pad byte; an eighth of a millisecond of silence makes it even.
    return _write_wav(encoded + form.silence * (len(encoded) % 2), form)


def _convert(task: dict[str, object], samples: memoryview) -> bytes:
    """Run the conversion on `samples`; return what it wrote after it was ready."""
    with _memory_file() as source, _memory_file() as result, _memory_file() as complaints:
        source.write(samples)
        source.seek(0)
        try:
            finished = subprocess.run(  # noqa: S603 -- our own program, no shell
                [*_COMMAND, json.dumps(task)],
                stdin=source,
                stdout=result,
                stderr=complaints,
                env=os.environ | _ONE_THREAD,
                timeout=_WALL_SECONDS,
                check=False,
            )
            is_done = finished.returncode == 0
        except subprocess.TimeoutExpired:
            is_done = False
        result.seek(0)
        # The process may write no more than its limit, so this is bounded.
        written = result.read()
        if not written.startswith(READY):
            complaints.seek(0)
            why = complaints.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"the audio conversion doesn't start: {why[-1] if why else 'no reason'}")
        if not is_done:
            raise RefusedAudioError(
                "can't be decoded within the limits on time and memory", _DATA_REMEDY
            )
        return written[len(READY) :]


def _memory_file() -> IO[bytes]:
    # In memory, so that a full disk refuses no message that still has to be judged.
    return os.fdopen(os.memfd_create("audio"), "w+b")


def _read_measured(told: bytes) -> _Measured:
    try:
        values = json.loads(told)
        if "problem" not in values:
            before, after = values["level_before"], values["level_after"]
            return _Measured(
                None if before is None else float(before),
                None if after is None else float(after),
                float(values["peak"]),
                float(values["clipped"]),
                float(values["gain"]),
            )
        refusal = RefusedAudioError(str(values["problem"]), str(values["remedy"]))
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedAudioError("makes the decoder fail", _DATA_REMEDY) from error
    raise refusal


def _check_length(found: int, expected: float) -> None:
    if abs(found - expected) > 2 * _END_SLACK:
        raise RefusedAudioError("makes the decoder fail", _DATA_REMEDY)


def _write_wav(samples: bytes, form: _TelephonyForm) -> bytes:
    """Write a WAV with one channel and read it back; raises `OSError` where that differs."""
    with _memory_file() as file:
        writer = WavWrite(os.dup(file.fileno()), 1, form.rate, form.bits, form.code)
        try:
            writer.write(samples)
        finally:
            writer.close()
        file.seek(0)
        if WavRead(os.dup(file.fileno())).getdata() != samples:
            raise OSError("what was written reads back differently; check this machine's memory")
        file.seek(0)
        return file.read()


def _note_source(facts: WavFacts, measured: _Measured, *, is_streamed: bool) -> list[str]:
    notes = []
    if is_streamed:
        notes.append(f"says no length, as it came through a pipe; all {facts.seconds:.1f} s taken")
    if measured.clipped >= _NOTABLY_CLIPPED:
        notes.append(
            f"is clipped: {measured.clipped:.1%} of its samples are cut off at full scale;"
            " recorded more softly it would sound better"
        )
    return notes


def _note_level(measured: _Measured, *, is_levelled: bool) -> list[str]:
    if not is_levelled:
        return ["was above full scale, so was made softer"] if measured.gain else []
    if measured.level_after is None:
        return ["is too short for its loudness to be measured; its level is left as it is"]
    if measured.level_after < TARGET - _NOTABLY_SOFT:
        level = f"{measured.level_after:.1f} LUFS"
        return [f"stays at {level}, softer than others: its peaks leave no room to raise it"]
    return []
