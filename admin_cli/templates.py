"""`bereikbaar template`: the day that new exceptions begin with."""

from typing import Final

import click

from admin_cli.day_words import parse_rule, slot_texts
from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, EditCommand, LazyCommand, LazyGroup, pass_invocation
from admin_cli.typed import read_typed
from schedules.editing import set_template, template_slots

_COMMANDS: Final = {
    "show": LazyCommand(
        "admin_cli.templates", "show", "Show which day is the template, and its slots."
    ),
    "set": LazyCommand(
        "admin_cli.templates", "set_day", "Choose the day that new exceptions begin with."
    ),
}
_ID: Final = click.argument("schedule_id", metavar="ID")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def template() -> None:
    """Show and choose the day that new exceptions begin with."""


@click.command(cls=Command, epilog="bereikbaar template show hoofdkantoor")
@_ID
@pass_invocation
def show(invocation: Invocation, schedule_id: str) -> None:
    """Show which day is the template, and its slots."""
    with invocation.open_store() as store:
        current = store.current(schedule_id)
    schedule = current.schedule()
    plan = () if schedule.template is None else template_slots(schedule)
    slots = slot_texts(plan)
    if invocation.is_json:
        fields = {"template": schedule.template, "slots": slots}
        print_json({"schedule": schedule_id, "revision": current.revision, **fields})
        return
    if schedule.template is None:
        tell(f"{schedule_id} has no template")
        return
    click.echo(schedule.template)
    for slot in slots:
        click.echo(f"  {slot}")


@click.command(
    name="set",
    cls=EditCommand,
    epilog="bereikbaar template set hoofdkantoor sat\nbereikbaar template set hoofdkantoor none",
)
@_ID
@click.argument("day", metavar="DAY|none")
@pass_invocation
def set_day(invocation: Invocation, schedule_id: str, day: str) -> None:
    """Choose the day that new exceptions begin with; earlier ones stay as they are.

    DAY is a day of the week, a holiday or an exception: sat, koningsdag, exceptions/open-dag.
    """
    rule = read_typed("DAY", lambda: None if day == "none" else parse_rule(day))
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: set_template(schedule, rule),
        f"template: {day}",
    )
