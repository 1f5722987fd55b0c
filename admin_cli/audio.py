"""`bereikbaar audio`: the messages that callers hear."""

from typing import Any, Final

import click

from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.target_removal import remove_listed
from audio_store.errors import MissingAudioError, UnusableAudioError
from schedules.model import AudioMessage
from schedules.target_editing import rename_message, uses_of

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.audio", "list_messages", "List the messages of a schedule."),
    "add": LazyCommand("admin_cli.audio_add", "add", "Add a WAV file as a message."),
    "rename": LazyCommand("admin_cli.audio", "rename", "Change the name of a message."),
    "remove": LazyCommand(
        "admin_cli.audio", "remove", "Remove a message and clear it wherever it is used."
    ),
    "import-from": LazyCommand(
        "admin_cli.audio_import", "import_from", "Import another schedule's messages."
    ),
    "export": LazyCommand("admin_cli.audio_export", "export", "Write messages as WAV files."),
    "collect": LazyCommand(
        "admin_cli.audio_collection",
        "collect",
        "Remove messages that no schedule needs, nor any revision that is kept.",
    ),
    "inbox": LazyCommand(
        "admin_cli.audio_inbox", "inbox", "List, accept and discard recordings made by telephone."
    ),
}
_ID: Final = click.argument("schedule_id", metavar="ID")
_MESSAGE: Final = click.argument("message_id", metavar="MESSAGE")
_KILOBYTE: Final = 1_000


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def audio() -> None:
    """List, change, import and export messages. A message is what a caller hears first."""


@click.command(name="list", cls=Command, epilog="bereikbaar audio list hoofdkantoor")
@_ID
@pass_invocation
def list_messages(invocation: Invocation, schedule_id: str) -> None:
    """List the messages of a schedule, with how long each lasts and how many places use it.

    Each is read whole. One that is missing or damaged is told: callers don't hear it.
    """
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    schedule = current.schedule()
    uses = uses_of(schedule, "audio")
    messages = [
        _fields_of(invocation, message_id, message, uses[message_id])
        for message_id, message in schedule.audio.items()
    ]
    if invocation.is_json:
        told = {"schedule": schedule_id, "revision": current.revision, "messages": messages}
        print_json(told)
        return
    if not messages:
        tell(f"{schedule_id} has no messages")
    print_table(
        ("ID", "NAME", "DURATION", "SIZE", "USES", "WAVEFORM"), [_row_of(one) for one in messages]
    )
    for one in messages:
        if one["problem"] is not None:
            tell(f"Warning: {one['id']}: {one['problem']}; {one['remedy']}")


@click.command(
    cls=EditCommand, epilog='bereikbaar audio rename hoofdkantoor gesloten "Gesloten, zomer"'
)
@_ID
@_MESSAGE
@click.argument("name", metavar="NAME")
@pass_invocation
def rename(invocation: Invocation, schedule_id: str, message_id: str, name: str) -> None:
    """Change the name of a message. Its id stays, and so do its uses."""
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: rename_message(schedule, message_id, name),
        f"message {message_id} renamed to {name}",
    )


@click.command(cls=EditCommand, epilog="bereikbaar audio remove hoofdkantoor gesloten --yes")
@_ID
@_MESSAGE
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask at the terminal.")
@pass_invocation
def remove(invocation: Invocation, schedule_id: str, message_id: str, *, is_sure: bool) -> None:
    """Remove a message and clear it wherever it is used. Its uses are listed first.

    Other schedules keep theirs, and the sound stays while anything needs it.
    """
    remove_listed(invocation, schedule_id, "audio", message_id, is_sure=is_sure)


def _fields_of(
    invocation: Invocation, message_id: str, message: AudioMessage, uses: list[str]
) -> dict[str, Any]:
    """Return what is known of a message and of its bytes."""
    from audio_store.masters import check_master
    from audio_store.waveform import peaks

    fields: dict[str, Any] = {
        "id": message_id,
        "name": message.name,
        "sha256": message.sha256,
        "uses": uses,
        "state": "stored",
        "seconds": None,
        "bytes": None,
        "peaks": None,
        "problem": None,
        "remedy": None,
    }
    try:
        data = invocation.masters.read(message.sha256)
    except UnusableAudioError as error:
        state = "missing" if isinstance(error, MissingAudioError) else "damaged"
        return fields | {"state": state, "problem": error.problem, "remedy": error.remedy}
    return fields | {
        "seconds": round(check_master(data), 3),
        "bytes": len(data),
        "peaks": peaks(data),
    }


def _row_of(fields: dict[str, Any]) -> tuple[str, ...]:
    from audio_store.waveform import sparkline

    duration, size, waveform = "-", "-", fields["state"]
    if fields["state"] == "stored":
        duration = f"{fields['seconds']:.1f} s"
        size = f"{fields['bytes'] / _KILOBYTE:,.0f} kB"
        waveform = sparkline(fields["peaks"])
    uses = str(len(fields["uses"]))
    return fields["id"], fields["name"], duration, size, uses, waveform
