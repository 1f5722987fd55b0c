"""What was decided for each call, from the call itself to whoever keeps it.

Every few calls, what is to be kept of them is made text, on the event loop itself: what a call has
just used is near the processor, and is gone before the next ones need room. To a thread that does
so a second later it is far away, and calls wait for Python's lock meanwhile.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

import structlog

from pbx_adapters.call_record import record_outcome
from pbx_adapters.call_slice import CallRow, CallSlice, join_slices, slice_of, told_outcome
from pbx_adapters.caller_hash import hash_caller
from pbx_adapters.logs import Throttle
from routing_engine.decision import Decision
from schedules.telephone import read_number

# The calls of a minute that has a thousand a second, some 10 MB.
CAPACITY: Final = 65_536
# For these a call waits, no longer than for a call before it.
PIECE: Final = 10
_MAX_OUTCOMES: Final = 65_536
_SECONDS_BETWEEN_LINES: Final = 60.0

_log = structlog.get_logger()


class DecisionLog:
    """The calls that wait to be kept, `capacity` of them at most.

    Callers' numbers are hashed with `key`, left out without one; national numbers are read in
    `region`. `tell_dropped` hears how many calls found no room.
    """

    def __init__(
        self,
        capacity: int,
        *,
        key: bytes | None,
        region: str,
        tell_dropped: Callable[[int], None],
    ) -> None:
        self._capacity = capacity
        self._key = key
        self._region = region
        self._tell_dropped = tell_dropped
        # Either end of a deque may be used by a thread of its own, without a lock.
        self._calls: deque[tuple[str, int, str, dict[str, str], Decision]] = deque()
        self._pieces: deque[CallSlice] = deque()
        # Each schedule's last decision, which stands for many calls, and its outcome as text.
        self._outcomes: dict[str, tuple[Decision, bytes]] = {}
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES, monotonic)

    def __len__(self) -> int:
        """Count the calls that wait."""
        return len(self._calls) + PIECE * len(self._pieces)

    def note(
        self, decision_id: str, at: int, dialect: str, query: dict[str, str], decision: Decision
    ) -> None:
        """Have a call kept, soon: when it came in epoch seconds, what it asked, what it got.

        Where too many wait already it is dropped.
        """
        if len(self) >= self._capacity:
            self._tell_dropped(1)
            return
        self._calls.append((decision_id, at, dialect, query, decision))
        if len(self._calls) < PIECE:
            return
        try:
            self._pieces.append(self._next_piece())
        except Exception:  # noqa: BLE001 - a defect of the record must not keep a caller from his route
            self._tell_dropped(PIECE - len(self._calls))
            if self._throttle.admits("note"):
                _log.exception("calls_not_recorded")

    def take(self, limit: int) -> CallSlice:
        """Take out the calls that have waited longest, at most `limit`; for one thread.

        Calls come in pieces of `PIECE`, the last ones one by one: `limit` is for whole pieces.
        """
        taken: list[CallSlice] = []
        for _ in range(limit // PIECE):
            try:
                taken.append(self._pieces.popleft())
            except IndexError:
                taken.append(self._next_piece())
                break
        return join_slices(taken)

    def _next_piece(self) -> CallSlice:
        calls, key, region = self._calls, self._key, self._region
        rows: list[CallRow] = []
        outcomes: list[bytes] = []
        # Until none is left, or enough: the other thread may be taking some as well.
        with suppress(IndexError):
            while len(rows) < PIECE:
                decision_id, at, dialect, query, decision = calls.popleft()
                did, cli, callid = query.get("did"), query.get("cli"), query.get("callid", "")
                # The call itself has just read it, so that this finds it kept.
                number = read_number(did, region) if did else None
                caller = hash_caller(key, cli, region) if cli and key else None
                rows.append((decision_id, at, dialect, number, caller, _storable(callid)))
                outcomes.append(self._told(decision))
        return slice_of(rows, outcomes)

    def _told(self, decision: Decision) -> bytes:
        kept = self._outcomes.get(decision.schedule)
        if kept is not None and kept[0] is decision:
            return kept[1]
        if len(self._outcomes) >= _MAX_OUTCOMES:
            self._outcomes.clear()
        told = told_outcome(record_outcome(decision))
        self._outcomes[decision.schedule] = decision, told
        return told


def _storable(text: str) -> str:
    """Return a text that JSON and SQLite can hold, whatever a PBX sent."""
    return text if text.isascii() else text.encode(errors="replace").decode()
