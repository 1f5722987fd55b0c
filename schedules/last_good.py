"""The last-good file: what decides calls while the database can't be opened.

JSON lines: a header, tokens, numbers, current revisions, and last the SHA-256 of all bytes before.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from schedules.errors import StoreUnavailableError
from schedules.revisions import Revision
from schedules.store import ScheduleSource, Token

VERSION: Final = 2
# In version 1 tokens didn't expire and had no key for tables.
_READ: Final = (1, VERSION)


@dataclass(frozen=True, slots=True)
class LastGood:
    """A last-good file that was whole when it was read; a `ScheduleSource`.

    Schedules are streamed from the file, so that they needn't all fit in memory.
    """

    path: Path
    store_revision: int
    live_tokens: tuple[Token, ...]
    last_line: bytes

    def reading(self) -> AbstractContextManager[None]:
        """Hold one moment: a file that is replaced meanwhile is noticed."""
        return nullcontext()

    def revision(self) -> int:
        """Return the store revision when the file was written."""
        return self.store_revision

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that weren't revoked, by id."""
        return self.live_tokens

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Stream each linked number or block, lowest first, with its holder."""
        return ((entry, schedule_id) for entry, schedule_id in self._values("number"))

    def currents(self) -> Iterator[Revision]:
        """Stream the current revision of every schedule, by id."""
        for value in self._values("revision"):
            yield _revision_of(value)

    def _values(self, kind: str) -> Iterator[Any]:
        line = b""
        for line in _checked_lines(self.path):
            if line.startswith(_start_of(kind)):
                yield _value_of(line)
        if line != self.last_line:
            raise StoreUnavailableError(f"{self.path}: was replaced while being read; try again")


def read_last_good(path: Path) -> LastGood:
    """Open a last-good file and check that it is whole.

    Raises `StoreUnavailableError` when it is absent, damaged, cut off or of another version.
    """
    head: list[bytes] = []
    line = b""
    for line in _checked_lines(path):
        if line.startswith((_start_of("last_good"), _start_of("token"))):
            head.append(line)
    # Nothing is taken from the file before all of it has been checked.
    header = _value_of(head[0]) if head else {}
    if header.get("version") not in _READ:
        raise StoreUnavailableError(
            f"{path}: is of format version {header.get('version')}, and {VERSION} is read here; "
            "start the daemon once with a store that opens, and it is written anew"
        )
    tokens = tuple(_token_of(_value_of(line)) for line in head[1:])
    return LastGood(path, header["store_revision"], tokens, line)


def write_last_good(path: Path, source: ScheduleSource) -> None:
    """Replace the last-good file by what a source holds at one moment; all of it, or not at all.

    Raises `StoreUnavailableError`, and `DamagedRevisionError` for a source that holds a damaged
    revision: an older file that is whole is worth more.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _write(file, source)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: can't be written, {error.strerror}: check the space and the mode of its "
            "folder; the file that was there stays"
        ) from error


def _write(file: BinaryIO, source: ScheduleSource) -> None:
    digest = hashlib.sha256()
    with source.reading():
        for line in _lines_of(source):
            digest.update(line)
            file.write(line)
    file.write(_last_line(digest.hexdigest()))


def _lines_of(source: ScheduleSource) -> Iterator[bytes]:
    yield _line("last_good", {"version": VERSION, "store_revision": source.revision()})
    for token in source.tokens():
        yield _line("token", asdict(token))
    for number in source.numbers():
        yield _line("number", number)
    for revision in source.currents():
        if not revision.is_intact:
            # Tells what is wrong with it, and what to do.
            revision.schedule()
        yield _line("revision", asdict(revision))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked_lines(path: Path) -> Iterator[bytes]:
    """Stream all lines; before the last one, check it against the others."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            line = file.readline()
            for following in file:
                digest.update(line)
                yield line
                line = following
    except OSError as error:
        raise StoreUnavailableError(f"{path}: can't be read: {error.strerror}") from error
    if line != _last_line(digest.hexdigest()):
        raise StoreUnavailableError(
            f"{path}: is damaged or cut off, its checksum doesn't match; it is written anew once "
            "the store opens"
        )
    yield line


def _line(kind: str, value: object) -> bytes:
    text = json.dumps({kind: value}, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode() + b"\n"


def _last_line(sha256: str) -> bytes:
    return _line("sha256", sha256)


def _start_of(kind: str) -> bytes:
    return b'{"%b":' % kind.encode()


def _value_of(line: bytes) -> Any:  # noqa: ANN401 - what the kind of line says
    (value,) = json.loads(line).values()
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} has no place in a last-good file")


def _revision_of(value: dict[str, Any]) -> Revision:
    return Revision(**value | {"saved_at": datetime.fromisoformat(value["saved_at"])})


def _token_of(value: dict[str, Any]) -> Token:
    expires_at = value.get("expires_at")
    return Token(
        **value
        | {
            "schedules": frozenset(value["schedules"]),
            "networks": tuple(value["networks"]),
            "created_at": datetime.fromisoformat(value["created_at"]),
            "expires_at": expires_at and datetime.fromisoformat(expires_at),
        }
    )
