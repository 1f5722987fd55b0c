"""`bereikbaar pbx doctor`: a running installation, looked at from a PBX's side."""

from collections.abc import Iterable
from typing import Any

import click

from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.pbx_asking import Asked, Passed
from admin_cli.pbx_checks import examine
from admin_cli.pbx_findings import Finding
from admin_cli.pbx_secrets import read_secrets
from admin_cli.pbx_typed import read_address, read_called
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from admin_cli.typed import Typed
from pbx_adapters import clock
from pbx_adapters.pbx_scripts import check_value
from schedules.errors import FaultyValueError


@click.command(
    cls=Command,
    epilog="bereikbaar pbx doctor --address http://192.0.2.10:8470 --token-file token "
    "--number 085-0000000",
)
@click.option("--address", metavar="URL", help="The daemon's, as the PBX's scripts have it.")
@click.option("--token", metavar="TOKEN", help="The PBX's; - reads stdin.")
@click.option("--token-file", metavar="FILE", help="Or the file that it stands in.")
@click.option("--number", metavar="N", help="A number that callers call.")
@click.option("--schedule", metavar="ID", help="Or a schedule.")
@click.option("--table-key", metavar="HEX", help="The token's, to judge tables by.")
@click.option("--table-key-file", metavar="FILE", help="Or the file that it stands in.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.IntRange(1, 30),
    default=2,
    show_default=True,
    help="How long the scripts let a call wait.",
)
@click.option(
    "--requests",
    metavar="N",
    type=click.IntRange(1, 1_000),
    default=10,
    show_default=True,
    help="How often to take the time.",
)
@pass_invocation
def doctor(invocation: Invocation, /, **typed: Any) -> None:
    """Check from a PBX's side whether its calls are answered, and tell what to do if not.

    Run it on the PBX's machine, or any other: it needs no data directory, and asks over HTTP as
    the scripts do. Each request counts as a call. Ends with exit code 3 when it finds an error.
    """
    if typed["number"] is not None and typed["schedule"] is not None:
        raise click.UsageError("give either --number or --schedule")
    seen = list(examine(_read(invocation, typed), clock.now))
    found = [one for one in seen if isinstance(one, Finding)]
    if invocation.is_json:
        print_json(
            {
                "findings": [one.fields() for one in found],
                "passed": [one._asdict() for one in seen if isinstance(one, Passed)],
                "counts": _counts(found),
            }
        )
    else:
        _print(seen, _counts(found))
    if any(one.severity == "error" for one in found):
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


def _read(invocation: Invocation, typed: dict[str, Any]) -> Asked:
    """Read what was typed; raises `RefusedInputError` with every fault."""
    reader = Typed()
    address = reader.read("--address", lambda: _given_address(typed["address"]))
    secrets = read_secrets(reader, typed)
    number = typed["number"] and reader.read(
        "--number", lambda: read_called(typed["number"], invocation.config.default_region)
    )
    schedule = reader.read("--schedule", lambda: check_value("SCHEDULE", typed["schedule"] or ""))
    reader.check()
    return Asked(
        address,
        secrets.token,
        number or "",
        schedule,
        secrets.table_key,
        typed["timeout"],
        typed["requests"],
    )


def _given_address(text: str | None) -> str:
    if text is None:
        raise FaultyValueError(("none is given", "give the address that the PBX's scripts have"))
    return read_address(text)


def _counts(found: Iterable[Finding]) -> dict[str, int]:
    severities = [one.severity for one in found]
    return {severity: severities.count(severity) for severity in ("error", "warning", "info")}


def _print(seen: Iterable[Passed | Finding], counts: dict[str, int]) -> None:
    for one in seen:
        if isinstance(one, Passed):
            click.echo(f"{'ok':<7}  {one.check}: {one.seen}")
        else:
            click.echo(f"{one.severity:<7}  {one.code}: {one.problem}; {one.remedy}")
    told = (
        f"{what}: {counts[key]}" for key, what in (("error", "errors"), ("warning", "warnings"))
    )
    click.echo(f"{', '.join(told)}, info: {counts['info']}")
