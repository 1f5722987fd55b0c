"""Pages of the database are spoilt: whatever it is, no call is decided wrongly."""

import os
import random
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from pbx_adapters.loader import LoadedTables
from routing_engine.compiler import TargetCheck
from routing_engine.decision import CallQuery
from routing_engine.resolver import resolve
from schedules.errors import StoreUnavailableError
from schedules.forward_rules import ForwardPolicy
from schedules.last_good import read_last_good
from schedules.model import Schedule
from schedules.sqlite_store import open_store
from tests.e2e.daemon import AT, Daemon, wait_until
from tests.engine import schedule_of
from tests.faults.fault_table import note_fault
from tests.faults.spoiling import WAYS

COUNT: Final = 40
COMPARED: Final = ("status", "action", "forward", "schedule", "schedule_name")
MONDAY: Final = 1_795_428_000


def number_of(place: int) -> str:
    """Return the number that is linked to a schedule."""
    return f"+3185001{place:04}"


def forward_of(place: int) -> str:
    """Return where its callers go: nobody else's go there."""
    return f"+3161234{place:04}"


def schedule_at(place: int, name: str) -> Schedule:
    """Make a schedule like no other."""
    status = ("open", "closed", "break")[place % 3]
    return schedule_of(
        (f"00:00-24:00 {status} forward=desk",),
        id=f"s{place}",
        name=f"{name} {place}",
        numbers=[number_of(place)],
        forwards={"desk": {"name": "Desk", "number": forward_of(place)}},
    )


def truth(place: int) -> tuple[str, ...]:
    """Return what a call to a schedule's number has to be told, in the order of `COMPARED`."""
    status = ("open", "closed", "break")[place % 3]
    return (status, "forward", forward_of(place), f"s{place}", f"New {place}")


def save_all(daemon: Daemon, name: str) -> bytes:
    """Save all schedules under a name; return the database file, with nothing left in its log."""
    with daemon.store() as store:
        with store.writing("test", AT) as writer:
            for place in range(COUNT):
                writer.save(schedule_at(place, name), summary=name)
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return daemon.database.read_bytes()


def is_whole(data_dir: Path) -> bool:
    """Tell whether all can be read that decides a call."""
    with suppress(StoreUnavailableError), closing(open_store(data_dir, create=False)) as store:
        list(store.numbers())
        store.tokens()
        return all(revision.is_intact for revision in store.currents())
    return False


def check_answers(daemon: Daemon) -> None:
    """Ask for every number, and find none answered wrongly."""
    for place in range(COUNT):
        answer = daemon.call(did=number_of(place))
        told = tuple(answer.fields[name] for name in COMPARED)
        assert (answer.status, told, answer.fields["reason"]) == (200, truth(place), "weekly")


def has_alarm(daemon: Daemon) -> bool:
    """Tell whether readiness and metrics say that something is wrong."""
    is_told = daemon.ready().fields["status"] == "degraded"
    return is_told and daemon.metric("bereikbaar_last_reload_successful") == 0


def has_kept(daemon: Daemon, revision: int) -> bool:
    """Tell whether the last-good file holds this store revision."""
    return daemon.last_good.exists() and read_last_good(daemon.last_good).revision() == revision


@pytest.fixture
def files(daemon: Daemon) -> tuple[bytes, bytes]:
    """Save twice; return the database as it is and as it was, with a last-good file beside it."""
    former = save_all(daemon, "Old")
    whole = save_all(daemon, "New")
    daemon.keep()
    return whole, former


def test_cold_start_on_a_spoilt_database(
    daemon: Daemon, files: tuple[bytes, bytes], how_many: Callable[[int, int], int]
) -> None:
    """Every call gets the true answer from the first on; what is spoilt raises the alarm."""
    trials, dice, alarms = how_many(14, 49), random.Random(1), 0
    kept = daemon.last_good.read_bytes()
    for trial in range(trials):
        for path in daemon.data_dir.glob("bereikbaar.db*"):
            path.unlink()
        daemon.database.write_bytes(WAYS[trial % len(WAYS)](*files, dice))
        daemon.last_good.write_bytes(kept)
        is_spoilt = not is_whole(daemon.data_dir)
        daemon.start()
        check_answers(daemon)
        if is_spoilt:
            # What isn't read at once is found by the next check, which a write hastens.
            os.utime(daemon.database)
            wait_until(partial(has_alarm, daemon), "the alarm is raised")
            check_answers(daemon)
            alarms += 1
        daemon.kill()
    assert alarms > trials // 4
    note_fault(
        "corrupt database page",
        "the daemon started on it: bits flipped, pages lost, misplaced or old, the end cut off",
        trials,
        f"0 of {trials * COUNT:,} calls decided wrongly; {alarms} alarms, for each that could be "
        "noticed",
    )


def test_spoilt_under_a_running_daemon(
    daemon: Daemon, files: tuple[bytes, bytes], how_many: Callable[[int, int], int]
) -> None:
    """Calls go on with the true answers, the alarm is raised, and ends when it is mended."""
    trials, dice, alarms = how_many(7, 35), random.Random(2), 0
    daemon.start()
    for trial in range(trials):
        with daemon.database.open("r+b") as file:
            file.write(WAYS[trial % len(WAYS)](*files, dice))
            file.truncate()
        if not is_whole(daemon.data_dir):
            wait_until(partial(has_alarm, daemon), "the alarm is raised")
            alarms += 1
        check_answers(daemon)
        with daemon.database.open("r+b") as file:
            file.write(files[0])
            file.truncate()
        wait_until(lambda: daemon.ready().fields["status"] == "ok", "the alarm has ended")
        check_answers(daemon)
    assert alarms > trials // 4
    note_fault(
        "corrupt database page",
        "the same under the running daemon, and mended again",
        trials,
        f"0 of {2 * trials * COUNT:,} calls decided wrongly; {alarms} alarms, each ended by itself",
    )


def test_everything_loaded_from_spoilt_databases(
    daemon: Daemon, files: tuple[bytes, bytes], how_many: Callable[[int, int], int]
) -> None:
    """In many more trials, in one process: what is loaded decides as before, or is refused."""
    trials, dice, refused = how_many(300, 2_000), random.Random(3), 0
    good = read_last_good(daemon.last_good)
    targets = TargetCheck(ForwardPolicy(), lambda _: True)
    for trial in range(trials):
        for path in daemon.data_dir.glob("bereikbaar.db*"):
            path.unlink()
        daemon.database.write_bytes(WAYS[trial % len(WAYS)](*files, dice))
        tables = LoadedTables(targets, good.currents)
        try:
            with closing(open_store(daemon.data_dir, create=False)) as store:
                loaded = tables.load_all(store, MONDAY)
        except StoreUnavailableError:
            loaded = tables.load_last_good(good, MONDAY)
            refused += 1
        snapshot = loaded.service().snapshot
        for place in range(COUNT):
            decision = resolve(snapshot, CallQuery(MONDAY, number_of(place)))
            outcome = decision.outcome
            told = (outcome.status, outcome.action, outcome.forward)
            assert (*told, decision.schedule, decision.schedule_name) == truth(place)
            assert decision.reason == "weekly"
    assert refused > trials // 4
    note_fault(
        "corrupt database page",
        "the same, loaded within one process",
        trials,
        f"0 of {trials * COUNT:,} decisions wrong; {refused:,} databases refused as a whole",
    )


def test_spoilt_log_of_the_database(daemon: Daemon, how_many: Callable[[int, int], int]) -> None:
    """Saves that are lost with the log, after a crash, are never lost unnoticed."""
    trials, dice, setbacks = how_many(4, 12), random.Random(4), 0
    log = Path(f"{daemon.database}-wal")
    for _ in range(trials):
        daemon.start()
        # Its log stays: the daemon holds the database open.
        daemon.save("open")
        daemon.save("closed")
        wait_until(lambda: daemon.status() == "closed", "the change is served")
        with daemon.store() as store:
            saved = store.revision()
        wait_until(partial(has_kept, daemon, saved), "it is kept")
        daemon.kill()
        spoilt = bytearray(log.read_bytes())
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
        log.write_bytes(spoilt)
        already = len(daemon.events("store_went_back"))
        daemon.start()
        is_current = daemon.status() == "closed" and daemon.ready().fields["revision"] == saved
        assert daemon.stop() == 0
        is_told = len(daemon.events("store_went_back")) > already
        assert is_told or is_current
        setbacks += is_told
    assert setbacks > 0
    note_fault(
        "corrupt database page",
        "its log, after a kill: one bit flipped",
        trials,
        f"the last save answered, or its loss told: {setbacks} setbacks, 0 unnoticed; what was in "
        "service is kept beside",
    )
