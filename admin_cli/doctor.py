"""`bereikbaar doctor`: what is wrong with what the data directory holds, and what to do."""

from collections.abc import Iterable
from typing import Any, Final

import click

from admin_cli.daemon_faults import daemon_faults
from admin_cli.data_dir_faults import data_dir_faults
from admin_cli.finding import CODES, Finding, or_unreadable
from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.message_faults import recording_faults
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from admin_cli.side_faults import caller_key_faults, side_faults
from admin_cli.store_faults import store_faults

_PLACES_SHOWN: Final = 4


@click.command(cls=Command, epilog="bereikbaar doctor\nbereikbaar doctor --json")
@pass_invocation
def doctor(invocation: Invocation) -> None:
    """Look for faults in what is stored, and tell what to do about each.

    Every stored schedule, message and recording is read, and a running daemon is asked. Ends with
    exit code 3 when it finds an error.
    """
    found = [
        *or_unreadable(store_faults(invocation)),
        *or_unreadable(recording_faults(invocation.inbox)),
        *side_faults(invocation.data_dir),
        *or_unreadable(caller_key_faults(invocation)),
        *or_unreadable(data_dir_faults(invocation.data_dir)),
        *or_unreadable(daemon_faults(invocation)),
    ]
    found.sort(key=lambda one: (list(CODES).index(one.code), one.place))
    if invocation.is_json:
        print_json({"findings": list(map(_fields, found)), "counts": _counts(found)})
    else:
        _print(found)
    if any(one.severity == "error" for one in found):
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


def _fields(finding: Finding) -> dict[str, Any]:
    return {"severity": finding.severity, **finding._asdict()}


def _counts(found: Iterable[Finding]) -> dict[str, int]:
    severities = [one.severity for one in found]
    return {severity: severities.count(severity) for severity in ("error", "warning", "info")}


def _print(found: list[Finding]) -> None:
    for one in found:
        users = ", ".join(one.schedules[:_PLACES_SHOWN])
        more = len(one.schedules) - _PLACES_SHOWN
        users += f" and {more} more" if more > 0 else ""
        where = f"{one.place} ({users})" if users and users != one.place else one.place
        click.echo(f"{one.severity:<7}  {one.code}  {where}: {one.problem}; {one.remedy}")
    counts = _counts(found)
    click.echo(
        f"errors: {counts['error']:,}, warnings: {counts['warning']:,}, info: {counts['info']:,}"
    )
