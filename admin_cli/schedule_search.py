"""`bereikbaar schedule search`: where a name, a number or an address is."""

from collections.abc import Iterator
from typing import Any, Final

import click

from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.typed import read_typed
from schedules.model import Schedule
from schedules.revisions import DamagedRevisionError
from schedules.search import MAX_FOUND, Category, Found, Hit, Query, may_hold, parse_query, search
from schedules.sqlite_store import SqliteStore

_HEADINGS: Final[dict[Category, str]] = {
    "schedules": "Schedules, by id or name",
    "companies": "Companies",
    "numbers": "Linked numbers",
    "emails": "E-mail addresses",
    "forwards": "Forwards, by name or number",
    "messages": "Messages",
}


@click.command(
    name="search",
    cls=Command,
    epilog="bereikbaar schedule search jansen\nbereikbaar schedule search 085-00001",
)
@click.argument("text", metavar="TEXT")
@pass_invocation
def search_schedules(invocation: Invocation, text: str) -> None:
    """Find schedules by what stands in them, capitals and accents aside.

    TEXT is one or more words of an id, name, company, e-mail address, forward or message; or a
    number in any form, or some of its digits, which finds linked numbers, blocks that contain it,
    and forwards.
    """
    region = invocation.config.default_region
    query = read_typed("TEXT", lambda: parse_query(text, region))
    unreadable: list[str] = []
    with invocation.open_store() as store:
        found = search(_candidates(store, query, unreadable), query)
    for problem in unreadable:
        tell(f"Warning: {problem}")
    if invocation.is_json:
        categories = {category: _fields(one) for category, one in found.items()}
        print_json({"query": text, "categories": categories, "unreadable": unreadable})
        return
    if not any(one.count for one in found.values()):
        tell(f"nothing holds {text!r}")
    for category, one in found.items():
        for line in _lines(_HEADINGS[category], one):
            click.echo(line)


def _candidates(store: SqliteStore, query: Query, unreadable: list[str]) -> Iterator[Schedule]:
    """Read the schedules that may hold what is looked for; of the others only the text."""
    for current in store.currents():
        if not may_hold(current.document, query):
            continue
        try:
            yield current.schedule()
        except DamagedRevisionError as error:
            unreadable.append(str(error))


def _fields(found: Found) -> dict[str, Any]:
    return {
        "count": found.count,
        "is_cut_off": found.is_cut_off,
        "found": [
            {
                "schedule": hit.schedule_id,
                "schedule_name": hit.schedule_name,
                "id": hit.entry_id,
                "text": hit.text,
                "number": hit.number,
            }
            for hit in found.hits
        ],
    }


def _lines(heading: str, found: Found) -> Iterator[str]:
    if not found.count:
        return
    shown = f", the first {MAX_FOUND} shown" if found.is_cut_off else ""
    yield f"{heading} ({found.count}{shown}):"
    width = max(len(hit.schedule_id) for hit in found.hits)
    for hit in found.hits:
        yield f"  {hit.schedule_id:<{width}}  {_told(hit)}"


def _told(hit: Hit) -> str:
    number = "" if hit.number in (None, hit.text) else f"  {hit.number}"
    return f"{hit.text}{number}"
