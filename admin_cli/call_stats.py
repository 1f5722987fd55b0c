"""`bereikbaar calls stats`: how many calls, and how they came out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import click

from admin_cli.call_words import Span, read_span, span_options, tell_none
from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.typed import Typed
from pbx_adapters.answer import format_instant
from pbx_adapters.call_queries import KindCount, count_kinds, count_numbers
from pbx_adapters.data_dir import DECISIONS_FILE
from routing_engine.decision import CallStatus

_STATUSES: Final = get_args(CallStatus)
_WAYS: Final = ("day", "hour", "status", "number")
_NUMBERS_TOLD: Final = 20

_Rows = list[dict[str, Any]]


@click.command(
    cls=Command,
    epilog="bereikbaar calls stats --from 2026-11-01 --to 2026-12-01\n"
    "bereikbaar calls stats --by number --json",
)
@span_options
@click.option(
    "--by",
    "ways",
    type=click.Choice(_WAYS),
    multiple=True,
    help="Count in this way, and others so given; else in all.",
)
@pass_invocation
def stats(
    invocation: Invocation,
    *,
    from_text: str | None,
    to_text: str | None,
    zone_name: str,
    ways: tuple[str, ...],
) -> None:
    """Count recorded calls: per day, per hour of the day, per status, and per number called.

    WHEN is 2026-11-22 10:00, 22-11-2026 10:00, a date alone for its midnight, or one with an
    offset; without, all that is kept counts. Days and hours are those of the zone's clock.
    """
    typed = Typed()
    span = read_span(typed, from_text, to_text, zone_name)
    typed.check()
    path = invocation.beside_store(DECISIONS_FILE)
    asked = tuple(way for way in _WAYS if way in ways) or _WAYS
    counts: dict[str, _Rows] = {}
    if asked != ("number",):
        kinds = count_kinds(path, span.from_at, span.until_at)
        made = {"day": _by_day, "hour": _by_hour, "status": _by_status}
        counts = {one: made[one](kinds, span.zone) for one in asked if one in made}
    if "number" in asked:
        numbers = count_numbers(path, span.from_at, span.until_at)
        counts["number"] = [{"number": number, "calls": calls} for number, calls in numbers]
    total = sum(row["calls"] for row in counts[asked[0]])
    if invocation.is_json:
        print_json(_told(span, total, counts))
    elif total:
        _print_counts(total, counts, is_brief=not ways)
    else:
        tell_none(invocation)


def _by_day(kinds: Iterable[KindCount], zone: ZoneInfo) -> _Rows:
    return _by_clock(kinds, "day", lambda at: f"{datetime.fromtimestamp(at, zone):%Y-%m-%d}")


def _by_hour(kinds: Iterable[KindCount], zone: ZoneInfo) -> _Rows:
    return _by_clock(kinds, "hour", lambda at: f"{datetime.fromtimestamp(at, zone):%H}")


def _by_clock(kinds: Iterable[KindCount], name: str, clock_text: Callable[[int], str]) -> _Rows:
    """Count under what the clock shows, each status apart."""
    texts: dict[int, str] = {}
    found: dict[str, Counter[str]] = {}
    for kind in kinds:
        if kind.quarter_at not in texts:
            texts[kind.quarter_at] = clock_text(kind.quarter_at)
        found.setdefault(texts[kind.quarter_at], Counter())[kind.status] += kind.calls
    return [
        {name: text, "calls": found[text].total()}
        | {status: found[text][status] for status in _STATUSES}
        for text in sorted(found)
    ]


def _by_status(kinds: Iterable[KindCount], _zone: ZoneInfo) -> _Rows:
    found: Counter[tuple[str, str, str]] = Counter()
    for _, status, action, reason, calls in kinds:
        found[status, action, reason] += calls
    return [
        {"status": status, "action": action, "reason": reason, "calls": calls}
        for (status, action, reason), calls in sorted(
            found.items(), key=lambda item: (-item[1], item[0])
        )
    ]


def _told(span: Span, total: int, counts: Mapping[str, _Rows]) -> dict[str, Any]:
    return {
        "from": None if span.from_at is None else format_instant(span.from_at),
        "to": None if span.until_at is None else format_instant(span.until_at),
        "timezone": span.zone.key,
        "calls": total,
        **{f"by_{way}": rows for way, rows in counts.items()},
    }


def _print_counts(total: int, counts: Mapping[str, _Rows], *, is_brief: bool) -> None:
    """Print a table for each way of counting; of many numbers only the first where it is brief."""
    click.echo(f"{total} calls")
    for rows in counts.values():
        click.echo()
        most = _NUMBERS_TOLD if is_brief and "number" in rows[0] else len(rows)
        print_table(
            tuple(key.upper() for key in rows[0]),
            [tuple(str(value) for value in row.values()) for row in rows[:most]],
        )
        if len(rows) > most:
            tell(f"and {len(rows) - most} more numbers; --by number shows all")
