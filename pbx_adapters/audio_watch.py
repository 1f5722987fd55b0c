"""Which messages can be played: followed by looking at their files every few seconds."""

import os
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from math import inf
from pathlib import Path
from stat import S_ISREG
from typing import Final, NamedTuple

import structlog

from audio_store.errors import UnusableAudioError
from audio_store.masters import MasterFiles

LOOK_SECONDS: Final = 5.0
# Each step holds up the calls, and the changes that wait to be put into service.
_ENTRIES_A_STEP: Final = 500
_BYTES_A_STEP: Final = 2_000_000
_TOLD: Final = 5
_NAME: Final = re.compile(r"([0-9a-f]{64})[.]wav")

_log = structlog.get_logger()


class AudioNews(NamedTuple):
    """What a look showed: the bytes of all messages together, and which can be played.

    `playable` is None where nothing has happened since the look before.
    """

    size: int
    playable: AbstractSet[str] | None


class AudioWatch:
    """Looks at the files of messages every `look_seconds`, on one monotonic clock.

    A file that is new, or has another size or time of change than at the look before, is read and
    verified. For the thread that compiles; only `report` may be called from others.
    """

    def __init__(self, masters: MasterFiles, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._masters = masters
        self._look_seconds = look_seconds
        self._due_at = -inf
        # By message what tells its file from another one: a hash, for there may be very many.
        self._seen: dict[str, int] | None = None
        self._playable: AbstractSet[str] = frozenset()
        self._damaged: AbstractSet[str] = frozenset()
        self._reported: set[str] = set()
        self._looking: Iterator[AudioNews | None] | None = None

    def has(self, digest: str) -> bool:
        """Tell whether a message is there, and not known to be damaged."""
        return digest not in self._damaged and self._masters.has(digest)

    def look_up(self) -> Callable[[str], bool]:
        """Return what `has` would say at this moment, for whoever asks about very many."""
        is_there, damaged = self._masters.look_up(), self._damaged
        return lambda digest: digest not in damaged and is_there(digest)

    def report(self, digest: str) -> None:
        """Have a message looked at soon that was found missing or damaged; from any thread."""
        # What was never stored is no news, however often it is asked for.
        if self._seen is None or digest in self._seen:
            self._reported.add(digest)

    def step(self, now: float) -> AudioNews | None:
        """Do a little of a look that is due, at an instant in seconds; return news at its end."""
        if self._looking is None:
            if now < self._due_at and not self._reported:
                return None
            self._due_at = now + self._look_seconds
            self._looking = self._look()
        try:
            news = next(self._looking)
        except OSError:
            # The folder can't be listed; the next look may find it better.
            self._looking = None
            return None
        if news is not None:
            self._looking = None
        return news

    def _look(self) -> Iterator[AudioNews | None]:
        """Yield None after each step, and news last; raises `OSError`."""
        suspects = self._take_reported()
        present: dict[str, int] = {}
        size = 0
        for number, (digest, found) in enumerate(_files_of(self._masters.folder), start=1):
            present[digest] = hash((found.st_ino, found.st_size, found.st_mtime_ns))
            size += found.st_size
            if number % _ENTRIES_A_STEP == 0:
                yield None
        before, self._seen = self._seen, present
        if before is not None:
            suspects |= {digest for digest, one in present.items() if before.get(digest) != one}
        damaged = set(self._damaged & present.keys())
        yield from self._verify(suspects & present.keys(), damaged)
        playable = present.keys() - damaged
        # One that is another file now may have been missing in between.
        is_news = before is None or playable != self._playable or suspects & playable
        _tell("messages_lost", self._playable - playable)
        _tell("messages_mended", self._damaged & playable)
        self._damaged, self._playable = frozenset(damaged), playable
        yield AudioNews(size, playable if is_news else None)

    def _verify(self, suspects: AbstractSet[str], damaged: set[str]) -> Iterator[None]:
        """Read messages and note in `damaged` which ones are; give way after each step."""
        read = 0
        for digest in suspects:
            try:
                read += len(self._masters.read(digest))
            except UnusableAudioError:
                damaged.add(digest)
            else:
                damaged.discard(digest)
            if read >= _BYTES_A_STEP:
                read = 0
                yield None

    def _take_reported(self) -> set[str]:
        # One by one: others may be adding.
        return {self._reported.pop() for _ in range(len(self._reported))}


def _files_of(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each message's hash and its file's status; raises `OSError`, not for no folder."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name is None:
                continue
            # One may be removed meanwhile.
            with suppress(FileNotFoundError):
                found = entry.stat()
                if S_ISREG(found.st_mode):
                    yield name[1], found


def _tell(event: str, digests: AbstractSet[str]) -> None:
    if digests:
        _log.warning(event, messages=len(digests), sha256=sorted(digests)[:_TOLD])
