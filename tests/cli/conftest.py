"""A command line of its own for every test, and the clock."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from pbx_adapters import clock
from tests.cli.command_line import HEAD_OFFICE, SHOP, CommandLine, document

SetClock = Callable[[str], None]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Run commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("BEREIKBAAR_DATA_DIR", "BEREIKBAAR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(tmp_path)


@pytest.fixture(autouse=True)
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the one clock to an ISO 8601 instant; at first Sunday 22 November 2026, 11:00 CET."""

    def set_to(text: str) -> None:
        at = datetime.fromisoformat(text)
        monkeypatch.setattr(clock, "now", lambda: int(at.timestamp()))
        monkeypatch.setattr(clock, "utc_now", lambda: at)

    set_to("2026-11-22T10:00:00+00:00")
    return set_to


@pytest.fixture
def shop(cli: CommandLine) -> CommandLine:
    """Have a shop in the store that uses everything; its message is not there."""
    cli.apply(SHOP)
    return cli


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Have a head office and a branch without messages, forwards or address."""
    cli.apply(HEAD_OFFICE, document("filiaal"))
    return cli
