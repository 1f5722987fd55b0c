"""A PBX that calls on as always while something else goes wrong, in a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

from benchmarks.figures import percentile
from tests.e2e.daemon import NUMBER, PATIENCE, Daemon, wait_until
from tests.faults.mixed_clients import Asked, Plan
from tests.faults.mixed_judge import read_answer

PROJECT: Final = Path(__file__).parents[2]
_CLIENTS: Final = 4
# More than are ever asked: the connections stay, as those of a PBX do.
_FOR_EVER: Final = 10**9


@contextmanager
def calling(
    daemon: Daemon, *, rate: float = 50.0, clients: int = _CLIENTS
) -> Iterator[list[Asked]]:
    """Have calls made to `NUMBER`, `rate` a second, on so many connections that are kept.

    Yields the list to which each answer is added; the first ones are there already.
    """
    plan = Plan(
        daemon.port,
        daemon.token,
        PATIENCE,
        is_calling=True,
        subjects=[("office", NUMBER)],
        clients=clients,
        rate=rate,
        requests_kept=_FOR_EVER,
        seed=1,
    )
    path = daemon.data_dir.with_suffix(".plan")
    path.write_text(json.dumps(plan._asdict()))
    told: list[Asked] = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.mixed_clients", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        text=True,
    ) as process:
        reading = Thread(target=read_into, args=(told, process))
        reading.start()
        try:
            wait_until(lambda: len(told) > 3 * clients, "calls are answered")
            yield told
            assert process.stdin is not None
            process.stdin.close()
            process.wait(PATIENCE)
        finally:
            process.kill()
            reading.join()


def read_into(told: list[Asked], process: "subprocess.Popen[str]") -> None:
    """Add each answer to a list."""
    assert process.stdout is not None
    told += (Asked(*json.loads(line)) for line in process.stdout)


def check_calls(told: Sequence[Asked], *statuses: str, attempts: int = 1) -> None:
    """See that every call was answered with such a status, within so many attempts.

    More than one are needed only where a connection died.
    """
    assert told
    for one in told:
        assert one.code == 200, one
        assert one.attempts <= attempts, one
        assert read_answer(one.body)["status"] in statuses, one


def p99_ms(told: Sequence[Asked], began: float, ended: float = float("inf")) -> float:
    """Return the p99, in milliseconds, of what was asked within a span of the monotonic clock."""
    took = [one.answered_at - one.asked_at for one in told if began <= one.asked_at < ended]
    return percentile(took, 0.99) * 1e3


def quietly(told: Sequence[Asked], seconds: float = 2.0) -> float:
    """Let calls be all there is for a moment; return when that began."""
    began = time.monotonic()
    wait_until(
        lambda: time.monotonic() > began + seconds and told[-1].asked_at > began, "calls went on"
    )
    return began
