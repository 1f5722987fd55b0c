"""A small database beside the store, which no call needs: opened, kept up to date, begun anew.

One that is damaged is put aside, and the next attempt to write makes another.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from operator import methodcaller
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from schedules.errors import BereikbaarError

if TYPE_CHECKING:
    from sqlite_utils import Database

_BUSY_SECONDS: Final = 5.0
# A gigabyte takes some three seconds.
_CHECK_SECONDS: Final = 10.0
_STEPS_BETWEEN: Final = 10_000
# With the steps that it should have taken, SQLite's plain error means tables that aren't there.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SideDatabaseUnavailableError(BereikbaarError):
    """What it holds can't be read or written; it is damaged where `is_damaged`."""

    def __init__(self, told: str, *, is_damaged: bool = False) -> None:
        super().__init__(told)
        self.is_damaged = is_damaged


class SideDatabase(NamedTuple):
    """One kind of such database: the name of its migration set, and its steps by name.

    Each release may add steps, none is edited. Everything raises `unavailable`.
    """

    migration_set: str
    steps: Mapping[str, Callable[["Database"], None]]
    unavailable: type[SideDatabaseUnavailableError]

    @contextmanager
    def writing(self, path: Path, held: "HeldOpen | None" = None) -> Iterator["Database"]:
        """Open the database for one transaction, made where it isn't, unless it is `held` open.

        One that is damaged is renamed to `….damaged`, and the next attempt makes another.
        """
        try:
            with self._telling(path):
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                known = None if held is None else held.connection
                with nullcontext(known) if known else closing(_connect(path, "rw")) as connection:
                    yield from self._prepared(connection)
        except SideDatabaseUnavailableError as error:
            if error.is_damaged:
                self.put_aside(path)
            raise

    @contextmanager
    def reading(self, path: Path, table: str) -> Iterator[sqlite3.Connection | None]:
        """Open the database to read a table, None where there is no database or table yet."""
        with self._telling(path):
            if not path.exists() or not path.stat().st_size:
                yield None
                return
            with closing(_connect_to_read(path)) as connection:
                # A text that is none must not hide the others.
                connection.text_factory = methodcaller("decode", errors="replace")
                known = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                yield connection if (table,) in known.fetchall() else None

    def check(self, path: Path, seconds: float = _CHECK_SECONDS) -> None:
        """Look through the whole database for damage, or as far as one comes in so many seconds."""
        with self._telling(path):
            if not path.exists() or not path.stat().st_size:
                return
            with closing(_connect_to_read(path)) as connection:
                damage = _first_damage(connection, monotonic() + seconds)
        if damage:
            raise self.unavailable(
                f"{path}: is damaged ({damage}); stop the daemon, move the file away, and start it "
                "again: it begins another",
                is_damaged=True,
            )

    def put_aside(self, path: Path) -> None:
        """Let the next one begin anew; what is left of this one stays beside it."""
        with suppress(OSError):
            path.replace(damaged_path(path))
        for suffix in ("-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink()

    def _prepared(self, connection: sqlite3.Connection) -> Iterator["Database"]:
        from sqlite_utils import Database, Migrations

        # A power cut may lose the last writes: nothing here is worth a call's waiting for the disk.
        # Indexes are written all over: with SQLite's 2 MB that takes twice as long. The same pages
        # are written again and again: copied four times as rarely they cost a tenth less.
        # What is removed, such as who changed what, must not be left in the file.
        for pragma in (
            "journal_mode = wal",
            "synchronous = normal",
            "cache_size = -16000",
            "wal_autocheckpoint = 4000",
            "secure_delete = on",
        ):
            connection.execute(f"PRAGMA {pragma}")
        db = Database(connection, execute_plugins=False)
        migrations = Migrations(self.migration_set)
        for step in self.steps.values():
            migrations()(step)
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._check_not_newer({step.name for step in migrations.applied(db)})
            migrations.apply(db)
            yield db
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise

    def _check_not_newer(self, taken: set[str]) -> None:
        if unknown := taken - self.steps.keys():
            raise self.unavailable(
                f"it belongs to a newer version, which added {', '.join(sorted(unknown))}; "
                "install that version, or move the file away"
            )

    @contextmanager
    def _telling(self, path: Path) -> Iterator[None]:
        """Tell what goes wrong in operators' words, with the file's name."""
        try:
            yield
        except sqlite3.Error as error:
            # What Python itself refuses to pass on has no code, and says nothing of the file.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
            if code in _DAMAGE:
                told = f"{path}: is damaged ({error}); the daemon puts it aside and begins another"
                raise self.unavailable(told, is_damaged=True) from error
            remedy = "check its owner, its mode, the disk and the space on it"
            if _is_on_read_only_disk(path):
                remedy = "its disk can only be read: mount it for writing"
            raise self.unavailable(f"{path}: {error}; {remedy}") from error
        except self.unavailable as error:
            raise self.unavailable(f"{path}: {error}", is_damaged=error.is_damaged) from None
        except OSError as error:
            told = f"{path}: {error.strerror}; check the data directory, its owner and its mode"
            raise self.unavailable(told) from error


class HeldOpen:
    """Keeps a database from being synchronised to the disk after every transaction.

    The last one to close a database does that. Transactions on its `connection` spare
    opening it and preparing their statements again. For one thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: sqlite3.Connection | None = None
        self._inode = 0

    def hold(self) -> None:
        """Hold the database that is there, if one is; let go of one that was moved away."""
        with suppress(OSError, sqlite3.Error):
            inode = self._inode_there()
            if self._held is not None and inode == self._inode:
                return
            self.let_go()
            if inode:
                self._held, self._inode = _connect(self._path, "rw"), inode
                # Until it is read, it isn't open.
                self._held.execute("PRAGMA user_version").fetchall()

    @property
    def connection(self) -> sqlite3.Connection | None:
        """Lend the connection that is held, if it is to the database that is there."""
        with suppress(OSError, sqlite3.Error):
            if self._held is not None and self._inode == self._inode_there():
                # Pages that were kept would hide that the file is damaged.
                self._held.execute("PRAGMA shrink_memory")
                return self._held
        return None

    def _inode_there(self) -> int:
        return self._path.stat().st_ino if self._path.exists() else 0

    def let_go(self) -> None:
        """Let what was written be synchronised, and its log be removed."""
        held, self._held = self._held, None
        if held is not None:
            with suppress(sqlite3.Error):
                held.close()


def damaged_path(path: Path) -> Path:
    """Return what a damaged database is renamed to."""
    return path.with_name(f"{path.name}.damaged")


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a database to be read, also on a disk that can only be read."""
    connection = _connect(path, "ro")
    try:
        # Until it is read, it isn't open.
        connection.execute("PRAGMA user_version").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or not _is_at_rest(path):
            raise
        return _connect(path, "ro&immutable=1")
    return connection


def _is_at_rest(path: Path) -> bool:
    """Tell whether all of it is in the one file, where nobody can write: it has no log."""
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return _is_on_read_only_disk(path) and not has_log


def _is_on_read_only_disk(path: Path) -> bool:
    with suppress(OSError):
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    return False


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
    )


def _first_damage(connection: sqlite3.Connection, end: float) -> str:
    """Return the first thing that SQLite finds until an instant of the monotonic clock."""
    connection.set_progress_handler(lambda: monotonic() > end, _STEPS_BETWEEN)
    try:
        (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return ""
    return "" if told == "ok" else " ".join(told.split())
