"""Store messages on a small file system until it is full, make room, then have it read only."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from tests.faults.message_writer import frames_of

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def told(error: OSError) -> None:
    """Tell an error, by its name."""
    # What was to be written is named, not the temporary file beside it.
    assert error.filename.endswith(".wav")
    print(f"{error.strerror}")  # noqa: T201 - the test reads it


def main(folder: Path) -> None:
    """Go through all of it."""
    masters, inbox = MasterFiles(folder / "audio"), RecordingInbox(folder / "inbox")
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(100_000))
    stored = set()
    try:
        for count in range(20_000, 30_000):
            stored.add(masters.add(frames_of(count)))
    except OSError as error:
        told(error)
    assert stored
    try:
        inbox.put("winkel", frames_of(20_000), AT)
    except OSError as error:
        told(error)
    assert {path.stem for path in masters.folder.iterdir()} == stored
    assert list(inbox.folder.iterdir()) == []
    ballast.unlink()
    stored.add(masters.add(frames_of(30_000)))
    inbox.put("winkel", frames_of(10), AT)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        masters.add(frames_of(5))
    except OSError as error:
        told(error)
    try:
        inbox.put("winkel", frames_of(5), AT)
    except OSError as error:
        told(error)
    # What is there already needs no writing.
    assert masters.add(frames_of(30_000)) in stored
    assert all(masters.read(digest) for digest in stored)
    assert len(inbox.waiting(AT)) == 1
    print("nothing half, nothing lost")  # noqa: T201 - the test reads it


main(Path(sys.argv[1]))
