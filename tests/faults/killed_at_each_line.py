"""Take a message in, in a process for each line of code on the way, and die on that line.

Argument: a folder with a data directory `store`, of which each process gets a copy: `1`, `2` …
What a process had done when it died stands in its file `told`.
"""

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import audio_store
import schedules
from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from schedules.sqlite_store import open_store
from tests.engine import schedule_of
from tests.faults.message_writer import AT, frames_of

if TYPE_CHECKING:
    from _typeshed import TraceFunction

WAYS = (
    str(Path(audio_store.__file__).parent),
    str(Path(schedules.__file__).with_name("sqlite_")),
)


def dying_at(line: int) -> "TraceFunction":
    """Return a trace function that kills this process before it runs so many lines."""
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> "TraceFunction | None":  # noqa: ANN401 - its signature
        nonlocal left
        if not frame.f_code.co_filename.startswith(WAYS):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def take_in(data_dir: Path, line: int) -> None:
    """Mend a damaged message, add another one and save both, and leave a recording."""
    old, new = frames_of(100), frames_of(3_000)
    masters, inbox = MasterFiles(data_dir / "audio"), RecordingInbox(data_dir / "inbox")
    store = open_store(data_dir)
    with (data_dir / "told").open("w", buffering=1) as told:
        sys.settrace(dying_at(line))
        with store.writing("jan", AT) as writer:
            digests = [masters.add(old), masters.add(new)]
            audio = {f"m{n}": {"name": "M", "sha256": one} for n, one in enumerate(digests)}
            writer.save(schedule_of(id="s", audio=audio), summary="")
        told.writelines(f"message {digest}\n" for digest in digests)
        told.write(f"recording {inbox.put('s', new, AT).id}\n")
        sys.settrace(None)


def main(folder: Path) -> None:
    """Die on one line after the other, until all is done without coming to it."""
    for line in count(1):
        data_dir = folder / str(line)
        shutil.copytree(folder / "store", data_dir)
        process = os.fork()
        if not process:
            take_in(data_dir, line)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if status == 0:
            return
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    main(Path(sys.argv[1]))
