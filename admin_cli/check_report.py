"""How `check` tells its answers, in the schedule's local time and in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import click

from admin_cli.invocation import Invocation, print_json, print_table
from schedules.errors import StoreUnavailableError
from schedules.revisions import DamagedRevisionError

DEFAULT_ZONE: Final = ZoneInfo("Europe/Amsterdam")
ACTION_WORDS: Final = {
    "continue": "the PBX's normal route",
    "forward": "forward to {forward}",
    "voicemail": "voicemail to {voicemail}",
    "hangup": "hang up",
}


class Answer(NamedTuple):
    """What was asked, as a request line, and the fields of the answer."""

    request: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What an answer doesn't say of its schedule.

    `messages` are names by file name; `zone` is None where it can't be known.
    """

    schedule_id: str = ""
    zone: ZoneInfo | None = DEFAULT_ZONE
    is_linked: bool = True
    messages: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def facts_of(invocation: Invocation, schedule_id: str | None) -> ScheduleFacts:
    """Look a schedule up in the store; raises `NotFoundError` for one that isn't there."""
    if not schedule_id:
        return ScheduleFacts()
    try:
        with invocation.open_store() as store:
            schedule = store.current(schedule_id).schedule()
    except (StoreUnavailableError, DamagedRevisionError) as error:
        return ScheduleFacts(zone=None, problem=str(error))
    return ScheduleFacts(
        schedule_id,
        ZoneInfo(schedule.timezone),
        bool(schedule.numbers),
        {f"{message.sha256}.wav": message.name for message in schedule.audio.values()},
    )


def print_answers(
    invocation: Invocation,
    answers: list[Answer],
    facts: ScheduleFacts,
    *,
    number: str | None,
    is_explained: bool,
) -> None:
    """Print one answer, or the two of a time that occurs twice; `number` is the one as read."""
    if invocation.is_json:
        shown = [
            {
                key: value
                for key, value in answer.fields.items()
                if is_explained or key != "considered"
            }
            for answer in answers
        ]
        print_json(shown[0] if len(shown) == 1 else shown)
        return
    for index, answer in enumerate(answers):
        if index:
            click.echo()
        for label, text in _lines_of(answer, facts, number):
            click.echo(f"{label:<9}  {text}")
        if is_explained and answer.fields.get("considered"):
            print_considered(answer.fields["considered"])


def _lines_of(told: Answer, facts: ScheduleFacts, number: str | None) -> list[tuple[str, str]]:
    answer = told.fields
    lines = [
        ("request", told.request),
        *([] if number is None else [("number", number)]),
        ("at", local_and_utc(answer["at"], facts.zone)),
        ("status", answer["status"]),
        ("action", ACTION_WORDS[answer["action"]].format_map(answer)),
    ]
    if audio := answer["audio"]:
        lines.append(("message", f"{facts.messages.get(audio, audio)} ({answer['audio_url']})"))
    if answer["schedule"]:
        revision = f", revision {answer['revision']}" if answer["revision"] else ""
        lines.append(("schedule", f"{answer['schedule']} ({answer['schedule_name']}){revision}"))
    rule = f", {answer['rule']}" if answer["rule"] else ""
    lines.append(("reason", f"{answer['reason']}{rule}"))
    if answer["valid_until"]:
        until = f"{local_and_utc(answer['valid_until'], facts.zone)}, then {answer['next_status']}"
        if answer["next_status"] == answer["status"]:
            until += ", otherwise handled"
        lines.append(("until", until))
    elif answer["schedule"] and answer["rule"]:
        lines.append(("until", "nothing changes within 400 days"))
    if answer["error"]:
        lines.append(("error", answer["error"]))
    return lines


def local_and_utc(text: str, zone: ZoneInfo | None) -> str:
    """Tell an instant, given in UTC, in local time first where the zone is known."""
    if zone is None:
        return text
    local = datetime.fromisoformat(text).astimezone(zone)
    return f"{local:%a %Y-%m-%d %H:%M %Z} ({text})"


def print_considered(considered: list[dict[str, Any]]) -> None:
    """Print a table of the rules that were considered, after an empty line."""
    click.echo()
    print_table(
        ("RULE", "NAME", "RESULT", "SLOT", "WHY"),
        [
            (
                one["rule"],
                one["title"],
                _result_of(one),
                f"{one['slot']} {one['status']}".strip(),
                one["why"],
            )
            for one in considered
        ],
    )


def _result_of(consideration: dict[str, Any]) -> str:
    """Tell a rule that was beaten from one that does not hold at this time at all."""
    if consideration["wins"]:
        return "wins"
    return "loses" if consideration["status"] else "off"
