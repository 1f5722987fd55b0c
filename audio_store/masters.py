"""Stored masters: PCM 16-bit, 8 kHz, mono WAV files, kept by the SHA-256 of their bytes."""

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from audio_store.errors import (
    DamagedAudioError,
    MissingAudioError,
    RefusedAudioError,
    UnusableAudioError,
)
from audio_store.whole_files import synchronise, write_whole

SAMPLE_RATE: Final = 8_000
MAX_BYTES: Final = 10 * 1024 * 1024
MAX_SECONDS: Final = 300

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES: Final = _HEADER.size
_SAMPLE_BYTES: Final = 2
# Encoding, channels, sample rate, bytes a second, bytes a sample, bits a sample.
_TELEPHONY: Final = (1, 1, SAMPLE_RATE, SAMPLE_RATE * _SAMPLE_BYTES, _SAMPLE_BYTES, 16)
_REMEDY: Final = (
    "convert it to a WAV of PCM 16 bit, 8000 Hz, mono: `sox in.wav -r 8000 -c 1 -b 16 out.wav`"
)
_PCM: Final = 1
_NAME: Final = re.compile(r"[0-9a-f]{64}\.wav")


class _Header(NamedTuple):
    """The first 44 bytes of a canonical master, field by field."""

    riff: bytes
    riff_size: int
    wave: bytes
    fmt: bytes
    fmt_size: int
    encoding: int
    channels: int
    rate: int
    byte_rate: int
    alignment: int
    bits: int
    chunk: bytes
    size: int

    def told(self) -> str:
        """Say what the bytes are, in an operator's words."""
        encoding = "PCM" if self.encoding == _PCM else f"encoding {self.encoding}"
        return (
            f"is {encoding}, {self.channels} channel(s), {self.rate} Hz, "
            f"{self.bits} bit, {self.byte_rate} bytes a second"
        )


def check_master(data: bytes) -> float:
    """Return the duration in seconds of bytes that are a canonical master.

    A canonical master is a RIFF header, a `fmt ` chunk of 16 bytes and a `data` chunk, nothing
    else. Raises `RefusedAudioError` that says what was found.
    """
    if len(data) > MAX_BYTES:
        raise RefusedAudioError(f"is {len(data):,} bytes long", f"keep to {MAX_BYTES:,} bytes")
    if len(data) < _HEADER.size or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise RefusedAudioError("is not a WAV file", _REMEDY)
    header = _Header(*_HEADER.unpack_from(data))
    if (header.fmt, header.fmt_size, header.chunk) != (b"fmt ", 16, b"data"):
        raise RefusedAudioError("has chunks besides format and data", _REMEDY)
    if header[5:11] != _TELEPHONY:
        raise RefusedAudioError(header.told(), _REMEDY)
    size = header.size
    if (
        size != len(data) - _HEADER.size
        or header.riff_size != len(data) - 8
        or size % _SAMPLE_BYTES
    ):
        raise RefusedAudioError("says another length than it has", "export it again")
    seconds = size / _SAMPLE_BYTES / SAMPLE_RATE
    if not 0 < seconds <= MAX_SECONDS:
        raise RefusedAudioError(f"lasts {seconds:.1f} s", f"keep between 0 and {MAX_SECONDS} s")
    return seconds


class MasterFiles:
    """The masters in a folder, each in a file named by its hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, digest: str) -> Path:
        """Return where the master with this SHA-256 lies or would lie."""
        return self.folder / f"{digest}.wav"

    def has(self, digest: str) -> bool:
        """Tell whether a master with this SHA-256 is here; one that can't be looked at isn't."""
        try:
            return self.path_of(digest).is_file()
        except OSError:
            # A folder that may not be entered, for one: no call may fail for that.
            return False

    def look_up(self) -> Callable[[str], bool]:
        """Return what `has` would say at this moment, for whoever asks about very many."""
        try:
            return self.digests().__contains__
        except OSError:
            # Files of a folder that can't be listed may still be found by name.
            return self.has

    def digests(self) -> set[str]:
        """Return the SHA-256 of each master that is here; raises `OSError`."""
        return {digest for digest, _ in self.entries()}

    def entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield the SHA-256 and the file of each master that is here; raises `OSError`."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                # A link may lead anywhere, also to itself.
                with suppress(OSError):
                    if _NAME.fullmatch(entry.name) and entry.is_file():
                        yield entry.name.removesuffix(".wav"), entry

    def read(self, digest: str) -> bytes:
        """Return a master, which is what its name says.

        Raises `MissingAudioError`, and `DamagedAudioError` for one with other bytes, or that the
        disk doesn't give.
        """
        if not _NAME.fullmatch(f"{digest}.wav"):
            raise MissingAudioError(digest)
        try:
            with self.path_of(digest).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise MissingAudioError(digest) from None
        except OSError as error:
            why = f"it can't be read ({error.strerror})"
            raise DamagedAudioError(digest, why) from error
        if sha256(data).hexdigest() != digest:
            raise DamagedAudioError(digest, "its bytes have changed")
        return data

    def add(self, data: bytes) -> str:
        """Store a canonical master and return its SHA-256; what is here already stays.

        One that is here but damaged is replaced. A crash leaves the whole message or nothing.
        Within a transaction of whoever will name it, no collection can take it away in between.
        Raises `RefusedAudioError`, and `OSError` when it can't be written.
        """
        check_master(data)
        digest = sha256(data).hexdigest()
        try:
            self.read(digest)
        except UnusableAudioError:
            write_whole(self.path_of(digest), data, HEADER_BYTES)
        else:
            # Whoever wrote it may not have come to this yet.
            synchronise(self.folder)
        return digest

    def remove(self, digest: str) -> None:
        """Remove a master; one that isn't here is no fault. Raises `OSError`."""
        self.path_of(digest).unlink(missing_ok=True)
