"""`bereikbaar lint`: what is allowed in schedules, but probably not meant."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import click

from admin_cli.counting import counted
from admin_cli.invocation import Invocation, print_json
from admin_cli.lazy import Command, pass_invocation
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from pbx_adapters import clock
from routing_engine.caller_changes import compile_at
from routing_engine.compiler import TargetCheck
from routing_engine.lint import lint_schedule
from routing_engine.lint_findings import CODES, SEVERITIES, Finding, arrange
from routing_engine.lint_loops import Forwarding, find_hops, lint_forwards
from routing_engine.snapshot import LinkedNumbers, link_numbers
from schedules.errors import StoreUnavailableError
from schedules.revisions import DamagedRevisionError, Revision
from schedules.sqlite_store import SqliteStore

_PLACES_SHOWN: Final = 4
_WHOLE_STORE: Final = ""

_IsAsked = Callable[[Finding], bool]


@dataclass
class _Fleet:
    """What has been found so far, by schedule, and where the schedules send their callers on to."""

    targets: TargetCheck
    linked: LinkedNumbers[str]
    at: int
    is_asked: _IsAsked
    names: dict[str, str] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    forwardings: dict[str, Forwarding] = field(default_factory=dict)

    def add(self, current: Revision, *, is_judged: bool = True) -> None:
        """Judge one schedule, or only note where it sends its callers on to."""
        found: list[Finding] = []
        schedule_id = current.schedule_id
        try:
            schedule = current.schedule()
        except DamagedRevisionError as error:
            problem, _, remedy = str(error).rpartition("; ")
            found = [Finding("unreadable", "", problem, remedy)]
        else:
            table = compile_at(schedule, self.targets, self.at, current.revision)
            if hops := find_hops(schedule, table, self.linked):
                self.forwardings[schedule_id] = Forwarding(table, hops)
            self.names[schedule_id] = schedule.name
            if is_judged:
                found = lint_schedule(schedule, table, targets=self.targets, at=self.at)
        if is_judged:
            self.findings[schedule_id] = list(filter(self.is_asked, found))

    def add_forwards(self) -> None:
        """Judge where forwards lead, once every schedule that they lead to is known."""
        for schedule_id, found in lint_forwards(self.forwardings, self.at).items():
            if schedule_id in self.findings:
                asked = filter(self.is_asked, found)
                self.findings[schedule_id] = arrange([*self.findings[schedule_id], *asked])


@click.command(
    cls=Command,
    epilog="bereikbaar lint --severity error\n"
    "bereikbaar lint hoofdkantoor --ignore unused-message --json",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--code", "codes", multiple=True, type=click.Choice(list(CODES)), help="Only this; repeatable."
)
@click.option(
    "--ignore", "ignored", multiple=True, type=click.Choice(list(CODES)), help="All but this."
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="info",
    show_default=True,
    help="As grave as this, or graver.",
)
@pass_invocation
def lint(
    invocation: Invocation,
    ids: tuple[str, ...],
    *,
    codes: tuple[str, ...],
    ignored: tuple[str, ...],
    severity: str,
) -> None:
    """Find what is allowed in schedules but probably not meant; all schedules unless named.

    A schedule that can't be read is always told. Ends with exit code 3 when an error is told.
    """
    grave = SEVERITIES[: SEVERITIES.index(severity) + 1]

    def is_asked(finding: Finding) -> bool:
        is_chosen = finding.code in (codes or CODES) and finding.code not in ignored
        return finding.code == "unreadable" or (is_chosen and finding.severity in grave)

    with invocation.open_store() as store, store.reading():
        fleet = _judge(invocation, store, ids, is_asked)
    if invocation.is_json:
        _print_json(fleet)
    else:
        _print(fleet, ids)
    if any(one.severity == "error" for found in fleet.findings.values() for one in found):
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


def _judge(
    invocation: Invocation, store: SqliteStore, ids: Collection[str], is_asked: _IsAsked
) -> _Fleet:
    targets = invocation.targets
    fleet = _Fleet(
        # Messages are shared by many slots, and each look for one is a look at the disk.
        TargetCheck(targets.policy, lru_cache(maxsize=None)(targets.has_message)),
        link_numbers(store.numbers()),
        clock.now(),
        is_asked,
    )
    if ids:
        for schedule_id in dict.fromkeys(ids):
            fleet.add(store.current(schedule_id))
        _add_callees(fleet, store)
    else:
        try:
            for current in counted(store.currents(), "schedules"):
                fleet.add(current)
        except StoreUnavailableError as error:
            if not fleet.findings:
                raise
            problem, _, remedy = str(error).rpartition(": ")
            fleet.findings[_WHOLE_STORE] = [Finding("unreadable", "", problem, remedy)]
    fleet.add_forwards()
    return fleet


def _add_callees(fleet: _Fleet, store: SqliteStore) -> None:
    """Note where the schedules that callers are sent on to send them on to in turn."""
    known = set(fleet.findings)
    ahead = [hop.schedule for forwarding in fleet.forwardings.values() for hop in forwarding.hops]
    # Grows while it is walked.
    for schedule_id in ahead:
        if schedule_id not in known:
            known.add(schedule_id)
            fleet.add(store.current(schedule_id), is_judged=False)
            if schedule_id in fleet.forwardings:
                ahead += [hop.schedule for hop in fleet.forwardings[schedule_id].hops]


def _print_json(fleet: _Fleet) -> None:
    counts = _counts(fleet)
    print_json(
        {
            "schedules": [
                {
                    "schedule": schedule_id or None,
                    "name": fleet.names.get(schedule_id),
                    "findings": list(map(_fields, found)),
                }
                for schedule_id, found in fleet.findings.items()
                if found
            ],
            "judged": len(fleet.findings),
            "counts": {severity: counts[severity] for severity in SEVERITIES},
        }
    )


def _fields(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "place": finding.place,
        "also": list(finding.also),
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _print(fleet: _Fleet, ids: Collection[str]) -> None:
    for schedule_id, found in fleet.findings.items():
        if not found and not ids:
            continue
        name = fleet.names.get(schedule_id)
        click.echo((schedule_id or "the store") + (f" ({name})" if name else ""))
        if not found:
            click.echo("  nothing found")
        for finding in found:
            where = _places(finding)
            told = f"{where}: {finding.problem}" if where else finding.problem
            click.echo(f"  {finding.severity:<7}  {finding.code}  {told}; {finding.remedy}")
    counts = _counts(fleet)
    click.echo(
        f"schedules: {len(fleet.findings):,}, errors: {counts['error']:,}, "
        f"warnings: {counts['warning']:,}, info: {counts['info']:,}"
    )


def _places(finding: Finding) -> str:
    more = len(finding.places) - _PLACES_SHOWN
    shown = ", ".join(finding.places[:_PLACES_SHOWN])
    return shown + (f" and {more} more" if more > 0 else "")


def _counts(fleet: _Fleet) -> Counter[str]:
    return Counter(one.severity for found in fleet.findings.values() for one in found)
