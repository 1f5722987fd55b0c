"""What a process that answers calls does beside them."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from structlog.testing import capture_logs

from pbx_adapters.config import Config
from pbx_adapters.metrics import Metrics
from pbx_adapters.wiring import tidy_up, wire

PATIENCE = 20.0


def test_folder_that_cannot_be_looked_into_does_not_end_the_tidying() -> None:
    """Recordings that expire would stay for ever once it can be."""

    async def tidy_for_a_while() -> None:
        # As root nothing is forbidden; a name that is too long fails alike.
        parts = wire(Config(data_dir=Path("/" + "x" * 300)), Metrics())
        parts.reloader.first_reading.set_result(None)
        tidying = asyncio.create_task(tidy_up(parts))
        deadline = time.monotonic() + PATIENCE
        # Polled: a log line tells nobody that it is there.
        while len(logged) < 3 and not tidying.done() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        tidying.cancel()
        with suppress(asyncio.CancelledError):
            await tidying

    with capture_logs() as logged:
        asyncio.run(tidy_for_a_while())
    events = ["callers_not_recorded", "leftovers_not_removed", "inbox_unreadable"]
    assert [line["event"] for line in logged] == events
