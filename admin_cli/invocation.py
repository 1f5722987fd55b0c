"""What every command shares: where the data is, who asks, and how the answer is told."""

import errno
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pbx_adapters import clock
from pbx_adapters.data_dir import AUDIO_FOLDER, CONTROL_SOCKET, INBOX_FOLDER, LAST_GOOD_FILE

if TYPE_CHECKING:
    from audio_store.inbox import RecordingInbox
    from audio_store.masters import MasterFiles
    from pbx_adapters.config import Config
    from routing_engine.compiler import TargetCheck
    from schedules.sqlite_store import SqliteStore
    from schedules.sqlite_writer import SqliteWriter


# Control characters, which a terminal obeys whoever sent them; line breaks would break a table.
_OBEYED: Final = dict.fromkeys((*range(32), *range(127, 160)), "?") | dict.fromkeys(b"\t\n", " ")


class _UndoneError(Exception):
    """Ends the transaction of a dry run."""


@dataclass
class Invocation:
    """The options that commands share, and what follows from them.

    What is slow to import is imported when it is asked for.
    """

    chosen_data_dir: Path | None = None
    config_file: Path | None = None
    chosen_author: str | None = None
    is_json: bool = False
    is_dry_run: bool = False
    may_fail: bool = False
    has_saved: bool = False

    @cached_property
    def config(self) -> "Config":
        """The configuration; raises `InvalidConfigError`."""
        from pbx_adapters.config import load_config

        return load_config(self.config_file, {"data_dir": self.chosen_data_dir})

    @cached_property
    def data_dir(self) -> Path:
        """Where the data is; the configuration is read only where it may have a say in it."""
        chosen = self.chosen_data_dir or os.environ.get("BEREIKBAAR_DATA_DIR")
        return Path(chosen) if chosen and not self.config_file else self.config.data_dir

    @property
    def control_socket(self) -> Path:
        """Where a running daemon listens for local commands."""
        return self.data_dir / CONTROL_SOCKET

    @cached_property
    def masters(self) -> "MasterFiles":
        """The stored messages."""
        from audio_store.masters import MasterFiles

        return MasterFiles(self.data_dir / AUDIO_FOLDER)

    @cached_property
    def inbox(self) -> "RecordingInbox":
        """The recordings that wait."""
        from audio_store.inbox import RecordingInbox

        return RecordingInbox(self.data_dir / INBOX_FOLDER)

    @property
    def targets(self) -> "TargetCheck":
        """What decides whether a forward or message can be used now."""
        from routing_engine.compiler import TargetCheck

        return TargetCheck(self.config.forward_policy, self.masters.has)

    @cached_property
    def author(self) -> str:
        """Who makes a change: as chosen, else the login name; raises `RefusedInputError`."""
        from admin_cli.typed import read_typed
        from schedules.field_text import check_name

        author = _login_name() if self.chosen_author is None else self.chosen_author
        return read_typed("--as", lambda: check_name(author))

    @contextmanager
    def open_store(
        self, *, may_create: bool = False, is_dry_run: bool = False
    ) -> Iterator["SqliteStore"]:
        """Open the store; only with `may_create` is one made, which is said.

        A dry run that may create works on an empty store that is thrown away. Raises
        `StoreUnavailableError`.
        """
        from schedules.sqlite_store import open_store

        is_there = self.has_store(may_create=may_create)
        if not is_there and is_dry_run:
            from tempfile import TemporaryDirectory

            with TemporaryDirectory() as folder, closing(open_store(Path(folder))) as store:
                yield store
            return
        has_folder = self.data_dir.is_dir()
        with closing(open_store(self.data_dir)) as store:
            if not is_there:
                what = "store in" if has_folder else "data directory:"
                tell(f"created a {what} {self.data_dir.absolute()}")
            elif not store.revision():
                self._refuse_emptied("empty")
            yield store

    def has_store(self, *, may_create: bool) -> bool:
        """Tell whether there is a store; raises `StoreUnavailableError` where one is needed.

        One that is gone is never replaced by an empty one: the calls it decided would be lost.
        """
        from schedules.errors import StoreUnavailableError
        from schedules.sqlite_store import DATABASE_NAME

        if self.data_dir.exists() and not self.data_dir.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.data_dir))
        database = self.data_dir / DATABASE_NAME
        # One without a byte would be given empty tables when it is opened.
        if database.exists() and database.stat().st_size:
            return True
        self._refuse_emptied("gone")
        if database.exists():
            return True
        if not may_create:
            raise StoreUnavailableError(
                f"there is no store in {self.data_dir}; name its folder with --data-dir, restore "
                "a backup, or begin with `bereikbaar apply`"
            )
        return False

    def beside_store(self, name: str) -> Path:
        """Return where a database beside the store lies, or will lie.

        Raises `StoreUnavailableError` where neither is there: another folder is meant.
        """
        path = self.data_dir / name
        if not path.exists():
            self.has_store(may_create=False)
        return path

    def _refuse_emptied(self, what: str) -> None:
        """Raise `StoreUnavailableError` where a store that decided calls is gone, or empty now."""
        from schedules.errors import StoreUnavailableError

        if (self.data_dir / LAST_GOOD_FILE).exists():
            raise StoreUnavailableError(
                f"{self.data_dir}: the store is {what} but {LAST_GOOD_FILE} is there: put the "
                "database back or restore a backup; to begin anew move "
                f"{LAST_GOOD_FILE} away"
            )

    @contextmanager
    def writing(self, store: "SqliteStore", *, is_dry_run: bool) -> Iterator["SqliteWriter"]:
        """Open one transaction; that of a dry run is judged all the same, and then undone."""
        with suppress(_UndoneError), store.writing(self.author, clock.utc_now()) as writer:
            yield writer
            if is_dry_run:
                writer.finish()
                raise _UndoneError
        self.has_saved = self.has_saved or not is_dry_run


def tell(message: str) -> None:
    """Tell the person something beside the answer, on stderr."""
    click.echo(message, err=True)


def print_json(document: object) -> None:
    """Answer a program."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def legible(text: str) -> str:
    """Return a text on one line, without what a terminal obeys."""
    return text.translate(_OBEYED)


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Answer a person in columns as wide as what is in them."""
    rows = [tuple(map(legible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def is_at_terminal() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty()


def format_utc(at: datetime) -> str:
    """Write a moment that is aware, in UTC, as programs read it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
