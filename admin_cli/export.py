"""`bereikbaar schedule export`: documents out of the store."""

import json
from pathlib import Path
from typing import Any

import click

from admin_cli.counting import counted
from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.refusals import EXIT_REFUSED, message_of
from admin_cli.whole_files import folder_of, replace_file
from schedules.documents import format_yaml, write_document
from schedules.errors import BereikbaarError, StoreUnavailableError
from schedules.revisions import Revision
from schedules.sqlite_store import SqliteStore

_Told = dict[str, Any]


@click.command(
    cls=Command,
    epilog="bereikbaar schedule export hoofdkantoor > hoofdkantoor.yaml\n"
    "bereikbaar schedule export --all --output backup/\n"
    "bereikbaar schedule export hoofdkantoor --bundle hoofdkantoor.zip",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every schedule.")
@click.option(
    "--output",
    metavar="FOLDER|FILE",
    help="A folder, made where it isn't, for ID.yaml files; or the file for one schedule.",
)
@click.option("--bundle", metavar="FILE", help="A .zip file for documents and their messages.")
@click.option("--format", "chosen_format", type=click.Choice(["yaml", "json"]), help="Else YAML.")
@pass_invocation
def export(  # noqa: PLR0913 - its options
    invocation: Invocation,
    ids: tuple[str, ...],
    *,
    is_all: bool,
    output: str | None,
    bundle: str | None,
    chosen_format: str | None,
) -> None:
    """Write schedules as documents that `apply` takes back.

    Without --output one schedule goes to stdout. Each file is replaced whole or not at all.
    """
    if is_all == bool(ids):
        raise click.UsageError("name schedules, or give --all")
    if output is not None and bundle is not None:
        raise click.UsageError("give either --output or --bundle")
    if bundle is not None:
        _check_suffix(bundle)
    is_single = len(ids) == 1
    if output is None and bundle is None and not is_single:
        raise click.UsageError("give --output FOLDER or --bundle FILE for more than one schedule")
    suffix = chosen_format or _format_of(output, is_json=invocation.is_json and bundle is None)
    with invocation.open_store() as store, store.reading():
        if bundle is not None:
            told = _write_bundle(invocation, store, ids, bundle, suffix)
        elif output is None:
            click.echo(_text_of(store.current(ids[0]), suffix), nl=False)
            return
        else:
            told = _write_to(store, ids, output, suffix, is_single=is_single)
    _tell_written(invocation, *told)


def _check_suffix(bundle: str) -> None:
    from admin_cli.bundles import SUFFIX

    if Path(bundle).suffix.lower() != SUFFIX:
        raise click.UsageError(
            f"{bundle} doesn't end in {SUFFIX}, by which `apply` tells a bundle; call it "
            f"{bundle}{SUFFIX}"
        )


def _write_to(
    store: SqliteStore, ids: tuple[str, ...], output: str, suffix: str, *, is_single: bool
) -> tuple[list[_Told], list[_Told]]:
    """Write schedules into a folder, or the one into a file."""
    folder = folder_of(output, is_single=is_single)
    if is_single:
        path = Path(output) if folder is None else folder / f"{ids[0]}.{suffix}"
        return [_write(store.current(ids[0]), path, suffix)], []
    return _write_all(store, ids, folder or Path(output), suffix)


def _write_bundle(
    invocation: Invocation, store: SqliteStore, ids: tuple[str, ...], bundle: str, suffix: str
) -> tuple[list[_Told], list[_Told]]:
    """Write schedules and their messages into a bundle."""
    from admin_cli.bundle_export import BundledDocument, write_bundle

    found, failed = _chosen(store, ids)
    documents = []
    written: list[_Told] = []
    for current in counted(found, "schedules"):
        try:
            schedule = current.schedule()
        except BereikbaarError as error:
            failed.append({"schedule": current.schedule_id, "problem": message_of(error)})
            continue
        name = f"{current.schedule_id}.{suffix}"
        text = _format(write_document(schedule, current.revision), suffix)
        documents.append(BundledDocument(name, text, schedule))
        written.append(
            {
                "schedule": current.schedule_id,
                "revision": current.revision,
                "file": f"{bundle}/{name}",
            }
        )
    if not documents:
        return [], failed
    return written, failed + write_bundle(Path(bundle), documents, invocation.masters)


def _write_all(
    store: SqliteStore, ids: tuple[str, ...], folder: Path, suffix: str
) -> tuple[list[_Told], list[_Told]]:
    """Write schedules, all where no ids are given; one that can't be written holds up no other."""
    written: list[_Told] = []
    found, failed = _chosen(store, ids)
    for current in counted(found, "schedules"):
        schedule_id = current.schedule_id
        try:
            written.append(_write(current, folder / f"{schedule_id}.{suffix}", suffix))
        except (BereikbaarError, OSError) as error:
            failed.append({"schedule": schedule_id, "problem": message_of(error)})
    return written, failed


def _chosen(store: SqliteStore, ids: tuple[str, ...]) -> tuple[list[Revision], list[_Told]]:
    """Return the schedules that are meant, all where no ids are given, and what is wrong."""
    if not ids:
        return _readable(store)
    found: list[Revision] = []
    failed: list[_Told] = []
    for schedule_id in dict.fromkeys(ids):
        try:
            found.append(store.current(schedule_id))
        except BereikbaarError as error:
            failed.append({"schedule": schedule_id, "problem": message_of(error)})
    return found, failed


def _readable(store: SqliteStore) -> tuple[list[Revision], list[_Told]]:
    """Return all schedules of the store, and its fault where some are missing or damaged."""
    present: list[Revision] = []
    try:
        # What could be read before the fault stays in it.
        present.extend(store.currents())
    except StoreUnavailableError as error:
        if not present:
            raise
        return present, [{"schedule": None, "problem": str(error)}]
    return present, []


def _write(current: Revision, path: Path, suffix: str) -> _Told:
    replace_file(path, _text_of(current, suffix).encode())
    return {"schedule": current.schedule_id, "revision": current.revision, "file": str(path)}


def _tell_written(invocation: Invocation, written: list[_Told], failed: list[_Told]) -> None:
    """Tell what was written and what wasn't; ends with exit code 1 where something wasn't."""
    if invocation.is_json:
        print_json({"written": written, "failed": failed})
    else:
        for one in written:
            click.echo(f"{one['schedule']}: revision {one['revision']} in {one['file']}")
        for one in failed:
            where = f"{one['schedule']}: {one['message']}: " if "message" in one else ""
            tell(f"Error: {where}{one['problem']}")
    if failed:
        tell(f"{len(written)} written, {len(failed)} failed")
        click.get_current_context().exit(EXIT_REFUSED)


def _text_of(current: Revision, suffix: str) -> str:
    return _format(write_document(current.schedule(), current.revision), suffix)


def _format_of(output: str | None, *, is_json: bool) -> str:
    """Take the format from the file's name, or for stdout from `--json`."""
    is_named = output is not None and output.endswith(".json")
    return "json" if is_named or (output is None and is_json) else "yaml"


def _format(document: dict[str, Any], suffix: str) -> str:
    if suffix == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return format_yaml(document)
