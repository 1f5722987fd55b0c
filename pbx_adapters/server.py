"""An application being served on bound sockets, within its limits, until it is closed."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.connections import ConnectionGuard, DropReason
from pbx_adapters.listening import BACKLOG, SocketFile, is_unix

_SETTLE_SECONDS = 0.05
_DRAIN_POLL_SECONDS = 0.02
# aiohttp takes 0 for "no limit".
_CANCEL_SECONDS = 0.1


class RunningServer:
    """An application being served; made by `serve_guarded`, ended by `close`.

    `addresses` are those of its sockets: `(host, port, ...)`, or the path of a Unix socket.
    """

    def __init__(
        self, runner: web.BaseRunner, guard: ConnectionGuard, sockets: Sequence[socket.socket]
    ) -> None:
        self.addresses: list[Any] = [sock.getsockname() for sock in sockets]
        self._runner = runner
        self._guard = guard
        self._socket_files = [SocketFile.of(sock) for sock in sockets if is_unix(sock)]
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
            self._listeners.append(listener)

    async def close(self, grace_seconds: float = 4.0) -> None:
        """Stop accepting, answer the requests in flight, close all connections, end the app.

        grace_seconds: how long those requests may take; then their handlers are cancelled. Idle
        connections and unfinished heads are closed without waiting. Removes the socket files it
        served, unless another server has put its own there. Further calls do nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        for file in self._socket_files:
            file.remove()
        # What has been sent but not yet accepted or read is in flight as well.
        await asyncio.sleep(_SETTLE_SECONDS)
        for listener in self._listeners:
            listener.close()
        await asyncio.sleep(_SETTLE_SECONDS)
        loop = self._guard.loop
        deadline = loop.time() + grace_seconds
        # Polled: an event would cost every request something, for one use in a daemon's life.
        while self._guard.close_waiting() and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_POLL_SECONDS)
        await self._runner.cleanup()
        self._guard.stop()


async def serve_guarded(
    app: web.Application,
    sockets: Sequence[socket.socket],
    limits: ConnectionLimits,
    on_drop: Callable[[DropReason], None],
) -> RunningServer:
    """Start an application on bound sockets, which the server then owns.

    sockets: from `bind_tcp` and `bind_unix`; all share the limits. on_drop: called with the
    reason for every client refused or cut off; it must be quick and must not raise, and it is
    the caller who limits the rate of any log. The app sets `client_max_size=MAX_BODY_BYTES`
    itself; aiohttp answers 413 above it.
    """
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=False, shutdown_timeout=_CANCEL_SECONDS
    )
    await runner.setup()
    assert runner.server is not None  # noqa: S101 -- set up just now
    running = RunningServer(runner, ConnectionGuard(runner.server, limits, on_drop), sockets)
    try:
        await running.listen(sockets)
    except BaseException:
        await running.close(grace_seconds=0)
        raise
    return running
