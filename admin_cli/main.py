"""The command line, `bereikbaar`: which commands there are, and where."""

import sys
from typing import Final

import click

from admin_cli.lazy import LazyCommand, RootGroup

_COMMANDS: Final = {
    "serve": LazyCommand("admin_cli.serve", "serve", "Answer PBXs over HTTP until stopped."),
    "apply": LazyCommand(
        "admin_cli.apply", "apply", "Create or update schedules from documents, all or none."
    ),
    "check": LazyCommand(
        "admin_cli.check", "check", "Ask what happens to a call, now or at another time."
    ),
    "schedule": LazyCommand(
        "admin_cli.schedules", "schedule", "List, show, export, delete and link schedules."
    ),
    "hours": LazyCommand("admin_cli.hours", "hours", "Show and change weekly hours."),
    "exception": LazyCommand(
        "admin_cli.exceptions", "exception", "Dated hours that replace the weekly hours."
    ),
    "holiday": LazyCommand("admin_cli.holidays", "holiday", "Dutch holidays, on or off."),
    "template": LazyCommand(
        "admin_cli.templates", "template", "The day that new exceptions begin with."
    ),
    "override": LazyCommand(
        "admin_cli.overrides", "override", "Force schedules open or closed for a while."
    ),
    "token": LazyCommand("admin_cli.tokens", "token", "List, create and revoke tokens."),
    "migrate": LazyCommand(
        "admin_cli.migrate", "migrate", "Bring the store to this version, and tell its steps."
    ),
}


@click.command(
    cls=RootGroup,
    lazy=_COMMANDS,
    name="bereikbaar",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="bereikbaar", prog_name="bereikbaar")
def bereikbaar() -> None:
    """Keep opening hours, and decide what happens to an incoming telephone call.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 the answer is no.
    """


def main() -> None:
    """Run the command line."""
    sys.exit(bereikbaar())
