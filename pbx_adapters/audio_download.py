"""`GET` and `HEAD /audio/{sha256}.wav`: a message, whole or a range of it, as stored or encoded."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import monotonic
from typing import Final, Literal

import structlog
from aiohttp import web
from multidict import CIMultiDict

from audio_store.errors import DamagedAudioError, MissingAudioError, RefusedAudioError
from audio_store.intake import ENCODINGS, Encoding
from pbx_adapters.audio_cache import AudioCache, BusyAudioError
from pbx_adapters.auth import Caller
from pbx_adapters.http_ranges import (
    UnsatisfiableRangeError,
    find_range,
    is_known,
    is_wanted,
    may_send_range,
)
from pbx_adapters.logs import Throttle
from pbx_adapters.refusals import RefusedError

DownloadFailure = Literal["missing", "damaged", "busy", "failed"]

_SLICE_BYTES: Final = 32 * 1024
_SECONDS_BETWEEN_LINES: Final = 10.0
_RETRY_SECONDS: Final = "2"

_log = structlog.get_logger()


class AudioDownloads:
    """Sends messages; `on_failure` is told why one can't be sent, and its hash."""

    def __init__(
        self, cache: AudioCache, on_failure: Callable[[DownloadFailure, str], None]
    ) -> None:
        self._cache = cache
        self._on_failure = on_failure
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES, monotonic)

    async def send(
        self,
        request: web.BaseRequest,
        digest: str,
        _caller: Caller,
    ) -> web.StreamResponse:
        """Answer a request of anybody with a token; raises `RefusedError`."""
        encoding = _encoding_of(request)
        tag = f'"{digest}"' if encoding is None else f'"{digest}-{encoding}"'
        # The name is the content's hash: what it names never changes.
        headers = CIMultiDict(
            {"ETag": tag, "Cache-Control": "private, max-age=31536000, immutable"}
        )
        async with self._refusing(digest):
            if not is_wanted(tag, request.headers.getall("If-Match", ())):
                return web.Response(status=HTTPStatus.PRECONDITION_FAILED, headers=headers)
            if is_known(tag, request.headers.getall("If-None-Match", ())):
                if not await self._cache.is_there(digest):
                    raise MissingAudioError(digest)
                return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
            async with self._cache.holding(digest, encoding) as data:
                return await _send(request, data, tag, headers)

    @asynccontextmanager
    async def _refusing(self, digest: str) -> AsyncIterator[None]:
        """Count and tell what can't be sent, as a refusal."""
        try:
            yield
        except MissingAudioError as error:
            self._tell("missing", digest, error)
            raise RefusedError("audio-missing", str(error)) from None
        except DamagedAudioError as error:
            self._tell("damaged", digest, error)
            raise RefusedError("audio-damaged", str(error)) from None
        except BusyAudioError as error:
            self._tell("busy", digest, error)
            detail = "more messages are being sent or converted than may be; try again in a moment"
            raise RefusedError("unavailable", detail, **{"Retry-After": _RETRY_SECONDS}) from None
        except ConnectionError:
            # The client is gone.
            raise
        except (OSError, RefusedAudioError) as error:
            self._tell("failed", digest, error)
            detail = "the message could not be converted; the daemon's log has more"
            raise RefusedError("unavailable", detail) from None

    def _tell(self, why: DownloadFailure, digest: str, error: Exception) -> None:
        self._on_failure(why, digest)
        if self._throttle.admits(why):
            left_out = self._throttle.take_left_out(why)
            _log.warning(
                "audio_not_sent", why=why, sha256=digest, told=str(error), left_out=left_out
            )


def _encoding_of(request: web.BaseRequest) -> Encoding | None:
    asked = request.query.getall("encoding", [])
    if not asked:
        return None
    for encoding in ENCODINGS:
        if asked == [encoding]:
            return encoding
    detail = f"encoding is one of {', '.join(ENCODINGS)}; leave it out for PCM 16 bit at 8 kHz"
    raise RefusedError("bad-request", detail)


async def _send(
    request: web.BaseRequest, data: bytes, tag: str, headers: CIMultiDict[str]
) -> web.StreamResponse:
    part = None
    headers["Accept-Ranges"] = "bytes"
    if request.method == "GET" and may_send_range(tag, request.headers.get("If-Range")):
        try:
            part = find_range(request.headers.getall("Range", ()), len(data))
        except UnsatisfiableRangeError:
            headers["Content-Range"] = f"bytes */{len(data)}"
            return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    headers["Content-Type"] = "audio/wav"
    status = HTTPStatus.OK
    if part is None:
        part = range(len(data))
    else:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(part)
    await response.prepare(request)
    if request.method == "GET":
        await _write(request, response, _slices(data, part))
    await response.write_eof()
    return response


async def _write(
    request: web.BaseRequest, response: web.StreamResponse, slices: Iterator[memoryview]
) -> None:
    """Write as fast as the client reads: of a slow one no more than a slice waits in memory."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=0)
    for one in slices:
        await response.write(one)
        await request.writer.drain()


def _slices(data: bytes, part: range) -> Iterator[memoryview]:
    """Cut a part of the bytes into views, which copy nothing."""
    view = memoryview(data)[part.start : part.stop]
    return (view[place : place + _SLICE_BYTES] for place in range(0, len(view), _SLICE_BYTES))
