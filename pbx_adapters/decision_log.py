"""What was decided for each call, from the call itself to whoever keeps it.

On the event loop a call leaves behind what it has at hand, and nothing more: what is to be kept of
it is made in the thread that takes it.
"""

from collections import deque
from collections.abc import Callable
from time import sleep
from typing import Final

from pbx_adapters.call_record import record_outcome, storable
from pbx_adapters.call_slice import CallSlice, join_slices, slice_of, told_outcome
from pbx_adapters.caller_hash import hash_caller
from routing_engine.decision import Decision
from schedules.telephone import read_number

# Some 50 MB, and the calls of a minute that has a thousand a second.
CAPACITY: Final = 65_536
_MAX_OUTCOMES: Final = 65_536
# Taking holds Python's lock, for which a call may have to wait: a quarter of a millisecond at most.
_PIECE: Final = 25
_PAUSE_SECONDS: Final = 0.000_3


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
        self._outcomes: dict[str, tuple[Decision, str]] = {}

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
            if pieces:
                sleep(_PAUSE_SECONDS)
            pieces.append(self._take_piece(min(limit, _PIECE)))
            limit -= pieces[-1].size
        return join_slices(pieces)

    def _take_piece(self, limit: int) -> CallSlice:
        calls = self._calls
        taken = [calls.popleft() for _ in range(min(limit, len(calls)))]
        rows = [
            (
                decision_id,
                at,
                dialect,
                self._number_of(query.get("did")),
                self._caller_of(query.get("cli")),
                storable(query.get("callid", "")),
            )
            for decision_id, at, dialect, query, _ in taken
        ]
        return slice_of(rows, [self._told(decision) for *_, decision in taken])

    def _told(self, decision: Decision) -> str:
        kept = self._outcomes.get(decision.schedule)
        if kept is not None and kept[0] is decision:
            return kept[1]
        if len(self._outcomes) >= _MAX_OUTCOMES:
            self._outcomes.clear()
        told = told_outcome(record_outcome(decision))
        self._outcomes[decision.schedule] = decision, told
        return told

    def _number_of(self, did: str | None) -> str | None:
        # The call itself has just read it, so that this finds it kept.
        return read_number(did, self._region) if did else None

    def _caller_of(self, cli: str | None) -> int | None:
        return hash_caller(self._key, cli, self._region) if cli and self._key else None
