"""The worker's end of what it and its supervisor tell each other."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from threading import Event, Thread

import pytest

from pbx_adapters.worker_link import (
    LENGTH,
    REPORT_SECONDS,
    Reply,
    Report,
    WorkerLink,
    message_of,
    report_of,
)

PATIENCE = 20.0


class Supervisor(Thread):
    """Answers each report with how many there were; `may_answer` holds it up."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.reports: list[Report] = []
        self.may_answer = Event()
        self.may_answer.set()

    def run(self) -> None:
        """Answer until the worker hangs up."""
        with suppress(OSError), self.connection.makefile("rb") as stream:
            while head := stream.read(LENGTH.size):
                self.reports.append(report_of(stream.read(*LENGTH.unpack(head))))
                self.may_answer.wait(PATIENCE)
                number = len(self.reports)
                exposition = b"x" * 1_000_000 if self.reports[-1].wants_exposition else b""
                self.connection.sendall(message_of(Reply(number, (), 0, 0, exposition=exposition)))


class Linked:
    """A link on the running loop, and who answers at its other end."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.supervisor = Supervisor(ours)
        self.replies: list[Reply] = []
        self.lost = asyncio.Event()
        self.filling = ("",)
        loop = asyncio.get_running_loop()
        self.link = WorkerLink(
            theirs,
            self.report,
            self.replies.append,
            partial(loop.call_soon_threadsafe, self.lost.set),
        )
        self.supervisor.start()

    def report(self, wants_reload: bool, wants_exposition: bool) -> Report:  # noqa: FBT001 - a callback
        """Say what is wanted."""
        return Report(
            1,
            is_ready=True,
            is_listening=True,
            is_well=True,
            troubles=self.filling,
            reloads=0,
            uses={},
            families=[],
            wants_reload=wants_reload,
            wants_exposition=wants_exposition,
        )

    async def until_reported(self, count: int) -> None:
        """Wait until so many reports have come in."""
        async with asyncio.timeout(PATIENCE):
            while len(self.supervisor.reports) < count:  # noqa: ASYNC110 - another thread's doing
                await asyncio.sleep(0.01)


@asynccontextmanager
async def linked() -> AsyncIterator[Linked]:
    """Link both; at the end the worker hangs up."""
    one = Linked()
    one.link.start()
    with closing(one.supervisor.connection):
        yield one
        one.supervisor.may_answer.set()
        await asyncio.to_thread(one.link.stop)
        assert not one.link.is_alive()


async def test_it_reports_unasked() -> None:
    """About once a second, and at once where it is woken; each reply arrives on the loop."""
    async with linked() as one:
        await one.until_reported(2)
        before = len(one.supervisor.reports)
        one.link.wake()
        await one.until_reported(before + 1)
    assert not any(report.wants_exposition for report in one.supervisor.reports)


async def test_who_asks_gets_the_reply_to_a_later_report() -> None:
    """What is wanted is in the report, several at once in one, and megabytes come back whole."""
    async with linked() as one:
        first, second = await asyncio.gather(
            one.link.ask(PATIENCE, wants_exposition=True), one.link.ask(PATIENCE, wants_reload=True)
        )
        assert len(first.exposition) == 1_000_000
        assert {report.wants_reload for report in one.supervisor.reports} >= {True}
        third = await one.link.ask(PATIENCE)
        assert (third.others_revision or 0) > (second.others_revision or 0) > 0
        assert one.replies


async def test_silent_supervisor_delays_nobody_for_ever() -> None:
    """Who asks is let down in time, also where the pipe is full; then everything goes on."""
    async with linked() as one:
        one.supervisor.may_answer.clear()
        one.filling = ("x" * 10_000_000,)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await one.link.ask(0.2)
        one.filling = ("",)
        one.supervisor.may_answer.set()
        assert await one.link.ask(PATIENCE)


async def test_loop_that_hangs_falls_silent() -> None:
    """Reports go through the event loop: one that stands still makes none."""
    async with linked() as one:
        await one.link.ask(PATIENCE)
        # As a handler would that never ends; a report that was on its way may still arrive.
        before = len(one.supervisor.reports)
        Event().wait(3 * REPORT_SECONDS)
        assert len(one.supervisor.reports) <= before + 1


async def test_end_of_the_supervisor_is_noticed() -> None:
    """The worker is told to stop when nobody is at the other end any more."""
    one = Linked()
    one.link.start()
    await one.link.ask(PATIENCE)
    one.supervisor.connection.shutdown(socket.SHUT_RDWR)
    one.supervisor.connection.close()
    await asyncio.wait_for(one.lost.wait(), PATIENCE)
