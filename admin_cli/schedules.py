"""`bereikbaar schedule`: list and show what is stored."""

from typing import Any, Final

import click

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.summary import summary_lines
from schedules.documents import write_document
from schedules.errors import BereikbaarError
from schedules.store import Revision

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.schedules", "list_schedules", "List all schedules."),
    "show": LazyCommand("admin_cli.schedules", "show", "Show all that one schedule says."),
    "search": LazyCommand(
        "admin_cli.schedule_search", "search_schedules", "Find schedules by what is in them."
    ),
    "create": LazyCommand("admin_cli.schedule_create", "create", "Create a schedule."),
    "duplicate": LazyCommand(
        "admin_cli.schedule_create", "duplicate", "Create one like another, without its numbers."
    ),
    "set": LazyCommand("admin_cli.schedule_settings", "set_schedule", "Change its settings."),
    "rename": LazyCommand("admin_cli.schedule_settings", "rename", "Change its name."),
    "export": LazyCommand("admin_cli.export", "export", "Write schedules as documents."),
    "delete": LazyCommand("admin_cli.schedule_edits", "delete", "Delete a schedule."),
    "link": LazyCommand("admin_cli.schedule_edits", "link", "Link numbers to a schedule."),
    "unlink": LazyCommand("admin_cli.schedule_edits", "unlink", "Unlink numbers from a schedule."),
}


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def schedule() -> None:
    """List, show, export, delete and link schedules."""


@click.command(cls=Command, name="list", epilog="bereikbaar schedule list --json")
@pass_invocation
def list_schedules(invocation: Invocation) -> None:
    """List all schedules."""
    with invocation.open_store() as store:
        listed = [_listed(current) for current in store.currents()]
    if invocation.is_json:
        print_json(listed)
        return
    if not listed:
        tell("no schedules yet")
    print_table(
        ("ID", "NAME", "COMPANY", "PBX", "REVISION", "NUMBERS"),
        [
            (
                one["id"],
                one["name"],
                one["company"] or "",
                one["pbx"],
                str(one["revision"]),
                str(one["numbers"]) if one["problem"] is None else one["problem"],
            )
            for one in listed
        ],
    )


@click.command(cls=Command, epilog="bereikbaar schedule show hoofdkantoor")
@click.argument("schedule_id", metavar="ID")
@pass_invocation
def show(invocation: Invocation, schedule_id: str) -> None:
    """Show all that one schedule says."""
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    document = write_document(current.schedule(), current.revision)
    if invocation.is_json:
        print_json(
            {
                "schedule": schedule_id,
                "revision": current.revision,
                "author": current.author,
                "saved_at": f"{current.saved_at:%Y-%m-%dT%H:%M:%SZ}",
                "summary": current.summary,
                "document": document,
            }
        )
        return
    for line in summary_lines(document, current):
        click.echo(line)


def _listed(current: Revision) -> dict[str, Any]:
    """Return what the list tells of a schedule; `numbers` counts every number of a block."""
    fields: dict[str, Any] = {
        "id": current.schedule_id,
        "name": "",
        "company": None,
        "pbx": "",
        "revision": current.revision,
        "numbers": 0,
        "problem": None,
    }
    try:
        found = current.schedule()
    except BereikbaarError as error:
        return fields | {"problem": str(error)}
    return fields | {
        "name": found.name,
        "company": found.company,
        "pbx": found.pbx,
        "numbers": sum(map(len, found.numbers)),
    }
