"""The workers of a real daemon, as its log, its metrics and the system tell of them."""

import http.client
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.e2e.daemon import PATIENCE, Daemon, wait_until


def worker_pids(daemon: Daemon) -> dict[int, int]:
    """Return the process of each worker that runs, by its number, as the log tells."""
    return {line["worker"]: line["process"] for line in daemon.events("worker_started")}


def workers_of(daemon: Daemon) -> int:
    """Return how many workers answer calls."""
    with suppress(OSError, http.client.HTTPException):
        return int(daemon.metric("bereikbaar_workers"))
    return 0


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except OSError:
        return True
    return state.startswith("Z")


def start_altered(daemon: Daemon, alterations: str) -> None:
    """Start a daemon of two workers whose supervisor's module, as `supervisor`, was altered."""
    program = (
        "from pbx_adapters.config import load_config; from pbx_adapters import supervisor; "
        f"from pbx_adapters.daemon import main; {alterations}; "
        f"main(load_config(None, {{'data_dir': {str(daemon.data_dir)!r}, 'workers': 2, "
        "'listen': '127.0.0.1:0', 'log_format': 'json'}))"
    )
    with daemon.log_path.open("ab") as stderr:
        daemon.process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=stderr, stderr=stderr
        )


def wait_for_both(daemon: Daemon) -> None:
    """Wait until both workers of a daemon answer calls."""
    wait_until(lambda: workers_of(daemon) == 2, "both workers answer calls", 2 * PATIENCE)
