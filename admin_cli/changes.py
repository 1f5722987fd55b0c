"""What a save changes: in the document, and for callers over the coming year."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import click

from admin_cli.invocation import Invocation
from admin_cli.number_blocks import without
from pbx_adapters.answer import format_instant
from routing_engine.caller_changes import DAYS_COMPARED, caller_changes
from routing_engine.compare import Difference
from routing_engine.compiler import TargetCheck
from routing_engine.decision import Outcome
from schedules.model import Schedule
from schedules.telephone import NumberBlock

# What a person reads at once; programs are told all.
_SENTENCES_TOLD: Final = 25

_PLAIN: Final = (
    "name", "company", "notes", "pbx", "timezone", "voicemail_email", "forward_countries",
    "template",
)  # fmt: skip
_KEYED: Final = ("forwards", "audio", "exceptions", "holidays", "overrides")


@dataclass(frozen=True, slots=True)
class Change:
    """One schedule before and after a save; `before` or `after` is None where it isn't there.

    `result` is created, changed, unchanged or deleted; `notes` are sentences for the operator.
    """

    schedule_id: str
    result: str
    revision: int | None
    before: Schedule | None
    after: Schedule | None
    file: str | None = None
    notes: tuple[str, ...] = field(default=())


def saved_ids(changes: Iterable[Change]) -> set[str]:
    """Return the ids of the schedules of which there is a new revision."""
    return {change.schedule_id for change in changes if change.result != "unchanged"}


def print_changes(
    changes: Iterable[Change], invocation: Invocation, targets: TargetCheck, at: int, **facts: Any
) -> None:
    """Tell changes one by one, `facts` after them; `at` is where the compared year begins."""
    if not invocation.is_json:
        for change in changes:
            _print_change(change, targets, at)
        return
    told = (_told(change, targets, at) for change in changes)
    # One at a time: thousands of them together would take much memory.
    click.echo('{"schedules": [', nl=False)
    for index, fields in enumerate(told):
        click.echo("," * (index > 0) + "\n  " + json.dumps(fields, ensure_ascii=False), nl=False)
    told_also = (
        f', "{key}": {json.dumps(fact, ensure_ascii=False)}' for key, fact in facts.items()
    )
    click.echo("]" + "".join(told_also) + "}")


def document_changes(before: Schedule | None, after: Schedule | None) -> list[str]:
    """Say which parts of the document differ; of one that comes or goes only its numbers."""
    lines = [*_number_changes(before, after)]
    if before is None or after is None:
        return lines
    for key in _PLAIN:
        was, becomes = getattr(before, key), getattr(after, key)
        if was != becomes:
            lines.append(f"{key}: {_shown(was)} becomes {_shown(becomes)}")
    days = [day for day, plan in after.week if plan != getattr(before.week, day)]
    if days:
        lines.append(f"week: {', '.join(days)} changed")
    for key in _KEYED:
        lines += _keyed_changes(key, getattr(before, key), getattr(after, key))
    if before.expect != after.expect:
        lines.append(f"expect: {len(before.expect)} becomes {len(after.expect)}, or differs")
    return lines


def caller_fields(found: Sequence[Difference], sentences: Sequence[str]) -> dict[str, Any]:
    """Return what `caller_changes` found in the form in which programs are told."""
    return {"callers": list(sentences), "differences": list(map(_difference_fields, found))}


def print_caller_changes(
    found: Sequence[Difference], sentences: Sequence[str], *, days: int = DAYS_COMPARED
) -> None:
    """Tell a person what `caller_changes` found; of many sentences the first, and how many more."""
    if not found:
        click.echo("  hours, messages and targets stay the same for callers")
        return
    span = "the coming year" if days == DAYS_COMPARED else f"the coming {days} days"
    is_hours = any(
        one.before is None or one.after is None or one.before.status != one.after.status
        for one in found
    )
    heading = "what changes" if is_hours else "the hours stay the same; what else changes"
    click.echo(f"  {heading} for callers in {span}:")
    for line in sentences[:_SENTENCES_TOLD]:
        click.echo(f"    {line}")
    if (more := len(sentences) - _SENTENCES_TOLD) > 0:
        click.echo(f"    … and {more} more; --json tells all")


def _told(change: Change, targets: TargetCheck, at: int) -> dict[str, Any]:
    found, sentences = _caller_changes_of(change, targets, at, is_brief=False)
    is_changed = change.result != "unchanged"
    return {
        "schedule": change.schedule_id,
        "result": change.result,
        "revision": change.revision,
        "file": change.file,
        "document": document_changes(change.before, change.after) if is_changed else [],
        **caller_fields(found, sentences),
        "notes": list(change.notes),
        "missing_messages": _missing_messages(change, targets),
    }


def _print_change(change: Change, targets: TargetCheck, at: int) -> None:
    revision = "" if change.revision is None else f", revision {change.revision}"
    click.echo(f"{change.schedule_id}: {change.result}{revision}")
    is_changed = change.result != "unchanged"
    document = document_changes(change.before, change.after) if is_changed else []
    for line in (*change.notes, *document):
        click.echo(f"  {line}")
    if missing := _missing_messages(change, targets):
        click.echo(
            f"  no sound is stored here of: {', '.join(missing)}; callers hear nothing until it is "
            "added, or a bundle with it applied"
        )
    if change.result == "changed":
        print_caller_changes(*_caller_changes_of(change, targets, at, is_brief=True))


def _missing_messages(change: Change, targets: TargetCheck) -> list[str]:
    """Return the ids of messages that come with a change and whose sound isn't stored."""
    if change.after is None:
        return []
    known = {message.sha256 for message in change.before.audio.values()} if change.before else set()
    return [
        message_id
        for message_id, message in change.after.audio.items()
        if message.sha256 not in known and not targets.has_message(message.sha256)
    ]


def _caller_changes_of(
    change: Change, targets: TargetCheck, at: int, *, is_brief: bool
) -> tuple[list[Difference], list[str]]:
    """Compare for callers; one that comes or goes changes none of its own hours."""
    if change.before is None or change.after is None:
        return [], []
    return caller_changes(change.before, change.after, targets, at, is_brief=is_brief)


def _difference_fields(difference: Difference) -> dict[str, Any]:
    return {
        "from": format_instant(difference.from_at),
        "until": format_instant(difference.until_at),
        "before": _outcome_fields(difference.before),
        "after": _outcome_fields(difference.after),
    }


def _outcome_fields(outcome: Outcome | None) -> dict[str, str] | None:
    return None if outcome is None else dict(outcome._asdict())


def _shown(value: object) -> str:
    if value is None or value == ():
        return "nothing"
    return ", ".join(value) if isinstance(value, tuple) else repr(value)


def _number_changes(before: Schedule | None, after: Schedule | None) -> Iterator[str]:
    was, becomes = (() if one is None else one.numbers for one in (before, after))
    if linked := without(becomes, was):
        yield f"numbers linked: {_listed(linked)}; this schedule decides their calls from now on"
    if unlinked := without(was, becomes):
        yield f"numbers unlinked: {_listed(unlinked)}; it no longer decides their calls"
    for block in was:
        left = without([block], unlinked)
        if left and left != [block]:
            yield f"block {block} is split: {_listed(left)} stays"


def _listed(blocks: Iterable[NumberBlock]) -> str:
    return ", ".join(map(str, blocks))


def _keyed_changes(
    key: str, was: Mapping[str, object], becomes: Mapping[str, object]
) -> Iterator[str]:
    for verb, ids in (
        ("added", [one for one in becomes if one not in was]),
        ("removed", [one for one in was if one not in becomes]),
        ("changed", [one for one in becomes if one in was and was[one] != becomes[one]]),
    ):
        if ids:
            yield f"{key}: {', '.join(ids)} {verb}"
