"""`bereikbaar calendar`: what holds each day of a month, and opening hours for other calendars."""

import re
from datetime import date
from pathlib import Path
from typing import Final

import click

from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.typed import read_typed
from pbx_adapters import clock
from routing_engine.calendar_days import calendar_month, spans_around
from routing_engine.caller_changes import compile_at
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS, zone_offsets
from schedules.date_text import date_of, epoch_day, parse_date
from schedules.errors import FaultyValueError
from schedules.model import Schedule
from schedules.revisions import Revision

DAYS_EXPORTED: Final = 365
_MOST_DAYS: Final = 3_660


@click.command(
    cls=Command,
    epilog="bereikbaar calendar hoofdkantoor --month 2026-12\n"
    "bereikbaar calendar hoofdkantoor --ics hoofdkantoor.ics --days 90",
)
@click.argument("schedule_id", metavar="ID")
@click.option("--month", metavar="YYYY-MM", help="Else the present month in the schedule's zone.")
@click.option("--ics", metavar="FILE", help="Export opening hours as iCalendar; - is stdout.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    help=f"With --ics: how many days, from today; else {DAYS_EXPORTED}.",
)
@pass_invocation
def calendar(
    invocation: Invocation,
    schedule_id: str,
    month: str | None,
    ics: str | None,
    days: int | None,
) -> None:
    """Show what holds each day of a month, or export opening hours.

    Hours are those a caller finds, overrides counted in. The export is one that calendar programs
    take; a file of an earlier export is replaced whole, any other is left alone.
    """
    _check_usage(month, ics, days, is_json=invocation.is_json)
    with invocation.open_store() as store:
        saved = store.current(schedule_id)
    schedule = saved.schedule()
    zone = zone_offsets(schedule.timezone)
    if ics is not None:
        offset, _ = zone.offset_at(clock.now())
        today = (clock.now() + offset) // DAY_SECONDS
        table = _table_from(today, schedule, saved, invocation)
        _export(table, saved, today, days or DAYS_EXPORTED, ics, is_json=invocation.is_json)
        return
    offset, _ = zone.offset_at(clock.now())
    first = read_typed("--month", lambda: _first_day(month, offset))
    table = _table_from(epoch_day(first), schedule, saved, invocation)
    found = calendar_month(table, first.year, first.month)
    if invocation.is_json:
        from admin_cli.calendar_fields import month_fields

        print_json(month_fields(found, saved, schedule))
    else:
        from admin_cli.calendar_text import print_month

        print_month(found, schedule)


def _check_usage(month: str | None, ics: str | None, days: int | None, *, is_json: bool) -> None:
    if days is not None and ics is None:
        raise click.UsageError("--days goes with --ics; a month is chosen with --month")
    if month is not None and ics is not None:
        raise click.UsageError("--ics exports from today; choose how far with --days, not --month")
    if ics == "-" and is_json:
        raise click.UsageError("--ics - and --json both want stdout; name a file for the export")


def _first_day(month: str | None, offset: int) -> date:
    """Return the first day of a month as chosen, else of the present one."""
    if month is None:
        return date_of((clock.now() + offset) // DAY_SECONDS).replace(day=1)
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month) is None:
        raise FaultyValueError((f"{month[:40]!r} is not a month", "write YYYY-MM, as in 2026-12"))
    return parse_date(f"{month}-01")


def _table_from(
    day: int, schedule: Schedule, saved: Revision, invocation: Invocation
) -> IntervalTable:
    return compile_at(schedule, invocation.targets, day * DAY_SECONDS, saved.revision)


def _export(  # noqa: PLR0913 - what, how far, and where to
    table: IntervalTable, saved: Revision, today: int, days: int, file: str, *, is_json: bool
) -> None:
    from admin_cli.calendar_ics import CALENDAR_MARK, render_calendar
    from admin_cli.whole_files import renew_file

    spans = list(spans_around(table, today, days))
    content = render_calendar(spans, table, saved)
    if file != "-":
        renew_file(Path(file), content, CALENDAR_MARK)
    if not spans:
        tell(f"{saved.schedule_id} is not open in these {days} days: the calendar has no events")
    if file == "-":
        click.echo(content, nl=False)
    elif is_json:
        print_json(
            {
                "schedule": saved.schedule_id,
                "revision": saved.revision,
                "file": file,
                "events": len(spans),
            }
        )
    else:
        told = f"{len(spans)} opening hours over {days} days"
        click.echo(f"{saved.schedule_id}: {told} of revision {saved.revision} in {file}")
