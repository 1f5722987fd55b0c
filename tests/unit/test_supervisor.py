"""What the supervisor does to workers that a test of the whole daemon can't bring about."""

import multiprocessing
import os
import signal
import subprocess
import sys
from math import inf

from pbx_adapters.supervisor import _Running, _signal, longer_pause


def test_process_that_has_another_ones_id_is_left_alone() -> None:
    """Starting a worker takes leave of all that have ended, and their ids are free from then on."""
    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    process.join()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        # What the kernel may do any moment.
        process._popen.pid = other.pid  # type: ignore[attr-defined]
        worker = _Running(1, process, None, None, inf)  # type: ignore[arg-type]
        _signal(worker, signal.SIGKILL)
        other.communicate(b"\n")
    assert other.returncode == 0


def test_pauses_grow_and_stay_short() -> None:
    """All workers may fail in turn: none is away for longer than five seconds."""
    pauses = [0.0]
    for _ in range(5):
        pauses.append(longer_pause(pauses[-1]))
    assert pauses == [0, 1, 2, 4, 5, 5]
