"""Messages on their way into the audio store: each converted once, stored when all else is well."""

import tempfile
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from audio_store.errors import RefusedAudioError, UnusableAudioError
from audio_store.masters import MasterFiles, check_master

if TYPE_CHECKING:
    from audio_store.intake import Taken
    from schedules.sqlite_store import SqliteStore

_MINUS: Final = "\N{MINUS SIGN}"


class IncomingMessages:
    """The masters made in one run, in a temporary file without a name until they are stored.

    `on_convert` is called before each conversion; `told` gathers what was done to whose bytes.
    """

    def __init__(
        self, *, is_levelled: bool = True, on_convert: Callable[[], None] = lambda: None
    ) -> None:
        self.told: list[str] = []
        self._is_levelled = is_levelled
        self._on_convert = on_convert
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        self._spans: dict[str, tuple[int, int]] = {}
        self._made_of: dict[str, str | RefusedAudioError] = {}

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()

    def __contains__(self, digest: str) -> bool:
        return digest in self._spans

    def __bool__(self) -> bool:
        return bool(self._spans)

    def masters(self) -> Iterable[bytes]:
        """Yield every master."""
        return map(self._master, self._spans)

    def _master(self, digest: str) -> bytes:
        at, size = self._spans[digest]
        self._file.seek(at)
        return self._file.read(size)

    def store_lost(self, files: MasterFiles) -> None:
        """Store again what was removed since it was stored: nobody named it yet.

        To be called within the transaction that names them. Raises `OSError`.
        """
        for digest in self._spans:
            if not files.has(digest):
                files.add(self._master(digest))

    def take(self, name: str, data: bytes) -> str:
        """Return the SHA-256 of the master that a WAV file's bytes become.

        A master whose file bears its own hash enters as it is. Raises `RefusedAudioError`, and
        `OSError` for trouble of the machine.
        """
        source = sha256(data).hexdigest()
        if source not in self._made_of:
            self._made_of[source] = self._convert(name, data, source)
        made = self._made_of[source]
        if isinstance(made, RefusedAudioError):
            raise RefusedAudioError(made.problem, made.remedy)
        return made

    def keep(self, data: bytes) -> str:
        """Take a master as it is, and return its SHA-256; raises `RefusedAudioError`."""
        check_master(data)
        digest = sha256(data).hexdigest()
        if digest not in self._spans:
            self._spans[digest] = self._file.seek(0, 2), len(data)
            self._file.write(data)
        return digest

    def _convert(self, name: str, data: bytes, source: str) -> str | RefusedAudioError:
        from audio_store.intake import take_in

        try:
            if PurePath(name).stem == source:
                return self.keep(data)
            self._on_convert()
            taken = take_in(data, is_levelled=self._is_levelled)
        except RefusedAudioError as error:
            return error
        if taken.sha256 != source:
            self.told += intake_lines(name, taken)
        return self.keep(taken.master)


def store_masters(masters: Iterable[bytes], files: MasterFiles) -> set[str]:
    """Store masters, and return the hashes of those that were missing or damaged until now.

    To be called within the transaction that names them, else to be followed by `store_lost` within
    it. Raises `OSError`.
    """
    missed = set()
    for master in masters:
        digest = sha256(master).hexdigest()
        try:
            files.read(digest)
        except UnusableAudioError:
            missed.add(digest)
        files.add(master)
    return missed


def are_missed(missed: Iterable[str], store: "SqliteStore", saved_ids: Collection[str]) -> bool:
    """Tell whether schedules other than those just saved name messages that were missing.

    No new revision of theirs has a daemon look again.
    """
    return any(
        schedule_id not in saved_ids
        for digest in missed
        for schedule_id in store.audio_users(digest)
    )


def intake_lines(name: str, taken: "Taken") -> list[str]:
    """Say what was found in a file and what was done to it, its notes each on a line."""
    line = f"{name}: {taken.found.told()}"
    if taken.level_after is not None:
        after = _decibels(taken.level_after)
        before = after if taken.level_before is None else _decibels(taken.level_before)
        line += f"; level {after} LUFS" if before == after else f"; level {before} → {after} LUFS"
    return [line, *(f"  {note}" for note in taken.notes)]


def intake_fields(taken: "Taken") -> dict[str, Any]:
    """Return what was found in a file and what was done to it, as plain values."""
    return {
        "seconds": taken.seconds,
        "found": {**taken.found._asdict(), "told": taken.found.told()},
        "level_before": taken.level_before,
        "level_after": taken.level_after,
        "peak": taken.peak,
        "notes": list(taken.notes),
    }


def _decibels(level: float) -> str:
    return f"{level:.1f}".replace("-", _MINUS)
