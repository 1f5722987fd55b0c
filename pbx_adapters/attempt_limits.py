"""How often somebody may guess: counted before each guess is looked at."""

from collections import OrderedDict, deque
from typing import Final

MAX_ATTEMPTS: Final = 5
WINDOW_SECONDS: Final = 15 * 60
_MAX_KEYS: Final = 10_000


class AttemptLimits:
    """Wrong attempts of late, by what was guessed at; at most `max_keys` are remembered.

    Instants are of one clock, in seconds. Each attempt counts as wrong until `forgive`. With
    `forgets_oldest`, who tried longest ago makes room for who is new; without, nobody does who
    still counts, and a new one has to wait.
    """

    def __init__(
        self,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        window_seconds: float = WINDOW_SECONDS,
        max_keys: int = _MAX_KEYS,
        forgets_oldest: bool = False,
    ) -> None:
        self._max_attempts = max_attempts
        self._window_seconds = window_seconds
        self._max_keys = max_keys
        self._forgets_oldest = forgets_oldest
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return of how many keys attempts are remembered."""
        return len(self._attempts)

    def wait(self, key: str, at: float) -> float:
        """Return for how many seconds nobody may guess: 0 where somebody may now."""
        attempts = self._recent(key, at)
        if len(attempts) < self._max_attempts:
            return 0.0
        return attempts[0] + self._window_seconds - at

    def take(self, key: str, at: float) -> float:
        """Count an attempt that is about to be made; one that may not be made isn't counted.

        Returns what `wait` does. Without room to remember it, it may not be made.
        """
        seconds = self.wait(key, at)
        if seconds > 0:
            return seconds
        if key not in self._attempts and not self._has_room(at):
            return self._window_seconds
        self._attempts.setdefault(key, deque()).append(at)
        self._attempts.move_to_end(key)
        return 0.0

    def forgive(self, key: str) -> None:
        """Forget the attempts: the last one was right."""
        self._attempts.pop(key, None)

    def _has_room(self, at: float) -> bool:
        """Tell whether one key more can be remembered, once others have made room."""
        if len(self._attempts) < self._max_keys:
            return True
        if self._forgets_oldest:
            self._attempts.popitem(last=False)
            return True
        for old in list(self._attempts):
            self._recent(old, at)
        return len(self._attempts) < self._max_keys

    def _recent(self, key: str, at: float) -> "deque[float]":
        """Return the attempts that still count; forget the others."""
        attempts = self._attempts.get(key, deque())
        while attempts and attempts[0] <= at - self._window_seconds:
            attempts.popleft()
        if not attempts:
            self._attempts.pop(key, None)
        return attempts
