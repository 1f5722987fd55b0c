"""`/recordings/{schedule}`: messages recorded by telephone, which a PBX's script uploads.

The script asks for the PIN, has it checked by `GET`, records, and sends the recording by `POST`.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from http import HTTPStatus
from math import ceil
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from audio_store.errors import InboxFullError, RefusedAudioError
from audio_store.inbox import Recording, RecordingInbox
from audio_store.intake import Taken
from audio_store.masters import MAX_BYTES
from pbx_adapters.attempt_limits import MAX_ATTEMPTS, AttemptLimits
from pbx_adapters.auth import Caller
from pbx_adapters.connection_limits import IS_RECORDING
from pbx_adapters.forms import invite_body
from pbx_adapters.metrics import Metrics
from pbx_adapters.own_thread import run_in_own_thread
from pbx_adapters.refusals import RefusedError
from schedules.errors import NotFoundError, StoreUnavailableError
from schedules.recording_pins import PinHash
from schedules.sqlite_store import open_store

PIN_HEADER: Final = "Bereikbaar-Pin"
# Each may take `MAX_BYTES` of memory, and waits for the ones before it to be converted.
MAX_UPLOADS: Final = 4
_RETRY_SECONDS: Final = "10"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

_log = structlog.get_logger()


class Recordings:
    """Takes recordings into the inbox, for whoever knows the schedule's PIN.

    `clock` gives epoch seconds, `timer` those of a clock that nobody sets, by which wrong PINs are
    counted, up to `max_attempts` for a schedule; `take_in` makes a master of the bytes of a WAV, in
    a thread.
    """

    def __init__(  # noqa: PLR0913 - its wiring
        self,
        data_dir: Path,
        inbox: RecordingInbox,
        metrics: Metrics,
        *,
        clock: Callable[[], int],
        timer: Callable[[], float],
        take_in: Callable[[bytes], Taken],
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self._data_dir = data_dir
        self._inbox = inbox
        self._metrics = metrics
        self._clock = clock
        self._timer = timer
        self._take_in = take_in
        self._limits = AttemptLimits(max_attempts=max_attempts)
        self._uploads = 0
        # One at a time each, for the calls are to have the processor.
        self._checking = asyncio.Lock()
        self._converting = asyncio.Lock()

    async def check(
        self, request: web.BaseRequest, schedule: str, caller: Caller
    ) -> web.StreamResponse:
        """Answer 204 where token and PIN are right; raises `RefusedError`."""
        await self._check_rights(request, schedule, caller)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def receive(
        self, request: web.BaseRequest, schedule: str, caller: Caller
    ) -> web.StreamResponse:
        """Put the recording of the request into the inbox; raises `RefusedError`."""
        # From the start: its sender may have to wait until others' PINs are checked.
        request[IS_RECORDING] = True
        await self._check_rights(request, schedule, caller)
        async with self._place():
            data = await _read_recording(request)
            async with self._converting:
                taken, recording = await self._put(schedule, data)
        _log.info(
            "recording_received", schedule=schedule, recording=recording.id, seconds=taken.seconds
        )
        told = {
            "recording": recording.id,
            "schedule": schedule,
            "seconds": round(taken.seconds, 3),
            "level": None if taken.level_after is None else round(taken.level_after, 1),
            "notes": list(taken.notes),
            "expires_at": f"{recording.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return web.json_response(told, status=HTTPStatus.CREATED)

    async def _check_rights(self, request: web.BaseRequest, schedule: str, caller: Caller) -> None:
        if not caller.may_ask_for(schedule):
            self._metrics.auth_failures.labels("schedule").inc()
            raise RefusedError("forbidden", "this token is not for that schedule")
        pin = request.headers.get(PIN_HEADER)
        if pin is None:
            raise RefusedError("bad-request", f"send the schedule's PIN in the header {PIN_HEADER}")
        async with self._checking:
            self._refuse_for(self._limits.wait(schedule, self._timer()))
            kept = await self._kept_pin(schedule)
            if kept is None:
                detail = "this schedule takes no recordings: set a PIN for it"
                raise RefusedError("no-pin", detail)
            # Counted before it is looked at, so that many at once are no more than one by one.
            self._refuse_for(self._limits.take(schedule, self._timer()))
            is_right = await asyncio.to_thread(kept.check, pin)
        if not is_right:
            self._metrics.auth_failures.labels("pin").inc()
            raise RefusedError("wrong-pin", "this is not the PIN of this schedule")
        self._limits.forgive(schedule)

    def _refuse_for(self, seconds: float) -> None:
        if seconds > 0:
            self._metrics.auth_failures.labels("pin").inc()
            headers = {"Retry-After": str(ceil(seconds))}
            detail = f"too many wrong PINs; try again in {ceil(seconds / 60)} minutes"
            raise RefusedError("too-many-attempts", detail, **headers)

    async def _kept_pin(self, schedule: str) -> PinHash | None:
        try:
            return await asyncio.to_thread(_read_pin, self._data_dir, schedule)
        except StoreUnavailableError as error:
            _log.warning("recording_refused", schedule=schedule, why=str(error))
            raise RefusedError("unavailable", "the store can't be read; see the log") from None

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Take one of the few places, until the block ends."""
        if self._uploads >= MAX_UPLOADS:
            detail = "more recordings are being taken in than may be; try again in a moment"
            raise RefusedError("unavailable", detail, **{"Retry-After": _RETRY_SECONDS})
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    async def _put(self, schedule: str, data: bytes) -> tuple[Taken, Recording]:
        at = datetime.fromtimestamp(self._clock(), UTC)
        try:
            taken = await run_in_own_thread(self._take_in, data)
            recording = await asyncio.to_thread(self._inbox.put, schedule, taken.master, at)
        except RefusedAudioError as error:
            raise RefusedError("bad-recording", f"the recording {error}") from None
        except InboxFullError as error:
            raise RefusedError("inbox-full", str(error)) from None
        except OSError as error:
            _log.error("recording_lost", schedule=schedule, why=str(error))
            if error.errno in _NO_ROOM:
                detail = "there is no room on the daemon's disk: nothing was kept"
                raise RefusedError("disk-full", detail) from None
            detail = "the recording could not be taken in: nothing was kept; see the log"
            raise RefusedError("unavailable", detail) from None
        return taken, recording


def _read_pin(data_dir: Path, schedule: str) -> PinHash | None:
    """Read what is kept of a schedule's PIN; a deleted schedule takes no recordings."""
    with closing(open_store(data_dir, create=False)) as store, store.reading():
        try:
            store.current(schedule)
        except NotFoundError:
            return None
        return store.recording_pin(schedule)


async def _read_recording(request: web.BaseRequest) -> bytes:
    """Read the body, for which there is more room and more time than for a form."""
    if (request.content_length or 0) > MAX_BYTES:
        raise _too_large()
    if request.content_type.startswith("multipart/"):
        detail = "send the WAV file itself as the body, not a form with it (curl: --data-binary)"
        raise RefusedError("bad-recording", detail, Connection="close")
    await invite_body(request)
    data = bytearray()
    try:
        while chunk := await request.content.readany():
            data += chunk
            if len(data) > MAX_BYTES:
                raise _too_large()
    except web.HTTPRequestTimeout:
        raise RefusedError("bad-request", "the body took too long", Connection="close") from None
    except web.RequestPayloadError:
        raise RefusedError("bad-request", "the body is not framed or encoded as it says") from None
    return bytes(data)


def _too_large() -> RefusedError:
    return RefusedError("too-large", f"send at most {MAX_BYTES:,} bytes", Connection="close")
