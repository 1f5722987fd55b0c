"""Files that a command writes: whole or not at all, and never over somebody else's."""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from schedules.errors import BereikbaarError

# Where a mark has to be: a file of any size is told by it.
_MARKED_BYTES: Final = 65_536


class NewFile(NamedTuple):
    """A file to be written: its name, which may be in folders, its bytes and its mode."""

    name: str
    content: bytes
    mode: int


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole, as `replacing` does."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file whole: beside it first, then in its place; a link's target, in its mode.

    Where writing ends in an error, what was there stays. Raises `OSError`, and `BereikbaarError`
    for a device, a pipe or a socket, which would be gone.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.is_symlink():
        path = path.resolve()
    mode = None
    if path.exists():
        found = path.stat().st_mode
        if not stat.S_ISREG(found):
            raise BereikbaarError(f"{path} is not a regular file; name another file")
        mode = stat.S_IMODE(found)
    # One that a killed command left behind must not be in the way of the next.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        # The file that was asked for is named, not the one beside it.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def renew_file(path: Path, content: bytes, mark: str) -> None:
    """Write a file that may replace an earlier one with the same `mark` in it, or an empty one.

    Raises `BereikbaarError` for any other file that is there.
    """
    refuse_others(path, mark)
    replace_file(path, content)


def refuse_others(path: Path, mark: str) -> None:
    """Refuse a file that is there, isn't empty and has no `mark` near its beginning."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        beginning = file.read(_MARKED_BYTES)
    if beginning and mark.encode() not in beginning:
        raise BereikbaarError(
            f"{path} is there and was not written by this command; name another file, or remove it"
        )


def folder_of(output: str, *, is_single: bool) -> Path | None:
    """Return the folder that files go into, made where it isn't; None for the name of one file.

    Raises `BereikbaarError` where something else is in the folder's place, and `OSError`.
    """
    path = Path(output)
    is_folder = path.is_dir() or output.endswith(os.sep) or not is_single or not path.suffix
    if not is_folder:
        return None
    if path.exists() and not path.is_dir():
        raise BereikbaarError(f"{path} is not a folder; name another, or remove it")
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_together(folder: Path, files: Iterable[NewFile], *, may_replace: bool) -> dict[str, str]:
    """Write files into a folder, all or none; return for each `created`, `replaced`, `unchanged`.

    A file that is unchanged gets its mode all the same. Raises `BereikbaarError` naming each that
    differs, unless `may_replace`, or that is no regular file; and `OSError`.
    """
    files = list(files)
    found = {file.name: _state_of(folder / file.name, file.content) for file in files}
    strange = [str(folder / name) for name, state in found.items() if state == "strange"]
    if strange:
        raise BereikbaarError(f"{', '.join(strange)}: not a regular file; name another folder")
    differing = [str(folder / name) for name, state in found.items() if state == "replaced"]
    if differing and not may_replace:
        raise BereikbaarError(
            f"{', '.join(differing)}: there already, and different; look at what was changed "
            "there, then --force replaces it"
        )
    with ExitStack() as stack:
        ready = [
            (_write_beside(folder / file.name, file, stack), folder / file.name) for file in files
        ]
        for beside, path in ready:
            beside.replace(path)
    return found


def _state_of(path: Path, content: bytes) -> str:
    """Tell what writing would do to a file."""
    if not path.is_symlink() and not path.exists():
        return "created"
    if path.is_symlink() or not path.is_file():
        return "strange"
    return "unchanged" if path.read_bytes() == content else "replaced"


def _write_beside(path: Path, file: NewFile, stack: ExitStack) -> Path:
    """Write a file's bytes beside its place, gone when the stack is left; return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    stack.callback(beside.unlink, missing_ok=True)
    # It is nobody else's to read at any moment.
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode), "wb"
    ) as opened:
        opened.write(file.content)
        opened.flush()
        os.fchmod(opened.fileno(), file.mode)
        os.fsync(opened.fileno())
    return beside
