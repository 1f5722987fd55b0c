"""`bereikbaar explain`: a recorded call, decided again by the revision that decided it."""

from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import click

from admin_cli.call_words import NOTHING_RECORDED, call_fields, is_nothing_recorded
from admin_cli.check_report import ACTION_WORDS, DEFAULT_ZONE, local_and_utc, print_considered
from admin_cli.invocation import Invocation, legible, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.refusals import EXIT_ANSWER_IS_NO, EXIT_REFUSED
from pbx_adapters.call_queries import find_call
from pbx_adapters.call_record import RecordedCall, record_outcome
from pbx_adapters.data_dir import DECISIONS_FILE
from routing_engine.caller_changes import compile_at
from routing_engine.explain import explain_decision
from routing_engine.resolver import decide
from schedules.errors import BereikbaarError, NotFoundError
from schedules.model import Schedule
from schedules.telephone import NumberBlock

_COMPARED: Final = (
    *("status", "action", "reason", "rule", "audio", "forward", "voicemail", "error"),
)
# By an error that one of the two has: what has changed since.
_SINCE: Final = {
    "audio-missing": "a message was not stored then, or isn't now",
    "forward-refused": "which forwards are allowed has changed since: forward_countries, or the "
    "rules of this version",
}
_SINCE_OTHERWISE: Final = (
    "the schedule's revision is the same, so another version of the program decided it, or one "
    "with other holidays or time zones"
)


class _Replay(NamedTuple):
    """A call decided again; `fields` as they come out now, empty where that can't be done.

    `notes` say why it can't, or why it may differ from the record.
    """

    fields: dict[str, str]
    notes: list[str]
    considered: list[dict[str, Any]]
    schedule: Schedule | None = None
    code: int = 0


@click.command(
    cls=Command, epilog="bereikbaar explain 5f0c2a9be731-0000002a\nbereikbaar explain ID --json"
)
@click.argument("decision_id", metavar="DECISION_ID")
@pass_invocation
def explain(invocation: Invocation, *, decision_id: str) -> None:
    """Replay a recorded call from the revision that decided it.

    What was decided is shown, and decided again at the instant of the call.

    DECISION_ID is `decision_id` of the hook's answer, also in `calls list`. Every rule is told,
    and why it won or lost. Exits with 3 where it comes out otherwise now, and says why that may
    be; with 1 where the revision is gone.
    """
    path = invocation.beside_store(DECISIONS_FILE)
    # What was pasted, or read out to somebody; a PBX that made an id itself may use capitals.
    call = find_call(path, decision_id) or find_call(path, decision_id.strip().lower())
    if call is None:
        if is_nothing_recorded(invocation):
            raise NotFoundError(NOTHING_RECORDED)
        raise NotFoundError(
            f"no decision {decision_id[:64]!r} is recorded; `bereikbaar calls list` lists those "
            "that are. Calls are kept for decision_retention_days, simulations and refused "
            "requests not at all"
        )
    fields = call_fields(call)
    replay = _replay(invocation, call)
    differing = [key for key in _COMPARED if replay.fields and replay.fields[key] != fields[key]]
    notes = [*replay.notes, *_why(fields, replay.fields, differing)]
    if invocation.is_json:
        print_json(
            {
                "decision": fields,
                "replayed": replay.fields or None,
                "is_same": not differing if replay.fields else None,
                "differing": differing,
                "notes": notes,
                "considered": replay.considered,
            }
        )
    else:
        _print_explanation(fields, replay, differing, notes)
    click.get_current_context().exit(EXIT_ANSWER_IS_NO if differing else replay.code)


def _replay(invocation: Invocation, call: RecordedCall) -> _Replay:
    """Decide a call again, as far as what decided it is still there."""
    try:
        if call.outcome.revision is None:
            return _Replay({}, [_undecided(invocation, call)], [])
        return _decide_again(invocation, call, call.outcome.revision)
    except BereikbaarError as error:
        return _Replay({}, [f"it can't be decided again: {error}"], [], code=EXIT_REFUSED)


def _decide_again(invocation: Invocation, call: RecordedCall, revision: int) -> _Replay:
    with invocation.open_store() as store:
        try:
            kept = store.kept_revision(call.outcome.schedule, revision)
        except NotFoundError:
            raise BereikbaarError(
                f"revision {revision} of {call.outcome.schedule} is gone: purged since, or not in "
                "the backup that was restored"
            ) from None
    if int(kept.saved_at.timestamp()) > call.at:
        raise BereikbaarError(
            f"revision {revision} of {call.outcome.schedule} was saved after the call: the "
            "schedule was purged and made anew since, or the clock was set back"
        )
    schedule = kept.schedule()
    table = compile_at(schedule, invocation.targets, call.at, revision)
    again = call._replace(outcome=record_outcome(decide(table, call.at)))
    considered = [one._asdict() for one in explain_decision(table, call.at)]
    return _Replay(call_fields(again), [], considered, schedule)


def _undecided(invocation: Invocation, call: RecordedCall) -> str:
    """Say why no schedule decided a call, and which would now."""
    if call.outcome.schedule:
        return (
            "its schedule had no usable table then, so the PBX's normal route was taken; the "
            "daemon's log of that moment says why, and `bereikbaar doctor` whether it still is so"
        )
    if call.number is None:
        return (
            "what was asked was no number that can be read, nor a schedule that was there, so the "
            "PBX's normal route was taken; the trunk's form of the number may be at fault"
        )
    holder = None
    if invocation.has_store(may_create=True):
        with invocation.open_store() as store:
            holder = store.holder_of(NumberBlock(int(call.number), int(call.number)))
    now = f"now it is linked to {holder}" if holder else "nor is it now"
    return (
        f"{call.number} was not linked to any schedule, so the PBX's normal route was taken; {now}"
    )


def _why(fields: dict[str, str], again: dict[str, str], differing: list[str]) -> list[str]:
    """Say what may have made the record differ from what comes out now."""
    if not differing:
        return []
    errors = {fields["error"], again["error"]} if "error" in differing else set()
    return [_SINCE[error] for error in sorted(errors & _SINCE.keys())] or [_SINCE_OTHERWISE]


def _print_explanation(
    fields: dict[str, str], replay: _Replay, differing: list[str], notes: list[str]
) -> None:
    for label, text in _lines_of(fields, replay.schedule):
        click.echo(f"{label:<9}  {legible(text)}")
    if replay.fields:
        click.echo(f"{'replayed':<9}  {'otherwise' if differing else 'the same'}")
    for key in differing:
        was, becomes = fields[key] or "nothing", replay.fields[key] or "nothing"
        click.echo(f"{'':<9}  {key}: {was} then, {becomes} now")
    for note in notes:
        tell(note[0].upper() + note[1:])
    if replay.considered:
        print_considered(replay.considered)


def _lines_of(fields: dict[str, str], schedule: Schedule | None) -> list[tuple[str, str]]:
    zone = DEFAULT_ZONE if schedule is None else ZoneInfo(schedule.timezone)
    lines = [
        ("decision", fields["decision_id"]),
        ("at", local_and_utc(fields["at"], zone)),
        (
            "asked by",
            fields["dialect"] + (f", call {fields['callid']}" if fields["callid"] else ""),
        ),
        ("number", fields["number"]),
        ("status", fields["status"]),
        ("action", ACTION_WORDS[fields["action"]].format_map(fields)),
        ("message", _message_of(fields["audio"], schedule)),
        ("schedule", fields["schedule"]),
        ("revision", fields["revision"]),
        ("reason", ", ".join(filter(None, (fields["reason"], fields["rule"])))),
        ("until", fields["valid_until"] and local_and_utc(fields["valid_until"], zone)),
        ("error", fields["error"]),
    ]
    return [(label, text) for label, text in lines if text]


def _message_of(audio: str, schedule: Schedule | None) -> str:
    """Return a message's name with its file, as far as it is known."""
    messages = () if schedule is None else schedule.audio.values()
    names = [message.name for message in messages if f"{message.sha256}.wav" == audio]
    return f"{names[0]} ({audio})" if names else audio
