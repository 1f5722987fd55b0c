"""The files that `apply` is given: documents, and the messages they name."""

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from admin_cli.refusals import FileFault
from audio_store.errors import RefusedAudioError
from audio_store.masters import MAX_BYTES as MAX_AUDIO_BYTES
from audio_store.masters import MasterFiles, check_master
from schedules.document_text import MAX_BYTES
from schedules.documents import Document, read_document
from schedules.errors import Fault, FaultyValueError, InvalidScheduleError
from schedules.forward_rules import ForwardPolicy

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document that could be read, with the file's name as it was given."""

    name: str
    document: Document


@dataclass
class FilesRead:
    """What the files hold, the faults of all of them, and the messages to store by hash."""

    documents: list[DocumentFile] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)
    messages: dict[str, Path] = field(default_factory=dict)


def read_files(
    names: tuple[str, ...], policy: ForwardPolicy, on_read: Callable[[], None]
) -> FilesRead:
    """Read all files; `on_read` is called after each."""
    found = FilesRead()
    file_of: dict[str, str] = {}
    for name in names:
        try:
            document = read_document(
                _read_bytes(name), policy, take_file=_message_taker(name, found.messages)
            )
        except FaultyValueError as error:
            found.faults += [(name, Fault("", *pair)) for pair in error.faults]
        except InvalidScheduleError as error:
            found.faults += [(name, fault) for fault in error.faults]
        else:
            schedule_id = document.schedule.id
            if schedule_id in file_of:
                problem = f"{schedule_id} is in {file_of[schedule_id]} as well"
                found.faults.append((name, Fault("id", problem, "apply one of the two")))
            else:
                file_of[schedule_id] = name
                found.documents.append(DocumentFile(name, document))
        on_read()
    return found


def store_messages(messages: dict[str, Path], masters: MasterFiles) -> bool:
    """Store each message, and return whether any was not there.

    Raises `RefusedAudioError` for one that changed since it was read.
    """
    absent = [digest for digest in messages if not masters.has(digest)]
    for digest, path in messages.items():
        data = path.read_bytes()
        if sha256(data).hexdigest() != digest:
            raise RefusedAudioError(f"{path} changed while it was read", "apply once more")
        masters.add(data)
    return bool(absent)


def _read_bytes(name: str) -> bytes:
    """Return a document's bytes, one more than allowed at most; raises `FaultyValueError`."""
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    return _read_regular(Path(name), MAX_BYTES, "name the files in it, e.g. FOLDER/*.yaml")


def _read_regular(path: Path, limit: int, folder_remedy: str) -> bytes:
    data = b""
    try:
        fault = _file_fault(path.stat(), limit, folder_remedy)
        if fault is None:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except FileNotFoundError:
        fault = "is not there", "check the path"
    except (OSError, ValueError) as error:
        fault = (
            f"can't be read: {getattr(error, 'strerror', None) or error}",
            "check path and rights",
        )
    if fault is not None:
        raise FaultyValueError(fault)
    return data


def _file_fault(found: os.stat_result, limit: int, folder_remedy: str) -> tuple[str, str] | None:
    if stat.S_ISDIR(found.st_mode):
        return "is a folder", folder_remedy
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file", "save it as one, or pipe it to `-`"
    if found.st_size > limit:
        return f"is {found.st_size:,} bytes long", f"keep it to at most {limit:,} bytes"
    return None


def _message_taker(name: str, messages: dict[str, Path]) -> Callable[[str], str]:
    """Return what reads the messages that a document names, from its own folder only."""

    def take(text: str) -> str:
        if name == STDIN:
            problem = "names a file, but a document from stdin lies in no folder"
            raise FaultyValueError((problem, "apply the document's file, or give its sha256"))
        path = _inside(Path(name).parent, text)
        try:
            data = _read_regular(path, MAX_AUDIO_BYTES, "name a WAV file in it")
        except FaultyValueError as error:
            raise FaultyValueError(
                *((f"{text} {why}", then) for why, then in error.faults)
            ) from None
        try:
            check_master(data)
        except RefusedAudioError as error:
            raise FaultyValueError((f"{text} {error.problem}", error.remedy)) from None
        digest = sha256(data).hexdigest()
        messages[digest] = path
        return digest

    return take


def _inside(folder: Path, text: str) -> Path:
    """Return a path within a folder; raises `FaultyValueError` for one that leads out of it."""
    remedy = "put the WAV file beside the document"
    try:
        path = (folder / text).resolve()
    except (OSError, RuntimeError, ValueError):
        raise FaultyValueError((f"{text[:80]!r} is not a path", remedy)) from None
    is_inside = path.is_relative_to(folder.resolve())
    if is_inside and Path(text).is_absolute():
        problem = f"{text[:80]!r} is an absolute path"
        relative = path.relative_to(folder.resolve())
        raise FaultyValueError((problem, f"write it relative to the document: {relative}"))
    if not is_inside or ".." in Path(text).parts:
        raise FaultyValueError((f"{text[:80]!r} leads out of the document's folder", remedy))
    return path
