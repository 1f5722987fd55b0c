"""What systemd is told of the daemon that it runs (sd_notify(3)); elsewhere nobody is."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

_MICROSECONDS: Final = 1_000_000
# Fed as often as that within the time after which the watchdog bites: one may come late.
_FEEDS: Final = 3


class ServiceManager:
    """Tells systemd that the daemon is ready, lives and stops.

    `environment` and `process_id` are the daemon's own: the first says where to tell it, and how
    often the watchdog wants to hear.
    """

    def __init__(self, environment: Mapping[str, str], process_id: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # An at sign stands for the zero byte of a name that is in no file system.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._feed_seconds = _watchdog_seconds(environment, process_id) / _FEEDS

    def tell(self, state: str) -> None:
        """Tell `READY=1`, `STOPPING=1` or `WATCHDOG=1`; never waits, and never fails."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(state.encode(), socket.MSG_DONTWAIT, self._address)

    async def keep_feeding(self, is_well: Callable[[], bool]) -> None:
        """Feed the watchdog, where there is one, while all is well.

        To be run on the event loop: one that is blocked doesn't come to it, and is started anew.
        """
        while self._feed_seconds:
            if is_well():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self._feed_seconds)


def _watchdog_seconds(environment: Mapping[str, str], process_id: int) -> float:
    """Return after how many silent seconds the watchdog bites, 0 where there is none for us."""
    if environment.get("WATCHDOG_PID", str(process_id)) != str(process_id):
        return 0
    try:
        return max(int(environment.get("WATCHDOG_USEC", "0")), 0) / _MICROSECONDS
    except ValueError:
        return 0
