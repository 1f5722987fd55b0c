"""`bereikbaar audio inbox`: recordings made by telephone, until somebody accepts them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from admin_cli.audio_add import NAME_PLACE, save_message
from admin_cli.invocation import (
    Invocation,
    format_utc,
    is_at_terminal,
    print_json,
    print_table,
    tell,
)
from admin_cli.lazy import (
    Command,
    EditCommand,
    LazyCommand,
    LazyGroup,
    SaveCommand,
    pass_invocation,
)
from admin_cli.refusals import message_of
from admin_cli.typed import Typed
from audio_store.masters import check_master
from pbx_adapters import clock
from schedules.errors import ConflictError
from schedules.field_text import check_name, check_slug

if TYPE_CHECKING:
    from audio_store.inbox import Recording

_MODULE: Final = "admin_cli.audio_inbox"
_PINS: Final = "admin_cli.recording_pins"
_COMMANDS: Final = {
    "list": LazyCommand(_MODULE, "list_recordings", "List the recordings that wait."),
    "play-info": LazyCommand(
        _MODULE, "play_info", "Say where a recording can be played, and what is in it."
    ),
    "accept": LazyCommand(_MODULE, "accept", "Make a recording a message of its schedule."),
    "discard": LazyCommand(_MODULE, "discard", "Throw a recording away."),
    "pin": LazyCommand(_PINS, "pin", "Set or remove the PIN to record with."),
    "pins": LazyCommand(_PINS, "pins", "List the schedules that have a PIN."),
}
_RECORDING: Final = click.argument("recording_id", metavar="RECORDING")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def inbox() -> None:
    """List, accept and discard recordings made by telephone. They expire after seven days."""


@click.command(
    name="list",
    cls=Command,
    epilog="bereikbaar audio inbox list\nbereikbaar audio inbox list winkel --json",
)
@click.argument("schedule_id", metavar="[ID]", required=False)
@pass_invocation
def list_recordings(invocation: Invocation, schedule_id: str | None) -> None:
    """List the recordings that wait. The oldest comes first."""
    with invocation.open_store() as store:
        if schedule_id is not None:
            store.current(schedule_id)
    waiting = invocation.inbox.waiting(clock.utc_now(), schedule_id)
    if invocation.is_json:
        print_json([_fields_of(one) for one in waiting])
        return
    if not waiting:
        tell("no recordings wait" + (f" for {schedule_id}" if schedule_id else ""))
        return
    print_table(
        ("RECORDING", "SCHEDULE", "RECORDED", "EXPIRES"),
        [
            (
                one.id,
                one.schedule,
                f"{one.recorded_at:%Y-%m-%d %H:%M} UTC",
                f"{one.expires_at:%Y-%m-%d %H:%M} UTC",
            )
            for one in waiting
        ],
    )


@click.command(cls=Command, epilog="bereikbaar audio inbox play-info 3f5a9c01")
@_RECORDING
@pass_invocation
def play_info(invocation: Invocation, recording_id: str) -> None:
    """Say where a recording can be played, and what is in it."""
    from audio_store.waveform import peaks, sparkline

    recording = invocation.inbox.find(recording_id, clock.utc_now())
    data = invocation.inbox.read(recording)
    shape = peaks(data)
    fields = _fields_of(recording) | {
        "file": str(recording.path.absolute()),
        "seconds": round(check_master(data), 3),
        "bytes": len(data),
        "peaks": shape,
    }
    if invocation.is_json:
        print_json(fields)
        return
    for key, told in (
        ("recording", recording.id),
        ("schedule", recording.schedule),
        ("recorded", f"{recording.recorded_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("expires", f"{recording.expires_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("duration", f"{fields['seconds']:.1f} s"),
        ("waveform", sparkline(shape)),
        ("file", fields["file"]),
    ):
        click.echo(f"{key:<10} {told}")


@click.command(
    cls=EditCommand,
    epilog='bereikbaar audio inbox accept 3f5a9c01 --name "Gesloten, zomer"\n'
    "bereikbaar audio inbox accept 3f5a9c01 --name Storing --id storing --also filiaal",
)
@_RECORDING
@click.option("--name", metavar="NAME", required=True, help="What to call it.")
@click.option("--id", "message_id", metavar="MESSAGE", help="Its id; else one made of its name.")
@click.option(
    "--also", metavar="ID", multiple=True, help="Another schedule to add it to; may be repeated."
)
@pass_invocation
def accept(
    invocation: Invocation,
    recording_id: str,
    *,
    name: str,
    message_id: str | None,
    also: tuple[str, ...],
) -> None:
    """Make a recording a message of its schedule. It then leaves the inbox."""
    typed = Typed()
    chosen = typed.read(NAME_PLACE, lambda: check_name(name))
    if message_id is not None:
        typed.read("--id", lambda: check_slug(message_id))
    typed.check()
    recording = invocation.inbox.find(recording_id, clock.utc_now())
    with _claimed(recording):
        data = invocation.inbox.read(recording)
        save_message(
            invocation,
            (recording.schedule, *also),
            data,
            name=chosen,
            message_id=message_id,
            recording=recording.id,
            seconds=round(check_master(data), 3),
        )
        if not invocation.is_dry_run:
            _take_out(invocation, recording)


@click.command(cls=SaveCommand, epilog="bereikbaar audio inbox discard 3f5a9c01 --yes")
@_RECORDING
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask at the terminal.")
@pass_invocation
def discard(invocation: Invocation, recording_id: str, *, is_sure: bool) -> None:
    """Throw a recording away. It can't be brought back."""
    recording = invocation.inbox.find(recording_id, clock.utc_now())
    if is_at_terminal() and not is_sure and not invocation.is_dry_run:
        click.confirm(f"Throw recording {recording_id} away?", abort=True, err=True)
    with _claimed(recording):
        if not invocation.is_dry_run:
            invocation.inbox.discard(recording)
    if invocation.is_json:
        told = {"result": "discarded", "dry_run": invocation.is_dry_run}
        print_json(_fields_of(recording) | told)
    else:
        click.echo(f"{recording_id}: discarded, for {recording.schedule}")
    if invocation.is_dry_run:
        tell("a dry run: nothing was thrown away")


def _take_out(invocation: Invocation, recording: "Recording") -> None:
    """Remove a recording that is a message now; where that fails, what is saved is saved."""
    try:
        invocation.inbox.discard(recording)
    except OSError as error:
        tell(
            f"Warning: it is saved, but recording {recording.id} still waits; `bereikbaar audio "
            f"inbox discard {recording.id}` removes it: {message_of(error)}"
        )


@contextmanager
def _claimed(recording: "Recording") -> Iterator[None]:
    """Hold a recording while it is accepted or discarded, so that only one command does.

    Raises `ConflictError` where another one has it, or had it.
    """
    taken = ConflictError(
        f"recording {recording.id} is being accepted or discarded by another command; see "
        "`bereikbaar audio inbox list`"
    )
    try:
        descriptor = os.open(recording.path, os.O_RDONLY)
    except FileNotFoundError:
        raise taken from None
    try:
        _lock(descriptor, taken)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, taken: ConflictError) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise taken from None
    # Whoever held it may have removed it just now.
    if not os.fstat(descriptor).st_nlink:
        raise taken


def _fields_of(recording: "Recording") -> dict[str, Any]:
    return {
        "recording": recording.id,
        "schedule": recording.schedule,
        "recorded_at": format_utc(recording.recorded_at),
        "expires_at": format_utc(recording.expires_at),
    }
