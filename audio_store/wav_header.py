"""What a WAV says of itself, checked before any decoder sees a byte of it."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from audio_store.errors import RefusedAudioError
from audio_store.masters import MAX_BYTES, MAX_SECONDS
from audio_store.wav_format import CONVERT, WavFormat, name_format, read_format

MIN_SECONDS: Final = 0.1
_EXPORT_AGAIN: Final = (
    "export it again, or save what plays of it: "
    "`sox --ignore-length FILE -r 8000 -c 1 -b 16 out.wav`"
)

_CHUNK: Final = struct.Struct("<4sI")
_NEEDED: Final = {b"fmt ": "format", b"data": "data"}
_FIRST_CHUNK: Final = 12
_MAX_CHUNKS: Final = 1_000
# What programs that write to a pipe put where they can't know the size: ffmpeg 0xFFFFFFFF, sox and
# espeak-ng something just below 0x80000000.
_UNKNOWN_SIZE: Final = 0x7FFF_0000


class WavFacts(NamedTuple):
    """What a WAV holds; a frame is one sample of each channel."""

    encoding: str
    channels: int
    rate: int
    frames: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.frames / self.rate

    def told(self) -> str:
        """Say it in an operator's words."""
        channels = "mono" if self.channels == 1 else "stereo"
        return f"{self.encoding}, {self.rate:,} Hz, {channels}, {self.seconds:.1f} s"


class WavLayout(NamedTuple):
    """Where in a WAV its samples are: `size` bytes from `start`; no size said if `is_streamed`."""

    facts: WavFacts
    start: int
    size: int
    is_streamed: bool


def read_header(data: bytes) -> WavFacts:
    """Return what the WAV in `data` holds.

    Time is linear in its length, and no more than 1,000 chunks are looked at. Raises
    `RefusedAudioError` that says what was found and what to do.
    """
    return read_layout(data).facts


def read_layout(data: bytes) -> WavLayout:
    """Return what the WAV in `data` holds and where; raises as `read_header`."""
    if not data:
        raise RefusedAudioError("is empty", "record or export it again")
    if len(data) > MAX_BYTES:
        raise RefusedAudioError(
            f"is longer than {MAX_BYTES:,} bytes", f"keep it to that; {CONVERT}"
        )
    if data[:4] != b"RIFF" or data[8:_FIRST_CHUNK] != b"WAVE":
        raise RefusedAudioError(name_format(data), CONVERT)
    found, samples = _find_samples(data, _find_end(data))
    odd = samples.size % found.frame_bytes
    if odd and not samples.is_streamed:
        raise RefusedAudioError("ends in the middle of a sample", _EXPORT_AGAIN)
    size = samples.size - odd
    facts = WavFacts(found.encoding, found.channels, found.rate, size // found.frame_bytes)
    _check_duration(facts)
    return WavLayout(facts, samples.start, size, samples.is_streamed)


def _find_end(data: bytes) -> int:
    """Return where the RIFF ends by its own word, at most `len(data)`."""
    said = int.from_bytes(data[4:8], "little")
    if said >= _UNKNOWN_SIZE:
        return len(data)
    end = 8 + said
    # Some writers count the pad byte after an odd chunk and leave it out, or the reverse.
    if end > len(data) + 1:
        raise RefusedAudioError(
            f"says it is {end:,} bytes long, but has {len(data):,}", _EXPORT_AGAIN
        )
    if data.count(0, end + 1) < len(data) - end - 1:
        raise RefusedAudioError(f"goes on for {len(data) - end:,} bytes after its end", CONVERT)
    return min(end, len(data))


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int
    is_streamed: bool


def _walk(data: bytes, end: int) -> Iterator[_Chunk]:
    """Yield the chunks one after another; raises `RefusedAudioError` where one is impossible."""
    place = _FIRST_CHUNK
    for _ in range(_MAX_CHUNKS):
        if place + _CHUNK.size > end:
            return
        name, size = _CHUNK.unpack_from(data, place)
        start = place + _CHUNK.size
        is_streamed = name == b"data" and size >= _UNKNOWN_SIZE
        if is_streamed:
            size = end - start
        _check_chunk(name, size, place, end)
        yield _Chunk(name, start, size, is_streamed)
        place = start + size + size % 2
    raise RefusedAudioError(f"has more than {_MAX_CHUNKS:,} chunks", CONVERT)


def _find_samples(data: bytes, end: int) -> tuple[WavFormat, _Chunk]:
    """Return the format and the chunk with the samples."""
    found: dict[bytes, _Chunk] = {}
    for chunk in _walk(data, end):
        if chunk.name in found:
            raise RefusedAudioError(f"has two {_NEEDED[chunk.name]} chunks", CONVERT)
        if chunk.name == b"data" and b"fmt " not in found:
            raise RefusedAudioError("has its samples before their format", CONVERT)
        if chunk.name in _NEEDED:
            found[chunk.name] = chunk
    for name, told in _NEEDED.items():
        if name not in found:
            raise RefusedAudioError(f"has no {told} chunk", _EXPORT_AGAIN)
    start, size = found[b"fmt "][1:3]
    return read_format(data[start : start + size]), found[b"data"]


def _check_chunk(name: bytes, size: int, place: int, end: int) -> None:
    if not (name.isascii() and name.decode("ascii").isprintable()):
        raise RefusedAudioError(f"has no chunk at byte {place:,}, where one should be", CONVERT)
    if name == b"RIFF":
        raise RefusedAudioError(f"has another RIFF inside, at byte {place:,}", CONVERT)
    left = end - place - _CHUNK.size
    if size > left and name == b"data":
        raise RefusedAudioError(
            f"says it has {size:,} bytes of samples, but has {left:,}", _EXPORT_AGAIN
        )
    if size > left:
        raise RefusedAudioError(
            f"says its chunk {name.decode('ascii')!r} is {size:,} bytes long, but has {left:,}",
            _EXPORT_AGAIN,
        )


def _check_duration(facts: WavFacts) -> None:
    if not facts.frames:
        raise RefusedAudioError("has no samples", "record or export it again")
    if facts.seconds > MAX_SECONDS:
        raise RefusedAudioError(f"lasts {facts.seconds:,.1f} s", f"keep to {MAX_SECONDS} s")
    if facts.seconds < MIN_SECONDS:
        raise RefusedAudioError(
            f"lasts {facts.seconds * 1000:.1f} ms", f"record at least {MIN_SECONDS} s"
        )
