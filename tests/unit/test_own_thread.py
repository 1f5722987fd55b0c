"""Work in a thread of its own."""

import asyncio
from threading import Event

import pytest

from pbx_adapters.own_thread import run_in_own_thread


async def test_outcome_is_that_of_the_function() -> None:
    """What the function returns is returned, what it raises raised; arguments reach it."""
    assert await run_in_own_thread(int, "ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        await run_in_own_thread(int, "x")


def test_end_of_the_loop_does_not_wait() -> None:
    """A loop that ends leaves the work alone, whose outcome nobody needs any more."""
    gate, started, ended = Event(), Event(), Event()

    def work() -> None:
        started.set()
        gate.wait(20)
        ended.set()

    async def main() -> None:
        working = asyncio.create_task(run_in_own_thread(work))
        await asyncio.to_thread(started.wait, 20)
        assert not working.done()

    asyncio.run(main())
    assert not ended.is_set()
    gate.set()
    assert ended.wait(20)
