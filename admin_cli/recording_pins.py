"""`bereikbaar audio inbox pin` and `pins`: who may record a schedule's messages by telephone."""

import click

from admin_cli.invocation import Invocation, format_utc, print_json, print_table, tell
from admin_cli.lazy import Command, SaveCommand, pass_invocation
from admin_cli.typed import read_typed
from schedules.errors import NotFoundError
from schedules.recording_pins import PinHash, check_pin, draw_pin


@click.command(
    cls=SaveCommand,
    epilog="bereikbaar audio inbox pin winkel\nbereikbaar audio inbox pin winkel --remove",
)
@click.argument("schedule_id", metavar="ID")
@click.option("--pin", "chosen", metavar="PIN", help="6 to 12 digits; else six are drawn.")
@click.option("--remove", "is_removed", is_flag=True, help="Let nobody record any more.")
@pass_invocation
def pin(invocation: Invocation, schedule_id: str, *, chosen: str | None, is_removed: bool) -> None:
    """Set or remove the PIN to record with. It is shown once, and holds at once.

    Whoever calls in records messages for the schedule with it; an earlier PIN holds no longer.
    """
    if chosen is not None and is_removed:
        raise click.UsageError("give either --pin or --remove")
    digits = None if is_removed else _pin_of(chosen)
    with (
        invocation.open_store() as store,
        invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer,
    ):
        if is_removed and store.recording_pin(schedule_id) is None:
            store.current(schedule_id)
            raise NotFoundError(f"{schedule_id} has no PIN; there is nothing to remove")
        writer.set_recording_pin(schedule_id, None if digits is None else PinHash.of(digits))
    _tell_pin(invocation, schedule_id, digits, is_drawn=chosen is None)


@click.command(
    cls=Command, epilog="bereikbaar audio inbox pins\nbereikbaar audio inbox pins --json"
)
@pass_invocation
def pins(invocation: Invocation) -> None:
    """List the schedules that have a PIN, by whom it was set and when. No PIN is shown."""
    with invocation.open_store() as store:
        found = store.set_pins()
    if invocation.is_json:
        print_json(
            [
                {
                    "schedule": one.schedule_id,
                    "set_by": one.set_by,
                    "set_at": one.set_at and format_utc(one.set_at),
                }
                for one in found
            ]
        )
        return
    if not found:
        tell("no schedule has a PIN")
        return
    print_table(
        ("SCHEDULE", "SET BY", "SET"),
        [
            (
                one.schedule_id,
                one.set_by,
                f"{one.set_at:%Y-%m-%d %H:%M} UTC" if one.set_at else "unknown",
            )
            for one in found
        ],
    )


def _pin_of(chosen: str | None) -> str:
    return draw_pin() if chosen is None else read_typed("--pin", lambda: check_pin(chosen))


def _tell_pin(
    invocation: Invocation, schedule_id: str, digits: str | None, *, is_drawn: bool
) -> None:
    """Tell a PIN that was drawn, once; one that was typed is known."""
    shown = digits if is_drawn and not invocation.is_dry_run else None
    result = "removed" if digits is None else "set"
    if invocation.is_json:
        fields = {"schedule": schedule_id, "result": result, "pin": shown}
        print_json(fields | {"dry_run": invocation.is_dry_run})
    else:
        click.echo(f"{schedule_id}: PIN {result}" + (f": {shown}" if shown else ""))
    if shown is not None:
        tell("the PIN is shown this once; to lose it is to set another one")
    if invocation.is_dry_run:
        tell("a dry run: nothing was saved")
