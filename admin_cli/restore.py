"""`bereikbaar restore`: a backup in the store's place; what was there is kept aside."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from admin_cli.backup import check_whole, lines_of
from admin_cli.backup_archive import Contents, DamagedBackupError, read_backup
from admin_cli.control import is_daemon_there
from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import SaveCommand, pass_invocation
from audio_store.whole_files import synchronise
from pbx_adapters import clock
from pbx_adapters.data_dir import DECISIONS_FILE, LAST_GOOD_FILE, UNPACKED
from schedules.errors import BereikbaarError, StoreUnavailableError
from schedules.migrations import BUSY_SECONDS, alone_in
from schedules.sqlite_store import DATABASE_NAME, open_store
from schedules.store import Token

_SIDECARS: Final = ("-wal", "-shm")
_IN_USE: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@click.command(cls=SaveCommand, epilog="bereikbaar restore bereikbaar-20261122T030000Z.tar")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--replace", "may_replace", is_flag=True, help="Though there is a store, which is kept aside."
)
@pass_invocation
def restore(invocation: Invocation, file: Path, *, may_replace: bool) -> None:
    """Put a backup in the store's place, once the whole of it was read and found good.

    No daemon may be running. What was there goes to a folder `replaced-…` in the data directory;
    messages are added to those there. Tokens are again what they were: those revoked since are
    told.
    """
    data_dir = invocation.data_dir
    if not file.is_file():
        raise BereikbaarError(f"{file} is not a file; name a backup")
    has_store = (data_dir / DATABASE_NAME).exists()
    obstacles = list(_obstacles(invocation, has_store=has_store and not may_replace))
    if obstacles and not invocation.is_dry_run:
        raise BereikbaarError("\n".join(obstacles))
    aside = None
    # On the same disk, so that moving is renaming.
    folder = data_dir.absolute()
    place = next(place for place in (folder, *folder.parents) if place.is_dir())
    with TemporaryDirectory(dir=place, prefix=UNPACKED) as name:
        contents, tokens = _unpack(file, Path(name))
        changes = _compare_tokens(data_dir, tokens) if has_store else _NO_CHANGES
        if not invocation.is_dry_run:
            aside = _put_in_place(Path(name), data_dir)
    _tell(invocation, contents, changes, aside)
    for obstacle in obstacles:
        tell(f"Warning: {obstacle}")


class TokenChanges(NamedTuple):
    """Tokens that are good again once a backup is restored, and those that no longer are."""

    revived: tuple[Token, ...]
    lost: tuple[Token, ...]


_NO_CHANGES: Final = TokenChanges((), ())


def _obstacles(invocation: Invocation, *, has_store: bool) -> Iterator[str]:
    """Yield what stands in the way of restoring."""
    if has_store:
        yield (
            f"there is a store in {invocation.data_dir}; `--replace` keeps it aside and puts the "
            "backup in its place"
        )
    if is_daemon_there(invocation.control_socket):
        yield "a daemon runs on this data directory; stop it, restore, and start it again"


def _unpack(file: Path, folder: Path) -> tuple[Contents, tuple[Token, ...]]:
    """Write a backup's files to a folder, its store brought to this version and found whole."""
    try:
        with file.open("rb") as opened:
            contents = read_backup(opened, folder)
    except DamagedBackupError as error:
        raise DamagedBackupError(f"{file} {error}") from error
    try:
        with closing(open_store(folder)) as store:
            check_whole(store)
            tokens = store.tokens()
            with store.telling():
                # The log becomes part of the file, which alone is moved.
                store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    except StoreUnavailableError as error:
        told = str(error).removeprefix(f"{folder / DATABASE_NAME}: ")
        raise StoreUnavailableError(f"{file}: {told}") from error
    return contents, tokens


def _compare_tokens(data_dir: Path, tokens: tuple[Token, ...]) -> TokenChanges:
    """Compare the live tokens of a backup with those of now, as far as these can be read."""
    at = clock.utc_now()
    try:
        with closing(open_store(data_dir, create=False)) as store:
            present = {token.id: token for token in store.tokens()}
    except StoreUnavailableError as error:
        tell(f"Warning: which tokens were made or revoked since can't be told: {error}")
        return _NO_CHANGES
    live = [token for token in tokens if token.state_at(at) == "live"]
    revived = tuple(token for token in live if _is_longer(token, present.get(token.id)))
    kept = {token.id for token in tokens}
    return TokenChanges(revived, tuple(one for id_, one in present.items() if id_ not in kept))


def _is_longer(token: Token, present: Token | None) -> bool:
    """Tell whether a token was revoked since, or has been given an earlier end."""
    if present is None:
        return True
    return present.expires_at is not None and (
        token.expires_at is None or token.expires_at > present.expires_at
    )


def _put_in_place(unpacked: Path, data_dir: Path) -> Path | None:
    """Move a backup's files into the data directory; return where what they replace is kept.

    Whenever this breaks off, either store is there whole: messages and recordings are only added,
    and one rename changes the store. Raises `BereikbaarError` while another process uses it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    added = set()
    for path in sorted(unpacked.glob("*/*.wav")):
        folder = data_dir / path.parent.name
        folder.mkdir(mode=0o700, exist_ok=True)
        path.replace(folder / path.name)
        added.add(folder)
    for folder in added:
        synchronise(folder)
    if not (data_dir / DECISIONS_FILE).exists() and (unpacked / DECISIONS_FILE).exists():
        (unpacked / DECISIONS_FILE).replace(data_dir / DECISIONS_FILE)
    with alone_in(data_dir):
        aside = _keep_aside(data_dir)
        (unpacked / DATABASE_NAME).replace(data_dir / DATABASE_NAME)
        synchronise(data_dir)
    return aside


def _keep_aside(data_dir: Path) -> Path | None:
    """Keep the present store in a folder of its own, and what was made of it; None without any.

    A log may have outlived its store: SQLite would take it for the restored one's.
    """
    database = data_dir / DATABASE_NAME
    logs = [database.with_name(f"{DATABASE_NAME}{end}") for end in _SIDECARS]
    if database.exists():
        _empty_log(database, logs[0])
    elif not any(path.exists() for path in (*logs, data_dir / LAST_GOOD_FILE)):
        return None
    aside = _new_folder(data_dir)
    if database.exists():
        os.link(database, aside / DATABASE_NAME)
    for path in (*logs, data_dir / LAST_GOOD_FILE):
        with suppress(FileNotFoundError):
            path.replace(aside / path.name)
    synchronise(aside)
    return aside


def _empty_log(database: Path, log: Path) -> None:
    """Bring what was saved last into the file itself; one too damaged for that keeps its log.

    Raises `BereikbaarError` while another process uses the store.
    """
    is_damaged = False
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        is_damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF not in _IN_USE
    # Whoever closes last removes it.
    if not is_damaged and log.exists():
        raise BereikbaarError("another command is using the store; try again in a moment")


def _new_folder(data_dir: Path) -> Path:
    """Make a folder named by the moment, and by a number where there is one already."""
    name = f"replaced-{clock.utc_now():%Y%m%dT%H%M%SZ}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    folder = next(path for path in map(data_dir.joinpath, names) if not path.exists())
    folder.mkdir(mode=0o700)
    return folder


def _tell(
    invocation: Invocation, contents: Contents, changes: TokenChanges, aside: Path | None
) -> None:
    if invocation.is_json:
        print_json(
            {
                "dry_run": invocation.is_dry_run,
                "made_at": contents.made_at,
                "store_revision": contents.store_revision,
                "schedules": contents.schedules,
                "missing_messages": list(contents.missing_messages),
                "revived_tokens": _names(changes.revived),
                "lost_tokens": _names(changes.lost),
                "kept_aside": None if aside is None else str(aside),
            }
        )
        return
    what = "would be restored; a dry run: nothing was changed" if invocation.is_dry_run else "back"
    click.echo(f"{', '.join(lines_of(contents))}: {what}")
    becomes = "would be" if invocation.is_dry_run else "is"
    for token in changes.revived:
        tell(
            f"Warning: token {token.id} ({token.name}) was revoked or given an earlier end since, "
            f"and {becomes} what it was again: `bereikbaar token revoke {token.id}`"
        )
    for token in changes.lost:
        tell(
            f"Warning: token {token.id} ({token.name}) was made since, and {becomes} unknown: a "
            "PBX that has it takes the normal route until it gets another"
        )
    for digest in contents.missing_messages:
        tell(f"Warning: message {digest} was missing when the backup was made")
    if aside is not None:
        click.echo(f"what was there is kept in {aside}")
    if not invocation.is_dry_run:
        tell("start the daemon: it serves what was restored")


def _names(tokens: tuple[Token, ...]) -> list[dict[str, str]]:
    return [{"id": token.id, "name": token.name} for token in tokens]
