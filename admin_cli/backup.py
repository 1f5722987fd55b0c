"""`bereikbaar backup`: all that is stored, in one file that was read back."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from admin_cli.backup_archive import BackupWriter, Contents, read_backup
from admin_cli.counting import counted, how_many
from admin_cli.invocation import Invocation, format_utc, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.whole_files import folder_of, replacing
from audio_store.errors import UnusableAudioError
from pbx_adapters import clock
from pbx_adapters.data_dir import AUDIO_FOLDER, INBOX_FOLDER
from schedules.errors import StoreUnavailableError
from schedules.sqlite_store import DATABASE_NAME, open_store

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore

_NAME: Final = re.compile(r"bereikbaar-\d{8}T\d{6}Z\.tar")
_SHOWN: Final = 3
_REMEDY: Final = "`bereikbaar doctor` tells what is damaged; an earlier backup may be whole"


@click.command(
    cls=Command, epilog="bereikbaar backup today.tar\nbereikbaar backup /srv/backups/ --keep 14"
)
@click.argument("target", metavar="FILE|FOLDER/")
@click.option(
    "--keep",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Of the backups in FOLDER/ remove the oldest, so that N stay.",
)
@pass_invocation
def backup(invocation: Invocation, target: str, *, keep: int | None) -> None:
    """Write all that is stored to one file, while calls and edits go on, and read it back.

    Schedules with every revision, tokens, messages and recordings that wait; not what calls were
    told, which may be kept only so long. In a folder it is named by the moment. A damaged store is
    refused: no good backup is ever replaced by a bad one.
    """
    folder = folder_of(target, is_single=True) if _is_folder(target) else None
    if keep is not None and folder is None:
        raise click.UsageError("--keep goes with a folder: end its name with /")
    made_at = clock.utc_now()
    path = Path(target) if folder is None else folder / f"bereikbaar-{made_at:%Y%m%dT%H%M%SZ}.tar"
    with invocation.open_store() as store:
        contents = _write(invocation, store, path, format_utc(made_at))
    removed = _remove_oldest(path, keep) if keep is not None else []
    _tell(invocation, path, contents, removed)


def _is_folder(target: str) -> bool:
    return target.endswith(os.sep) or Path(target).is_dir()


def _write(invocation: Invocation, store: "SqliteStore", path: Path, made_at: str) -> Contents:
    """Write a backup, and return what is in it; only a good one takes its place."""
    with (
        replacing(path) as file,
        TemporaryDirectory(dir=path.parent, prefix=".bereikbaar-backup-") as name,
    ):
        os.fchmod(file.fileno(), 0o600)
        folder = Path(name)
        archive = BackupWriter(file)
        # First, since one that is accepted meanwhile is then in the store that is copied.
        _add_recordings(invocation, archive)
        with store.telling():
            copy_database(store.path, folder / DATABASE_NAME)
        archive.add_file(DATABASE_NAME, folder / DATABASE_NAME)
        with closing(open_store(folder, create=False)) as copied:
            schedules = check_whole(copied)
            needed = copied.audio_references()
            revision = copied.revision()
        missing = _add_messages(invocation, archive, needed)
        contents = Contents(
            revision, schedules, made_at, version("bereikbaar"), archive.files, missing
        )
        archive.finish(contents)
        return _read_back(file)


def _read_back(file: BinaryIO) -> Contents:
    """Read what was written as it will be read when it is needed."""
    file.flush()
    with Path(file.name).open("rb") as written:
        return read_backup(written)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others write to it.

    Raises `sqlite3.Error`.
    """
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as db,
        closing(sqlite3.connect(target)) as copy,
    ):
        db.backup(copy)


def check_whole(store: "SqliteStore") -> int:
    """Read all of a store, and return how many schedules it has.

    Raises `StoreUnavailableError` where anything is damaged.
    """
    with store.telling():
        ((told, *_), *_) = store.rows("PRAGMA integrity_check")
    if told != "ok":
        raise StoreUnavailableError(f"the store is damaged ({told}); {_REMEDY}")
    with store.reading():
        present = [current.schedule_id for current in store.currents()]
        deleted = [deletion.schedule_id for deletion in store.deletions()]
        # Every revision can be returned to, so each has to be whole.
        damaged = [
            f"{revision.schedule_id} revision {revision.revision}"
            for schedule_id in counted([*present, *deleted], "schedules")
            for revision in store.history(schedule_id)
            if not revision.is_intact
        ]
        for _ in store.numbers():
            pass
        store.all_tokens()
        store.audio_references()
    if damaged:
        told = ", ".join(damaged[:_SHOWN]) + (" and more" if len(damaged) > _SHOWN else "")
        raise StoreUnavailableError(f"the store is damaged in {told}; {_REMEDY}")
    return len(present)


def _add_recordings(invocation: Invocation, archive: BackupWriter) -> None:
    """Add the recordings that wait, but for those that somebody takes out meanwhile."""
    for recording in invocation.inbox.waiting(clock.utc_now()):
        with suppress(FileNotFoundError):
            archive.add_file(f"{INBOX_FOLDER}/{recording.path.name}", recording.path)


def _add_messages(
    invocation: Invocation, archive: BackupWriter, needed: frozenset[str]
) -> tuple[str, ...]:
    """Add the messages that some revision names; return those that can't be read."""
    missing = []
    for digest in counted(sorted(needed), "messages"):
        try:
            archive.add_bytes(f"{AUDIO_FOLDER}/{digest}.wav", invocation.masters.read(digest))
        except UnusableAudioError as error:
            missing.append(digest)
            tell(f"Warning: {error.problem}: the backup is without it; {error.remedy}")
    return tuple(missing)


def _remove_oldest(made: Path, keep: int) -> list[Path]:
    """Remove backups beside one just made that are too many, by the moment in their names.

    Other files stay, and so does the new one though a wrong clock named others later.
    """
    found = sorted(path for path in made.parent.iterdir() if _NAME.fullmatch(path.name))
    others = [path for path in found if path != made]
    too_many = others[: max(0, len(found) - keep)]
    for path in too_many:
        path.unlink(missing_ok=True)
    return too_many


def _tell(invocation: Invocation, path: Path, contents: Contents, removed: list[Path]) -> None:
    if invocation.is_json:
        print_json(
            {
                "file": str(path),
                "bytes": path.stat().st_size,
                "made_at": contents.made_at,
                "store_revision": contents.store_revision,
                "schedules": contents.schedules,
                "messages": _messages(contents),
                "recordings": _recordings(contents),
                "missing_messages": list(contents.missing_messages),
                "removed": list(map(str, removed)),
            }
        )
        return
    click.echo(f"{path}: {', '.join(lines_of(contents))}; {path.stat().st_size:,} bytes, read back")
    for one in removed:
        click.echo(f"{one}: removed, {how_many(len(removed), 'older backup')} too many")


def lines_of(contents: Contents) -> Iterator[str]:
    """Yield what a backup holds, in a person's words."""
    yield f"store revision {contents.store_revision} of {contents.made_at}"
    yield how_many(contents.schedules, "schedule")
    yield how_many(_messages(contents), "message")
    yield how_many(_recordings(contents), "recording")


def _messages(contents: Contents) -> int:
    return _count(contents, AUDIO_FOLDER)


def _recordings(contents: Contents) -> int:
    return _count(contents, INBOX_FOLDER)


def _count(contents: Contents, folder: str) -> int:
    return sum(name.startswith(f"{folder}/") for name in contents.files)
