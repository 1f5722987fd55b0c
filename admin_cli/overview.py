"""`bereikbaar overview`: all hours of a schedule on one page."""

from pathlib import Path

import click

from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.overview_words import LANGUAGES, Language
from pbx_adapters import clock
from routing_engine.caller_changes import compile_at
from routing_engine.overview import Overview, overview_of
from schedules.revisions import Revision


@click.command(
    cls=Command,
    epilog="bereikbaar overview hoofdkantoor\n"
    "bereikbaar overview hoofdkantoor --html hoofdkantoor.html --lang en",
)
@click.argument("schedule_id", metavar="ID")
@click.option("--html", metavar="FILE", help="Write a page to print; - is stdout.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(LANGUAGES),
    help="Dutch or English; else Dutch on the page, English in the terminal.",
)
@pass_invocation
def overview(
    invocation: Invocation, schedule_id: str, html: str | None, language: Language | None
) -> None:
    """Show all hours of a schedule on one page.

    Weekly hours, holidays, exceptions, overrides, messages and forwards: in the terminal, or as a
    page of HTML that prints on A4 and needs nothing else. A page that is there is replaced whole;
    any other file is left alone.
    """
    if html == "-" and invocation.is_json:
        raise click.UsageError("--html - and --json both want stdout; name a file for the page")
    with invocation.open_store() as store:
        saved = store.current(schedule_id)
    found = _overview_at(saved, invocation)
    if html is not None:
        _write_page(found, saved, html, language or "nl", is_json=invocation.is_json)
    elif invocation.is_json:
        from admin_cli.overview_fields import overview_fields

        print_json(overview_fields(found, saved))
    else:
        from admin_cli.overview_text import print_overview

        print_overview(found, saved, language or "en")


def _overview_at(saved: Revision, invocation: Invocation) -> Overview:
    schedule, targets, at = saved.schedule(), invocation.targets, clock.now()
    table = compile_at(schedule, targets, at, saved.revision)
    return overview_of(schedule, table, targets, at)


def _write_page(
    found: Overview, saved: Revision, file: str, language: Language, *, is_json: bool
) -> None:
    from admin_cli.overview_html import PAGE_MARK, render_overview
    from admin_cli.whole_files import renew_file

    page = render_overview(found, saved, language).encode()
    if file == "-":
        click.echo(page, nl=False)
        return
    renew_file(Path(file), page, PAGE_MARK)
    if is_json:
        print_json({"schedule": saved.schedule_id, "revision": saved.revision, "file": file})
    else:
        click.echo(f"{saved.schedule_id}: overview of revision {saved.revision} in {file}")
