"""A site that takes recordings, from a store with PINs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from schedules.recording_pins import PinHash
from schedules.sqlite_store import open_store
from tests.engine import schedule_of
from tests.http.recordings.recorder import AT, PIN, Converter
from tests.http.site import (
    TOKENS,
    Site,
    serve_site,
)


@pytest.fixture
def converter() -> Converter:
    """Give a converter."""
    return Converter()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Store two schedules with a PIN, one without, and a deleted one that had one."""
    with closing(open_store(tmp_path)) as store:
        with store.writing("test", AT) as writer:
            for schedule_id in ("office", "branch", "shop", "closed-down"):
                writer.save(schedule_of(id=schedule_id), summary="test")
            for schedule_id in ("office", "branch", "closed-down"):
                writer.set_recording_pin(schedule_id, PinHash.of(PIN))
        with store.writing("test", AT) as writer:
            writer.delete("closed-down", summary="test")
    return tmp_path


@asynccontextmanager
async def serve_recorder(
    folder: Path, compiled: RoutingSnapshot, converter: Converter, limits: ConnectionLimits
) -> AsyncIterator[Site]:
    """Serve what takes recordings in, with such limits; nothing is left waiting at the end."""
    service = Service(compiled, TOKENS)
    async with serve_site(folder, service, limits=limits, take_in=converter.take_in) as served:
        yield served
        converter.gate.set()


@pytest.fixture
async def site(
    folder: Path, compiled: RoutingSnapshot, converter: Converter
) -> AsyncIterator[Site]:
    """Serve them; the time for a body is short, that for a recording isn't."""
    limits = ConnectionLimits(body_seconds=0.3, sweep_seconds=0.05)
    async with serve_recorder(folder, compiled, converter, limits) as served:
        yield served


@pytest.fixture
async def hasty_site(
    folder: Path, compiled: RoutingSnapshot, converter: Converter
) -> AsyncIterator[Site]:
    """Serve them; the time for a recording is short."""
    limits = ConnectionLimits(recording_seconds=4.0, sweep_seconds=0.05)
    async with serve_recorder(folder, compiled, converter, limits) as served:
        yield served
