"""A handler being served on bound sockets, within its limits, until it is closed."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

from pbx_adapters.connection_limits import ConnectionLimits, DropReason
from pbx_adapters.connections import ConnectionGuard
from pbx_adapters.listening import BACKLOG, SocketFile, find_readable, is_unix
from pbx_adapters.url_table import App

_SETTLE_SECONDS = 0.05
_ACCEPT_SECONDS = 1.0
_DRAIN_POLL_SECONDS = 0.02
# aiohttp takes 0 for "no limit".
_CANCEL_SECONDS = 0.1


class RunningServer:
    """A handler being served; made by `serve_guarded`, ended by `close`.

    `addresses` are those of its sockets: `(host, port, ...)`, or the path of a Unix socket.
    """

    def __init__(
        self,
        guard: ConnectionGuard,
        sockets: Sequence[socket.socket],
        *,
        removes_files: bool = True,
    ) -> None:
        self.addresses: list[Any] = [sock.getsockname() for sock in sockets]
        self._guard = guard
        self._socket_files = [
            SocketFile.of(sock) for sock in sockets if removes_files and is_unix(sock)
        ]
        self._sockets: list[socket.socket] = []
        self._listeners: list[asyncio.AbstractServer] = []
        self._is_closed = False

    @property
    def connection_count(self) -> int:
        """How many connections are being served."""
        return self._guard.connection_count

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on these sockets, which the server now owns."""
        loop = self._guard.loop
        for sock in sockets:
            create = loop.create_unix_server if is_unix(sock) else loop.create_server
            listener = await create(self._guard.protocol, sock=sock, backlog=BACKLOG)
            self._sockets.append(sock)
            self._listeners.append(listener)

    async def close(self, grace_seconds: float = 4.0) -> None:
        """Stop accepting, answer the requests in flight, close all connections.

        grace_seconds: how long those requests may take; then their handlers are cancelled. Idle
        connections and unfinished heads are closed without waiting. Removes the socket files it
        served, unless another server has put its own there. Further calls do nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        for file in self._socket_files:
            file.remove()
        loop = self._guard.loop
        deadline = loop.time() + grace_seconds
        # What has been sent but not yet accepted or read is in flight as well.
        await asyncio.sleep(_SETTLE_SECONDS)
        # Not for ever: others go on knocking.
        last_accept = loop.time() + _ACCEPT_SECONDS
        while self._has_to_accept() and loop.time() < last_accept:  # noqa: ASYNC110 - as below
            await asyncio.sleep(_DRAIN_POLL_SECONDS)
        for listener in self._listeners:
            listener.close()
        await asyncio.sleep(_SETTLE_SECONDS)
        # Polled: an event would cost every request something, for one use in a daemon's life.
        while self._guard.close_waiting() and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_POLL_SECONDS)
        self._guard.http.pre_shutdown()
        await self._guard.http.shutdown(_CANCEL_SECONDS)
        self._guard.stop()

    def _has_to_accept(self) -> bool:
        """Tell whether connections lie in the kernel that nobody has accepted yet."""
        return bool(find_readable(sock.fileno() for sock in self._sockets))


async def serve_guarded(
    app: App,
    sockets: Sequence[socket.socket],
    limits: ConnectionLimits,
    on_drop: Callable[[DropReason], None],
    *,
    removes_files: bool = True,
) -> RunningServer:
    """Start to answer requests on bound sockets, which the server then owns.

    app: its handler is served on aiohttp's low-level server: `web.Application` around it would cost
    each call a sixth of its time. sockets: from `bind_tcp` and `bind_unix`; all share the limits.
    on_drop: called with the reason for every client refused or cut off; it must be quick and must
    not raise, and it is the caller who limits the rate of any log. removes_files: whether files of
    Unix sockets go when the server is closed; not where other processes serve them too.
    """
    guard = ConnectionGuard(app, limits, on_drop)
    running = RunningServer(guard, sockets, removes_files=removes_files)
    try:
        await running.listen(sockets)
    except BaseException:
        await running.close(grace_seconds=0)
        raise
    return running
