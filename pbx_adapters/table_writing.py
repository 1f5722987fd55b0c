"""Tables written beside the event loop: one at a time, and each once for all who wait for it."""

import asyncio
from collections.abc import Callable
from typing import Final

from pbx_adapters.own_thread import run_in_own_thread
from pbx_adapters.refusals import RefusedError
from routing_engine.table import IntervalTable

# Of office hours these take a tenth of a second, of the longest that there are half a minute.
MAX_WAITING: Final = 64
_RETRY_SECONDS: Final = "10"

WriteTable = Callable[[IntervalTable, int, str], bytes]


class TableWriting:
    """What is being written; used on the event loop only.

    Writing takes the interpreter from calls, several at once many times longer: so one writes. At
    most `max_waiting` tables are being written or wait for it.
    """

    def __init__(self, write: WriteTable, *, max_waiting: int = MAX_WAITING) -> None:
        self._write = write
        self._max_waiting = max_waiting
        self._turn = asyncio.Lock()
        self._writing: dict[tuple[IntervalTable, str], asyncio.Task[bytes]] = {}

    async def written(self, table: IntervalTable, at: int, base_url: str) -> bytes:
        """Return a table from an instant on, in epoch seconds, or from when one was begun.

        Raises `RefusedError` while too many wait.
        """
        key = table, base_url
        writing = self._writing.get(key)
        if writing is None:
            if len(self._writing) >= self._max_waiting:
                detail = "too many tables are being written: keep the one you have, and ask again"
                raise RefusedError("unavailable", detail, **{"Retry-After": _RETRY_SECONDS})
            writing = asyncio.create_task(self._in_turn(table, at, base_url))
            self._writing[key] = writing
            writing.add_done_callback(lambda _: self._writing.pop(key))
        # Others may wait for the same one, though this client leaves.
        return await asyncio.shield(writing)

    async def _in_turn(self, table: IntervalTable, at: int, base_url: str) -> bytes:
        async with self._turn:
            return await run_in_own_thread(self._write, table, at, base_url)
