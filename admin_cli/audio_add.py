"""`bereikbaar audio add`: a WAV file becomes a message of one schedule or several."""

import sys
import unicodedata
from hashlib import sha256
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import click

from admin_cli.editing import PresentSchedules, save_edits
from admin_cli.incoming import intake_fields, intake_lines
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import EditCommand, pass_invocation
from admin_cli.refusals import RefusedInputError
from admin_cli.regular_files import read_regular
from admin_cli.typed import Typed
from audio_store.errors import RefusedAudioError
from audio_store.masters import MAX_BYTES
from audio_store.wav_format import CONVERT
from schedules.errors import Fault, FaultyValueError
from schedules.field_text import NAME_LENGTH, check_name, check_slug
from schedules.model import Schedule
from schedules.target_editing import add_message, same_message

if TYPE_CHECKING:
    from audio_store.intake import Taken

STDIN: Final = "-"
NAME_PLACE: Final = "--name"
_SUFFIX: Final = ".wav"
_SHOWN: Final = 40


@click.command(
    cls=EditCommand,
    epilog="bereikbaar audio add welkom.wav hoofdkantoor filiaal\n"
    'bereikbaar audio add opname_2.wav hoofdkantoor --name "Gesloten, zomer" --id zomer',
)
@click.argument("file", metavar="FILE")
@click.argument("schedule_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="Its name; else the file's, without .wav.")
@click.option("--id", "message_id", metavar="MESSAGE", help="Its id; else one made of its name.")
@click.option(
    "--keep-level", "keeps_level", is_flag=True, help="Leave the message as loud as it is."
)
@pass_invocation
def add(  # noqa: PLR0913 - its options
    invocation: Invocation,
    file: str,
    schedule_ids: tuple[str, ...],
    *,
    name: str | None,
    message_id: str | None,
    keeps_level: bool,
) -> None:
    """Add a WAV file as a message. FILE `-` is stdin, and needs --name.

    It is added to every schedule named, or to none. What was found in it and done to it is told.
    """
    if file == STDIN and name is None:
        raise click.UsageError("give --name for a message from stdin")
    typed = Typed()
    chosen = typed.read(NAME_PLACE, lambda: _name_of(file, name))
    if message_id is not None:
        typed.read("--id", lambda: check_slug(message_id))
    taken = _take_in(file, typed, is_levelled=not keeps_level)
    for line in intake_lines(file, taken):
        tell(line)
    save_message(
        invocation,
        schedule_ids,
        taken.master,
        name=chosen,
        message_id=message_id,
        file=file,
        **intake_fields(taken),
    )


def save_message(
    invocation: Invocation,
    schedule_ids: tuple[str, ...],
    master: bytes,
    *,
    name: str,
    message_id: str | None,
    **facts: object,
) -> None:
    """Add a message to schedules and its bytes to the store, all or none.

    `facts` join what is told of it in JSON.
    """
    digest = sha256(master).hexdigest()
    added: dict[str, str] = {}

    def edit(schedule: Schedule) -> Schedule:
        after = add_message(schedule, name, digest, message_id=message_id)
        added[schedule.id] = same_message(after.audio, name, digest, message_id) or ""
        return after

    def edit_all(present: PresentSchedules) -> list[Schedule]:
        return present.edit_each(schedule_ids, edit)

    save_edits(
        invocation,
        edit_all,
        summary=f"message {name} added",
        masters=(master,),
        audio={"name": name, "ids": added, "sha256": digest, **facts},
    )


def name_of_file(file: str) -> str:
    """Return the name that a WAV file's name gives a message.

    It may hold letters, digits, spaces and full stops (manual 7.5). Raises `FaultyValueError` that
    suggests another one.
    """
    name = PurePath(file).name
    stem = name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name
    # A Mac writes an é as two characters.
    stem = unicodedata.normalize("NFC", stem).strip()
    odd = "".join(dict.fromkeys(char for char in stem if not _is_allowed(char)))
    is_named = any(map(str.isalnum, stem))
    if not odd and is_named and len(stem) <= NAME_LENGTH:
        return stem
    cleaned = "".join(char if _is_allowed(char) else " " for char in stem)
    cleaned = " ".join(cleaned.split())[:NAME_LENGTH].strip()
    remedy = f'give --name "{cleaned.strip(". ") or "NAME"}", or another name, or rename the file'
    shown = ascii(stem[:_SHOWN]) if not stem.isprintable() else repr(stem[:_SHOWN])
    if not odd:
        problem = f"is {len(stem):,} characters long; a message's may be {NAME_LENGTH}"
        if not is_named:
            problem = f"{shown} holds no letter and no digit"
        raise FaultyValueError((f"the file's name {problem}", remedy))
    what = "holds " + " ".join(char if char.isprintable() else ascii(char)[1:-1] for char in odd)
    problem = f"the file's name {shown} {what}; it may hold letters, digits, spaces and full stops"
    raise FaultyValueError((problem, remedy))


def _is_allowed(char: str) -> bool:
    return char.isalpha() or char.isdecimal() or char in " ."


def _name_of(file: str, name: str | None) -> str:
    return name_of_file(file) if name is None else check_name(name)


def _take_in(file: str, typed: Typed, *, is_levelled: bool) -> "Taken":
    """Convert a file; raises `RefusedInputError` with its faults and those of what was typed."""
    from audio_store.intake import take_in

    faults: list[tuple[str | None, Fault]] = []
    taken = None
    try:
        if file == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            data = read_regular(Path(file), MAX_BYTES, "name a WAV file in it", CONVERT)
        taken = take_in(data, is_levelled=is_levelled)
    except FaultyValueError as error:
        faults += [(file, Fault("", *pair)) for pair in error.faults]
    except RefusedAudioError as error:
        faults.append((file, Fault("", error.problem, error.remedy)))
    try:
        typed.check()
    except RefusedInputError as error:
        faults += error.file_faults
    if faults or taken is None:
        raise RefusedInputError(faults)
    return taken
