"""The application of `tests/http/site.py`, served anew for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from tests.http.site import TOKENS, Site, serve_site, snapshot


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
