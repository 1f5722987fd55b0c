"""Daemons: one that all tests of a file share, and one that a test may stop or break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon, new_daemon, wait_until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Start one daemon for a file of tests: starting takes a second or more."""
    with new_daemon(tmp_path_factory.mktemp("shared")) as daemon:
        daemon.start()
        yield daemon


@pytest.fixture
def running(shared: Daemon) -> Daemon:
    """Give the shared daemon, its one schedule open as at first."""
    shared.save("open")
    wait_until(lambda: shared.status() == "open", "the daemon serves what it began with")
    return shared


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Prepare a daemon that isn't running yet."""
    with new_daemon(tmp_path) as prepared:
        yield prepared
