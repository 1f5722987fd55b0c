"""`bereikbaar migrate`: bring the store to this version."""

import click

from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from schedules.migrations import applied, check_not_newer, pending, telling
from schedules.sqlite_store import DATABASE_NAME


@click.command(cls=Command, epilog="bereikbaar migrate --dry-run")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only tell which steps are to come.")
@pass_invocation
def migrate(invocation: Invocation, *, is_dry_run: bool) -> None:
    """Bring the store to this version, and tell its steps. One that isn't there is created."""
    is_there = invocation.has_store(may_create=not is_dry_run)
    to_come, taken = _steps(invocation, is_there=is_there)
    if not is_dry_run:
        with invocation.open_store(may_create=True):
            pass
    if invocation.is_json:
        print_json({"dry_run": is_dry_run, "pending": to_come, "applied": taken})
        return
    for name in taken:
        click.echo(f"{name}: applied earlier")
    for name in to_come:
        click.echo(f"{name}: {'to be applied' if is_dry_run else 'applied now'}")


def _steps(invocation: Invocation, *, is_there: bool) -> tuple[list[str], list[str]]:
    """Return the steps that the store lacks, and those it has, without changing it."""
    import sqlite3
    from contextlib import closing

    path = invocation.data_dir / DATABASE_NAME
    uri = f"{path.absolute().as_uri()}?mode=ro" if is_there else "file::memory:"
    with telling(path), closing(sqlite3.connect(uri, uri=True)) as db:
        check_not_newer(db)
        return pending(db), applied(db)
