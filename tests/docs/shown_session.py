"""A page whose console blocks are a session: run again, and compared with what the page shows.

`python -m tests.docs.shown_session docs/operating.md` writes what the commands say now into the
page, to be read before it is committed.
"""

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from admin_cli.main import bereikbaar
from pbx_adapters import clock
from tests.docs.recorded_day import record_day

_BLOCK: Final = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND: Final = re.compile(r"^\$ ((?:.*\\\n)*.*)\n", re.MULTILINE)
_LEFT_OUT: Final = "…"
NOW: Final = datetime.fromisoformat("2026-11-23T09:00:00+00:00")


@dataclass
class Step:
    """One command of a page, with what the page shows of its output."""

    command: str
    shown: str

    @property
    def arguments(self) -> list[str]:
        """The words after `bereikbaar`."""
        words = shlex.split(self.command.replace("\\\n", " "))
        assert words[0] == "bereikbaar", self.command
        return words[1:]


def steps_of(page: str, folder: Path) -> Iterator[Step]:
    """Yield the commands of a page in order; its named blocks become files in the folder."""
    for kind, name, text in _BLOCK.findall(page):
        if name:
            (folder / name).write_text(text, encoding="cp1252" if kind == "csv" else "utf-8")
        elif kind == "console":
            parts = _COMMAND.split(text)
            assert not parts[0], f"output before the first command: {parts[0]}"
            yield from map(Step, parts[1::2], parts[2::2])


def run(step: Step) -> str:
    """Return what a command says, stderr among stdout, and its exit code where it isn't 0.

    For `bereikbaar serve` a day passes in which PBXs ask the daemon.
    """
    if step.arguments[0] == "serve":
        record_day(Path("data"))
        return ""
    result = CliRunner().invoke(bereikbaar, step.arguments, prog_name="bereikbaar")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    code = f"[exit code {result.exit_code}]\n" if result.exit_code else ""
    # A table's last column is padded.
    return re.sub(r" +$", "", result.output, flags=re.MULTILINE) + code


def is_shown(shown: str, said: str) -> bool:
    """Tell whether the page shows what was said; a line of `…` stands for any lines."""
    parts = re.split(rf"^ *{_LEFT_OUT}\n", shown, flags=re.MULTILINE)
    return re.fullmatch(".*".join(map(re.escape, parts)), said, re.DOTALL) is not None


def prepare(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in a folder, as piet, while the one clock stands still."""
    patch.chdir(folder)
    for name in ("BEREIKBAAR_DATA_DIR", "BEREIKBAAR_CONFIG"):
        patch.delenv(name, raising=False)
    patch.setenv("LOGNAME", "piet")
    patch.setattr(clock, "now", lambda: int(NOW.timestamp()))
    patch.setattr(clock, "utc_now", lambda: NOW)


def main(path: Path) -> None:
    """Write what the commands say now into the page, where it doesn't show that already."""
    page, done = path.read_text(), 0
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        prepare(patch, Path(folder))
        for step in steps_of(page, Path(folder)):
            said = run(step)
            start = page.index(f"$ {step.command}\n{step.shown}", done) + len(step.command) + 3
            end = start + len(step.shown)
            kept = step.shown if is_shown(step.shown, said) else said
            page, done = page[:start] + kept + page[end:], start + len(kept)
    path.write_text(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
