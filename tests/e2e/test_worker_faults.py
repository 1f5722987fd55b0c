"""The real daemon with several workers: what goes wrong around them, and how they end."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path

import pytest

from pbx_adapters.listening import bind_tcp
from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, wait_until
from tests.e2e.workers import is_gone, start_altered, wait_for_both, worker_pids, workers_of


@pytest.fixture
def pair(daemon: Daemon) -> Daemon:
    """Start a daemon of two workers that a test may break."""
    daemon.settings["workers"] = "2"
    daemon.start()
    wait_for_both(daemon)
    return daemon


def is_port_free(port: int) -> bool:
    """Tell whether a daemon could have the port for itself."""
    try:
        sockets = bind_tcp("127.0.0.1", port)
    except Exception:  # noqa: BLE001 - whatever is in the way
        return False
    for sock in sockets:
        sock.close()
    return True


def test_workers_end_with_their_supervisor(pair: Daemon) -> None:
    """Ctrl-C is for the supervisor; when that is killed, its workers go and leave the port."""
    process = pair.process
    assert process is not None
    workers = list(worker_pids(pair).values())
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    assert pair.status() == "open"
    assert not any(is_gone(worker) for worker in workers)
    process.kill()
    for worker in workers:
        wait_until(partial(is_gone, worker), "the worker is gone", 10)
    assert is_port_free(pair.port)
    process.wait(PATIENCE)
    pair.kill()
    pair.start()
    wait_for_both(pair)
    assert pair.status() == "open"
    assert pair.stop() == 0
    assert not (pair.data_dir / "control.sock").exists()
    assert {line["worker"] for line in pair.events("stopped") if "worker" in line} == {1, 2}


def test_worker_that_stands_still_is_replaced(daemon: Daemon) -> None:
    """A worker that is stopped, and so silent, is killed; another one takes its place."""
    start_altered(daemon, "supervisor.HANG_SECONDS = 6")
    wait_until(lambda: daemon.find_address(0), "it listens")
    wait_for_both(daemon)
    hung = worker_pids(daemon)[2]
    os.kill(hung, signal.SIGSTOP)
    wait_until(partial(is_gone, hung), "it is killed")
    # Its last report still stands until the supervisor has seen its end.
    wait_until(lambda: worker_pids(daemon)[2] != hung, "another one takes its place")
    wait_for_both(daemon)
    assert 2 in {line["worker"] for line in daemon.events("worker_killed")}
    assert {daemon.status() for _ in range(20)} == {"open"}
    assert daemon.stop() == 0


def test_worker_that_cannot_start_is_no_storm(daemon: Daemon) -> None:
    """A worker that ends at once is started with growing pauses; the daemon can still be ended."""
    start_altered(daemon, "supervisor.run_worker = id")
    wait_until(
        lambda: len(daemon.events("worker_ended")) >= 4, "each has ended twice", 4 * PATIENCE
    )
    pauses = [
        line["starts_again_in_seconds"]
        for line in daemon.events("worker_ended")
        if line["worker"] == 1
    ]
    assert pauses[:2] == [0, 1]
    assert daemon.stop() == 0


def test_supervisor_that_stands_still_stops_no_call(pair: Daemon) -> None:
    """Calls go on; figures of one worker are never shown as those of all; then it goes on too."""
    assert pair.process is not None
    before = pair.metric("bereikbaar_decisions_total")
    pids = worker_pids(pair)
    pair.signal(signal.SIGSTOP)
    try:
        assert {pair.status() for _ in range(20)} == {"open"}
        assert pair.request("GET", "/metrics")[0] == 503
        ready = pair.ready()
        assert ready.status == 200
        assert ready.fields["status"] == "degraded"
        assert "supervisor" in ready.fields["why"][0]
    finally:
        pair.signal(signal.SIGCONT)
    wait_until(lambda: pair.ready().fields["status"] == "ok", "it answers again")
    wait_until(
        lambda: pair.metric("bereikbaar_decisions_total") == before + 20, "all calls are counted"
    )
    assert worker_pids(pair) == pids
    assert workers_of(pair) == 2


def test_nobody_else_gets_the_port(pair: Daemon, tmp_path: Path) -> None:
    """Neither a daemon of one process nor one of several may share the port."""
    for workers in ("1", "2"):
        second = subprocess.run(
            [
                *(COMMAND, "serve", "--listen", f"127.0.0.1:{pair.port}", "--workers", workers),
                *("--data-dir", tmp_path / "other"),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{pair.port}" in second.stderr
        assert "Traceback" not in second.stderr
    assert pair.status() == "open"


def is_served(daemon: Daemon, revision: int) -> bool:
    """Tell whether all that answer calls serve a revision of the store."""
    with suppress(OSError, HTTPException):
        return bool(daemon.ready().fields["revision"] == revision)
    return False


def test_late_worker_answers_nothing_old(pair: Daemon) -> None:
    """A worker that comes back takes no call before it serves what the other does."""
    for status in ("closed", "open"):
        os.kill(worker_pids(pair)[1], signal.SIGKILL)
        pair.save(status)
        with pair.store() as store:
            revision = store.revision()
        wait_until(partial(is_served, pair, revision), "it is served")
        deadline = time.monotonic() + PATIENCE
        while workers_of(pair) != 2:
            # In the first moments a call may meet the worker that is ending.
            with suppress(OSError, HTTPException):
                assert pair.status() == status
            assert time.monotonic() < deadline
        assert {pair.status() for _ in range(20)} == {status}
