"""What a process and its children hold: memory and file descriptors, read from the kernel."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PAGE: int = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """One process at `at` (monotonic): its id, bytes resident, and descriptors open."""

    at: float
    pid: int
    resident: int
    descriptors: int


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_text().split())
    return found


def workers_of(pid: int) -> list[int]:
    """Return the workers of a daemon: of its children those that do more than keep its books."""
    return [child for child in children_of(pid) if b"spawn_main" in _command(child)]


def sample(pid: int) -> list[Sample]:
    """Look at a process and its children; one that ends meanwhile is left out."""
    found: list[Sample] = []
    for one in (pid, *children_of(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(Sample(time.monotonic(), one, resident_of(one), descriptors_of(one)))
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process is there, and no zombie."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


def resident_of(pid: int) -> int:
    """Return how many bytes of a process are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def descriptors_of(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _command(pid: int) -> bytes:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
