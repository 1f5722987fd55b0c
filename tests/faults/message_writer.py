"""Take messages in and save schedules that name them, and tell each, until killed.

Arguments: data directory, seed, `inbox` to leave recordings in the inbox as well, and `intake` to
make each message of a recording in stereo.
"""

import io
import random
import sys
import time
import wave
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NoReturn

from audio_store.inbox import RecordingInbox
from audio_store.intake import take_in
from audio_store.masters import MasterFiles
from schedules.sqlite_store import open_store
from tests.engine import schedule_of

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


class UndoneError(Exception):
    """Ends a transaction in which a message was stored."""


def frames_of(count: int) -> bytes:
    """Make a canonical master of so many samples, all alike."""
    return wave_of(b"\1" * (2 * count))


def wave_of(samples: bytes) -> bytes:
    """Make a canonical master of samples of two bytes."""
    with io.BytesIO() as buffer:
        with wave.open(buffer, "wb") as file:
            file.setframerate(8_000)
            file.setnchannels(1)
            file.setsampwidth(2)
            file.writeframes(samples)
        return buffer.getvalue()


def recording_of(count: int) -> bytes:
    """Make a recording of so many samples in stereo at 16 kHz: a tone of 800 Hz."""
    with io.BytesIO() as buffer:
        with wave.open(buffer, "wb") as file:
            file.setframerate(16_000)
            file.setnchannels(2)
            file.setsampwidth(2)
            period = b"\0\x10" * 20 + b"\0\xf0" * 20
            file.writeframes(period * (count // 20))
        return buffer.getvalue()


def main(data_dir: Path, seed: int, *, has_inbox: bool, is_taken_in: bool) -> None:
    """Go on for ever."""
    dice = random.Random(seed)
    store, masters = open_store(data_dir), MasterFiles(data_dir / "audio")
    inbox = RecordingInbox(data_dir / "inbox", WEEK, 1_000_000)
    tell("ready")
    for number in count():
        # Up to 5 s; the small ones come back now and then.
        frames = dice.choice((dice.randrange(1, 9), dice.randrange(1_000, 40_000)))
        data, is_undone = frames_of(frames), dice.random() < 0.2
        if is_taken_in:
            data = take_in(recording_of(8_000 + frames)).master
        with suppress(UndoneError), store.writing("jan", AT) as writer:
            digest = masters.add(data)
            if is_undone:
                undo()
            message = {"name": f"Bericht {seed} {number}", "sha256": digest}
            writer.save(schedule_of(id=f"s{number % 4}", audio={"m": message}), summary="")
        if not is_undone:
            tell(f"message {digest}")
        if has_inbox:
            tell(f"recording {inbox.put(f's{number % 4}', data, AT).id}")
        # Whoever waits to write comes in between.
        time.sleep(0.001)


def undo() -> NoReturn:
    """End the transaction."""
    raise UndoneError


def tell(line: str) -> None:
    """Say what is done, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]),
        has_inbox="inbox" in sys.argv[3:],
        is_taken_in="intake" in sys.argv[3:],
    )
