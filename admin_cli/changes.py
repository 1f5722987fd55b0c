"""What a save changes: in the document, and for callers over the coming year."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click

from admin_cli.invocation import Invocation
from admin_cli.number_blocks import without
from pbx_adapters.answer import format_instant
from routing_engine.compare import Difference, describe_differences, differences
from routing_engine.compiler import TargetCheck, compile_schedule
from routing_engine.decision import Outcome
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS
from schedules.model import Schedule
from schedules.telephone import NumberBlock

DAYS_COMPARED: Final = 365

_PLAIN: Final = (
    "name", "company", "notes", "pbx", "timezone", "voicemail_email", "forward_countries",
    "template",
)  # fmt: skip
_KEYED: Final = ("forwards", "audio", "exceptions", "holidays", "overrides")
# What the outcome of a call depends on.
_HEARD: Final = ("timezone", "voicemail_email", "forward_countries", "week", *_KEYED)


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


def print_changes(
    changes: Iterable[Change], invocation: Invocation, targets: TargetCheck, at: int, **facts: Any
) -> None:
    """Tell changes one by one, `facts` after them; `at` is where the compared year begins."""
    told = (_told(change, targets, at) for change in changes)
    if not invocation.is_json:
        for fields in told:
            _print_change(fields)
        return
    # One at a time: thousands of them together would take much memory.
    click.echo('{"schedules": [', nl=False)
    for index, fields in enumerate(told):
        click.echo("," * (index > 0) + "\n  " + json.dumps(fields, ensure_ascii=False), nl=False)
    click.echo("]" + "".join(f", {json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items()) + "}")


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


def compile_at(
    schedule: Schedule, targets: TargetCheck, at: int, revision: int = 0
) -> IntervalTable:
    """Compile a schedule for the time from an instant on, as the daemon does."""
    first_day = at // DAY_SECONDS - 2
    return compile_schedule(schedule, revision=revision, first_day=first_day, targets=targets)


def caller_changes(
    before: Schedule, after: Schedule, targets: TargetCheck, at: int
) -> tuple[list[Difference], list[str]]:
    """Compare the coming year for callers: every span that differs, and sentences about them."""
    if all(getattr(before, key) == getattr(after, key) for key in _HEARD):
        return [], []
    table = compile_at(after, targets, at)
    until_at = _midnight_before(table, at + DAYS_COMPARED * DAY_SECONDS)
    found = list(differences(compile_at(before, targets, at), table, at, until_at))
    names = {
        f"{message.sha256}.wav": message.name
        for schedule in (before, after)
        for message in schedule.audio.values()
    }
    return found, describe_differences(found, table, names)


def _midnight_before(table: IntervalTable, at: int) -> int:
    """Return where an instant's local day begins: half a day would look like a change of hours."""
    day, _ = table.wall_clock(at)
    offset, _ = table.zone.offset_at(at)
    offset, _ = table.zone.offset_at(day * DAY_SECONDS - offset)
    return day * DAY_SECONDS - offset


def _told(change: Change, targets: TargetCheck, at: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "schedule": change.schedule_id,
        "result": change.result,
        "revision": change.revision,
        "file": change.file,
        "document": [],
        "callers": [],
        "differences": [],
        "notes": list(change.notes),
    }
    if change.result != "unchanged":
        fields["document"] = document_changes(change.before, change.after)
    if change.before is not None and change.after is not None:
        found, fields["callers"] = caller_changes(change.before, change.after, targets, at)
        fields["differences"] = list(map(_difference_fields, found))
    return fields


def _print_change(fields: dict[str, Any]) -> None:
    revision = "" if fields["revision"] is None else f", revision {fields['revision']}"
    click.echo(f"{fields['schedule']}: {fields['result']}{revision}")
    for line in (*fields["notes"], *fields["document"]):
        click.echo(f"  {line}")
    if fields["callers"]:
        click.echo("  what changes for callers in the coming year:")
    elif fields["result"] == "changed":
        click.echo("  hours, messages and targets stay the same for callers")
    for line in fields["callers"]:
        click.echo(f"    {line}")


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
