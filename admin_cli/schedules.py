"""`bereikbaar schedule`: list and show what is stored."""

from typing import Any, Final

import click

from admin_cli.invocation import Invocation, format_utc, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.summary import summary_lines
from schedules.errors import BereikbaarError
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Schedule
from schedules.revisions import Revision
from schedules.slot_text import STATUSES, Status

HEADINGS: Final = ("ID", "NAME", "COMPANY", "PBX", "REVISION", "NUMBERS")

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.schedules", "list_schedules", "List all schedules."),
    "show": LazyCommand("admin_cli.schedules", "show", "Show all that one schedule says."),
    "search": LazyCommand(
        "admin_cli.schedule_search",
        "search_schedules",
        "Find schedules by what stands in them, capitals and accents aside.",
    ),
    "create": LazyCommand("admin_cli.schedule_create", "create", "Create a schedule."),
    "duplicate": LazyCommand(
        "admin_cli.schedule_create", "duplicate", "Create a schedule like another, NEW_ID like ID."
    ),
    "set": LazyCommand(
        "admin_cli.schedule_settings", "set_schedule", "Change the settings of a schedule."
    ),
    "rename": LazyCommand("admin_cli.schedule_settings", "rename", "Give a schedule another name."),
    "export": LazyCommand("admin_cli.export", "export", "Write schedules as documents."),
    "diff": LazyCommand(
        "admin_cli.diff", "diff", "Say what changes for callers between two states of a schedule."
    ),
    "delete": LazyCommand("admin_cli.schedule_edits", "delete", "Delete a schedule."),
    "restore": LazyCommand(
        "admin_cli.schedule_history", "restore", "Bring a deleted schedule back."
    ),
    "purge": LazyCommand(
        "admin_cli.schedule_history", "purge", "Remove a deleted schedule with all its revisions."
    ),
    "history": LazyCommand("admin_cli.schedule_history", "history", "Show every revision."),
    "rollback": LazyCommand(
        "admin_cli.schedule_history", "rollback", "Return to an earlier revision."
    ),
    "link": LazyCommand("admin_cli.schedule_edits", "link", "Link numbers to a schedule."),
    "unlink": LazyCommand("admin_cli.schedule_edits", "unlink", "Unlink numbers from a schedule."),
}


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def schedule() -> None:
    """List, show, export, delete, restore and link schedules."""


@click.command(
    cls=Command,
    name="list",
    epilog="bereikbaar schedule list --json\n"
    'bereikbaar schedule list --at "2026-12-25 10:00" --status open\n'
    "bereikbaar schedule list --undecided koningsdag",
)
@click.option("--company", metavar="TEXT", help="Those whose company has this in it.")
@click.option("--at", "at_text", metavar="WHEN", help="And what is decided then, local time; now.")
@click.option("--status", type=click.Choice(STATUSES), help="Those that are this, at WHEN or now.")
@click.option(
    "--undecided",
    metavar="HOLIDAY",
    type=click.Choice([*HOLIDAY_IDS, "any"]),
    help="Those where it is neither on nor off: a holiday's id, or any.",
)
@click.option("--deleted", "is_deleted", is_flag=True, help="Those that can be restored.")
@pass_invocation
def list_schedules(  # noqa: PLR0913 - its options
    invocation: Invocation,
    *,
    is_deleted: bool,
    company: str | None,
    at_text: str | None,
    status: Status | None,
    undecided: str | None,
) -> None:
    """List all schedules, or those that answer a question.

    WHEN is read as `check --at` reads it, in each schedule's own zone. A local time that occurs
    twice is answered for both.
    """
    if is_deleted:
        _list_deleted(invocation)
        return
    if (company, at_text, status, undecided) != (None, None, None, None):
        from admin_cli.fleet import list_answers

        list_answers(
            invocation, company=company, at_text=at_text, status=status, undecided=undecided
        )
        return
    with invocation.open_store() as store:
        listed = [_listed(current) for current in store.currents()]
    if invocation.is_json:
        print_json(listed)
        return
    if not listed:
        tell("no schedules yet")
    print_table(HEADINGS, [listed_cells(one) for one in listed])


def _list_deleted(invocation: Invocation) -> None:
    with invocation.open_store() as store:
        deletions = store.deletions()
    if invocation.is_json:
        print_json(
            [
                {
                    "id": one.schedule_id,
                    "deleted_in": one.revision,
                    "deleted_at": format_utc(one.saved_at),
                    "deleted_by": one.author,
                }
                for one in deletions
            ]
        )
        return
    if not deletions:
        tell("no deleted schedules")
    print_table(
        ("ID", "REVISION", "DELETED (UTC)", "BY"),
        [
            (one.schedule_id, str(one.revision), f"{one.saved_at:%Y-%m-%d %H:%M}", one.author)
            for one in deletions
        ],
    )


@click.command(cls=Command, epilog="bereikbaar schedule show hoofdkantoor")
@click.argument("schedule_id", metavar="ID")
@pass_invocation
def show(invocation: Invocation, schedule_id: str) -> None:
    """Show all that one schedule says."""
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    from schedules.documents import write_document

    document = write_document(current.schedule(), current.revision)
    if invocation.is_json:
        print_json(
            {
                "schedule": schedule_id,
                "revision": current.revision,
                "author": current.author,
                "saved_at": format_utc(current.saved_at),
                "summary": current.summary,
                "document": document,
            }
        )
        return
    for line in summary_lines(document, current):
        click.echo(line)


def _listed(current: Revision) -> dict[str, Any]:
    try:
        return listed_fields(current, current.schedule())
    except BereikbaarError as error:
        return listed_fields(current, None) | {"problem": str(error)}


def listed_fields(current: Revision, found: Schedule | None) -> dict[str, Any]:
    """Return what the list tells of a schedule; `numbers` counts every number of a block."""
    return {
        "id": current.schedule_id,
        "name": found.name if found else "",
        "company": found.company if found else None,
        "pbx": found.pbx if found else "",
        "revision": current.revision,
        "numbers": sum(map(len, found.numbers)) if found else 0,
        "problem": None,
    }


def listed_cells(one: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields of the list as a person reads them."""
    last = str(one["numbers"]) if one["problem"] is None else one["problem"]
    return (one["id"], one["name"], one["company"] or "", one["pbx"], str(one["revision"]), last)
