"""Calls that come while many schedules are still being loaded."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters.audio_watch import AudioWatch
from pbx_adapters.data_dir import AUDIO_FOLDER
from pbx_adapters.loader import MANY, LoadedTables
from pbx_adapters.metrics import Metrics
from pbx_adapters.pending_table import PendingTable
from pbx_adapters.refusals import RefusedError
from pbx_adapters.reload import Reloader
from pbx_adapters.serving import Service, Serving
from routing_engine.compiler import TargetCheck
from routing_engine.decision import CallQuery, Decision
from routing_engine.resolver import resolve
from routing_engine.table import IntervalTable
from schedules.errors import StoreUnavailableError
from schedules.forward_rules import ForwardPolicy
from schedules.revisions import Revision, document_of
from schedules.sqlite_store import open_store
from tests.engine import SHA256, instant, schedule_of, table_of
from tests.stored import Source

AT = instant("2026-11-23T10:00")
SAVED_AT = datetime(2026, 11, 22, tzinfo=UTC)
NUMBER = "+31850000001"
TARGETS = TargetCheck(ForwardPolicy(), lambda _: True)


def many_revisions() -> tuple[Revision, ...]:
    """Save as many schedules as take a while to load; `NUMBER` is the first one's."""
    text = document_of(schedule_of(id="kantoor-0"))
    first = document_of(schedule_of(id="kantoor-0", numbers=[NUMBER]))
    others = (text.replace("kantoor-0", f"kantoor-{number}") for number in range(1, MANY))
    return tuple(
        Revision(f"kantoor-{number}", 1, document, "", "me", SAVED_AT, "x").sealed()
        for number, document in enumerate(chain([first], others))
    )


REVISIONS = many_revisions()


def loaded_of(source: Source) -> tuple[LoadedTables, list[Service]]:
    """Load a source, and collect what is served meanwhile."""
    meanwhile: list[Service] = []
    tables = LoadedTables(TARGETS, lambda: ())
    return tables.load_all(source, AT, meanwhile.append), meanwhile


def decided(service: Service, number: str = NUMBER) -> Decision:
    """Decide a call."""
    return resolve(service.snapshot, CallQuery(AT, number))


def test_calls_meanwhile_get_the_same_decision() -> None:
    """The service given out first decides as the one that follows, unknown numbers too."""
    loaded, meanwhile = loaded_of(Source(REVISIONS, ((NUMBER, "kantoor-0"),)))
    (early,) = meanwhile
    for number in (NUMBER, "+31850000002"):
        assert decided(early, number) == decided(loaded.service(), number)
    assert decided(early).schedule == "kantoor-0"
    assert early.snapshot.revision == loaded.revision
    assert early.snapshot.horizon_at == loaded.service().snapshot.horizon_at
    assert early.snapshot.tables.keys() == loaded.tables.keys()


def test_few_schedules_are_loaded_at_once() -> None:
    """A service for so short a while would help nobody."""
    _, meanwhile = loaded_of(Source(REVISIONS[1:]))
    assert not meanwhile


def test_a_schedule_that_cannot_be_compiled_refuses_its_calls_alone() -> None:
    """Its callers take the normal route, as they do before anything is loaded."""
    damaged = replace(REVISIONS[1], sha256="0" * 64)
    links = ((NUMBER, "kantoor-0"), ("+31850000002", "kantoor-1"))
    source = Source((REVISIONS[0], damaged, *REVISIONS[2:]), links)
    _, (early,) = loaded_of(source)
    with pytest.raises(RefusedError, match="checksum doesn't match") as refused:
        decided(early, "+31850000002")
    assert refused.value.error == "unavailable"
    assert decided(early).schedule == "kantoor-0"


def test_damaged_numbers_keep_nothing_from_being_loaded() -> None:
    """Which numbers a schedule has stands in its document too."""

    class WithDamagedNumbers(Source):
        """A source that finds its numbers damaged."""

        def numbers(self) -> Iterator[tuple[str, str]]:
            """Find out."""
            raise StoreUnavailableError("rows of numbers are damaged")

    loaded, meanwhile = loaded_of(WithDamagedNumbers(REVISIONS))
    assert not meanwhile
    assert decided(loaded.service()).schedule == "kantoor-0"


def test_a_pending_table_is_compiled_once() -> None:
    """It is then what it would have been, the decision it remembers included."""
    compiled = table_of(schedule_of(numbers=[NUMBER]))
    calls = count()

    def compile_table() -> IntervalTable:
        next(calls)
        return compiled

    pending = PendingTable(compile_table)
    assert pending.numbers == (NUMBER,)
    assert pending.interval_at(AT) == compiled.interval_at(AT)
    assert pending.current is None
    assert next(calls) == 1
    with pytest.raises(AttributeError, match="colour"):
        _ = pending.colour


async def test_the_daemon_answers_before_all_is_loaded(tmp_path: Path) -> None:
    """A call is decided while the thread that loads is held up by another schedule."""
    go_on = threading.Event()

    class SlowWatch(AudioWatch):
        """Messages on a disk that hangs for a while."""

        def look_up(self) -> Callable[[str], bool]:
            """Return what waits for the disk."""
            return lambda _sha256: go_on.wait(20)

    with closing(open_store(tmp_path)) as store, store.writing("test", SAVED_AT) as writer:
        # By id the first, and so the thread's first.
        audio = {"a": {"name": "A", "sha256": SHA256}}
        week = ("00:00-24:00 open audio=a",)
        writer.save(schedule_of(week, id="a", audio=audio), summary="test")
        for revision in REVISIONS:
            writer.save(revision.schedule(), summary="test")
    serving = Serving()
    reloader = Reloader(
        tmp_path,
        serving,
        Metrics(),
        policy=ForwardPolicy(),
        audio=SlowWatch(MasterFiles(tmp_path / AUDIO_FOLDER)),
        clock=lambda: AT,
        loop=asyncio.get_running_loop(),
    )
    reloader.start()
    try:
        async with asyncio.timeout(20):
            while (early := serving.service) is None:  # noqa: ASYNC110 - another thread's doing
                await asyncio.sleep(0.01)
        assert decided(early).schedule == "kantoor-0"
        assert not reloader.first_reading.done()
        go_on.set()
        await asyncio.wait_for(reloader.first_reading, 20)
        assert serving.service is not None
        assert serving.service is not early
        assert decided(serving.service) == decided(early)
    finally:
        go_on.set()
        await asyncio.to_thread(reloader.stop)
