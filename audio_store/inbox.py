"""Recordings made by telephone that wait until an operator fetches them, or expire.

Each is a canonical master in a file that says all there is to know:
`<schedule>.<YYYYMMDDTHHMMSSZ>.<id>.<SHA-256>.wav`, the instant in UTC.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from audio_store.errors import InboxFullError, MissingRecordingError, RefusedAudioError
from audio_store.masters import HEADER_BYTES, check_master
from audio_store.whole_files import write_whole

KEPT_FOR: Final = timedelta(days=7)
MAX_PER_SCHEDULE: Final = 20

_NAME: Final = re.compile(r"([a-z0-9-]+)\.(\d{8}T\d{6}Z)\.([0-9a-f]{8})\.([0-9a-f]{64})\.wav")
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_HOW_TO_LIST: Final = "`bereikbaar audio inbox list` tells which recordings wait"


class Recording(NamedTuple):
    """A recording that waits; `id` is 8 hexadecimal digits, the instants are aware, in UTC."""

    id: str
    schedule: str
    recorded_at: datetime
    expires_at: datetime
    sha256: str
    path: Path


class RecordingInbox:
    """The recordings in a folder; each is kept for `keep`, and so many per schedule at most."""

    def __init__(
        self,
        folder: Path,
        keep: timedelta = KEPT_FOR,
        max_per_schedule: int = MAX_PER_SCHEDULE,
    ) -> None:
        self.folder = folder
        self.keep = keep
        self.max_per_schedule = max_per_schedule

    def put(self, schedule: str, master: bytes, at: datetime) -> Recording:
        """Keep a recording made at an aware instant, whole or not at all.

        Raises `InboxFullError` while as many wait as may, `RefusedAudioError` for bytes that are no
        canonical master, and `OSError`.
        """
        check_master(master)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            self.remove_expired(at)
            waiting = self.waiting(at)
            if sum(one.schedule == schedule for one in waiting) >= self.max_per_schedule:
                raise InboxFullError(
                    f"{self.max_per_schedule} recordings wait for schedule {schedule} already",
                    f"accept or discard some: `bereikbaar audio inbox list {schedule}`",
                )
            taken = {one.id for one in waiting}
            recording_id = secrets.token_hex(4)
            while recording_id in taken:
                recording_id = secrets.token_hex(4)
            recorded_at = at.astimezone(UTC).replace(microsecond=0)
            name = f"{schedule}.{recorded_at:{_STAMP}}.{recording_id}.{sha256(master).hexdigest()}"
            recording = self._recording_of(f"{name}.wav")
            if recording is None:
                raise ValueError(f"{schedule!r} is not the id of a schedule")
            write_whole(recording.path, master, HEADER_BYTES)
        return recording

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one thread of one process at a time count and add."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def waiting(self, at: datetime, schedule: str | None = None) -> list[Recording]:
        """Return the recordings that haven't expired at an aware instant, oldest first.

        Those for one schedule, or all. Raises `OSError`.
        """
        return sorted(
            (
                one
                for one in self._all()
                if at < one.expires_at and schedule in (None, one.schedule)
            ),
            key=lambda one: (one.recorded_at, one.id),
        )

    def find(self, recording_id: str, at: datetime) -> Recording:
        """Return the recording that waits under this id; raises `MissingRecordingError`."""
        for one in self.waiting(at):
            if one.id == recording_id:
                return one
        raise _missing(recording_id)

    def read(self, recording: Recording) -> bytes:
        """Return the bytes of a recording, the canonical master that was put in.

        Raises `MissingRecordingError`, `RefusedAudioError` when it is damaged, and `OSError`.
        """
        try:
            data = recording.path.read_bytes()
        except FileNotFoundError:
            raise _missing(recording.id) from None
        if sha256(data).hexdigest() != recording.sha256:
            raise RefusedAudioError(
                f"recording {recording.id} is damaged: its bytes have changed",
                f"`bereikbaar audio inbox discard {recording.id}`, and have it recorded again",
            )
        return data

    def discard(self, recording: Recording) -> None:
        """Remove a recording; one that is gone already is no fault. Raises `OSError`."""
        recording.path.unlink(missing_ok=True)

    def expired(self, at: datetime) -> list[Recording]:
        """Return the recordings that have expired at an aware instant; raises `OSError`."""
        return [one for one in self._all() if one.expires_at <= at]

    def remove_expired(self, at: datetime) -> int:
        """Remove what has expired at an aware instant, and return how many; raises `OSError`."""
        expired = self.expired(at)
        for one in expired:
            self.discard(one)
        return len(expired)

    def _all(self) -> list[Recording]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        found = map(self._recording_of, names)
        return [one for one in found if one is not None]

    def _recording_of(self, name: str) -> Recording | None:
        """Read a file's name; anything else that lies in the folder is left alone."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        schedule, stamp, recording_id, digest = match.groups()
        try:
            recorded_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
            expires_at = recorded_at + self.keep
        except (OverflowError, ValueError):
            return None
        path = self.folder / name
        return Recording(recording_id, schedule, recorded_at, expires_at, digest, path)


def _missing(recording_id: str) -> MissingRecordingError:
    return MissingRecordingError(f"no recording {recording_id[:80]!r} waits", _HOW_TO_LIST)
