"""Workers killed under load: a call whose connection dies is answered when asked once more."""

import os
import signal
import time
from collections.abc import Callable

from tests.e2e.daemon import Daemon, wait_until
from tests.faults.fault_table import note_fault
from tests.faults.good_calls import calling, check_calls, p99_ms, quietly
from tests.faults.sampled import workers_of

WORKERS = 2
# On so many connections some calls are always in flight when a worker dies.
CLIENTS = 100
CALLS_A_SECOND = 300.0


def test_calls_are_answered_by_the_others(
    daemon: Daemon, how_many: Callable[[int, int], int]
) -> None:
    """No call is lost or answered wrong, and each worker that was killed is back soon."""
    rounds, pause = how_many(4, 20), how_many(1, 6)
    daemon.settings["workers"] = str(WORKERS)
    daemon.start()
    assert daemon.process is not None
    pid, back = daemon.process.pid, list[float]()
    wait_until(lambda: len(daemon.events("listening")) == WORKERS, "all workers answer")
    with calling(daemon, rate=CALLS_A_SECOND, clients=CLIENTS) as told:
        quiet_at = quietly(told)
        alive, fault_at = workers_of(pid), time.monotonic()
        for number in range(1, rounds + 1):
            os.kill(alive.pop(0), signal.SIGKILL)
            killed_at = time.monotonic()
            wait_until(
                lambda n=number: len(daemon.events("listening")) == WORKERS + n,  # type: ignore[misc]
                "a worker is back",
            )
            back.append(time.monotonic() - killed_at)
            alive += {*workers_of(pid)} - {*alive}
            # One that ends soon again is started later: that is no part of this.
            time.sleep(pause)
    again = sum(one.attempts - 1 for one in told)
    check_calls(told, "open", attempts=2)
    assert again, "no connection died, so that nothing was shown"
    assert daemon.metric("bereikbaar_workers") == WORKERS
    assert daemon.metric("bereikbaar_worker_restarts_total") == rounds
    assert daemon.stop() == 0
    note_fault(
        "worker killed",
        f"{WORKERS} workers, kill -9 of one after the other, {CLIENTS} connections",
        rounds,
        f"{len(told):,} calls, all right: {again} asked once more as their connection died, none "
        f"lost; p99 {p99_ms(told, fault_at):.1f} ms, before {p99_ms(told, quiet_at, fault_at):.1f} "
        f"ms; back after {min(back):.1f} to {max(back):.1f} s",
    )
