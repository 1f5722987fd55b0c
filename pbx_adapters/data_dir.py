"""What lies in the data directory beside the store."""

import shutil
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

AUDIO_FOLDER: Final = "audio"
CALLER_KEY_FILE: Final = "caller-hash.key"
CONTROL_SOCKET: Final = "control.sock"
DECISIONS_FILE: Final = "decisions.db"
INBOX_FOLDER: Final = "inbox"
LAST_GOOD_FILE: Final = "last-good.jsonl"
OUTBOX_FILE: Final = "outbox.db"
# One that held more than the store did when a daemon started on it.
NEWER_LAST_GOOD_FILE: Final = f"{LAST_GOOD_FILE}.newer"
# Folders in which a backup is unpacked.
UNPACKED: Final = ".restoring-"

_LEFT_SECONDS: Final = 3_600


def remove_leftovers(data_dir: Path, now: int) -> None:
    """Remove half-written files that a crash left an hour or more before `now`, epoch seconds.

    Younger ones may still be written to by another process.
    """
    from audio_store.whole_files import unfinished_files

    unfinished = chain(
        unfinished_files(data_dir / AUDIO_FOLDER),
        unfinished_files(data_dir / INBOX_FOLDER),
        data_dir.glob(f".{LAST_GOOD_FILE}.*"),
        data_dir.glob(f".{CALLER_KEY_FILE}.*"),
    )
    for path in unfinished:
        with suppress(OSError):
            if path.stat().st_mtime <= now - _LEFT_SECONDS:
                path.unlink()
    for folder in data_dir.glob(f"{UNPACKED}*"):
        with suppress(OSError):
            if folder.stat().st_mtime <= now - _LEFT_SECONDS:
                shutil.rmtree(folder)
