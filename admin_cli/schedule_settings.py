"""`bereikbaar schedule set` and `rename`."""

from typing import Any

import click

from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation
from admin_cli.lazy import EditCommand, SaveCommand, pass_invocation
from schedules.settings_editing import with_settings


@click.command(
    name="set",
    cls=EditCommand,
    epilog='bereikbaar schedule set hoofdkantoor --email balie@example.nl --notes ""',
)
@click.argument("schedule_id", metavar="ID")
@click.option("--name", metavar="NAME", help="What people call it; its id stays.")
@click.option("--company", metavar="NAME", help='Whose it is; "" for none.')
@click.option("--notes", metavar="TEXT", help='Whatever operators are to know; "" for nothing.')
@click.option(
    "--email", "voicemail_email", metavar="ADDRESS", help='Where voicemail goes; "" for nowhere.'
)
@click.option("--timezone", metavar="ZONE", help="Its time zone, as Europe/Amsterdam.")
@click.option("--pbx", metavar="PBX", help="3cx, swyx, asterisk, freeswitch or generic.")
@click.option(
    "--forward-country",
    "forward_countries",
    metavar="CC",
    multiple=True,
    help='A country that forwards may lead to beside yours, as BE; all of them; "" for none.',
)
@pass_invocation
def set_schedule(
    invocation: Invocation, schedule_id: str, forward_countries: tuple[str, ...], **fields: Any
) -> None:
    """Change the settings of a schedule; its id never changes.

    What isn't given stays. Hours, numbers, forwards and messages have commands of their own.
    """
    given = {key: value for key, value in fields.items() if value is not None}
    if forward_countries:
        given["forward_countries"] = [] if forward_countries == ("",) else list(forward_countries)
    if not given:
        raise click.UsageError("give what is to change, such as --name")
    options = ", ".join(given).replace("voicemail_email", "e-mail").replace("_", " ")
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: with_settings(schedule, **given),
        f"settings changed: {options}",
    )


@click.command(
    cls=SaveCommand, epilog='bereikbaar schedule rename hoofdkantoor "Hoofdkantoor Utrecht"'
)
@click.argument("schedule_id", metavar="ID")
@click.argument("name", metavar="NAME")
@pass_invocation
def rename(invocation: Invocation, schedule_id: str, name: str) -> None:
    """Give a schedule another name.

    Its id never changes: PBXs, tokens and the history know the schedule by it.
    """
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: with_settings(schedule, name=name),
        "renamed",
    )
