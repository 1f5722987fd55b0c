"""`bereikbaar token create` and `rotate`: whatever shows a token, this once."""

from datetime import datetime
from typing import Any, Final

import click

from admin_cli.invocation import Invocation, print_json, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.override_words import parse_length
from admin_cli.refusals import FileFault, RefusedInputError
from admin_cli.token_expiry import parse_expiry
from admin_cli.token_words import format_minute, token_fields
from admin_cli.tokens import id_of
from admin_cli.typed import Typed
from pbx_adapters import clock
from schedules.errors import BereikbaarError, Fault, FaultyValueError, NotFoundError
from schedules.field_text import check_name
from schedules.sqlite_store import SqliteStore
from schedules.store import Token

_OVERLAP: Final = "7d"
_expires_option = click.option(
    "--expires", metavar="WHEN", help="Until a moment, or for a span such as 90d."
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
@_expires_option
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only judge what was given.")
@pass_invocation
def create(  # noqa: PLR0913 - one argument per option
    invocation: Invocation,
    name: str,
    *,
    is_operator: bool,
    schedules: tuple[str, ...],
    networks: tuple[str, ...],
    expires: str | None,
    is_dry_run: bool,
) -> None:
    """Create a token, and show it this once.

    Without --schedule it is for all schedules, without --network from anywhere, without --expires
    until it is revoked.
    """
    if is_operator and schedules:
        raise click.UsageError("an operator token is for all schedules: leave --schedule out")
    at = clock.utc_now()
    with invocation.open_store(may_create=True, is_dry_run=is_dry_run) as store:
        faults = [*_name_faults(name), *_schedule_faults(store, schedules)]
        made, text = _make(
            faults,
            name,
            expires,
            at,
            is_operator=is_operator,
            schedules=schedules,
            networks=networks,
        )
        alike = [one.id for one in store.tokens() if _is_namesake(one, name, at)]
        with invocation.writing(store, is_dry_run=is_dry_run) as writer:
            writer.add_token(made)
        revision = store.revision()
    if alike:
        tell(
            f"Warning: {', '.join(alike)} {'are' if len(alike) > 1 else 'is'} live and called "
            f"{made.name} too: `token rotate` and `token revoke` need an id from now on"
        )
    if is_dry_run:
        _tell_dry_run(invocation, made, "would be created")
        return
    _show(invocation, made, text, "create another")
    tell(f"token {made.id} ({made.name}) was created; it is shown this once only{_until(made)}")
    _tell_key(invocation, made)
    _follow(invocation, revision)


@click.command(
    cls=Command,
    epilog="bereikbaar token rotate centrale\n"
    "bereikbaar token rotate 6808404fe98e --expires 365d --overlap 2d",
)
@click.argument("id_or_name", metavar="ID|NAME")
@_expires_option
@click.option(
    "--overlap",
    metavar="SPAN",
    default=_OVERLAP,
    show_default=True,
    help="How long the old one stays good.",
)
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say which it is; rotate nothing.")
@pass_invocation
def rotate(
    invocation: Invocation,
    id_or_name: str,
    *,
    expires: str | None,
    overlap: str,
    is_dry_run: bool,
) -> None:
    """Make a token like another, which stays good until the overlap ends; show it this once.

    Put the new one into the PBX meanwhile: no call is lost. At most two alike are live at once.
    """
    at = clock.utc_now()
    typed = Typed()
    length = typed.read("--overlap", lambda: parse_length(overlap))
    expires_at = typed.read("--expires", lambda: _expiry_of(expires, at))
    typed.check()
    with invocation.open_store() as store:
        with invocation.writing(store, is_dry_run=is_dry_run) as writer:
            old = _token_to_rotate(store, id_of(id_or_name), expires_at, at)
            made, text = _made_like(old, expires_at, at)
            writer.add_token(made)
            if _outlasts(old, at + length, at):
                old = writer.expire_token(old.id, at + length)
        revision = store.revision()
    if _ends_before(made, old):
        tell(
            f"Warning: the new token ends on {format_minute(made.expires_at)} UTC, before "
            f"{old.id}, whose place it takes; if that isn't meant, revoke it and rotate again with "
            "a later --expires, or a shorter --overlap"
        )
    if is_dry_run:
        _tell_dry_run(invocation, made, "would be rotated")
        return
    _show(invocation, made, text, "rotate again", replaces=token_fields(old, at, {}))
    tell(f"token {made.id} ({made.name}) was created; it is shown this once only{_until(made)}")
    _tell_key(invocation, made)
    if old.state_at(at) == "live":
        tell(
            f"it takes the place of {old.id}, which stays good until "
            f"{format_minute(old.expires_at)} UTC, or until `bereikbaar token revoke {old.id}`"
        )
    _follow(invocation, revision)


def _token_to_rotate(
    store: SqliteStore, id_or_name: str, expires_at: datetime | None, at: datetime
) -> Token:
    """Find the token that is meant; raises what says why it can't be rotated so."""
    from schedules.token_rotation import token_to_rotate

    old = token_to_rotate(store.tokens(), id_or_name, at)
    if old.expires_at is not None and expires_at is None:
        # To go on without an end, or with the old one's, would be a guess.
        problem = f"token {old.id} ({old.name}) ends on {format_minute(old.expires_at)} UTC"
        remedy = "say until when the new one is good, such as 365d"
        raise RefusedInputError([(None, Fault("--expires", problem, remedy))])
    return old


def _made_like(old: Token, expires_at: datetime | None, at: datetime) -> tuple[Token, str]:
    from pbx_adapters.auth import create_token

    return create_token(
        old.name,
        is_operator=old.is_operator,
        schedules=old.schedules,
        networks=old.networks,
        created_at=at,
        expires_at=expires_at,
    )


def _outlasts(old: Token, end: datetime, at: datetime) -> bool:
    """Tell whether the old token has to be shortened to end then; it is never prolonged."""
    return old.state_at(at) == "live" and (old.expires_at is None or old.expires_at > end)


def _ends_before(made: Token, old: Token) -> bool:
    """Tell whether a token ends before the one whose place it takes."""
    return made.expires_at is not None and (
        old.expires_at is None or made.expires_at < old.expires_at
    )


def _is_namesake(one: Token, name: str, at: datetime) -> bool:
    return one.name == name and one.state_at(at) == "live"


def _expiry_of(expires: str | None, at: datetime) -> datetime | None:
    return None if expires is None else parse_expiry(expires, at)


def _until(made: Token) -> str:
    return "" if made.expires_at is None else f"; it ends on {format_minute(made.expires_at)} UTC"


def _tell_key(invocation: Invocation, made: Token) -> None:
    if not invocation.is_json:
        tell(f"its table key: {made.table_key}")


def _follow(invocation: Invocation, revision: int) -> None:
    from admin_cli.control import follow_daemon

    follow_daemon(invocation, revision)


def _show(
    invocation: Invocation, made: Token, text: str, again: str, **more: dict[str, Any]
) -> None:
    """Show a new token; raises `BereikbaarError` where nobody can have got it."""
    try:
        if invocation.is_json:
            fields = token_fields(made, made.created_at, {})
            print_json({"token": text, "table_key": made.table_key, **fields, **more})
        else:
            click.echo(text)
    except OSError as error:
        raise BereikbaarError(
            f"token {made.id} ({made.name}) was created, but could not be shown: "
            f"{error.strerror}; `bereikbaar token revoke {made.id}`, and {again}"
        ) from error


def _make(
    faults: list[FileFault], name: str, expires: str | None, at: datetime, **rights: Any
) -> tuple[Token, str]:
    """Make a token and its text; raises `RefusedInputError`, earlier faults included."""
    from pbx_adapters.auth import create_token

    made, expires_at = None, None
    try:
        expires_at = _expiry_of(expires, at)
    except FaultyValueError as error:
        faults += [(None, Fault("--expires", *pair)) for pair in error.faults]
    try:
        made = create_token(name, **rights, created_at=at, expires_at=expires_at)
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
        print_json({"dry_run": True, **token_fields(one, one.created_at, {})})
    else:
        click.echo(f"token {one.name} {what}; a dry run: nothing was saved")
