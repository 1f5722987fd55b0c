"""What is wrong with the store: whether it opens, and all that it holds, for `doctor`."""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from admin_cli.counting import counted
from admin_cli.finding import Finding, or_unreadable, told_by
from admin_cli.invocation import Invocation
from admin_cli.message_faults import message_faults
from pbx_adapters import clock
from pbx_adapters.data_dir import DECISIONS_FILE, LAST_GOOD_FILE, NEWER_LAST_GOOD_FILE
from schedules.errors import (
    DamagedRowsError,
    DamagedStoreError,
    NewerStoreError,
    OutdatedStoreError,
    StoreUnavailableError,
)
from schedules.last_good import read_last_good
from schedules.revisions import DamagedRevisionError, Revision

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore

# Clocks of machines that share backups may differ by this much.
_CLOCK_LEEWAY: Final = timedelta(minutes=5)
_OPENING: Final = (
    (NewerStoreError, "store-newer"),
    (OutdatedStoreError, "store-outdated"),
    (DamagedStoreError, "store-damaged"),
)


def store_faults(invocation: Invocation) -> Iterator[Finding]:
    """Find what is wrong with the store, as far as it can be read; it is left as it is.

    Raises `StoreUnavailableError` where there never was one.
    """
    from schedules.sqlite_store import DATABASE_NAME, open_store

    last_good = invocation.data_dir / LAST_GOOD_FILE
    try:
        invocation.has_store(may_create=False)
    except StoreUnavailableError as error:
        if not last_good.exists():
            raise
        yield told_by("store-missing", DATABASE_NAME, str(error).partition(": ")[2])
        return
    try:
        store = open_store(invocation.data_dir, create=False)
    except StoreUnavailableError as error:
        codes = (code for kind, code in _OPENING if isinstance(error, kind))
        code = next(codes, "store-unreadable")
        yield told_by(code, DATABASE_NAME, str(error))
        return
    with closing(store):
        yield from _content_faults(invocation, store)
        yield from _token_faults(invocation, store)
        yield from _setback_faults(invocation, store)


def _content_faults(invocation: Invocation, store: "SqliteStore") -> Iterator[Finding]:
    """Find what is damaged in the store, and in the messages it names."""
    in_force: dict[str, list[str]] = {}
    newest = now = clock.utc_now()
    try:
        with store.reading():
            for current in counted(store.currents(), "schedules"):
                yield from _schedule_faults(current, in_force)
                newest = max(newest, current.saved_at)
            for _ in store.numbers():
                pass
            store.tokens()
            needed, faults = _needed_messages(store)
            if not store.revision() and (invocation.data_dir / LAST_GOOD_FILE).exists():
                # It wasn't empty: what its messages are for isn't known.
                needed = None
    except StoreUnavailableError as error:
        needed, faults = None, [told_by("store-damaged", store.path.name, str(error))]
    yield from faults
    if newest > now + _CLOCK_LEEWAY:
        problem = f"this machine's clock stands at {now:%Y-%m-%d %H:%M} UTC, before a save of "
        remedy = "set the clock, and see that it is kept: calls are decided by it"
        yield Finding("clock-behind", "clock", f"{problem}{newest:%Y-%m-%d %H:%M}", remedy)
    yield from or_unreadable(message_faults(invocation, in_force, needed))


def _needed_messages(store: "SqliteStore") -> tuple[frozenset[str] | None, list[Finding]]:
    """Return which messages are needed, None where that isn't known, and what is wrong with it."""
    try:
        return store.audio_references(), []
    except DamagedRowsError as error:
        return None, [told_by("audio-references-damaged", store.path.name, str(error))]


def _schedule_faults(current: Revision, in_force: dict[str, list[str]]) -> Iterator[Finding]:
    """Find whether a schedule can be read; note which messages it needs."""
    try:
        messages = current.schedule().audio.values()
    except DamagedRevisionError as error:
        problem, _, remedy = str(error).rpartition("; ")
        holder = current.schedule_id
        yield Finding("schedule-damaged", holder, problem, remedy, (holder,))
        return
    for digest in dict.fromkeys(message.sha256 for message in messages):
        in_force.setdefault(digest, []).append(current.schedule_id)


def _token_faults(invocation: Invocation, store: "SqliteStore") -> Iterator[Finding]:
    """Find tokens that end soon or ended while in use."""
    from admin_cli.token_faults import token_faults
    from pbx_adapters.decisions_db import DecisionsUnavailableError
    from pbx_adapters.token_uses import read_uses

    uses = {}
    # Told as damage of that database.
    with suppress(DecisionsUnavailableError):
        uses = read_uses(invocation.data_dir / DECISIONS_FILE)
    try:
        tokens = store.tokens()
    except StoreUnavailableError:
        # Told as damage of the store.
        return
    for found in token_faults(tokens, uses, clock.utc_now()):
        yield Finding(*found)


def _setback_faults(invocation: Invocation, store: "SqliteStore") -> Iterator[Finding]:
    """Find whether the store stands before what was in service: saves that were told are gone."""
    newer = invocation.data_dir / NEWER_LAST_GOOD_FILE
    try:
        kept = newer if newer.exists() else invocation.data_dir / LAST_GOOD_FILE
        served = read_last_good(kept).revision()
        present = store.revision()
    except StoreUnavailableError:
        return
    if not present:
        problem = f"it is empty, and revision {served} was in service"
        yield Finding("store-missing", store.path.name, problem, "restore a backup")
    elif present < served or newer.exists():
        problem = f"it went back to before revision {served}, which was in service"
        remedy = (
            "saves were lost, or a copy was put back by hand: compare `bereikbaar schedule list` "
            f"with {kept.name}, apply or restore what is missing, and remove {newer.name}"
        )
        yield Finding("store-behind", store.path.name, problem, remedy)
