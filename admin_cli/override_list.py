"""`bereikbaar override list`: those in force, to come and past."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import click

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.override_words import format_length
from pbx_adapters import clock
from pbx_adapters.answer import format_instant
from schedules.date_text import parse_zone
from schedules.model import Override, Schedule
from schedules.override_editing import LIVE, OverrideState, may_have_overrides, override_state
from schedules.revisions import DamagedRevisionError
from schedules.slot_text import format_treatment
from schedules.sqlite_store import SqliteStore

_STATES: Final[tuple[OverrideState, ...]] = (*LIVE, "past")


@click.command(name="list", cls=Command, epilog="bereikbaar override list hoofdkantoor --all")
@click.argument("schedule_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Past ones as well.")
@pass_invocation
def list_overrides(invocation: Invocation, schedule_ids: tuple[str, ...], *, is_all: bool) -> None:
    """List overrides that are in force or still to come, of all schedules or of those named."""
    at = clock.utc_now()
    states = _STATES if is_all else LIVE
    with invocation.open_store() as store:
        found = [
            (state, override.from_at, schedule, override_id, override)
            for schedule in _schedules(store, schedule_ids)
            for override_id, override in schedule.overrides.items()
            if (state := override_state(override, at)) in states
        ]
    found.sort(key=lambda one: (_STATES.index(one[0]), one[1], one[2].id))
    rows = [(schedule, override_id, override) for _, _, schedule, override_id, override in found]
    if invocation.is_json:
        print_json([_fields(*row, at) for row in rows])
        return
    if not rows:
        tell("no overrides" if is_all else f"no overrides are {' or '.join(LIVE)}")
        return
    headings = ("STATE", "SCHEDULE", "OVERRIDE", "FROM", "UNTIL", "TREATMENT", "REASON")
    print_table(headings, [_cells(*row, at) for row in rows])


def _schedules(store: SqliteStore, schedule_ids: Iterable[str]) -> Iterator[Schedule]:
    if schedule_ids:
        for schedule_id in dict.fromkeys(schedule_ids):
            yield store.current(schedule_id).schedule()
        return
    for current in store.currents():
        if not may_have_overrides(current.document):
            continue
        try:
            yield current.schedule()
        except DamagedRevisionError as error:
            tell(f"Warning: {error}")


def _fields(
    schedule: Schedule, override_id: str, override: Override, at: datetime
) -> dict[str, Any]:
    return {
        "schedule": schedule.id,
        "id": override_id,
        "state": override_state(override, at),
        "from": format_instant(int(override.from_at.timestamp())),
        "until": format_instant(int(override.until_at.timestamp())),
        "treatment": format_treatment(override.slot),
        "reason": override.reason,
    }


def _cells(
    schedule: Schedule, override_id: str, override: Override, at: datetime
) -> tuple[str, ...]:
    state = override_state(override, at)
    left = f", {format_length(override.until_at - at)} left" if state == "in force" else ""
    zone = parse_zone(schedule.timezone)
    span = (override.from_at, override.until_at)
    return (
        f"{state}{left}",
        schedule.id,
        override_id,
        *(f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" for moment in span),
        format_treatment(override.slot),
        override.reason,
    )
