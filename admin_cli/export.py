"""`bereikbaar schedule export`: documents out of the store."""

import json
import os
from pathlib import Path
from typing import Any

import click

from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from schedules.documents import format_yaml, write_document
from schedules.errors import BereikbaarError
from schedules.sqlite_store import SqliteStore
from schedules.store import Revision


@click.command(
    cls=Command,
    epilog="bereikbaar schedule export hoofdkantoor > hoofdkantoor.yaml\n"
    "bereikbaar schedule export --all --output backup/",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every schedule.")
@click.option(
    "--output",
    metavar="FOLDER|FILE",
    help="A folder, made where it isn't, for ID.yaml files; or the file for one schedule.",
)
@click.option("--format", "chosen_format", type=click.Choice(["yaml", "json"]), help="Else YAML.")
@pass_invocation
def export(
    invocation: Invocation,
    ids: tuple[str, ...],
    *,
    is_all: bool,
    output: str | None,
    chosen_format: str | None,
) -> None:
    """Write schedules as documents that `apply` takes back.

    Without --output one schedule goes to stdout. Each file is replaced whole or not at all.
    """
    if is_all == bool(ids):
        raise click.UsageError("name schedules, or give --all")
    is_single = len(ids) == 1
    if output is None and not is_single:
        raise click.UsageError("give --output FOLDER for more than one schedule")
    suffix = chosen_format or _format_of(output, is_json=invocation.is_json)
    written = []
    with invocation.open_store() as store, store.reading():
        for current in _chosen(store, dict.fromkeys(ids)):
            document = write_document(current.schedule(), current.revision)
            text = _format(document, suffix)
            if output is None:
                click.echo(text, nl=False)
                return
            path = _path_of(Path(output), output, current.schedule_id, suffix, is_single=is_single)
            _replace(path, text)
            written.append(
                {"schedule": current.schedule_id, "revision": current.revision, "file": str(path)}
            )
    if invocation.is_json:
        print_json({"written": written})
        return
    for one in written:
        click.echo(f"{one['schedule']}: revision {one['revision']} in {one['file']}")


def _chosen(store: SqliteStore, ids: dict[str, None]) -> list[Revision]:
    return [store.current(schedule_id) for schedule_id in ids] or list(store.currents())


def _format_of(output: str | None, *, is_json: bool) -> str:
    """Take the format from the file's name, or for stdout from `--json`."""
    is_named = output is not None and output.endswith(".json")
    return "json" if is_named or (output is None and is_json) else "yaml"


def _format(document: dict[str, Any], suffix: str) -> str:
    if suffix == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return format_yaml(document)


def _path_of(path: Path, output: str, schedule_id: str, suffix: str, *, is_single: bool) -> Path:
    """Return the file for a schedule: in the folder `path`, or `path` itself for a single one."""
    is_folder = path.is_dir() or output.endswith(os.sep) or not is_single or not path.suffix
    if not is_folder:
        return path
    if path.exists() and not path.is_dir():
        raise BereikbaarError(f"{path} is not a folder; name another, or remove it")
    path.mkdir(parents=True, exist_ok=True)
    return path / f"{schedule_id}.{suffix}"


def _replace(path: Path, text: str) -> None:
    """Write a file whole: beside it first, then in its place."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
