"""`bereikbaar token`: what PBXs and operators prove themselves with."""

import re
from typing import Final

import click

from admin_cli.invocation import Invocation, print_json, print_table
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.token_words import format_minute, token_fields, token_uses
from pbx_adapters import clock

_COMMANDS: Final = {
    "list": LazyCommand(
        "admin_cli.tokens", "list_tokens", "List tokens; their secrets are kept nowhere."
    ),
    "create": LazyCommand(
        "admin_cli.token_making", "create", "Create a token, and show it this once."
    ),
    "rotate": LazyCommand(
        "admin_cli.token_making",
        "rotate",
        "Make a token like another, which stays good until the overlap ends.",
    ),
    "revoke": LazyCommand(
        "admin_cli.tokens", "revoke", "Revoke a token: the daemon refuses it from then on."
    ),
}
_HEADINGS: Final = (
    *("ID", "NAME", "STATE", "RIGHTS", "SCHEDULES", "NETWORKS"),
    *("CREATED", "EXPIRES", "LAST USED", "REVOKED"),
)
# The id stands between the prefix and the secret.
_WHOLE_TOKEN: Final = re.compile(r"bk_([0-9a-f]+)_")


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def token() -> None:
    """List, create, rotate and revoke tokens."""


@click.command(cls=Command, name="list", epilog="bereikbaar token list --json")
@click.option("--all", "is_all", is_flag=True, help="Those revoked as well.")
@pass_invocation
def list_tokens(invocation: Invocation, *, is_all: bool) -> None:
    """List tokens; their secrets are kept nowhere. All times are UTC."""
    at = clock.utc_now()
    with invocation.open_store() as store:
        kept = store.all_tokens() if is_all else store.tokens()
    tokens = sorted(kept, key=lambda one: (one.name, one.created_at, one.id))
    uses = token_uses(invocation)
    if invocation.is_json:
        print_json([token_fields(one, at, uses) for one in tokens])
        return
    print_table(
        _HEADINGS,
        [
            (
                one.id,
                one.name,
                one.state_at(at),
                "operator" if one.is_operator else "pbx",
                " ".join(sorted(one.schedules)) or "all",
                " ".join(one.networks) or "any",
                f"{one.created_at:%Y-%m-%d}",
                format_minute(one.expires_at),
                format_minute(uses.get(one.id)),
                format_minute(one.revoked_at),
            )
            for one in tokens
        ],
    )


@click.command(cls=Command, epilog="bereikbaar token revoke centrale-utrecht")
@click.argument("id_or_name", metavar="ID|NAME")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say which it is; revoke nothing.")
@pass_invocation
def revoke(invocation: Invocation, id_or_name: str, *, is_dry_run: bool) -> None:
    """Revoke a token: the daemon refuses it from then on. A whole token is taken for its id."""
    with invocation.open_store() as store:
        with invocation.writing(store, is_dry_run=is_dry_run) as writer:
            revoked = writer.revoke_token(id_of(id_or_name))
        revision = store.revision()
    told = f"token {revoked.name} would be revoked; a dry run: nothing was saved"
    if invocation.is_json:
        head = {"dry_run": True} if is_dry_run else {}
        print_json({**head, **token_fields(revoked, clock.utc_now(), token_uses(invocation))})
    else:
        click.echo(told if is_dry_run else f"token {revoked.id} ({revoked.name}) is revoked")
    if not is_dry_run:
        from admin_cli.control import follow_daemon

        follow_daemon(invocation, revision)


def id_of(text: str) -> str:
    """Return the id in a whole token, so that its secret is shown nowhere; else the text."""
    whole = _WHOLE_TOKEN.match(text)
    return whole[1] if whole else text
