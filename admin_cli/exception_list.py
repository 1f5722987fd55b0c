"""`bereikbaar exception list`: active ones, drafts and expired ones apart."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import click

from admin_cli.day_words import slot_texts
from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from pbx_adapters import clock
from schedules.date_text import day_at, parse_zone
from schedules.exception_dates import ExceptionState, exception_state
from schedules.model import Schedule

_HEADINGS: Final[dict[ExceptionState, str]] = {
    "active": "Active",
    "draft": "Drafts, without dates yet",
    "expired": "Expired",
}


@click.command(name="list", cls=Command, epilog="bereikbaar exception list hoofdkantoor")
@click.argument("schedule_id", metavar="ID")
@pass_invocation
def list_exceptions(invocation: Invocation, schedule_id: str) -> None:
    """List exceptions: active ones by date, drafts and expired ones apart."""
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    schedule = current.schedule()
    today = day_at(clock.now(), parse_zone(schedule.timezone))
    listed = sorted(_listed(schedule, today), key=lambda one: (one["dates"], one["id"]))
    if invocation.is_json:
        print_json({"schedule": schedule_id, "revision": current.revision, "exceptions": listed})
        return
    if not listed:
        tell(f"{schedule_id} has no exceptions")
    for state, heading in _HEADINGS.items():
        chosen = [one for one in listed if one["state"] == state]
        if chosen:
            click.echo(f"{heading}:")
        for line in _lines(chosen):
            click.echo(f"  {line}")


def _listed(schedule: Schedule, today: date) -> Iterator[dict[str, Any]]:
    for exception_id, days in schedule.exceptions.items():
        yield {
            "id": exception_id,
            "name": days.name,
            "state": exception_state(days.dates, today),
            "dates": list(map(str, sorted(days.dates))),
            "slots": slot_texts(days.slots),
            "is_template": schedule.template == f"exceptions/{exception_id}",
        }


def _lines(listed: list[dict[str, Any]]) -> Iterator[str]:
    for one in listed:
        template = "  (the template)" if one["is_template"] else ""
        yield f"{one['id']}  {one['name']}  {', '.join(one['dates'])}".rstrip() + template
        yield from (f"    {slot}" for slot in one["slots"])
