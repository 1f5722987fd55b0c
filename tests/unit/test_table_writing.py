"""Tables written beside the loop: one at a time, once for all who wait, and never too many."""

import asyncio
from collections.abc import Coroutine
from threading import Event, Lock

import pytest

from pbx_adapters.refusals import RefusedError
from pbx_adapters.table_writing import TableWriting
from routing_engine.table import IntervalTable
from tests.engine import schedule_of, table_of

PATIENCE = 20.0


class SlowWriter:
    """Writes a table once `gate` is open; remembers what it wrote, and how many at once."""

    def __init__(self) -> None:
        self.gate = Event()
        self.written: list[tuple[str, int]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = Lock()

    def __call__(self, table: IntervalTable, at: int, base_url: str) -> bytes:
        """Write the schedule's id, the instant and the address."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        assert self.gate.wait(PATIENCE)
        with self._lock:
            self._at_once -= 1
            self.written.append((table.schedule, at))
        return f"{table.schedule} {at} {base_url}".encode()


@pytest.fixture
def writer() -> SlowWriter:
    """Write nothing before the gate is opened."""
    return SlowWriter()


def table(name: str) -> IntervalTable:
    """Return a table of its own."""
    return table_of(schedule_of(id=name))


async def begin(*asking: Coroutine[None, None, bytes]) -> list["asyncio.Task[bytes]"]:
    """Ask for tables, and return once each request waits."""
    asked = [asyncio.create_task(one) for one in asking]
    for _ in range(5):
        await asyncio.sleep(0)
    return asked


async def test_who_asks_meanwhile_gets_the_same_one(writer: SlowWriter) -> None:
    """From when it was begun, and written once; whoever asks later gets one of his own instant."""
    writing, office = TableWriting(writer), table("office")
    asked = await begin(*(writing.written(office, at, "http://a") for at in (100, 101, 102)))
    writer.gate.set()
    assert await asyncio.gather(*asked) == [b"office 100 http://a"] * 3
    assert await writing.written(office, 103, "http://a") == b"office 103 http://a"
    assert writer.written == [("office", 100), ("office", 103)]


async def test_another_table_of_the_same_schedule_is_not_the_same(writer: SlowWriter) -> None:
    """One that took its place meanwhile, and the same one with another address for messages."""
    writing, old, new = TableWriting(writer), table("office"), table("office")
    asked = await begin(
        writing.written(old, 100, "http://a"),
        writing.written(new, 101, "http://a"),
        writing.written(new, 102, "http://b"),
    )
    writer.gate.set()
    assert await asyncio.gather(*asked) == [
        b"office 100 http://a",
        b"office 101 http://a",
        b"office 102 http://b",
    ]


async def test_one_is_written_at_a_time(writer: SlowWriter) -> None:
    """Several writers together would take the interpreter from calls many times longer."""
    writing = TableWriting(writer)
    tables = [table(f"office-{number}") for number in range(5)]
    asked = await begin(*(writing.written(one, 100, "http://a") for one in tables))
    await asyncio.sleep(0.05)
    writer.gate.set()
    await asyncio.gather(*asked)
    assert (len(writer.written), writer.most_at_once) == (5, 1)


async def test_too_many_are_refused_for_a_while(writer: SlowWriter) -> None:
    """With the time to wait; who waits for one of those in hand is not, and later there is room."""
    writing, one, other, third = TableWriting(writer, max_waiting=2), *map(table, "abc")
    asked = await begin(
        writing.written(one, 100, "http://a"),
        writing.written(other, 100, "http://a"),
        writing.written(other, 101, "http://a"),
    )
    with pytest.raises(RefusedError, match="keep the one you have") as refused:
        await writing.written(third, 100, "http://a")
    assert (refused.value.error, refused.value.headers["Retry-After"]) == ("unavailable", "10")
    writer.gate.set()
    await asyncio.gather(*asked)
    assert await writing.written(third, 102, "http://a") == b"c 102 http://a"


async def test_who_leaves_takes_it_from_nobody(writer: SlowWriter) -> None:
    """The table is still written for the others."""
    writing, office = TableWriting(writer), table("office")
    first, other = await begin(
        writing.written(office, 100, "http://a"),
        writing.written(office, 101, "http://a"),
    )
    first.cancel()
    await asyncio.sleep(0)
    writer.gate.set()
    assert await other == b"office 100 http://a"


async def test_a_fault_is_everybodys_and_not_kept() -> None:
    """Whoever waits is told, and the next one is written anew."""
    faults = [ValueError("broken")]

    def write(table: IntervalTable, at: int, _base_url: str) -> bytes:
        if faults:
            raise faults.pop()
        return f"{table.schedule} {at}".encode()

    writing, office = TableWriting(write), table("office")
    with pytest.raises(ValueError, match="broken"):
        await writing.written(office, 100, "http://a")
    assert await writing.written(office, 101, "http://a") == b"office 101"
