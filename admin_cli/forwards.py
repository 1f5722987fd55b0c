"""`bereikbaar forward`: the contacts that callers are forwarded to."""

from typing import Final

import click

from admin_cli.editing import PresentSchedules, save_edit, save_edits
from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.target_removal import remove_listed
from schedules.model import Schedule
from schedules.target_editing import add_forward, set_forward, uses_of

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.forwards", "list_forwards", "List the forwards of a schedule."),
    "add": LazyCommand("admin_cli.forwards", "add", "Add a forward."),
    "set": LazyCommand(
        "admin_cli.forwards", "set_fields", "Change a forward's name or number everywhere."
    ),
    "rename": LazyCommand("admin_cli.forwards", "rename", "Change the name of a forward."),
    "remove": LazyCommand(
        "admin_cli.forwards", "remove", "Remove a forward and clear it wherever it is used."
    ),
    "import": LazyCommand("admin_cli.forward_import", "import_file", "Import a CSV file's rows."),
    "import-from": LazyCommand(
        "admin_cli.forward_import", "import_from", "Import another schedule's forwards."
    ),
}
_ID: Final = click.argument("schedule_id", metavar="ID")
_FORWARD: Final = click.argument("forward_id", metavar="FORWARD")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def forward() -> None:
    """List, change and import forwards. A forward is a named number callers are sent to."""


@click.command(name="list", cls=Command, epilog="bereikbaar forward list hoofdkantoor")
@_ID
@pass_invocation
def list_forwards(invocation: Invocation, schedule_id: str) -> None:
    """List the forwards of a schedule, with how many places use each."""
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    schedule = current.schedule()
    uses = uses_of(schedule, "forward")
    if invocation.is_json:
        listed = [
            {"id": forward_id, "name": one.name, "number": one.number, "uses": uses[forward_id]}
            for forward_id, one in schedule.forwards.items()
        ]
        print_json({"schedule": schedule_id, "revision": current.revision, "forwards": listed})
        return
    if not schedule.forwards:
        tell(f"{schedule_id} has no forwards")
    print_table(
        ("ID", "NAME", "NUMBER", "USES"),
        [
            (forward_id, one.name, one.number, str(len(uses[forward_id])))
            for forward_id, one in schedule.forwards.items()
        ],
    )


@click.command(
    cls=EditCommand,
    epilog='bereikbaar forward add hoofdkantoor "Jan Jansen" 06-12345678\n'
    "bereikbaar forward add hoofdkantoor Nachtdienst +31201234567 --id nacht",
)
@_ID
@click.argument("name", metavar="NAME")
@click.argument("number", metavar="NUMBER")
@click.option("--id", "forward_id", metavar="FORWARD", help="Its id; else one made of its name.")
@pass_invocation
def add(
    invocation: Invocation, schedule_id: str, name: str, number: str, forward_id: str | None
) -> None:
    """Add a forward. NUMBER is as it is dialled here, or with its country code."""
    region = invocation.config.default_region
    added: dict[str, str] = {}

    def edit(present: PresentSchedules) -> list[Schedule]:
        before = present(schedule_id)
        after = add_forward(before, name, number, region=region, forward_id=forward_id)
        (new_id,) = after.forwards.keys() - before.forwards.keys()
        added.update(id=new_id, **dict(after.forwards[new_id]))
        return [after]

    save_edits(invocation, edit, summary=f"forward {name} added", forward=added)


@click.command(
    name="set",
    cls=EditCommand,
    epilog="bereikbaar forward set hoofdkantoor storing --number 06-12345679",
)
@_ID
@_FORWARD
@click.option("--name", metavar="NAME", help="Its new name.")
@click.option("--number", metavar="NUMBER", help="Its new telephone number.")
@pass_invocation
def set_fields(
    invocation: Invocation,
    schedule_id: str,
    forward_id: str,
    name: str | None,
    number: str | None,
) -> None:
    """Change a forward's name or number everywhere. Its id stays."""
    if name is None and number is None:
        raise click.UsageError("give --name, --number or both")
    region = invocation.config.default_region
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: set_forward(schedule, forward_id, name=name, number=number, region=region),
        f"forward {forward_id} changed",
    )


@click.command(
    cls=EditCommand, epilog='bereikbaar forward rename hoofdkantoor storing "Storing nacht"'
)
@_ID
@_FORWARD
@click.argument("name", metavar="NAME")
@pass_invocation
def rename(invocation: Invocation, schedule_id: str, forward_id: str, name: str) -> None:
    """Change the name of a forward. Its id stays, and so do its uses."""
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: set_forward(schedule, forward_id, name=name),
        f"forward {forward_id} renamed to {name}",
    )


@click.command(cls=EditCommand, epilog="bereikbaar forward remove hoofdkantoor storing --yes")
@_ID
@_FORWARD
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask at the terminal.")
@pass_invocation
def remove(invocation: Invocation, schedule_id: str, forward_id: str, *, is_sure: bool) -> None:
    """Remove a forward and clear it wherever it is used. Its uses are listed first."""
    remove_listed(invocation, schedule_id, "forward", forward_id, is_sure=is_sure)
