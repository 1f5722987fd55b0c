"""The real daemon with several workers: they come and go, and calls notice nothing."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial

import pytest

from pbx_adapters.worker_link import REPORT_SECONDS
from tests.e2e.daemon import COMMAND, NUMBER, PATIENCE, Daemon, new_daemon, wait_until
from tests.e2e.workers import is_gone, wait_for_both, worker_pids, workers_of


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Start one daemon of two workers for the file."""
    folder = tmp_path_factory.mktemp("crowd")
    with new_daemon(folder, settings={"workers": "2"}) as daemon:
        daemon.start()
        wait_for_both(daemon)
        yield daemon


@pytest.fixture
def pair(crowd: Daemon) -> Daemon:
    """Give the shared daemon, both workers there and its schedule open as at first."""
    wait_for_both(crowd)
    crowd.save("open")
    wait_until(lambda: crowd.ready().fields["revision"] == revision_of(crowd), "all serve it")
    return crowd


def revision_of(daemon: Daemon) -> int:
    """Return the store's revision."""
    with daemon.store() as store:
        return store.revision()


@dataclass
class Caller(threading.Thread):
    """A PBX that calls again and again on connections that it keeps; what went wrong is told."""

    daemon_of: Daemon
    calls_each: int = 20
    answered: int = 0
    retried: int = 0
    wrong: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Be a thread."""
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        """Be one of its kind, as any thread."""
        return id(self)

    def run(self) -> None:
        """Call until it is over; a call that a dead connection took is made once more."""
        while not self.is_over.is_set():
            with closing(self._connection()) as connection:
                for _ in range(self.calls_each):
                    if not self._call(connection):
                        self.retried += 1
                        break

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.daemon_of.port, timeout=PATIENCE)

    def _call(self, connection: http.client.HTTPConnection) -> bool:
        headers = {"Authorization": f"Bearer {self.daemon_of.token}"}
        try:
            connection.request("GET", f"/hook/3cx?did=%2B{NUMBER[1:]}", headers=headers)
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException):
            return False
        self.answered += 1
        if reply.status != 200 or b'"status":"open"' not in body:
            self.wrong.append(f"{reply.status} {body.decode()}")
        return True


def end(callers: list[Caller]) -> None:
    """Let the callers hang up."""
    for caller in callers:
        caller.is_over.set()
    for caller in callers:
        caller.join(PATIENCE)


def answered_by(callers: list[Caller]) -> int:
    """Return how many answers these callers got."""
    return sum(caller.answered for caller in callers)


def has_answered(callers: list[Caller], least: int) -> bool:
    """Tell whether they got more than so many."""
    return answered_by(callers) > least


def counted(daemon: Daemon) -> float:
    """Return how many calls were decided, as monitoring sees it."""
    return daemon.metric("bereikbaar_decisions_total")


def settled(daemon: Daemon) -> float:
    """Return that once every worker has told of its last calls."""
    before, since = counted(daemon), time.monotonic()
    while time.monotonic() < since + 2 * REPORT_SECONDS:
        time.sleep(0.1)
        now = counted(daemon)
        if now != before:
            before, since = now, time.monotonic()
    return before


def test_each_worker_answers(pair: Daemon) -> None:
    """New connections are spread over all workers, which are processes of their own."""
    answered = Counter(str(pair.call().fields["decision_id"])[:12] for _ in range(60))
    assert len(answered) == 2
    pids = worker_pids(pair)
    assert set(pids) == {1, 2}
    assert len({*pids.values(), pair.process and pair.process.pid}) == 3


def test_sums_are_what_clients_counted(pair: Daemon) -> None:
    """Whichever worker is asked, it tells the calls of all."""
    before = settled(pair)
    callers = [Caller(pair) for _ in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(1.0)
    end(callers)
    answered = answered_by(callers)
    assert answered > 100
    assert settled(pair) == before + answered
    assert {counted(pair) for _ in range(20)} == {before + answered}
    assert [caller.wrong for caller in callers] == [[]] * 4


def test_killed_worker_comes_back(pair: Daemon) -> None:
    """Under load no answer is wrong, the others go on, and no sum falls."""
    restarts = pair.metric("bereikbaar_worker_restarts_total")
    before = settled(pair)
    callers = [Caller(pair) for _ in range(4)]
    for caller in callers:
        caller.start()
    seen = [before]
    try:
        for number in (2, 1):
            old = worker_pids(pair)[number]
            os.kill(old, signal.SIGKILL)
            wait_until(partial(is_gone, old), "it is gone")
            least = answered_by(callers) + 20
            wait_until(partial(has_answered, callers, least), "the other goes on")
            # In between a scrape may fall to the worker that is gone.
            deadline = time.monotonic() + PATIENCE
            while worker_pids(pair)[number] == old or workers_of(pair) != 2:
                assert time.monotonic() < deadline
                with suppress(OSError, http.client.HTTPException):
                    seen.append(counted(pair))
    finally:
        end(callers)
    answered = answered_by(callers)
    assert [caller.wrong for caller in callers] == [[]] * 4
    seen.append(counted(pair))
    assert seen == sorted(seen)
    # What a killed worker had counted in its last second is lost.
    assert before + answered * 0.5 < settled(pair) <= before + answered
    assert pair.metric("bereikbaar_worker_restarts_total") == restarts + 2
    ended = pair.events("worker_ended")[-2:]
    assert [(line["worker"], line["how"]) for line in ended] == [
        (2, "exit code -9"),
        (1, "exit code -9"),
    ]
    # A retried call is one that was on a connection of the killed worker.
    assert sum(caller.retried for caller in callers) <= 2 * len(callers)


def test_edit_waits_for_all(pair: Daemon) -> None:
    """Once the command line returns, no worker answers from before, however often it is asked."""
    for number, status in enumerate(("closed", "open", "break", "closed")):
        done = subprocess.run(
            [
                *(COMMAND, "hours", "set", "office", "mon-sun", f"00:00-24:00 {status}"),
                *("--data-dir", str(pair.data_dir)),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr, number
        assert {pair.status() for _ in range(20)} == {status}


def test_reload_by_signal_reaches_all(pair: Daemon) -> None:
    """SIGHUP to the daemon has every worker read everything anew."""
    before = len(pair.events("loaded"))
    pair.signal(signal.SIGHUP)
    wait_until(lambda: len(pair.events("loaded")) >= before + 2, "both have reloaded")
    assert {line["worker"] for line in pair.events("loaded")[before:]} == {1, 2}


def test_reload_over_http_reaches_all(pair: Daemon) -> None:
    """A reload has reached all by the time that it is answered."""
    before = len(pair.events("loaded"))
    assert pair.ask("POST", "/-/reload").fields["status"] == "ok"
    assert {line["worker"] for line in pair.events("loaded")[before:]} == {1, 2}
