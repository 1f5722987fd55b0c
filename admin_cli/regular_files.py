"""Files that a command is given: regular ones only, and no more of them than is allowed."""

import os
import stat
from pathlib import Path

from schedules.errors import FaultyValueError


def read_regular(path: Path, limit: int, folder_remedy: str, size_remedy: str = "") -> bytes:
    """Return a file's bytes, at most `limit` and one; raises `FaultyValueError`.

    `folder_remedy` says what to name instead of a folder, `size_remedy` how to make one smaller.
    """
    data = b""
    try:
        fault = file_fault(path.stat(), limit, folder_remedy, size_remedy)
        if fault is None:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        fault = unreadable(error)
    if fault is not None:
        raise FaultyValueError(fault)
    return data


def unreadable(error: OSError | ValueError) -> tuple[str, str]:
    """Say why a file can't be read, as `(problem, remedy)`."""
    if isinstance(error, FileNotFoundError):
        return "is not there", "check the path"
    return f"can't be read: {getattr(error, 'strerror', None) or error}", "check path and rights"


def file_fault(
    found: os.stat_result, limit: int, folder_remedy: str, size_remedy: str = ""
) -> tuple[str, str] | None:
    """Say what keeps a file from being read, as `(problem, remedy)`."""
    if stat.S_ISDIR(found.st_mode):
        return "is a folder", folder_remedy
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file", "save it as one, or pipe it to `-`"
    if found.st_size > limit:
        remedy = f"keep it to at most {limit:,} bytes"
        return (
            f"is {found.st_size:,} bytes long",
            f"{remedy}; {size_remedy}" if size_remedy else remedy,
        )
    return None
