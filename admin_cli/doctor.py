"""`bereikbaar doctor`: what is wrong with what the data directory holds, and what to do."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from admin_cli.counting import counted
from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from audio_store.errors import (
    MissingAudioError,
    MissingRecordingError,
    RefusedAudioError,
    UnusableAudioError,
)
from audio_store.inbox import RecordingInbox
from pbx_adapters import clock
from pbx_adapters.data_dir import DECISIONS_FILE, LAST_GOOD_FILE
from schedules.errors import DamagedRowsError, StoreUnavailableError
from schedules.last_good import read_last_good
from schedules.revisions import DamagedRevisionError, Revision

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore

# Operators' scripts build on these words: they are added to, never changed. Gravest first.
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "store-damaged": "error",
        "schedule-damaged": "error",
        "last-good-damaged": "error",
        "audio-damaged": "error",
        "audio-missing": "error",
        "audio-references-damaged": "error",
        "audio-lost": "warning",
        "recording-damaged": "warning",
        "token-expired": "warning",
        "token-expires-soon": "warning",
        "decisions-damaged": "warning",
        "audio-unneeded": "info",
    }
)
_PLACES_SHOWN: Final = 4


class Finding(NamedTuple):
    """One fault: what has it, what it is, what to do, and the schedules that it reaches."""

    code: str
    place: str
    problem: str
    remedy: str
    schedules: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """How grave it is."""
        return CODES[self.code]


@click.command(cls=Command, epilog="bereikbaar doctor\nbereikbaar doctor --json")
@pass_invocation
def doctor(invocation: Invocation) -> None:
    """Look for faults in what is stored, and tell what to do about each.

    Every stored schedule, message and recording is read. Ends with exit code 3 when it finds an
    error.
    """
    with invocation.open_store() as store:
        found = [
            *_store_faults(invocation, store),
            *_last_good_faults(invocation),
            *_recording_faults(invocation.inbox),
            *_token_faults(invocation, store),
        ]
    found.sort(key=lambda one: (list(CODES).index(one.code), one.place))
    if invocation.is_json:
        print_json({"findings": list(map(_fields, found)), "counts": _counts(found)})
    else:
        _print(found)
    if any(one.severity == "error" for one in found):
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


def _store_faults(invocation: Invocation, store: "SqliteStore") -> Iterator[Finding]:
    """Find what is damaged in the store, and in the messages it names."""
    in_force: dict[str, list[str]] = {}
    try:
        with store.reading():
            for current in counted(store.currents(), "schedules"):
                yield from _schedule_faults(current, in_force)
            for _ in store.numbers():
                pass
            store.tokens()
            needed, faults = _needed_messages(store)
    except StoreUnavailableError as error:
        needed, faults = None, [_damage("store-damaged", store, error)]
    yield from faults
    yield from _message_faults(invocation, in_force, needed)


def _needed_messages(store: "SqliteStore") -> tuple[frozenset[str] | None, list[Finding]]:
    """Return which messages are needed, None where that isn't known, and what is wrong with it."""
    try:
        return store.audio_references(), []
    except DamagedRowsError as error:
        return None, [_damage("audio-references-damaged", store, error)]


def _damage(code: str, store: "SqliteStore", error: StoreUnavailableError) -> Finding:
    problem, _, remedy = str(error).removeprefix(f"{store.path}: ").rpartition(": ")
    return Finding(code, store.path.name, problem, remedy)


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


def _last_good_faults(invocation: Invocation) -> Iterator[Finding]:
    path = invocation.data_dir / LAST_GOOD_FILE
    if not path.exists():
        return
    try:
        read_last_good(path)
    except StoreUnavailableError as error:
        remedy = "start or reload the daemon, which writes it anew"
        yield Finding("last-good-damaged", path.name, str(error), remedy)


def _token_faults(invocation: Invocation, store: "SqliteStore") -> Iterator[Finding]:
    """Find tokens that end soon or ended while in use, and whether their last use can be read."""
    from admin_cli.token_faults import token_faults
    from pbx_adapters.decisions_db import DecisionsUnavailableError
    from pbx_adapters.token_uses import read_uses

    uses = {}
    try:
        uses = read_uses(invocation.data_dir / DECISIONS_FILE)
    except DecisionsUnavailableError as error:
        problem, _, remedy = str(error).rpartition("; ")
        yield Finding("decisions-damaged", DECISIONS_FILE, problem, remedy)
    try:
        tokens = store.tokens()
    except StoreUnavailableError:
        # Told as damage of the store.
        return
    for found in token_faults(tokens, uses, clock.utc_now()):
        yield Finding(*found)


def _recording_faults(inbox: RecordingInbox) -> Iterator[Finding]:
    """Find recordings in the inbox that aren't what was put in."""
    for recording in inbox.waiting(clock.utc_now()):
        try:
            inbox.read(recording)
        except RefusedAudioError as error:
            place = f"inbox/{recording.path.name}"
            holder = (recording.schedule,)
            yield Finding("recording-damaged", place, error.problem, error.remedy, holder)
        except MissingRecordingError:
            # Somebody took it meanwhile.
            continue


def _message_faults(
    invocation: Invocation, in_force: Mapping[str, list[str]], needed: frozenset[str] | None
) -> Iterator[Finding]:
    """Find messages that callers can't hear, and files that nothing needs.

    Where it isn't known what is `needed`, only the messages in force are looked at.
    """
    masters = invocation.masters
    wanted = in_force.keys() | (needed or ())
    for digest in counted(sorted(wanted), "messages"):
        users = tuple(in_force.get(digest, ()))
        place = f"audio/{digest}.wav"
        try:
            masters.read(digest)
        except UnusableAudioError as error:
            is_missing = isinstance(error, MissingAudioError)
            code = "audio-missing" if is_missing else "audio-damaged"
            if users:
                yield Finding(code, place, error.problem, error.remedy, users)
            else:
                problem = f"{error.problem}; only earlier revisions name it"
                yield Finding("audio-lost", place, problem, error.remedy)
    if needed is None:
        return
    remedy = "`bereikbaar audio collect` removes it"
    for digest in sorted(masters.digests() - wanted):
        problem = "no schedule and no kept revision names it"
        yield Finding("audio-unneeded", f"audio/{digest}.wav", problem, remedy)


def _fields(finding: Finding) -> dict[str, Any]:
    return {"severity": finding.severity, **finding._asdict()}


def _counts(found: Iterable[Finding]) -> dict[str, int]:
    severities = [one.severity for one in found]
    return {severity: severities.count(severity) for severity in ("error", "warning", "info")}


def _print(found: list[Finding]) -> None:
    for one in found:
        users = ", ".join(one.schedules[:_PLACES_SHOWN])
        more = len(one.schedules) - _PLACES_SHOWN
        users += f" and {more} more" if more > 0 else ""
        where = f"{one.place} ({users})" if users and users != one.place else one.place
        click.echo(f"{one.severity:<7}  {one.code}  {where}: {one.problem}; {one.remedy}")
    counts = _counts(found)
    click.echo(
        f"errors: {counts['error']:,}, warnings: {counts['warning']:,}, info: {counts['info']:,}"
    )
