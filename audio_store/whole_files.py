"""Files that are there whole or not at all, whatever moment a crash comes at."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pywav import WavRead

# What a crash leaves behind is told by this.
UNFINISHED: Final = ".incoming-"


def write_whole(path: Path, data: bytes, payload: int) -> None:
    """Write a telephony WAV whose samples begin at byte `payload`, over one that is there.

    Written to a temporary file beside it, read back, synchronised and renamed. Raises `OSError`
    that names `path`; then nothing of it stays.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(path, data, payload)
    except OSError as error:
        # The one beside it tells nobody anything, and is gone.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    synchronise(folder)


def _write(path: Path, data: bytes, payload: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _read_back(name, data[payload:])
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read_back(name: str, samples: bytes) -> None:
    if WavRead(name).getdata() != samples:
        raise OSError(errno.EIO, "what was written reads back differently; check the disk")


def synchronise(folder: Path) -> None:
    """Have the names in a folder survive a power cut; raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unfinished_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that somebody is writing, or that a crash left behind."""
    return folder.glob(f"{UNFINISHED}*")
