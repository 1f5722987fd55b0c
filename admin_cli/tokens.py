"""`bereikbaar token`: what PBXs and operators prove themselves with."""

import re
from datetime import datetime
from typing import Any, Final

import click

from admin_cli.invocation import Invocation, format_utc, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.refusals import FileFault, RefusedInputError
from pbx_adapters import clock
from schedules.errors import BereikbaarError, Fault, FaultyValueError, NotFoundError
from schedules.field_text import check_name
from schedules.sqlite_store import SqliteStore
from schedules.store import Token

_COMMANDS: Final = {
    "list": LazyCommand(
        "admin_cli.tokens", "list_tokens", "List tokens; their secrets are kept nowhere."
    ),
    "create": LazyCommand("admin_cli.tokens", "create", "Create a token, and show it this once."),
    "revoke": LazyCommand(
        "admin_cli.tokens", "revoke", "Revoke a token: the daemon refuses it from then on."
    ),
}
# The id stands between the prefix and the secret.
_WHOLE_TOKEN: Final = re.compile(r"bk_([0-9a-f]+)_")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def token() -> None:
    """List, create and revoke tokens."""


@click.command(cls=Command, name="list", epilog="bereikbaar token list --json")
@click.option("--all", "is_all", is_flag=True, help="Those revoked as well.")
@pass_invocation
def list_tokens(invocation: Invocation, *, is_all: bool) -> None:
    """List tokens; their secrets are kept nowhere."""
    with invocation.open_store() as store:
        tokens = store.all_tokens() if is_all else store.tokens()
    if invocation.is_json:
        print_json([_fields_of(one) for one in tokens])
        return
    print_table(
        ("ID", "NAME", "RIGHTS", "SCHEDULES", "NETWORKS", "CREATED", "REVOKED"),
        [
            (
                one.id,
                one.name,
                "operator" if one.is_operator else "pbx",
                " ".join(sorted(one.schedules)) or "all",
                " ".join(one.networks) or "any",
                _day(one.created_at),
                _day(one.revoked_at),
            )
            for one in tokens
        ],
    )


@click.command(
    cls=Command,
    epilog="bereikbaar token create centrale --schedule hoofdkantoor --network 192.0.2.0/24",
)
@click.argument("name")
@click.option(
    "--operator", "is_operator", is_flag=True, help="With every right, for all schedules."
)
@click.option(
    "--schedule", "schedules", metavar="ID", multiple=True, help="For this one; repeatable."
)
@click.option("--network", "networks", metavar="CIDR", multiple=True, help="From here; repeatable.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only judge what was given.")
@pass_invocation
def create(  # noqa: PLR0913 - one argument per option
    invocation: Invocation,
    name: str,
    *,
    is_operator: bool,
    schedules: tuple[str, ...],
    networks: tuple[str, ...],
    is_dry_run: bool,
) -> None:
    """Create a token, and show it this once.

    Without --schedule it is for all schedules, without --network from anywhere.
    """
    if is_operator and schedules:
        raise click.UsageError("an operator token is for all schedules: leave --schedule out")
    with invocation.open_store(may_create=True, is_dry_run=is_dry_run) as store:
        faults = [*_name_faults(name), *_schedule_faults(store, schedules)]
        made, text = _make(
            faults, name, is_operator=is_operator, schedules=schedules, networks=networks
        )
        with invocation.writing(store, is_dry_run=is_dry_run) as writer:
            writer.add_token(made)
        revision = store.revision()
    if is_dry_run:
        _tell_dry_run(invocation, made, "would be created")
        return
    _show(invocation, made, text)
    tell(f"token {made.id} ({made.name}) was created; it is shown this once only")
    if not invocation.is_json:
        tell(f"its table key: {made.table_key}")
    from admin_cli.control import follow_daemon

    follow_daemon(invocation, revision)


@click.command(cls=Command, epilog="bereikbaar token revoke centrale-utrecht")
@click.argument("id_or_name", metavar="ID|NAME")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say which it is; revoke nothing.")
@pass_invocation
def revoke(invocation: Invocation, id_or_name: str, *, is_dry_run: bool) -> None:
    """Revoke a token: the daemon refuses it from then on. A whole token is taken for its id."""
    id_or_name = _id_of(id_or_name)
    with invocation.open_store() as store:
        with invocation.writing(store, is_dry_run=is_dry_run) as writer:
            revoked = writer.revoke_token(id_or_name)
        revision = store.revision()
    if is_dry_run:
        _tell_dry_run(invocation, revoked, "would be revoked")
        return
    if invocation.is_json:
        print_json(_fields_of(revoked))
    else:
        click.echo(f"token {revoked.id} ({revoked.name}) is revoked")
    from admin_cli.control import follow_daemon

    follow_daemon(invocation, revision)


def _id_of(text: str) -> str:
    """Return the id in a whole token, so that its secret is shown nowhere; else the text."""
    whole = _WHOLE_TOKEN.match(text)
    return whole[1] if whole else text


def _show(invocation: Invocation, made: Token, text: str) -> None:
    """Show a new token; raises `BereikbaarError` where nobody can have got it."""
    try:
        if invocation.is_json:
            print_json({"token": text, "table_key": made.table_key, **_fields_of(made)})
        else:
            click.echo(text)
    except OSError as error:
        raise BereikbaarError(
            f"token {made.id} ({made.name}) was created, but could not be shown: "
            f"{error.strerror}; `bereikbaar token revoke {made.id}`, and create another"
        ) from error


def _make(faults: list[FileFault], name: str, **rights: Any) -> tuple[Token, str]:
    """Make a token and its text; raises `RefusedInputError`, earlier faults included."""
    from pbx_adapters.auth import create_token

    made = None
    try:
        made = create_token(name, **rights, created_at=clock.utc_now())
    except FaultyValueError as error:
        faults += [(None, Fault("--network", *pair)) for pair in error.faults]
    if faults or made is None:
        raise RefusedInputError(faults)
    return made


def _name_faults(name: str) -> list[FileFault]:
    try:
        check_name(name)
    except FaultyValueError as error:
        return [(None, Fault("NAME", *pair)) for pair in error.faults]
    return []


def _schedule_faults(store: SqliteStore, schedules: tuple[str, ...]) -> list[FileFault]:
    """Refuse schedules that aren't there: a token for a misspelt one would open nothing."""
    faults: list[FileFault] = []
    for schedule_id in dict.fromkeys(schedules):
        try:
            store.current(schedule_id)
        except NotFoundError as error:
            problem, _, remedy = str(error).partition("; ")
            faults.append((None, Fault("--schedule", problem, remedy)))
    return faults


def _tell_dry_run(invocation: Invocation, one: Token, what: str) -> None:
    if invocation.is_json:
        print_json({"dry_run": True, **_fields_of(one)})
    else:
        click.echo(f"token {one.name} {what}; a dry run: nothing was saved")


def _fields_of(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "operator": one.is_operator,
        "schedules": sorted(one.schedules),
        "networks": list(one.networks),
        "created_at": _iso(one.created_at),
        "revoked_at": _iso(one.revoked_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
