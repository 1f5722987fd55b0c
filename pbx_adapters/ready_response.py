"""A response that is ready bytes: one write, no header rendered for the call.

Rendering the head anew costs aiohttp a third of a call's time, and every answer of one decision has
the same.
"""

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class ReadyResponse(web.StreamResponse):
    """A whole HTTP/1.1 message, head and body, for a connection that is kept alive.

    aiohttp asks a response for `prepare`, `write_eof` and `keep_alive`, and this answers those.
    """

    # aiohttp's own __init__ is left out: there are no headers to keep.
    _status = 200
    _reason = "OK"

    def __init__(self, message: bytes) -> None:
        self.message = message

    @property
    def keep_alive(self) -> bool | None:
        """The connection stays open; others get an ordinary response."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the message; raises `ConnectionResetError` when the client has gone."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(self.message)
        # Who asks on and on without reading shall not fill the memory.
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the message was sent whole."""
