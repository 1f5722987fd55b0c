"""Which messages can be played: followed by looking at their files every few seconds."""

import os
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from math import inf
from time import thread_time
from typing import Final, NamedTuple

import structlog

from audio_store.errors import UnusableAudioError
from audio_store.masters import MasterFiles

LOOK_SECONDS: Final = 5.0
# Where there are very many messages, looking may cost the calls at most a hundredth of the time.
_SECONDS_PER_SPENT: Final = 100
# But nobody waits longer than this for messages that were put back.
_MAX_REST_SECONDS: Final = 30.0
# Each step holds up the calls, for some tenths of a millisecond, and there are twenty in a second.
_ENTRIES_A_STEP: Final = 25
_BYTES_A_STEP: Final = 2_000_000
# Opening a small one takes as long as reading so much.
_BYTES_A_FILE: Final = 20_000
# Of those that are to be read though nothing tells of a change.
_BYTES_A_LOOK: Final = 20_000_000
_TOLD: Final = 5

_log = structlog.get_logger()


class AudioNews(NamedTuple):
    """What a look showed: the bytes of all messages together, and which can be played.

    `playable` is None where nothing has happened since the look before.
    """

    size: int
    playable: AbstractSet[str] | None


class AudioWatch:
    """Looks at the files of messages every `look_seconds`, on one monotonic clock.

    Where there are very many it looks less often: a look and the rest after it last a hundred times
    as long as it took of the processor. A file that is new, or has another size or time of change
    than at the look before, is read and verified at once. All others are once, a little with each
    look; and damaged ones ever again, for nothing may tell that a disk or an owner's rights have
    been mended. For the thread that compiles; only `report` may be called from others.
    """

    def __init__(self, masters: MasterFiles, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._masters = masters
        self._look_seconds = look_seconds
        self._began_at = self._due_at = -inf
        self._spent_seconds = 0.0
        # By message what tells its file from another one: a hash, for there may be very many.
        self._seen: dict[str, int] | None = None
        self._playable: AbstractSet[str] = frozenset()
        self._damaged: AbstractSet[str] = frozenset()
        # To be read when there is time.
        self._doubtful: set[str] = set()
        self._is_listed = True
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
        # What was never stored is no news, nor what is known, however often it is asked for.
        if self._seen is None or (digest in self._seen and digest not in self._damaged):
            self._reported.add(digest)

    def step(self, now: float) -> AudioNews | None:
        """Do a little of a look that is due, at an instant in seconds; return news at its end."""
        if self._looking is None:
            if now < self._due_at and not self._reported:
                return None
            self._began_at = now
            self._due_at = now + self._look_seconds
            self._spent_seconds = 0.0
            self._looking = self._look()
        started = thread_time()
        try:
            news = next(self._looking)
        except OSError as error:
            # The folder can't be listed; the next look may find it better.
            self._looking = None
            if self._is_listed:
                _log.warning("messages_not_listed", why=str(error))
            self._is_listed = False
            return None
        self._spent_seconds += thread_time() - started
        if news is not None:
            self._looking = None
            ends_at = self._began_at + self._spent_seconds * _SECONDS_PER_SPENT
            self._due_at = max(self._due_at, min(ends_at, now + _MAX_REST_SECONDS))
        return news

    def _look(self) -> Iterator[AudioNews | None]:
        """Yield None after each step, and news last; raises `OSError`."""
        suspects = self._take_reported()
        present: dict[str, int] = {}
        size = 0
        for number, (digest, found) in enumerate(_files_of(self._masters), start=1):
            present[digest] = hash((found.st_ino, found.st_size, found.st_mtime_ns))
            size += found.st_size
            if number % _ENTRIES_A_STEP == 0:
                yield None
        before, self._seen = self._seen, present
        if before is None:
            self._doubtful = set(present)
        else:
            suspects |= {digest for digest, one in present.items() if before.get(digest) != one}
        suspects &= present.keys()
        damaged = set(self._damaged & present.keys())
        yield from self._verify(set(suspects), damaged)
        self._doubtful = self._doubtful & present.keys() or set(damaged)
        yield from self._verify(self._doubtful, damaged, _BYTES_A_LOOK)
        playable = present.keys() - damaged
        # One that is another file now may have been missing in between, and so may all have been
        # while they could not be listed.
        is_doubted = before is None or not self._is_listed or bool(suspects & playable)
        self._is_listed = True
        was_playable = self._playable
        _tell("messages_lost", was_playable - playable)
        _tell("messages_mended", self._damaged & playable)
        self._damaged, self._playable = frozenset(damaged), playable
        yield AudioNews(size, playable if is_doubted or playable != was_playable else None)

    def _verify(self, digests: set[str], damaged: set[str], most: float = inf) -> Iterator[None]:
        """Take messages from `digests` and read them, up to `most` bytes; give way after each step.

        Notes in `damaged` which ones are.
        """
        in_step = in_all = 0
        while digests and in_all < most:
            digest = digests.pop()
            # How much there was to read of a damaged one nobody tells: as much as a step.
            read = _BYTES_A_STEP
            try:
                read = max(len(self._masters.read(digest)), _BYTES_A_FILE)
            except UnusableAudioError:
                damaged.add(digest)
            else:
                damaged.discard(digest)
            in_all += read
            in_step += read
            if in_step >= _BYTES_A_STEP:
                in_step = 0
                yield None

    def _take_reported(self) -> set[str]:
        # One by one: others may be adding.
        return {self._reported.pop() for _ in range(len(self._reported))}


def _files_of(masters: MasterFiles) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each message's hash and its file's status; raises `OSError`."""
    for digest, entry in masters.entries():
        # One may be removed meanwhile, and one that can't be looked at can't be played.
        with suppress(OSError):
            yield digest, entry.stat()


def _tell(event: str, digests: AbstractSet[str]) -> None:
    if digests:
        _log.warning(event, messages=len(digests), sha256=sorted(digests)[:_TOLD])
