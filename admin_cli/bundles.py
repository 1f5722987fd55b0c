"""Bundles read: ZIP files of documents and messages, of which nothing is taken on trust."""

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from admin_cli.regular_files import file_fault, unreadable
from schedules.errors import FaultyValueError

SUFFIX: Final = ".zip"
MAX_MEMBERS: Final = 50_000
MAX_BUNDLE_BYTES: Final = 2 * 1024**3
# What all members together may hold, unpacked.
MAX_TOTAL_BYTES: Final = 2 * 1024**3

_DOCUMENTS: Final = (".yaml", ".yml", ".json")
_MESSAGE: Final = re.compile(r"(?:.*/)?audio/([0-9a-f]{64})\.wav", re.DOTALL)
_MAX_LISTING_BYTES: Final = 8 * 1024**2
# The record at the end of a ZIP file: disks, members, size and place of their listing, comment.
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LARGE_LOCATOR: Final = struct.Struct("<4sLQL")
_LARGE_MARK: Final = b"PK\x06\x07"
_ENCRYPTED: Final = 0x1
_UTF_8: Final = 0x800
_SHOWN: Final = 80
_ANEW: Final = "make the ZIP file anew"
_TOO_MANY: Final = (
    f"holds more than {MAX_MEMBERS:,} files, or long names",
    "make several bundles of it",
)
_UNPACKING_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    IndexError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


class Bundle:
    """A ZIP file of documents and messages, read member by member and never unpacked to disk.

    Raises `FaultyValueError` with every fault of the file as a whole.
    """

    def __init__(self, path: Path) -> None:
        self._unpacked = 0
        self._file = _open(path)
        try:
            _check_end(self._file)
            self._zip = zipfile.ZipFile(self._file)
            self._members = _checked(self._zip.infolist())
        except BaseException as error:
            self._file.close()
            if isinstance(error, _UNPACKING_ERRORS) and not isinstance(error, FaultyValueError):
                raise FaultyValueError((f"is not a whole ZIP file: {error}", _ANEW)) from None
            raise
        self.documents = [
            name for name in self._members if PurePosixPath(name).suffix.lower() in _DOCUMENTS
        ]
        found = ((_MESSAGE.fullmatch(name), name) for name in self._members)
        self._messages = {match[1]: name for match, name in found if match}

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()

    def message_named(self, digest: str) -> str | None:
        """Return the member that is named by a SHA-256, if there is one."""
        return self._messages.get(digest)

    def read(self, name: str, limit: int) -> bytes:
        """Return a member's bytes, at most `limit`; raises `FaultyValueError`.

        What the ZIP file says of its size is not believed.
        """
        member = self._members.get(_composed(name))
        if member is None:
            raise FaultyValueError(("is not in the bundle", "put it in, or correct the path"))
        try:
            with self._zip.open(member) as stream:
                data = stream.read(limit + 1)
        except _UNPACKING_ERRORS as error:
            raise FaultyValueError((f"can't be unpacked: {error}", _ANEW)) from None
        if len(data) > limit:
            remedy = f"keep it to at most {limit:,} bytes"
            raise FaultyValueError((f"is more than {limit:,} bytes long, unpacked", remedy))
        self._unpacked += len(data)
        if self._unpacked > MAX_TOTAL_BYTES:
            problem = f"would take the bundle over {MAX_TOTAL_BYTES:,} bytes, unpacked"
            raise FaultyValueError((problem, "make several bundles of it"))
        return data


def _check_end(file: BinaryIO) -> None:
    """Refuse a listing that would take much memory before Python reads it."""
    start = file.seek(0, 2) - _END.size - _LARGE_LOCATOR.size
    file.seek(max(start, 0))
    tail = file.read()
    end = tail[-_END.size :]
    if len(end) < _END.size or not end.startswith(_END_MARK):
        raise FaultyValueError(
            ("is not a ZIP file, or isn't whole, or has a comment at its end", _ANEW)
        )
    if tail.startswith(_LARGE_MARK):
        raise FaultyValueError(("is a ZIP file of the large kind", "make several bundles of it"))
    _, _, _, _, count, listing, _, _ = _END.unpack(end)
    if count > MAX_MEMBERS or listing > _MAX_LISTING_BYTES:
        raise FaultyValueError(_TOO_MANY)


def _open(path: Path) -> BinaryIO:
    try:
        fault = file_fault(path.stat(), MAX_BUNDLE_BYTES, "name the documents in it")
        if fault is None:
            return path.open("rb")
    except OSError as error:
        fault = unreadable(error)
    raise FaultyValueError(fault)


def _checked(listed: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name; raises `FaultyValueError` with what is wrong with any."""
    # The record at the end may have lied.
    if len(listed) > MAX_MEMBERS:
        raise FaultyValueError(_TOO_MANY)
    members = [one for one in listed if not _is_passed_over(one)]
    faults = [
        (f"holds {name[:_SHOWN]!a} {count} times", _ANEW)
        for name, count in Counter(map(_name_of, members)).items()
        if count > 1
    ]
    for member in members:
        told = f"holds {_name_of(member)[:_SHOWN]!a}, which"
        faults += ((f"{told} {why}", then) for why, then in _faults_of(member))
    if faults:
        raise FaultyValueError(*faults)
    return {_name_of(one): one for one in members}


def _name_of(member: zipfile.ZipInfo) -> str:
    """Return a member's name as whoever packed it wrote it.

    Many programs leave out the flag that says it is UTF-8; Python then reads it as an old PC's.
    """
    name = member.filename
    if not member.flag_bits & _UTF_8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return _composed(name)


def _composed(name: str) -> str:
    """Return a name as everybody but a Mac writes it, which writes an é as two characters."""
    return unicodedata.normalize("NFC", name)


def _is_passed_over(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder, or something that a Mac put beside the files."""
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or "__MACOSX" in parts or parts[-1:] == (".DS_Store",)


def _faults_of(member: zipfile.ZipInfo) -> Iterator[tuple[str, str]]:
    name = _name_of(member)
    path = PurePosixPath(name)
    if "\\" in name:
        yield "has a backslash in its name", "name files by paths inside the ZIP file, with /"
    elif path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        yield "leads out of it", "name files by paths inside the ZIP file, with /"
    if not name.isprintable():
        yield "can't be printed", "rename it"
    if member.flag_bits & _ENCRYPTED:
        yield "is encrypted", "make the ZIP file without a password"
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield "is compressed in an unusual way", "make the ZIP file with Deflate"
    if stat.S_ISLNK(member.external_attr >> 16):
        yield "is a link", "put the file itself in"
