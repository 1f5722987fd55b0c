"""What was decided for each call, from the call itself to whoever keeps it.

On the event loop a call leaves behind what it has at hand, and nothing more: what is to be kept of
it is made in the thread that takes it.
"""

from collections import deque
from collections.abc import Callable
from time import sleep
from typing import Final

from pbx_adapters.call_record import record_outcome
from pbx_adapters.call_slice import CallRow, CallSlice, join_slices, slice_of, told_outcome
from pbx_adapters.caller_hash import hash_caller
from routing_engine.decision import Decision
from schedules.telephone import read_number

# Some 50 MB, and the calls of a minute that has a thousand a second.
CAPACITY: Final = 65_536
_MAX_OUTCOMES: Final = 65_536
# Taking holds Python's lock, and a call may have to wait for it: for less than a tenth of a
# millisecond, and with long pauses few of them do. Where very many wait, more is taken at once.
_PIECE: Final = 10
_PIECES_WAITING: Final = 200
_PAUSE_SECONDS: Final = 0.001


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
        # Each schedule's last decision, which stands for many calls, and its outcome as text.
        self._outcomes: dict[str, tuple[Decision, bytes]] = {}

    def __len__(self) -> int:
        """Count the calls that wait."""
        return len(self._calls)

    def note(
        self, decision_id: str, at: int, dialect: str, query: dict[str, str], decision: Decision
    ) -> None:
        """Have a call kept, soon: when it came in epoch seconds, what it asked, what it got.

        Where too many wait already it is dropped.
        """
        calls = self._calls
        if len(calls) < self._capacity:
            calls.append((decision_id, at, dialect, query, decision))
        else:
            self._tell_dropped(1)

    def take(self, limit: int) -> CallSlice:
        """Take out the calls that have waited longest, at most `limit`; for one thread."""
        pieces: list[CallSlice] = []
        while limit > 0 and self._calls:
            piece = max(_PIECE, len(self._calls) // _PIECES_WAITING)
            pieces.append(self._take_piece(min(limit, piece)))
            limit -= pieces[-1].size
            sleep(_PAUSE_SECONDS)
        return join_slices(pieces)

    def drop(self, limit: int) -> int:
        """Let go of the calls that `take` would have taken, and count them; for its thread."""
        calls = self._calls
        count = min(limit, len(calls))
        for _ in range(count):
            calls.popleft()
        sleep(_PAUSE_SECONDS)
        return count

    def _take_piece(self, limit: int) -> CallSlice:
        calls, key, region = self._calls, self._key, self._region
        taken = [calls.popleft() for _ in range(min(limit, len(calls)))]
        rows: list[CallRow] = []
        for decision_id, at, dialect, query, _ in taken:
            did, cli, callid = query.get("did"), query.get("cli"), query.get("callid", "")
            # The call itself has just read it, so that this finds it kept.
            number = read_number(did, region) if did else None
            caller = hash_caller(key, cli, region) if cli and key else None
            rows.append((decision_id, at, dialect, number, caller, _storable(callid)))
        return slice_of(rows, [self._told(decision) for *_, decision in taken])

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
