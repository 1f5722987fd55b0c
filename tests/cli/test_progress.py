"""What a person sees who waits for many files."""

import io
import sys
from contextlib import closing

import pytest

from admin_cli.progress import FileProgress


class Terminal(io.StringIO):
    """A terminal that keeps what is shown."""

    def isatty(self) -> bool:
        """Tell that somebody is watching."""
        return True


@pytest.mark.parametrize(
    ("files", "found", "messages", "shown"),
    [
        pytest.param(2, 0, 1, (), id="soon-done"),
        pytest.param(60, 0, 0, ("schedules",), id="many-files"),
        pytest.param(1, 60, 0, ("schedules",), id="many-in-a-bundle"),
        pytest.param(1, 0, 3, ("schedules", "message 3"), id="many-messages"),
    ],
)
def test_bars_are_shown_where_somebody_waits(
    monkeypatch: pytest.MonkeyPatch, files: int, found: int, messages: int, shown: tuple[str, ...]
) -> None:
    """At a terminal, once there are many files or some messages to convert."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with closing(FileProgress(files)) as progress:
        progress.expect(found)
        for _ in range(messages):
            progress.convert()
        progress.advance()
    assert bool(terminal.getvalue()) == bool(shown)
    assert all(text in terminal.getvalue() for text in shown)


def test_nothing_is_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets no bars."""
    with closing(FileProgress(1_000)) as progress:
        progress.advance()
        progress.convert()
    assert capsys.readouterr().err == ""
