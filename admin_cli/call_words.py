"""Recorded calls: when they were, as operators type it, and what is told of each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import click

from admin_cli.invocation import Invocation, tell
from admin_cli.moments import iso_of_typed
from admin_cli.typed import Typed
from pbx_adapters.answer import format_instant
from pbx_adapters.call_record import RecordedCall
from schedules.date_text import instants_of, parse_moment, parse_zone
from schedules.errors import FaultyValueError

NOTHING_RECORDED: Final = "no call is recorded: decision_retention_days is 0 in the configuration"
_ZONE: Final = "Europe/Amsterdam"

FIELDS: Final = (
    *("decision_id", "at", "dialect", "number", "caller", "callid", "schedule", "revision"),
    *("status", "action", "reason", "rule", "audio", "forward", "voicemail", "error"),
    "valid_until",
)


class Span(NamedTuple):
    """From one instant up to, not including, another, in epoch seconds; None is no end to it.

    `zone` is whose clock is shown.
    """

    from_at: int | None
    until_at: int | None
    zone: ZoneInfo


def span_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--from`, `--to` and `--timezone`, which `read_span` takes."""
    for decorate in (
        click.option(
            "--timezone",
            "zone_name",
            metavar="ZONE",
            default=_ZONE,
            show_default=True,
            help="Whose clock times are of.",
        ),
        click.option("--to", "to_text", metavar="WHEN", help="Up to, not including, this moment."),
        click.option("--from", "from_text", metavar="WHEN", help="From this moment on."),
    ):
        command = decorate(command)
    return command


def read_span(typed: Typed, from_text: str | None, to_text: str | None, zone_name: str) -> Span:
    """Read which span of time is meant; a date is its midnight."""
    zone: ZoneInfo | None = typed.read("--timezone", lambda: parse_zone(zone_name))
    # Its fault is told; the other values are still to be judged.
    clock_zone = parse_zone(_ZONE) if zone is None else zone
    from_at = _read_instant(typed, "--from", from_text, clock_zone)
    until_at = _read_instant(typed, "--to", to_text, clock_zone)
    if from_at is not None and until_at is not None:
        typed.read("--to", lambda: _check_order(from_at, until_at))
    return Span(from_at, until_at, clock_zone)


def _read_instant(typed: Typed, option: str, text: str | None, zone: ZoneInfo) -> int | None:
    return None if text is None else typed.read(option, lambda: _instant_of(text, zone))


def _instant_of(text: str, zone: ZoneInfo) -> int:
    """Return the one instant that is typed; raises `FaultyValueError` (semantics.md rule 5)."""
    moment = parse_moment(iso_of_typed(text))
    if moment.tzinfo is not None:
        return int(moment.timestamp())
    instants = instants_of(moment, zone)
    if not instants:
        problem = f"{text} does not exist in {zone.key}"
        raise FaultyValueError((problem, "choose a time that the clock shows"))
    if len(instants) > 1:
        both = " or ".join(datetime.fromtimestamp(at, zone).isoformat() for at in instants)
        raise FaultyValueError((f"{text} occurs twice in {zone.key}", f"write {both}"))
    return instants[0]


def _check_order(from_at: int, until_at: int) -> None:
    if until_at <= from_at:
        raise FaultyValueError(("it doesn't lie after --from", "write a later moment"))


def call_fields(call: RecordedCall) -> dict[str, str]:
    """Return what programs are told of a call, named and written as in the hook's answer."""
    outcome = call.outcome
    values = (
        call.decision_id,
        format_instant(call.at),
        call.dialect,
        call.number or "",
        "" if call.caller is None else f"{call.caller:016x}",
        call.callid,
        outcome.schedule,
        "" if outcome.revision is None else str(outcome.revision),
        *outcome[2:10],
        "" if outcome.valid_until is None else format_instant(outcome.valid_until),
    )
    return dict(zip(FIELDS, values, strict=True))


def tell_none(invocation: Invocation) -> None:
    """Say that no call was found, and where that can't be otherwise, why."""
    tell(NOTHING_RECORDED if is_nothing_recorded(invocation) else "no such calls are recorded")


def is_nothing_recorded(invocation: Invocation) -> bool:
    """Tell whether the configuration has no call recorded; one that won't do decides nothing."""
    from pbx_adapters.config import InvalidConfigError

    try:
        return not invocation.config.decision_retention_days
    except InvalidConfigError:
        return False
