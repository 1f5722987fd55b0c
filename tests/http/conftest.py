"""The application of `tests/http/site.py`, served anew for each test."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.http.probe import PATIENCE, Client, Run, loop_factories
from tests.http.site import DIGEST, MASTER, TOKENS, Site, serve_site, snapshot


@pytest.fixture(scope="session")
def compiled() -> RoutingSnapshot:
    """Compile the schedules once."""
    return snapshot()


@pytest.fixture
async def site(tmp_path: Path, compiled: RoutingSnapshot) -> AsyncIterator[Site]:
    """Serve the application with everything in order."""
    async with serve_site(tmp_path, Service(compiled, TOKENS)) as served:
        yield served


@pytest.fixture
async def empty_site(tmp_path: Path) -> AsyncIterator[Site]:
    """Serve the application before anything was loaded."""
    async with serve_site(tmp_path, None) as served:
        yield served


@pytest.fixture(params=loop_factories())
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on each kind of loop."""

    async def bounded(main: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.wait_for(main, 6 * PATIENCE)
        finally:
            while Client.opened:
                Client.opened.pop().close()
            await asyncio.sleep(0.02)

    def run_on_loop(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(bounded(main))

    return run_on_loop


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for a Unix socket."""
    with TemporaryDirectory(prefix="bk") as name:
        yield Path(name)


@pytest.fixture
def stored(site: Site) -> Site:
    """Store a message."""
    assert site.masters.add(MASTER) == DIGEST
    return site
