"""`bereikbaar audio collect`: remove messages that nobody needs any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from admin_cli.counting import how_many
from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import SaveCommand, pass_invocation
from audio_store.inbox import Recording, RecordingInbox
from audio_store.masters import MasterFiles
from audio_store.whole_files import unfinished_files
from pbx_adapters import clock
from schedules.store import ScheduleStore

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore

# Younger files may be somebody's who is about to name them.
_AGE: Final = timedelta(hours=1)


class Unneeded(NamedTuple):
    """What may go: messages, expired recordings, half-written files of a crash; and its bytes.

    `is_mended` where the store had to note anew which messages are needed.
    """

    messages: tuple[Path, ...]
    recordings: tuple[Recording, ...]
    leftovers: tuple[Path, ...]
    bytes: int
    is_mended: bool = False


def find_unneeded(
    store: ScheduleStore,
    masters: MasterFiles,
    inbox: RecordingInbox,
    at: datetime,
    age: timedelta = _AGE,
) -> Unneeded:
    """Find messages that no kept revision names, leftovers, and recordings that have expired.

    Messages and leftovers of `age` at the aware instant `at`, and older. To be called within a
    write transaction if what is found is to go. Raises `OSError` and `StoreUnavailableError`, also
    where what the store notes of messages isn't whole.
    """
    unneeded = sorted(masters.digests() - store.audio_references())
    messages = _old_ones(map(masters.path_of, unneeded), at, age)
    folders = (masters.folder, inbox.folder)
    leftovers = _old_ones((path for one in folders for path in unfinished_files(one)), at, age)
    recordings = tuple(inbox.expired(at))
    paths = (*messages, *leftovers, *(one.path for one in recordings))
    return Unneeded(messages, recordings, leftovers, sum(map(_size_of, paths)))


def collect_unneeded(
    store: ScheduleStore,
    masters: MasterFiles,
    inbox: RecordingInbox,
    at: datetime,
    age: timedelta = _AGE,
) -> Unneeded:
    """Remove what `find_unneeded` finds, and return it; raises `StoreUnavailableError`, `OSError`.

    In a write transaction, so that no save can come to name a message that is being removed. Where
    what the store notes of messages isn't whole, it is first made anew.
    """
    with store.writing("collect", at) as writer:
        is_mended = writer.mend_audio_references()
        found = find_unneeded(store, masters, inbox, at, age)
        for path in (*found.messages, *found.leftovers):
            path.unlink(missing_ok=True)
        for recording in found.recordings:
            inbox.discard(recording)
    return found._replace(is_mended=is_mended)


def _old_ones(paths: Iterable[Path], at: datetime, age: timedelta) -> tuple[Path, ...]:
    found = []
    for path in paths:
        try:
            modified = path.stat().st_mtime
        except FileNotFoundError:
            continue
        # One far ahead is of a clock that was wrong.
        if abs(at.timestamp() - modified) >= age.total_seconds():
            found.append(path)
    return tuple(found)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def remove_freed(
    store: ScheduleStore, masters: MasterFiles, digests: Iterable[str], at: datetime
) -> int:
    """Remove those of these messages that are still needed by nobody; return how many.

    What freed them has to be saved already. Raises `StoreUnavailableError` and `OSError`.
    """
    with store.writing("collect", at):
        # Somebody may have come to name one since.
        unneeded = masters.digests().intersection(digests) - store.audio_references()
        for digest in unneeded:
            masters.remove(digest)
    return len(unneeded)


@click.command(cls=SaveCommand, epilog="bereikbaar audio collect --dry-run")
@pass_invocation
def collect(invocation: Invocation) -> None:
    """Remove messages that no schedule needs, nor any revision that is kept.

    Also what a crash left half-written, and recordings that have expired. Files younger than an
    hour stay.
    """
    with invocation.open_store() as store:
        if invocation.is_dry_run:
            found = _found_unneeded(invocation, store)
        else:
            at = clock.utc_now()
            found = collect_unneeded(store, invocation.masters, invocation.inbox, at)
    if invocation.is_json:
        print_json(
            {
                "messages": [path.stem for path in found.messages],
                "recordings": [one.id for one in found.recordings],
                "leftovers": len(found.leftovers),
                "bytes": found.bytes,
                "mended": found.is_mended,
                "dry_run": invocation.is_dry_run,
            }
        )
        return
    if found.is_mended:
        tell("Warning: which messages are needed was damaged; it is made anew from all revisions")
    for path in found.messages:
        click.echo(f"message {path.stem}")
    for one in found.recordings:
        click.echo(f"recording {one.id} for {one.schedule}")
    tell(
        f"{how_many(len(found.messages), 'message')}, "
        f"{how_many(len(found.recordings), 'expired recording')}, "
        f"{how_many(len(found.leftovers), 'leftover')}: {found.bytes:,} bytes"
        + ("; a dry run: nothing was removed" if invocation.is_dry_run else " removed")
    )


def _found_unneeded(invocation: Invocation, store: "SqliteStore") -> Unneeded:
    with invocation.writing(store, is_dry_run=True) as writer:
        is_mended = writer.mend_audio_references()
        found = find_unneeded(store, invocation.masters, invocation.inbox, clock.utc_now())
    return found._replace(is_mended=is_mended)
