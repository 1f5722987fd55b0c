"""What a command ends with: the one table from errors to exit codes, and how they are told."""

import errno
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from audio_store.errors import AudioError, MissingRecordingError
from schedules.errors import (
    BereikbaarError,
    ConflictError,
    Fault,
    FaultyValueError,
    InvalidScheduleError,
    LockedError,
    NotFoundError,
    StoreUnavailableError,
)

EXIT_REFUSED: Final = 1
EXIT_ANSWER_IS_NO: Final = 3

FileFault = tuple[str | None, Fault]


class RefusedInputError(BereikbaarError):
    """What was given on the command line, or in files, that has to be mended.

    `file_faults` pairs each fault with the file it is in, None for an option or argument.
    """

    def __init__(self, file_faults: Iterable[FileFault]) -> None:
        self.file_faults = tuple(file_faults)
        super().__init__("\n".join(_line_of(*pair) for pair in self.file_faults))


class RefusedClashError(RefusedInputError):
    """Files that claim what others hold."""


class RefusedLockError(RefusedInputError):
    """Files of schedules that somebody else is editing."""


# The first that fits; click itself ends with 2 for wrong usage.
_EXITS: Final[tuple[tuple[type[Exception], str, int], ...]] = (
    (RefusedClashError, "conflict", EXIT_REFUSED),
    (RefusedLockError, "locked", EXIT_REFUSED),
    (RefusedInputError, "invalid", EXIT_REFUSED),
    (InvalidScheduleError, "invalid", EXIT_REFUSED),
    (FaultyValueError, "invalid", EXIT_REFUSED),
    (MissingRecordingError, "not-found", EXIT_REFUSED),
    (AudioError, "invalid", EXIT_REFUSED),
    (NotFoundError, "not-found", EXIT_REFUSED),
    (LockedError, "locked", EXIT_REFUSED),
    (ConflictError, "conflict", EXIT_REFUSED),
    (StoreUnavailableError, "unavailable", EXIT_REFUSED),
    (BereikbaarError, "refused", EXIT_REFUSED),
    (OSError, "refused", EXIT_REFUSED),
)
TOLD_ERRORS: Final = tuple(kind for kind, _, _ in _EXITS)


def tell_error(error: Exception, *, is_json: bool) -> int:
    """Print an error, every fault on a line of its own, and return the exit code."""
    word, code = next((word, code) for kind, word, code in _EXITS if isinstance(error, kind))
    pairs = list(_file_faults_of(error))
    message = message_of(error)
    if is_json:
        document = {
            "error": word,
            "message": message,
            "faults": [_fault_fields(file, fault) for file, fault in pairs],
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    elif isinstance(error, RefusedInputError | InvalidScheduleError | FaultyValueError):
        for pair in pairs:
            click.echo(_line_of(*pair), err=True)
    else:
        for line in message.splitlines():
            click.echo(f"Error: {line}", err=True)
    return code


def message_of(error: Exception) -> str:
    """Say what is wrong, and what to do."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        if error.errno == errno.ENOSPC:
            return f"{where}the disk is full; make room on it"
        remedy = "check that it and its folder are there, and who may use them"
        return f"{where}{error.strerror or error}; {remedy}"
    return str(error)


def _file_faults_of(error: Exception) -> Iterator[FileFault]:
    if isinstance(error, RefusedInputError):
        yield from error.file_faults
    elif isinstance(error, FaultyValueError):
        yield from ((None, Fault("", *pair)) for pair in error.faults)
    else:
        yield from ((None, fault) for fault in getattr(error, "faults", ()))


def _fault_fields(file: str | None, fault: Fault) -> dict[str, Any]:
    return {
        "file": file,
        "line": fault.line,
        "place": fault.place,
        "problem": fault.problem,
        "remedy": fault.remedy,
    }


def _line_of(file: str | None, fault: Fault) -> str:
    """Write a fault as `FILE:LINE: place: problem; remedy`."""
    if file is None:
        return str(fault)
    line = "" if fault.line is None else f":{fault.line}"
    return f"{file}{line}: {fault}"
