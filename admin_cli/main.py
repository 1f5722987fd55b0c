"""The command line, `bereikbaar`: which commands there are, and where."""

import gc
import os
import sys
from io import TextIOWrapper
from typing import Final

import click

from admin_cli.lazy import LazyCommand, RootGroup

# All that a command imports is some 70,000 objects.
_GARBAGE_THRESHOLDS: Final = (100_000, 20, 50)

_COMMANDS: Final = {
    "serve": LazyCommand("admin_cli.serve", "serve", "Answer PBXs over HTTP until stopped."),
    "apply": LazyCommand(
        "admin_cli.apply", "apply", "Create or update schedules from documents, all or none."
    ),
    "check": LazyCommand(
        "admin_cli.check", "check", "Ask what happens to a call, now or at another time."
    ),
    "diff": LazyCommand(
        "admin_cli.diff", "diff", "Say what changes for callers between two states of a schedule."
    ),
    "schedule": LazyCommand(
        "admin_cli.schedules", "schedule", "List, show, export, delete, restore and link schedules."
    ),
    "hours": LazyCommand("admin_cli.hours", "hours", "Show and change weekly hours."),
    "exception": LazyCommand("admin_cli.exceptions", "exception", "List and change exceptions."),
    "holiday": LazyCommand(
        "admin_cli.holidays", "holiday", "List Dutch holidays, and switch them on or off."
    ),
    "template": LazyCommand(
        "admin_cli.templates", "template", "Show and choose the day that new exceptions begin with."
    ),
    "override": LazyCommand(
        "admin_cli.overrides", "override", "Force schedules open or closed for a while."
    ),
    "lint": LazyCommand(
        "admin_cli.lint", "lint", "Find what is allowed in schedules but probably not meant."
    ),
    "lock": LazyCommand("admin_cli.locks", "lock", "Show, take, release and break edit locks."),
    "overview": LazyCommand(
        "admin_cli.overview", "overview", "Show all hours of a schedule on one page."
    ),
    "calendar": LazyCommand(
        "admin_cli.calendar",
        "calendar",
        "Show what holds each day of a month, or export opening hours.",
    ),
    "forward": LazyCommand("admin_cli.forwards", "forward", "List, change and import forwards."),
    "audio": LazyCommand("admin_cli.audio", "audio", "List, change, import and export messages."),
    "token": LazyCommand("admin_cli.tokens", "token", "List, create, rotate and revoke tokens."),
    "pbx": LazyCommand(
        "admin_cli.pbx", "pbx", "Install on a PBX what asks this daemon, and check it from there."
    ),
    "notifications": LazyCommand(
        "admin_cli.notifications",
        "notifications",
        "See, try and send again what receivers are told of schedules.",
    ),
    "calls": LazyCommand("admin_cli.calls", "calls", "List and count the calls that were made."),
    "explain": LazyCommand(
        "admin_cli.explain", "explain", "Replay a recorded call from the revision that decided it."
    ),
    "config": LazyCommand("admin_cli.configuration", "config", "Check and show the configuration."),
    "doctor": LazyCommand(
        "admin_cli.doctor", "doctor", "Look for faults in what is stored, and tell what to do"
    ),
    "backup": LazyCommand(
        "admin_cli.backup",
        "backup",
        "Write all that is stored to one file, while calls and edits go on, and read it back.",
    ),
    "restore": LazyCommand("admin_cli.restore", "restore", "Put a backup in the store's place."),
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
    # Imports leave no garbage: looking for it is a tenth of the time they take.
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    # pydantic would read what every installed package says of itself, to look for plug-ins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    # A terminal that hasn't got a name's letters must not end a command half way.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(bereikbaar())
