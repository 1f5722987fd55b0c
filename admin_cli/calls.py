"""`bereikbaar calls`: what was decided for the calls that were made."""

from itertools import islice
from typing import Final, get_args

import click

from admin_cli.call_words import read_span, span_options, tell_none
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.typed import Typed
from pbx_adapters.data_dir import DECISIONS_FILE
from routing_engine.decision import Action, CallStatus, Reason
from schedules.errors import FaultyValueError, NotFoundError, StoreUnavailableError
from schedules.field_text import check_slug
from schedules.telephone import read_number

_SHOWN: Final = 100
_MOST: Final = 1_000_000_000

_COMMANDS: Final = {
    "list": LazyCommand("admin_cli.calls", "list_calls", "List recorded calls, newest first."),
    "stats": LazyCommand("admin_cli.call_stats", "stats", "Count recorded calls."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def calls() -> None:
    """List and count the calls that were made, as long as they are kept."""


@click.command(
    name="list",
    cls=Command,
    epilog='bereikbaar calls list --number 085-0000000 --from "2026-11-20 09:00" --status closed\n'
    "bereikbaar calls list --caller 06-12345678 --limit 5\n"
    "bereikbaar calls list --from 2026-11-01 --to 2026-12-01 --csv november.csv",
)
@span_options
@click.option("--status", type=click.Choice(get_args(CallStatus)), help="Only these.")
@click.option("--action", type=click.Choice(get_args(Action)), help="Only these.")
@click.option("--reason", type=click.Choice(get_args(Reason)), help="Only these.")
@click.option("--number", metavar="N", help="Only calls to this number, in any form.")
@click.option("--schedule", metavar="ID", help="Only calls this schedule decided.")
@click.option("--caller", metavar="N", help="Only this caller's, in any form.")
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    metavar="N",
    help=f"At most so many; else {_SHOWN}, and with --csv all.",
)
@click.option("--csv", "csv_file", metavar="FILE", help="Write them as CSV; - is stdout.")
@pass_invocation
def list_calls(  # noqa: PLR0913 - its options
    invocation: Invocation,
    *,
    from_text: str | None,
    to_text: str | None,
    zone_name: str,
    number: str | None,
    caller: str | None,
    schedule: str | None,
    limit: int | None,
    csv_file: str | None,
    **wanted: str | None,
) -> None:
    """List recorded calls, newest first: what was asked, and what was decided.

    WHEN is 2026-11-22 10:00, 22-11-2026 10:00, a date alone for its midnight, or one with an
    offset. Callers' numbers aren't kept: --caller finds the calls of one that you know.
    `bereikbaar explain` replays a call.
    """
    if csv_file is not None and invocation.is_json:
        raise click.UsageError("give either --csv or --json")
    if csv_file == "":
        raise click.UsageError("--csv needs the name of a file, or - for stdout")
    from admin_cli.call_report import print_calls, print_calls_json, write_calls_csv
    from pbx_adapters import call_queries

    typed = Typed()
    span = read_span(typed, from_text, to_text, zone_name)
    chosen = call_queries.CallFilter(
        span.from_at,
        span.until_at,
        number=typed.read("--number", lambda: _number_of(invocation, number)),
        caller=typed.read("--caller", lambda: _hash_of(invocation, caller)),
        schedule=typed.read("--schedule", lambda: _schedule_of(invocation, schedule)),
        **{key: value or "" for key, value in wanted.items()},
    )
    typed.check()
    most = limit or (None if csv_file is not None else _SHOWN)
    path = invocation.beside_store(DECISIONS_FILE)
    found = call_queries.list_calls(path, chosen, None if most is None else most + 1)
    shown = found if most is None else islice(found, most)
    if csv_file is not None:
        count = write_calls_csv(shown, csv_file)
    elif invocation.is_json:
        count = print_calls_json(shown)
    else:
        count = print_calls(shown, span.zone)
    if not count:
        tell_none(invocation)
    elif next(found, None) is not None:
        tell(f"these are the newest {count}; --limit N shows more, --csv FILE all")


def _number_of(invocation: Invocation, text: str | None) -> str:
    """Return the number that is meant in E.164, empty for any; raises `FaultyValueError`."""
    if text is None:
        return ""
    _refuse_block(text)
    number = read_number(text, invocation.config.default_region)
    if number is None:
        raise FaultyValueError(
            (f"{text[:40]!r} is no telephone number", "write it as +31850000100")
        )
    return number


def _hash_of(invocation: Invocation, text: str | None) -> int | None:
    """Return the hash under which a caller's calls are kept, None for any.

    Raises `FaultyValueError`, also where the key is missing: other values are still to be judged.
    """
    if text is None:
        return None
    from pbx_adapters.caller_hash import CallerKeyError, hash_caller, read_caller_key

    _refuse_block(text)
    config = invocation.config
    try:
        key = read_caller_key(config.caller_key_path)
    except CallerKeyError as error:
        problem, _, remedy = str(error).partition("; ")
        raise FaultyValueError((problem, remedy)) from error
    hashed = hash_caller(key, text, config.default_region)
    if hashed is None:
        raise FaultyValueError(
            (f"{text[:40]!r} is no telephone number", "write it as +31612345678")
        )
    return hashed


def _refuse_block(text: str) -> None:
    """Raise `FaultyValueError` for a block, of which only the first number would be read."""
    if ".." in text:
        problem = f"{text[:40]!r} is a block of numbers"
        raise FaultyValueError(
            (problem, "give one of them, or --schedule ID for all of a schedule")
        )


def _schedule_of(invocation: Invocation, text: str | None) -> str:
    """Return the schedule that is meant, empty for any; it may be deleted, or be purged since.

    Raises `FaultyValueError` for one that there never was. Where there is no store that can tell,
    what is recorded does.
    """
    from pbx_adapters.call_queries import CallFilter, list_calls

    if text is None:
        return ""
    slug = check_slug(text)
    path = invocation.data_dir / DECISIONS_FILE
    if next(list_calls(path, CallFilter(schedule=slug), 1), None) is None:
        try:
            with invocation.open_store() as store:
                store.history(slug)
        except NotFoundError as error:
            problem, _, remedy = str(error).partition("; ")
            raise FaultyValueError((problem, remedy)) from None
        except StoreUnavailableError:
            pass
    return slug
