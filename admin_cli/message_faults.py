"""What is wrong with messages and recordings, for `doctor`."""

from collections.abc import Iterator, Mapping

from admin_cli.counting import counted
from admin_cli.finding import Finding
from admin_cli.invocation import Invocation
from audio_store.errors import (
    MissingAudioError,
    MissingRecordingError,
    RefusedAudioError,
    UnusableAudioError,
)
from audio_store.inbox import RecordingInbox
from pbx_adapters import clock


def recording_faults(inbox: RecordingInbox) -> Iterator[Finding]:
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


def message_faults(
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
