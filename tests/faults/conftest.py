"""Daemons: one that all tests of a file share, and one that a test may stop or break."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon, new_daemon, wait_until
from tests.faults.fault_table import is_long_form, note


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what causes faults, and note how much of it is run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
    if config.option.keyword or getattr(config.option, "lf", False) or config.option.markexpr:
        note({"partial": True})
    note({"form": "long" if is_long_form() else "short"})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what fails and what is skipped: such a run is not shown."""
    report = yield
    if report.failed:
        note({"failed": item.nodeid})
    elif report.skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        note({"skipped": item.nodeid, "why": why.removeprefix("Skipped: ")})
    return report


@pytest.fixture(scope="session")
def how_many() -> Callable[[int, int], int]:
    """Choose between the counts of the short form and of the long one: `how_many(30, 200)`."""
    is_long = is_long_form()
    return lambda short, long: long if is_long else short


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
