"""The thread that follows the store, with its faults brought about in process."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from audio_store.masters import MasterFiles
from pbx_adapters.audio_watch import AudioWatch
from pbx_adapters.data_dir import AUDIO_FOLDER
from pbx_adapters.metrics import Metrics
from pbx_adapters.reload import Reloader
from pbx_adapters.serving import Serving
from pbx_adapters.store_check import CHECK_SECONDS, CheckClock, StoreCheck, find_damaged
from routing_engine.decision import CallQuery, Outcome
from routing_engine.resolver import resolve
from schedules.errors import StoreUnavailableError
from schedules.forward_rules import ForwardPolicy
from schedules.sqlite_store import DATABASE_NAME, open_store
from tests.engine import instant, schedule_of

MASTER = b"what stands for a master: only its hash is looked at"
DIGEST = sha256(MASTER).hexdigest()
AT = instant("2026-11-23T10:00")
CHECKED = "audio_references_damaged"
DAY = 86_400


class Followed:
    """A store of one schedule with a message, and the thread that follows it; `now` may change."""

    reload: Callable[[], Awaitable[None]]

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = data_dir / DATABASE_NAME
        self.serving = Serving()
        self.metrics = Metrics()
        self.now = AT
        self.watch: AudioWatch | None = None
        self.message = MasterFiles(data_dir / AUDIO_FOLDER).path_of(DIGEST)
        self.put_message()
        with closing(open_store(data_dir)) as store:
            schedule = schedule_of(
                ("00:00-24:00 open audio=a",),
                id="office",
                audio={"a": {"name": "A", "sha256": DIGEST}},
            )
            with store.writing("test", datetime(2026, 11, 22, tzinfo=UTC)) as writer:
                writer.save(schedule, summary="test")

    def put_message(self) -> None:
        """Put the message's file in its place, as a restored backup does."""
        self.message.parent.mkdir(exist_ok=True)
        self.message.write_bytes(MASTER)

    @property
    def outcome(self) -> Outcome | None:
        """Return what happens to callers now."""
        if (service := self.serving.service) is None:
            return None
        return resolve(service.snapshot, CallQuery(self.now, None, "office")).outcome

    @property
    def troubles(self) -> str:
        """Return what readiness tells."""
        return "; ".join(self.serving.troubles)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait, with patience, for something to become so."""
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110 - the condition is another thread's doing
                await asyncio.sleep(0.01)


@asynccontextmanager
async def followed(
    data_dir: Path, check_seconds: float = 3_600, look_seconds: float = 3_600
) -> AsyncIterator[Followed]:
    """Follow a new store until the block ends; it has been loaded when it begins."""
    async with following(Followed(data_dir), check_seconds, look_seconds) as site:
        yield site


@asynccontextmanager
async def following(
    site: Followed, check_seconds: float = 3_600, look_seconds: float = 3_600
) -> AsyncIterator[Followed]:
    """Follow a store as it is."""
    masters = MasterFiles(site.data_dir / AUDIO_FOLDER)
    watch = site.watch = AudioWatch(masters, look_seconds=look_seconds)
    reloader = Reloader(
        site.data_dir,
        site.serving,
        site.metrics,
        policy=ForwardPolicy(),
        audio=watch,
        clock=lambda: site.now,
        loop=asyncio.get_running_loop(),
        check_seconds=check_seconds,
    )
    site.reload = reloader.reload
    reloader.start()
    try:
        await site.until(lambda: site.serving.service is not None)
        # The first look at the messages is over as well.
        await site.until(lambda: b"audio_bytes 0.0" not in site.metrics.exposition(AT))
        yield site
    finally:
        await asyncio.to_thread(reloader.stop)
        assert not reloader.is_alive()


def flip(path: Path, old: bytes, new: bytes) -> None:
    """Alter bytes in place as a failing disk does: neither size nor time of change tell."""
    found = path.stat()
    data = path.read_bytes()
    assert old in data
    with path.open("r+b") as file:
        file.write(data.replace(old, new))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def fold_in(database: Path) -> None:
    """Bring everything from the log into the database file."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def test_damage_is_found_at_the_next_check(tmp_path: Path) -> None:
    """Bytes that rot on the disk show within one interval, and the old table goes on."""
    async with followed(tmp_path, check_seconds=0.2) as site:
        fold_in(site.database)
        flip(site.database, b"00:00-24:00 open", b"00:00-23:00 open")
        await site.until(lambda: "checksum" in site.troubles)
        assert site.serving.service is not None
        assert site.serving.service.snapshot.tables.keys() == {"office"}


async def test_lost_rows_are_found_at_the_next_check(tmp_path: Path) -> None:
    """Rows that no longer match their seal show too, and the metrics raise the alarm."""
    async with followed(tmp_path, check_seconds=0.2) as site:
        with closing(sqlite3.connect(site.database)) as connection, connection:
            connection.execute("DROP TRIGGER schedules_are_deleted_first")
            connection.execute("DELETE FROM schedules")
        await site.until(lambda: "restore a backup" in site.troubles)
        assert b"\nbereikbaar_last_reload_successful 0.0\n" in site.metrics.exposition(AT)
        assert site.serving.service is not None
        assert site.serving.service.snapshot.tables.keys() == {"office"}


async def test_a_lock_is_no_cause_for_a_check(tmp_path: Path) -> None:
    """Who edits renews his lock each minute; the whole store isn't read each time for that."""
    site = Followed(tmp_path)
    with closing(sqlite3.connect(site.database)) as db, db:
        # Only a check says so, and each does.
        db.execute("UPDATE state SET audio_seal = 'kapot'")
    with capture_logs() as logged:
        async with following(site):
            with closing(open_store(tmp_path)) as store:
                with store.writing("jan", datetime(2026, 11, 22, tzinfo=UTC)) as writer:
                    writer.take_lock("office", 60)
                await asyncio.sleep(2)
                assert CHECKED not in [one["event"] for one in logged]
                store.db.execute("CREATE TABLE vreemd (x)")
            await site.until(lambda: CHECKED in [one["event"] for one in logged])


async def test_a_purge_is_followed(tmp_path: Path) -> None:
    """Deleted and purged between two looks: the schedule is gone, and nothing is amiss."""
    async with followed(tmp_path) as site:
        with closing(open_store(tmp_path)) as store:
            with store.writing("jan", datetime(2026, 11, 22, tzinfo=UTC)) as writer:
                writer.delete("office", summary="")
                writer.purge("office")
            revision = store.revision()

        def served() -> int:
            return site.serving.service.snapshot.revision if site.serving.service else 0

        await site.until(lambda: served() == revision)
        assert site.serving.service is not None
        assert site.serving.service.snapshot.tables == {}
        assert site.troubles == ""


def test_whole_store_has_no_damage(tmp_path: Path) -> None:
    """A check of a store that is whole finds nothing; one that is gone is unavailable."""
    site = Followed(tmp_path)
    assert list(find_damaged(tmp_path)) == [frozenset()]
    site.database.unlink()
    with pytest.raises(StoreUnavailableError, match="there is no store"):
        list(find_damaged(tmp_path))


def link_many(data_dir: Path) -> None:
    """Link twice as many numbers as a check reads in one step, and some more."""
    with (
        closing(open_store(data_dir)) as store,
        store.writing("test", datetime(2026, 11, 22, tzinfo=UTC)) as writer,
    ):
        for many in range(21):
            numbers = [f"+3185{many * 200 + place:07}" for place in range(200)]
            writer.save(schedule_of(id=f"many-{many}", numbers=numbers), summary="test")


def test_a_check_gives_way_among_numbers(tmp_path: Path) -> None:
    """However many are linked, changes don't wait until all are read."""
    Followed(tmp_path)
    link_many(tmp_path)
    assert list(find_damaged(tmp_path)) == [None, None, frozenset()]


def test_a_check_that_takes_longer_than_its_interval_ends(tmp_path: Path) -> None:
    """The next one comes an interval after it, so that a large store is checked at all."""
    Followed(tmp_path)
    link_many(tmp_path)
    # As in the daemon: the log beside the database comes and goes with who has it open.
    with closing(open_store(tmp_path)) as store:
        store.revision()
        check = StoreCheck(tmp_path, CHECK_SECONDS, 100.0)
        moments = (160.0, 200.0, 240.0, 299.9, 300.0, 310.0, 320.0)
        found = [check.step(now, is_committed=False, is_explained=False) for now in moments]
    assert found == [None, None, frozenset(), None, None, None, frozenset()]


@pytest.mark.parametrize("table", ["schedules", "numbers", "tokens"])
def test_a_check_looks_at_every_table(tmp_path: Path, table: str) -> None:
    """A seal that doesn't match tells of rows that are lost or altered."""
    site = Followed(tmp_path)
    with closing(sqlite3.connect(site.database)) as db:
        db.execute(f"UPDATE state SET {table}_seal = 'kapot'")  # noqa: S608 - our own names
        db.commit()
    with pytest.raises(StoreUnavailableError, match=f"rows of {table}.* are damaged or missing"):
        list(find_damaged(tmp_path))


def test_lost_notes_of_messages_are_no_damage_for_calls(tmp_path: Path) -> None:
    """They decide nothing: edits go on reaching calls, and the log says what to do."""
    site = Followed(tmp_path)
    with closing(sqlite3.connect(site.database)) as db:
        db.execute("UPDATE state SET audio_seal = 'kapot'")
        db.commit()
    with capture_logs() as logged:
        assert list(find_damaged(tmp_path)) == [frozenset()]
    assert [(one["event"], one["log_level"]) for one in logged] == [(CHECKED, "warning")]
    assert "run `bereikbaar audio collect`" in logged[0]["why"]


def test_checks_come_regularly_and_soon_after_writes() -> None:
    """One check an interval; after unknown writes one soon, however many they were."""
    clock = CheckClock(CHECK_SECONDS, 100.0)
    assert [clock.is_due(now) for now in (159.9, 160.0, 160.1, 219.9, 220.0)] == [
        *(False, True, False, False, True)
    ]
    for now in (230.0, 230.5, 230.9):
        clock.hasten(now)
    assert [clock.is_due(now) for now in (230.9, 231.0, 231.1)] == [False, True, False]


@pytest.mark.parametrize(
    ("steps", "is_checked"),
    [
        pytest.param([(False, False)], True, id="never committed"),
        pytest.param([(False, False), (True, True)], False, id="committed late, and known"),
        pytest.param([(False, False), (True, False)], True, id="committed late, and unknown"),
        pytest.param([(True, False), (True, True)], True, id="unknown, then a save"),
        pytest.param([(True, True)], False, id="a save"),
    ],
)
def test_what_was_written_is_judged_by_its_commit(
    tmp_path: Path, steps: list[tuple[bool, bool]], *, is_checked: bool
) -> None:
    """A save whose commit takes its time is no cause for a check; what nobody explains is one."""
    site = Followed(tmp_path)
    check = StoreCheck(tmp_path, CHECK_SECONDS, 100.0)
    os.utime(site.database)
    for is_committed, is_explained in steps:
        assert check.step(100.5, is_committed=is_committed, is_explained=is_explained) is None
    found = check.step(101.5, is_committed=False, is_explained=False)
    assert (found is not None) == is_checked


async def test_messages_are_looked_for_each_day(tmp_path: Path) -> None:
    """A message that is deleted while nothing is saved is missing from the next day on."""
    async with followed(tmp_path) as site:
        assert site.serving.service is not None
        assert site.serving.service.degraded_targets == 0
        site.message.unlink()
        site.now = AT + DAY
        await site.until(
            lambda: bool(site.serving.service and site.serving.service.degraded_targets)
        )
        assert site.serving.troubles == ()


SILENT = Outcome("open", "continue", error="audio-missing")
HEARD = Outcome("open", "continue", audio=f"{DIGEST}.wav")


async def test_a_message_that_goes_and_comes_back_is_followed(tmp_path: Path) -> None:
    """Without any save, callers hear nothing while the file is gone, and the message afterwards."""
    async with followed(tmp_path, look_seconds=0.05) as site:
        assert site.outcome == HEARD
        site.message.unlink()
        await site.until(lambda: site.outcome == SILENT)
        assert b"audio_bytes 0.0" in site.metrics.exposition(AT)
        site.put_message()
        await site.until(lambda: site.outcome == HEARD)
        assert site.troubles == ""


async def test_a_message_that_is_cut_short_and_mended_is_followed(tmp_path: Path) -> None:
    """A file of another size is read, found damaged, and found good once it is mended."""
    async with followed(tmp_path, look_seconds=0.05) as site:
        site.message.write_bytes(MASTER[:-1])
        await site.until(lambda: site.outcome == SILENT)
        site.put_message()
        await site.until(lambda: site.outcome == HEARD)


async def test_a_reported_message_is_looked_at_at_once(tmp_path: Path) -> None:
    """What a download finds damaged, though size and time are as ever, is followed within a moment.

    A change that is saved meanwhile doesn't bring the damaged message back.
    """
    async with followed(tmp_path) as site:
        flip(site.message, b"master", b"mastre")
        assert site.watch is not None
        site.watch.report(DIGEST)
        await site.until(lambda: site.outcome == SILENT)
        with closing(open_store(tmp_path)) as store:
            schedule = store.current("office").schedule()
            with store.writing("jan", datetime(2026, 11, 23, tzinfo=UTC)) as writer:
                renamed = schedule.model_copy(update={"name": "Renamed"})
                writer.save(renamed, summary="")
        await site.reload()
        assert site.outcome == SILENT


async def test_thread_outlives_a_fault_in_telling(tmp_path: Path) -> None:
    """When even the fault can't be told, reloads are answered and the thread goes on."""
    async with followed(tmp_path) as site:
        kept = site.metrics.last_reload_successful
        del site.metrics.last_reload_successful
        site.database.rename(tmp_path / "aside")
        await asyncio.wait_for(site.reload(), 20)
        site.metrics.last_reload_successful = kept
        (tmp_path / "aside").rename(site.database)
        await asyncio.wait_for(site.reload(), 20)
        await site.until(lambda: site.troubles == "")


async def test_fault_of_ours_quotes_nothing(tmp_path: Path) -> None:
    """An unforeseen fault is told by its kind alone: readiness needs no token."""
    async with followed(tmp_path) as site:

        class Broken:
            def set(self, _value: float) -> None:
                raise KeyError("+31612345678")

        kept, site.metrics.store_revision = site.metrics.store_revision, Broken()  # type: ignore[assignment]
        await asyncio.wait_for(site.reload(), 20)
        assert "KeyError" in site.troubles
        assert "6123" not in site.troubles
        site.metrics.store_revision = kept
