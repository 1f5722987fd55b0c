"""An end to an exchange with a server that never ends: time-outs of sockets are between bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off_after(
    seconds: float, find_socket: Callable[[], socket.socket | None]
) -> Iterator[None]:
    """Have whoever waits for bytes find the end of them after so many seconds."""

    def cut_off() -> None:
        found = find_socket()
        if found is not None:
            with suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
