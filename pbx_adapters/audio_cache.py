"""Messages in memory while they are sent, verified, each once for however many clients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from stat import S_ISREG
from typing import Final, NamedTuple

from audio_store.intake import Encoding
from audio_store.masters import MAX_BYTES, MasterFiles
from pbx_adapters.own_thread import run_in_own_thread

HOLD_BYTES: Final = 128 * 1024 * 1024
KEEP_BYTES: Final = 32 * 1024 * 1024
MAX_ENCODINGS: Final = 8
# A variant's size as a multiple of its master's; that of A-law and mu-law is about half.
_MOST_GROWTH: Final = 2


class BusyAudioError(Exception):
    """So much is being sent or converted that more has to wait."""


class FileIdentity(NamedTuple):
    """What tells a file from the one that takes its place; `changed_at` in nanoseconds."""

    device: int
    number: int
    size: int
    changed_at: int


class _Key(NamedTuple):
    digest: str
    encoding: Encoding | None
    identity: FileIdentity | None


@dataclass(slots=True, eq=False)
class _Held:
    """The bytes of one message, or who is loading them; `size` is a guess until they are there."""

    loading: "asyncio.Task[bytes]"
    size: int
    users: int = 0


class AudioCache:
    """What is being sent, and what was of late; used on the event loop only.

    `encode` makes a variant of a master, in a thread. At most `hold_bytes` are held, and of what
    nobody is using `keep_bytes`; at most `max_encodings` variants are being made or wait for it.
    """

    def __init__(
        self,
        masters: MasterFiles,
        encode: Callable[[bytes, Encoding], bytes],
        *,
        hold_bytes: int = HOLD_BYTES,
        keep_bytes: int = KEEP_BYTES,
        max_encodings: int = MAX_ENCODINGS,
    ) -> None:
        self._masters = masters
        self._encode = encode
        self._hold_bytes = hold_bytes
        self._keep_bytes = keep_bytes
        self._max_encodings = max_encodings
        self._encodings = 0
        self._size = 0
        # In order of use: the first was used longest ago.
        self._held: dict[_Key, _Held] = {}
        # One at a time each, for the calls are to have the processor.
        self._reading = asyncio.Lock()
        self._encoding = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many bytes are held, those being loaded included."""
        return self._size

    async def is_there(self, digest: str) -> bool:
        """Tell whether a master's file is there; whether it is whole is seen when it is read."""
        return await asyncio.to_thread(self._identify, digest) is not None

    @asynccontextmanager
    async def holding(self, digest: str, encoding: Encoding | None = None) -> AsyncIterator[bytes]:
        """Hold a message's verified bytes until the block ends.

        Raises `MissingAudioError`, `DamagedAudioError`, `BusyAudioError`, and what `encode` raises.
        """
        key = _Key(digest, encoding, await asyncio.to_thread(self._identify, digest))
        held = self._held.pop(key, None) or self._load(key)
        self._held[key] = held
        held.users += 1
        try:
            # Others may wait for the same bytes: they are loaded though this client leaves.
            yield await asyncio.shield(held.loading)
        finally:
            held.users -= 1
            self._make_room(self._keep_bytes)

    def _load(self, key: _Key) -> _Held:
        size = min(key.identity.size, MAX_BYTES) if key.identity is not None else 0
        if key.encoding is not None:
            size *= _MOST_GROWTH
            if self._encodings >= self._max_encodings:
                raise BusyAudioError
        if not self._make_room(self._hold_bytes - size):
            raise BusyAudioError
        self._encodings += key.encoding is not None
        loading = asyncio.create_task(self._loaded(key))
        held = _Held(loading, size)
        self._size += size
        loading.add_done_callback(lambda _: self._finish(key, held))
        return held

    async def _loaded(self, key: _Key) -> bytes:
        if key.encoding is None:
            async with self._reading:
                return await asyncio.to_thread(self._masters.read, key.digest)
        async with self.holding(key.digest) as master, self._encoding:
            return await run_in_own_thread(self._encode, master, key.encoding)

    def _finish(self, key: _Key, held: _Held) -> None:
        self._encodings -= key.encoding is not None
        # Asking for the fault marks it as seen, though everybody who waited may have left.
        if held.loading.cancelled() or held.loading.exception() is not None:
            self._forget(key, held)
        else:
            self._size += len(held.loading.result()) - held.size
            held.size = len(held.loading.result())

    def _make_room(self, most: int) -> bool:
        """Forget what nobody uses, longest unused first; tell whether no more than `most` is held.

        What is over the limit and in use stays.
        """
        if self._size <= most:
            return True
        for key, held in list(self._held.items()):
            if not held.users and held.loading.done():
                self._forget(key, held)
                if self._size <= most:
                    return True
        return False

    def _forget(self, key: _Key, held: _Held) -> None:
        if self._held.get(key) is held:
            self._size -= held.size
            del self._held[key]

    def _identify(self, digest: str) -> FileIdentity | None:
        with suppress(OSError):
            found = self._masters.path_of(digest).stat()
            if S_ISREG(found.st_mode):
                return FileIdentity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        return None
