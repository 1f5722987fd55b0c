"""The files that `apply` is given: documents, bundles of them, and the messages they name."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from admin_cli.bundles import SUFFIX, Bundle
from admin_cli.incoming import IncomingMessages
from admin_cli.progress import FileProgress
from admin_cli.refusals import FileFault
from admin_cli.regular_files import read_regular
from audio_store.errors import RefusedAudioError
from audio_store.masters import MAX_BYTES as MAX_AUDIO_BYTES
from audio_store.masters import check_master
from audio_store.wav_format import CONVERT
from schedules.document_text import MAX_BYTES
from schedules.documents import Document, read_document
from schedules.errors import Fault, FaultyValueError, InvalidScheduleError
from schedules.forward_rules import ForwardPolicy

STDIN: Final = "-"
_BESIDE: Final = "put the WAV file beside the document"
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document that could be read, with the file's name as it was given.

    One in a bundle is named by the bundle and its path in it.
    """

    name: str
    document: Document


@dataclass
class FilesRead:
    """What the files hold, and the faults of all of them."""

    documents: list[DocumentFile] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a document's bytes and those of its messages come from.

    `read_message` is given the path of a `file:`. All raise `FaultyValueError`.
    """

    name: str
    read: Callable[[], bytes]
    read_message: Callable[[str], bytes]
    bundle: Bundle | None = None


def read_files(
    names: tuple[str, ...],
    policy: ForwardPolicy,
    incoming: IncomingMessages,
    progress: FileProgress,
) -> FilesRead:
    """Read all files; their messages are taken into `incoming`."""
    found = FilesRead()
    file_of: dict[str, str] = {}
    for name in names:
        for source in _sources(name, found.faults, progress):
            document = _read(source, policy, incoming, found.faults)
            progress.advance()
            if document is None:
                continue
            schedule_id = document.schedule.id
            if schedule_id in file_of:
                problem = f"{schedule_id} is in {file_of[schedule_id]} as well"
                found.faults.append((source.name, Fault("id", problem, "apply one of the two")))
            else:
                file_of[schedule_id] = source.name
                found.documents.append(DocumentFile(source.name, document))
    return found


def _read(
    source: _Source, policy: ForwardPolicy, incoming: IncomingMessages, faults: list[FileFault]
) -> Document | None:
    """Read a document and take its messages; None where a fault was found."""
    bundled: list[Fault] = []
    try:
        document = read_document(
            source.read(), policy, take_file=lambda text: _take_file(source, text, incoming)
        )
        bundled += _take_bundled(source, document, incoming)
    except FaultyValueError as error:
        faults += [(source.name, Fault("", *pair)) for pair in error.faults]
        return None
    except InvalidScheduleError as error:
        faults += [(source.name, fault) for fault in error.faults]
        return None
    faults += [(source.name, fault) for fault in bundled]
    return None if bundled else document


def _take_file(source: _Source, text: str, incoming: IncomingMessages) -> str:
    """Take the message that a `file:` names, and return its SHA-256."""
    try:
        return incoming.take(text, source.read_message(text))
    except RefusedAudioError as error:
        raise FaultyValueError((f"{text[:_SHOWN]} {error.problem}", error.remedy)) from None


def _take_bundled(
    source: _Source, document: Document, incoming: IncomingMessages
) -> Iterator[Fault]:
    """Take the messages that a document names by hash and its bundle holds; yield their faults."""
    if source.bundle is None:
        return
    for message_id, message in document.schedule.audio.items():
        member = source.bundle.message_named(message.sha256)
        if member is None or message.sha256 in incoming:
            continue
        try:
            incoming.keep(_read_bundled(source.bundle, member, message.sha256))
        except FaultyValueError as error:
            place = f"audio.{message_id}.sha256"
            line = document.line_of(place)
            yield from (Fault(place, f"{member} {why}", then, line) for why, then in error.faults)


def _read_bundled(bundle: Bundle, member: str, digest: str) -> bytes:
    """Return a master that is what its name in the bundle says; raises `FaultyValueError`."""
    data = bundle.read(member, MAX_AUDIO_BYTES)
    if sha256(data).hexdigest() != digest:
        raise FaultyValueError(("has other bytes than its name says", "export the bundle again"))
    try:
        check_master(data)
    except RefusedAudioError as error:
        raise FaultyValueError((error.problem, error.remedy)) from None
    return data


def _sources(name: str, faults: list[FileFault], progress: FileProgress) -> Iterator[_Source]:
    """Yield the documents of a file: itself, or those in a bundle, which is open meanwhile."""
    if name == STDIN:
        yield _Source(name, lambda: sys.stdin.buffer.read(MAX_BYTES + 1), _read_none)
        return
    path = Path(name)
    if path.suffix.lower() != SUFFIX:
        remedy = "name the files in it, e.g. FOLDER/*.yaml"
        yield _Source(
            name,
            lambda: read_regular(path, MAX_BYTES, remedy),
            lambda text: _read_beside(path, text),
        )
        return
    try:
        bundle = Bundle(path)
    except FaultyValueError as error:
        faults += [(name, Fault("", *pair)) for pair in error.faults]
        return
    with closing(bundle):
        progress.expect(len(bundle.documents) - 1)
        if not bundle.documents:
            fault = Fault("", "holds no documents", "put YAML or JSON documents in it")
            faults.append((name, fault))
        for member in bundle.documents:
            yield _bundled(name, bundle, member)


def _bundled(name: str, bundle: Bundle, member: str) -> _Source:
    folder = PurePosixPath(member).parent

    def read_message(text: str) -> bytes:
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts:
            raise FaultyValueError(
                (f"{text[:_SHOWN]!r} leads out of the document's folder", _BESIDE)
            )
        return _about(text, lambda: bundle.read(str(folder / path), MAX_AUDIO_BYTES))

    return _Source(f"{name}/{member}", lambda: bundle.read(member, MAX_BYTES), read_message, bundle)


def _read_none(_text: str) -> bytes:
    problem = "names a file, but a document from stdin lies in no folder"
    raise FaultyValueError((problem, "apply the document's file, or give its sha256"))


def _read_beside(document: Path, text: str) -> bytes:
    """Return the bytes of a message, from the document's own folder only."""
    path = _inside(document.parent, text)
    return _about(
        text, lambda: read_regular(path, MAX_AUDIO_BYTES, "name a WAV file in it", CONVERT)
    )


def _about(text: str, read: Callable[[], bytes]) -> bytes:
    """Read what a path names; its faults begin with the path."""
    try:
        return read()
    except FaultyValueError as error:
        told = ((f"{text[:_SHOWN]} {why}", then) for why, then in error.faults)
        raise FaultyValueError(*told) from None


def _inside(folder: Path, text: str) -> Path:
    """Return a path within a folder; raises `FaultyValueError` for one that leads out of it."""
    try:
        path = (folder / text).resolve()
    except (OSError, RuntimeError, ValueError):
        raise FaultyValueError((f"{text[:_SHOWN]!r} is not a path", _BESIDE)) from None
    is_inside = path.is_relative_to(folder.resolve())
    if is_inside and Path(text).is_absolute():
        problem = f"{text[:_SHOWN]!r} is an absolute path"
        relative = path.relative_to(folder.resolve())
        raise FaultyValueError((problem, f"write it relative to the document: {relative}"))
    if not is_inside or ".." in Path(text).parts:
        raise FaultyValueError((f"{text[:_SHOWN]!r} leads out of the document's folder", _BESIDE))
    return path
