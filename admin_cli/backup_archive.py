"""Backups: a TAR file of all that is stored, and last in it a list with checksums.

The list comes last because only then is known what was read. A backup is read whole, and every
checksum compared, before anything is made of it.
"""

import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from schedules.errors import BereikbaarError
from schedules.sqlite_store import DATABASE_NAME

FORMAT: Final = 1
LIST_NAME: Final = "backup.json"

_MAX_LIST_BYTES: Final = 256 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_MEMBER: Final = re.compile(
    r"bereikbaar\.db|decisions\.db|audio/[0-9a-f]{64}\.wav|inbox/[a-zA-Z0-9.-]{1,200}\.wav"
)


class DamagedBackupError(BereikbaarError):
    """A file that is no whole backup; the message names what is wrong, and the remedy."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself.

    `files` holds by name the SHA-256 of each; `missing_messages` are those that could not be read
    when it was made.
    """

    store_revision: int
    schedules: int
    made_at: str
    version: str
    files: dict[str, str] = field(default_factory=dict)
    missing_messages: tuple[str, ...] = ()


class BackupWriter:
    """A backup that is being written to an open file; `finish` closes it with its list."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by finish
        self.files: dict[str, str] = {}

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a file of these bytes."""
        self._add(name, io.BytesIO(data), len(data))
        self.files[name] = sha256(data).hexdigest()

    def add_file(self, name: str, path: Path) -> None:
        """Add a file that nobody changes meanwhile; raises `OSError`."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)
            file.seek(0)
            self.files[name] = _digest_of(file)

    def finish(self, contents: Contents) -> None:
        """Add the list, and end the file."""
        listed = json.dumps({"format": FORMAT, **asdict(contents)}, ensure_ascii=False, indent=1)
        data = listed.encode()
        self._add(LIST_NAME, io.BytesIO(data), len(data))
        self._tar.close()

    def _add(self, name: str, file: BinaryIO, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o600
        self._tar.addfile(member, file)


def read_backup(file: BinaryIO, folder: Path | None = None) -> Contents:
    """Read a backup whole, compare every checksum, and return what it says of itself.

    With a `folder` its files are written there, none elsewhere. Raises `DamagedBackupError`, and
    `OSError`.
    """
    found: dict[str, str] = {}
    contents: Contents | None = None
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                if contents is not None:
                    raise DamagedBackupError(f"{member.name!r} follows its list; {_REMEDY}")
                if member.name == LIST_NAME:
                    contents = _contents_of(tar, member)
                    continue
                found[member.name] = _take(tar, member, found, folder)
    except (tarfile.TarError, EOFError) as error:
        raise DamagedBackupError(f"is no whole TAR file ({error}); {_REMEDY}") from error
    if contents is None:
        raise DamagedBackupError(f"ends before its list, {LIST_NAME}: it was cut off; {_REMEDY}")
    _compare(found, contents)
    return contents


_REMEDY: Final = "take another backup"


def _take(
    tar: tarfile.TarFile, member: tarfile.TarInfo, found: dict[str, str], folder: Path | None
) -> str:
    """Read one file of a backup, write it where that is asked, and return its SHA-256."""
    if not member.isreg() or not _MEMBER.fullmatch(member.name):
        raise DamagedBackupError(f"holds {member.name[:80]!r}, which no backup has; {_REMEDY}")
    if member.name in found:
        raise DamagedBackupError(f"holds {member.name} twice; {_REMEDY}")
    source = _opened(tar, member)
    if folder is None:
        return _digest_of(source)
    path = folder / member.name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = sha256()
    with path.open("xb") as target:
        for chunk in _chunks(source):
            target.write(chunk)
            digest.update(chunk)
        os.fchmod(target.fileno(), 0o600)
        # Whoever renames it into place must not be left with an empty file by a power cut.
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    source = tar.extractfile(member)
    if source is None:
        raise DamagedBackupError(f"holds {member.name} as something else; {_REMEDY}")
    return source  # type: ignore[return-value]


def _contents_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Contents:
    if not member.isreg() or member.size > _MAX_LIST_BYTES:
        raise DamagedBackupError(f"has no readable {LIST_NAME}; {_REMEDY}")
    try:
        listed: dict[str, Any] = json.loads(_opened(tar, member).read())
        if listed.pop("format") != FORMAT:
            raise DamagedBackupError("was made by a newer version; install that version")
        listed["missing_messages"] = tuple(listed["missing_messages"])
        return Contents(**listed)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedBackupError(f"has no readable {LIST_NAME}; {_REMEDY}") from error


def _compare(found: dict[str, str], contents: Contents) -> None:
    """Raise `DamagedBackupError` unless a backup holds exactly what it lists."""
    if found == contents.files and DATABASE_NAME in found:
        return
    wrong = sorted(
        name
        for name in found.keys() | contents.files.keys()
        if found.get(name) != contents.files.get(name)
    )
    told = ", ".join(wrong[:3]) or DATABASE_NAME
    raise DamagedBackupError(f"differs from its list in {told}: it is damaged; {_REMEDY}")


def _digest_of(file: BinaryIO) -> str:
    digest = sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
