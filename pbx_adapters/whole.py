"""What the daemon says and does as a whole, however many processes it has."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from pbx_adapters.metrics import Metrics


class SilentError(Exception):
    """What all processes hold together can't be had in time; the message says why."""


class Others(NamedTuple):
    """The daemon's other processes: the least store revision that they serve, and their troubles.

    `revision` is None where there is no other.
    """

    revision: int | None = None
    troubles: tuple[str, ...] = ()


class Whole(Protocol):
    """All processes of one daemon, as one of them reaches them."""

    async def exposition(self) -> bytes:
        """Return the metrics of all, in the Prometheus text format; raises `SilentError`."""

    async def reload(self) -> None:
        """Have all read everything anew; return when that is in service or was found wanting."""

    async def others(self) -> Others:
        """Return what the others serve at this moment."""


class Alone:
    """A daemon of one process; `clock` gives epoch seconds, `reload` reads everything anew."""

    def __init__(
        self, metrics: Metrics, clock: Callable[[], int], reload: Callable[[], Awaitable[None]]
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._reload = reload

    async def exposition(self) -> bytes:
        """Return the metrics of this process."""
        return self._metrics.exposition(self._clock())

    async def reload(self) -> None:
        """Read everything anew."""
        await self._reload()

    async def others(self) -> Others:
        """Say that there are none."""
        return Others()
