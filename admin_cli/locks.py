"""`bereikbaar lock`: one user at a time edits a schedule (semantics.md rule 26)."""

import re
from typing import Any, Final

import click

from admin_cli.invocation import Invocation, format_utc, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, SaveCommand, pass_invocation
from pbx_adapters import clock
from schedules.edit_locks import MAX_LOCK_SECONDS, EditLock

_COMMANDS: Final = {
    "show": LazyCommand("admin_cli.locks", "show", "Show who is editing what, and until when."),
    "take": LazyCommand(
        "admin_cli.locks", "take", "Lock a schedule for yourself, or renew the lock."
    ),
    "release": LazyCommand("admin_cli.locks", "release", "Give your lock up."),
    "break": LazyCommand("admin_cli.locks", "break_", "Take a lock away from whoever holds it."),
}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([smh])")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_ID = click.argument("schedule_id", metavar="ID")


def _seconds_of(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if not 0 < seconds <= MAX_LOCK_SECONDS:
        raise click.BadParameter(
            f"{text!r} is not a time of at most 24 hours; write 90s, 30m or 2h"
        )
    return seconds


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def lock() -> None:
    """Show, take, release and break edit locks.

    While somebody holds the lock of a schedule, others can't save or delete it. Overrides pass.
    """


@click.command(cls=Command, epilog="bereikbaar lock show\nbereikbaar lock show hoofdkantoor --json")
@click.argument("schedule_id", metavar="[ID]", required=False)
@pass_invocation
def show(invocation: Invocation, schedule_id: str | None) -> None:
    """Show who is editing what, and until when."""
    at = clock.utc_now()
    with invocation.open_store() as store:
        if schedule_id is not None:
            store.current(schedule_id)
        locks = [one for one in store.locks(at) if schedule_id in (None, one.schedule_id)]
    if invocation.is_json:
        print_json([_fields_of(one) for one in locks])
        return
    if not locks:
        tell("nobody is editing" + (f" {schedule_id}" if schedule_id else ""))
        return
    print_table(
        ("SCHEDULE", "HOLDER", "UNTIL"),
        [(one.schedule_id, one.holder, _until(one)) for one in locks],
    )


@click.command(cls=SaveCommand, epilog="bereikbaar lock take hoofdkantoor --for 2h --as jan")
@_ID
@click.option(
    "--for",
    "seconds",
    metavar="TIME",
    default="30m",
    show_default=True,
    callback=_seconds_of,
    help="How long: 90s, 30m or 2h; at most 24 hours.",
)
@pass_invocation
def take(invocation: Invocation, schedule_id: str, *, seconds: int) -> None:
    """Lock a schedule for yourself, or renew the lock.

    Nobody else can save or delete it then.
    """
    with (
        invocation.open_store() as store,
        invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer,
    ):
        had = store.lock(schedule_id, clock.utc_now())
        taken = writer.take_lock(schedule_id, seconds)
    _tell(invocation, taken, "taken" if had is None else "renewed")


@click.command(cls=SaveCommand, epilog="bereikbaar lock release hoofdkantoor --as jan")
@_ID
@pass_invocation
def release(invocation: Invocation, schedule_id: str) -> None:
    """Give your lock up."""
    with (
        invocation.open_store() as store,
        invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer,
    ):
        released = writer.release_lock(schedule_id)
    _tell(invocation, released, "released")


@click.command(cls=SaveCommand, name="break", epilog="bereikbaar lock break hoofdkantoor")
@_ID
@pass_invocation
def break_(invocation: Invocation, schedule_id: str) -> None:
    """Take a lock away from whoever holds it.

    He is told when he next uses it, and the history notes it.
    """
    with (
        invocation.open_store() as store,
        invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer,
    ):
        broken = writer.break_lock(schedule_id)
    _tell(invocation, broken, "broken")


def _tell(invocation: Invocation, told: EditLock, result: str) -> None:
    if invocation.is_json:
        print_json({"result": result, **_fields_of(told), "dry_run": invocation.is_dry_run})
    else:
        whose = f"of {told.holder} until {_until(told)}"
        click.echo(f"{told.schedule_id}: lock {whose} is {result}")
    if invocation.is_dry_run:
        tell("a dry run: nothing was saved")


def _fields_of(one: EditLock) -> dict[str, Any]:
    return {
        "schedule": one.schedule_id,
        "holder": one.holder,
        "expires_at": format_utc(one.expires_at),
    }


def _until(one: EditLock) -> str:
    return f"{one.expires_at:%Y-%m-%d %H:%M:%S} UTC"
