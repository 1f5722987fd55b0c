"""UDP ports for programs that bind them later: nobody else may have taken them by then."""

import os
import socket
from contextlib import closing
from itertools import cycle
from typing import Final

# Below what the system hands out by itself, and a range of its own for each process of tests.
_FIRST: Final = 20_000
_EACH: Final = 2_000
_WORKERS: Final = 6
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
# Round and round: a program that is ending may still have the last one.
_ports = cycle(range(_FIRST + _worker * _EACH, _FIRST + (_worker + 1) * _EACH))


def free_ports(count: int) -> list[int]:
    """Return so many UDP ports of 127.0.0.1 that nobody has."""
    return [free_port() for _ in range(count)]


def free_port() -> int:
    """Return a UDP port of 127.0.0.1 that nobody has."""
    return next(port for port in _ports if not is_taken(("127.0.0.1", port)))


def is_taken(address: tuple[str, int]) -> bool:
    """Tell whether somebody has a UDP port."""
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as probe:
        try:
            probe.bind(address)
        except OSError:
            return True
    return False
