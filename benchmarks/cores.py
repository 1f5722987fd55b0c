"""Which core whom: servers share one, the load generator has another."""

import os
from pathlib import Path
from typing import Literal

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def pin_to(role: Literal["server", "generator"], pid: int = 0) -> None:
    """Bind a process, by default this one, to its role's core, where there are two and it may."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        core = cores[0] if role == "server" else cores[1]
        # Each thread has its own: setting that of a process sets that of its first thread.
        for task in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used, all its threads together.

    In nanoseconds where the kernel counts them, else in its clock ticks.
    """
    process = Path(f"/proc/{pid}")
    try:
        return (
            sum(
                int((task / "schedstat").read_text().split()[0])
                for task in (process / "task").iterdir()
            )
            / 1e9
        )
    except FileNotFoundError:
        fields = (process / "stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS
