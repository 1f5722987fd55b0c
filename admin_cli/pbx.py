"""`bereikbaar pbx`: what is installed on a PBX, and whether it works there."""

from typing import Final

import click

from admin_cli.lazy import LazyCommand, LazyGroup

_COMMANDS: Final = {
    "script": LazyCommand(
        "admin_cli.pbx_script", "script", "Fill in the scripts that are installed on a PBX."
    ),
    "doctor": LazyCommand(
        "admin_cli.pbx_doctor", "doctor", "Check from a PBX's side whether its calls are answered."
    ),
}


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def pbx() -> None:
    """Install on a PBX what asks this daemon, and check it from there."""
