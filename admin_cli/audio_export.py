"""`bereikbaar audio export`: stored messages out as WAV files."""

from pathlib import Path
from typing import Any, Literal

import click

from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.refusals import EXIT_REFUSED, message_of
from admin_cli.whole_files import folder_of, replace_file
from audio_store.errors import AudioError
from schedules.errors import NotFoundError
from schedules.model import AudioMessage, Schedule
from schedules.target_editing import find_message

_Told = dict[str, Any]
_Encoding = Literal["alaw", "ulaw", "pcm16k"]


@click.command(
    cls=Command,
    epilog="bereikbaar audio export hoofdkantoor --output berichten/\n"
    "bereikbaar audio export hoofdkantoor gesloten --output gesloten.wav --encoding alaw",
)
@click.argument("schedule_id", metavar="ID")
@click.argument("message_ids", metavar="[MESSAGE]...", nargs=-1)
@click.option(
    "--output",
    metavar="FOLDER|FILE",
    required=True,
    help="A folder, made where it isn't, for MESSAGE.wav files; or the file for one message.",
)
@click.option(
    "--encoding",
    type=click.Choice(["alaw", "ulaw", "pcm16k"]),
    help="Else as it is stored: PCM 16 bit, 8000 Hz, mono.",
)
@pass_invocation
def export(
    invocation: Invocation,
    schedule_id: str,
    message_ids: tuple[str, ...],
    *,
    output: str,
    encoding: _Encoding | None,
) -> None:
    """Write messages as WAV files. Without MESSAGE, all of the schedule.

    Each file is replaced whole or not at all. One that can't be written holds up no other.
    """
    with invocation.open_store() as store:
        schedule = store.current(schedule_id).schedule()
    chosen = _chosen(schedule, message_ids)
    folder = folder_of(output, is_single=len(chosen) == 1 and bool(message_ids))
    written: list[_Told] = []
    failed: list[_Told] = []
    for message_id, message in chosen.items():
        path = Path(output) if folder is None else folder / f"{message_id}.wav"
        fields = {"message": message_id, "name": message.name}
        try:
            size = _write(invocation, message, path, encoding)
        except (AudioError, OSError) as error:
            failed.append(fields | {"problem": message_of(error)})
        else:
            written.append(fields | {"file": str(path), "bytes": size})
    _tell_written(invocation, schedule_id, written, failed)


def _chosen(schedule: Schedule, message_ids: tuple[str, ...]) -> dict[str, AudioMessage]:
    """Return the messages that are meant; raises `NotFoundError` with all that aren't there."""
    if not message_ids:
        return dict(schedule.audio)
    chosen: dict[str, AudioMessage] = {}
    missing = []
    for message_id in message_ids:
        try:
            chosen[message_id] = find_message(schedule, message_id)
        except NotFoundError as error:
            missing.append(str(error))
    if missing:
        raise NotFoundError("\n".join(missing))
    return chosen


def _write(
    invocation: Invocation, message: AudioMessage, path: Path, encoding: _Encoding | None
) -> int:
    """Write one message, verified as it is read, and return how many bytes that took."""
    data = invocation.masters.read(message.sha256)
    if encoding is not None:
        from audio_store.intake import encode

        data = encode(data, encoding)
    replace_file(path, data)
    return len(data)


def _tell_written(
    invocation: Invocation, schedule_id: str, written: list[_Told], failed: list[_Told]
) -> None:
    """Tell what was written and what wasn't; ends with exit code 1 where something wasn't."""
    if invocation.is_json:
        print_json({"schedule": schedule_id, "written": written, "failed": failed})
    else:
        for one in written:
            click.echo(f"{one['message']}: {one['file']}")
        for one in failed:
            tell(f"Error: {one['message']}: {one['problem']}")
    if not written and not failed:
        tell(f"{schedule_id} has no messages")
    if failed:
        tell(f"{len(written)} written, {len(failed)} failed")
        click.get_current_context().exit(EXIT_REFUSED)
