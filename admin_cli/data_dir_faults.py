"""What is wrong with the data directory itself: its disk, owners and modes, for `doctor`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from admin_cli.finding import Finding
from pbx_adapters.data_dir import CALLER_KEY_FILE, DECISIONS_FILE, OUTBOX_FILE

# A save needs some pages of the log; the last-good file as much as all schedules.
_FULL_BYTES: Final = 1_000_000
_NEARLY_FULL_BYTES: Final = 100_000_000
# By how the names of files begin.
_SECRETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bereikbaar.db": "what tokens are checked by",
        "last-good": "what tokens are checked by",
        DECISIONS_FILE: "who called when",
        CALLER_KEY_FILE: "what callers are recognised by",
        OUTBOX_FILE: "who changed what",
    }
)


def data_dir_faults(data_dir: Path) -> Iterator[Finding]:
    """Find what keeps the data directory from being written, or lets others read it."""
    if not data_dir.is_dir():
        return
    yield from _disk_faults(data_dir)
    owner = data_dir.stat().st_uid
    for path in sorted(path for path in data_dir.iterdir() if not path.is_symlink()):
        try:
            found = path.stat()
        except FileNotFoundError:
            # A file that is written anew.
            continue
        if found.st_uid != owner:
            problem = f"it belongs to user {found.st_uid}, and the data directory to user {owner}"
            remedy = f"`chown -R {owner} {data_dir}`, and run commands as that user"
            yield Finding("wrong-owner", path.name, problem, remedy)
        secret = _secret_of(path)
        if secret and path.is_file() and found.st_mode & 0o077:
            problem = f"its mode is {found.st_mode & 0o777:04o}: others may read it"
            remedy = f"`chmod 600 {path}`: it holds {secret}"
            yield Finding("readable-by-others", path.name, problem, remedy)


def _secret_of(path: Path) -> str:
    """Return what others may not read in a file, empty where it may be seen."""
    return next((secret for name, secret in _SECRETS.items() if path.name.startswith(name)), "")


def _disk_faults(data_dir: Path) -> Iterator[Finding]:
    disk = os.statvfs(data_dir)
    place = str(data_dir)
    if disk.f_flag & os.ST_RDONLY:
        remedy = "mount it for writing; a disk that fails is mounted so, see the kernel's log"
        problem = "its file system can only be read: nothing can be saved"
        yield Finding("data-dir-read-only", place, problem, remedy)
    elif not os.access(data_dir, os.W_OK | os.X_OK):
        remedy = "see its owner and mode, and which user runs this"
        yield Finding("data-dir-read-only", place, "it can't be written", remedy)
    left = disk.f_bavail * disk.f_frsize
    # A file system that makes them as it needs them counts none.
    is_out_of_files = bool(disk.f_files) and not disk.f_favail
    problem = f"{left:,} bytes are left on its disk"
    if is_out_of_files:
        problem = "its disk has no room for another file"
    remedy = "make room; calls go on, but nothing can be saved without"
    if left < _FULL_BYTES or is_out_of_files:
        yield Finding("disk-full", place, problem, remedy)
    elif left < _NEARLY_FULL_BYTES:
        yield Finding("disk-nearly-full", place, problem, remedy)
