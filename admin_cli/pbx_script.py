"""`bereikbaar pbx script`: a PBX's scripts, filled in for one installation."""

import hmac
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.pbx_secrets import Secrets, read_secrets
from admin_cli.pbx_typed import Known, address_in, look_up, read_address, read_called
from admin_cli.typed import Typed
from admin_cli.whole_files import NewFile, write_together
from pbx_adapters.pbx_scripts import (
    AboutScripts,
    Installation,
    about_scripts,
    check_value,
    left_placeholders,
    pbx_names,
    render_scripts,
)
from schedules.errors import FaultyValueError, meant

# They hold a token: nobody but their owner reads them.
_MODE: Final = 0o600
_PROGRAM_MODE: Final = 0o700
# The setting that names the schedule which messages are recorded for.
_RECORDED: Final = "recording_schedule"
_RECORDS: Final = "recording."


@click.command(
    cls=Command,
    epilog="bereikbaar pbx script asterisk --list\n"
    "bereikbaar pbx script asterisk --token-file token --output asterisk/",
)
@click.argument("pbx", type=click.Choice(pbx_names()))
@click.option("--list", "is_listed", is_flag=True, help="Only list its files and settings.")
@click.option("--number", metavar="N", help="Ask for this number, whichever was called.")
@click.option("--schedule", metavar="ID", help="Or for this schedule.")
@click.option("--token", metavar="TOKEN", help="What it proves itself with; - reads stdin.")
@click.option("--token-file", metavar="FILE", help="Or the file that it stands in.")
@click.option("--address", metavar="URL", help="The daemon's; else public_url, or listen.")
@click.option("--default-route", metavar="ROUTE", default="", help="Where untreated calls go.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.IntRange(1, 30),
    default=2,
    show_default=True,
    help="How long a call waits for an answer.",
)
@click.option("--table-key", metavar="HEX", help="The token's; else as the store has it.")
@click.option("--table-key-file", metavar="FILE", help="Or the file that it stands in.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting of its.")
@click.option("--file", "name", metavar="NAME", help="Only this file.")
@click.option("--output", metavar="FOLDER", help="Write there.")
@click.option("--force", "is_forced", is_flag=True, help="Replace files that differ.")
@pass_invocation
def script(invocation: Invocation, /, **typed: Any) -> None:
    """Fill in the scripts that are installed on a PBX.

    One file goes to stdout; --output writes all of them into a folder, whole or not at all. They
    hold the token: whoever reads them can ask as the PBX does.
    """
    about = about_scripts(typed["pbx"])
    if typed["is_listed"]:
        if typed["output"] is not None:
            raise click.UsageError("--list writes no files: leave it out, or --output")
        _print_list(invocation, typed["pbx"], about)
        return
    _check_usage(invocation, about, typed)
    installation, known = _read(invocation, typed)
    texts = render_scripts(typed["pbx"], installation)
    chosen = {one: text for one, text in texts.items() if typed["name"] in (None, one)}
    _warn(about, installation, known, chosen)
    filled = _Filled(typed["pbx"], about, installation, chosen)
    if typed["output"] is None:
        _print(invocation, filled)
    else:
        _write(invocation, filled, Path(typed["output"]), may_replace=typed["is_forced"])


def _warn(
    about: AboutScripts, installation: Installation, known: Known, chosen: dict[str, str]
) -> None:
    """Tell what was filled in and is probably not meant."""
    for warning in known.warnings:
        tell(f"Warning: {warning}")
    for name, setting in left_placeholders(about, installation).items():
        tell(
            f"Warning: {name} is left at {setting.default}, which only stands for yours, so no "
            f"forward arrives; give --set {name}=VALUE: {setting.help}"
        )
    if not installation.table_key:
        tell(
            "Warning: without a table key the scripts keep no table for when the daemon can't be "
            "reached; give --table-key-file FILE, or --data-dir with the token's store"
        )
    recording = [one for one in chosen if one.startswith(_RECORDS)]
    if recording and not (installation.schedule or installation.settings.get(_RECORDED)):
        tell(
            f"Warning: {' and '.join(recording)} can send no recording: give --set {_RECORDED}=ID, "
            "or --schedule ID"
        )


class _Filled(NamedTuple):
    """What was filled in: the chosen files of one PBX, by name, and with what."""

    pbx: str
    about: AboutScripts
    installation: Installation
    texts: dict[str, str]

    def fields(self) -> dict[str, Any]:
        """Tell a program what they were filled with, secrets aside."""
        return {
            "pbx": self.pbx,
            "name": self.about.name,
            "guide": self.about.guide,
            "address": self.installation.base_url,
            "number": self.installation.number or None,
            "schedule": self.installation.schedule or None,
            "keeps_table": bool(self.installation.table_key),
        }


def _check_usage(invocation: Invocation, about: AboutScripts, typed: dict[str, Any]) -> None:
    """Raise `click.UsageError` for options that don't go together."""
    name = typed["name"]
    if typed["number"] is not None and typed["schedule"] is not None:
        raise click.UsageError("give either --number or --schedule")
    if name is not None and name not in about.files:
        remedy = meant(name, about.files, f"they are {', '.join(about.files)}")
        raise click.UsageError(f"{about.name} has no file {name[:80]!r}; {remedy}")
    is_printed = typed["output"] is None and not invocation.is_json
    if is_printed and name is None and len(about.files) > 1:
        raise click.UsageError(
            f"{about.name} has several files: give --output FOLDER for all, or --file with one of "
            f"{', '.join(about.files)}"
        )
    if typed["is_forced"] and typed["output"] is None:
        raise click.UsageError("--force goes with --output")
    if typed["output"] == "":
        raise click.UsageError("--output names no folder; . is the one you are in")


def _read(invocation: Invocation, typed: dict[str, Any]) -> tuple[Installation, Known]:
    """Read what was typed; raises `RefusedInputError` with every fault."""
    reader = Typed()
    number, schedule = typed["number"], typed["schedule"]
    number = number and reader.read(
        "--number", lambda: read_called(number, invocation.config.default_region)
    )
    schedule = schedule and reader.read("--schedule", lambda: check_value("SCHEDULE", schedule))
    route = reader.read(
        "--default-route", lambda: check_value("DEFAULT_ROUTE", typed["default_route"])
    )
    given = typed["address"]
    address = reader.read(
        "--address", lambda: address_in(invocation) if given is None else read_address(given)
    )
    secrets = read_secrets(reader, typed)
    settings: dict[str, str] = {}
    for pair in typed["settings"]:
        reader.read("--set", partial(_add_setting, settings, pair))
    reader.read("--output", lambda: _check_folder(typed["output"]))
    known = secrets.token and reader.read(
        secrets.token_place,
        lambda: look_up(
            invocation,
            number or "",
            schedule or "",
            secrets.token,
            settings.get(_RECORDED, ""),
        ),
    )
    known = known or Known()
    reader.read(secrets.key_place, lambda: _check_key(secrets, known))
    # Every gap is filled, to have faults of settings told beside the others.
    installation = Installation(
        address or "http://nowhere.invalid",
        secrets.token or "bk_0_0",
        secrets.table_key or (known.token.table_key if known.token else ""),
        number or "",
        schedule or "",
        route or "",
        typed["timeout"],
        settings,
    )
    reader.read("--set", lambda: render_scripts(typed["pbx"], installation))
    reader.check()
    return installation, known


def _add_setting(settings: dict[str, str], pair: str) -> None:
    """Read NAME=VALUE; raises `FaultyValueError`, also for a name that is there already."""
    name, equals, value = pair.partition("=")
    if not equals:
        raise FaultyValueError((f"{pair[:80]!r} has no =", "write NAME=VALUE"))
    if name in settings:
        raise FaultyValueError((f"{name[:80]} is given twice", "give it once"))
    settings[name] = value


def _check_folder(output: str | None) -> None:
    """Raise `FaultyValueError` where something else is in the folder's place."""
    if output is not None and Path(output).exists() and not Path(output).is_dir():
        raise FaultyValueError((f"{output} is not a folder", "name another, or remove it"))


def _check_key(secrets: Secrets, known: Known) -> None:
    """Raise `FaultyValueError` for another key than the store has for the token."""
    token = known.token
    if token is None or not token.table_key or not secrets.table_key:
        return
    if not hmac.compare_digest(token.table_key, secrets.table_key):
        raise FaultyValueError(
            (
                f"is not the table key of token {token.id} ({token.name})",
                "leave it out, and the one that the store has is taken",
            )
        )


def _print_list(invocation: Invocation, pbx: str, about: AboutScripts) -> None:
    """Tell which files there are for a PBX, and which settings they have."""
    if invocation.is_json:
        files = [
            {"file": name, "program": one.is_program, "help": one.help}
            for name, one in about.files.items()
        ]
        settings = [
            {"setting": name, **one.model_dump(by_alias=True)}
            for name, one in about.settings.items()
        ]
        told = {"pbx": pbx, "name": about.name, "guide": about.guide}
        print_json({**told, "files": files, "settings": settings})
        return
    click.echo(f"{about.name}, see {about.guide}\n")
    print_table(("FILE", "WHAT FOR"), [(name, one.help) for name, one in about.files.items()])
    if about.settings:
        rows: list[tuple[str, ...]] = [
            (name, one.default, one.help) for name, one in about.settings.items()
        ]
        click.echo()
        print_table(("SETTING", "UNLESS SET", "WHAT IT IS"), rows)


def _print(invocation: Invocation, filled: _Filled) -> None:
    if invocation.is_json:
        files = [
            {"file": name, "program": filled.about.files[name].is_program, "text": text}
            for name, text in filled.texts.items()
        ]
        print_json({**filled.fields(), "files": files})
        return
    if sys.stdout.isatty():
        tell("Warning: it holds a secret, which now stands on this terminal")
    click.echo("".join(filled.texts.values()), nl=False)


def _write(invocation: Invocation, filled: _Filled, folder: Path, *, may_replace: bool) -> None:
    """Write what was filled in, and tell about each file what became of it."""
    files = [
        NewFile(
            name,
            text.encode(),
            _PROGRAM_MODE if filled.about.files[name].is_program else _MODE,
        )
        for name, text in filled.texts.items()
    ]
    results = write_together(folder, files, may_replace=may_replace)
    if invocation.is_json:
        told = [
            {"file": name, "path": str(folder / name), "result": result}
            for name, result in results.items()
        ]
        print_json({**filled.fields(), "files": told})
        return
    for name, result in results.items():
        click.echo(f"{folder / name}: {result}")
    tell(f"they hold a secret; {filled.about.guide} says where each belongs")
