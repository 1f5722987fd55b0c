"""Questions over all schedules: which are open then, and which have not decided on a holiday."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.moments import iso_of_typed
from admin_cli.schedules import HEADINGS, listed_cells, listed_fields
from admin_cli.typed import read_typed
from pbx_adapters import clock
from pbx_adapters.answer import format_instant
from routing_engine.caller_changes import compile_at
from routing_engine.compiler import TargetCheck
from routing_engine.lint import undecided_holidays
from schedules.date_text import day_at, instants_of, parse_moment, parse_zone
from schedules.field_text import fold
from schedules.model import Schedule
from schedules.revisions import DamagedRevisionError

_Fields = dict[str, Any]

_DECIDED: Final = ("AT", "STATUS", "RULE")
_ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of every schedule; None where it isn't asked.

    `moment` is an instant in epoch seconds, or a local time, which is another instant in each zone.
    """

    company: str | None
    undecided: str | None
    moment: datetime | int | None
    status: str | None
    now: int
    targets: TargetCheck

    def answer(self, schedule: Schedule, revision: int) -> _Fields | None:
        """Return what was asked for of a schedule; None where it isn't one that was meant."""
        if fold(self.company or "") not in fold(schedule.company or ""):
            return None
        fields: _Fields = {}
        if self.undecided is not None:
            pairs = undecided_holidays(schedule, day_at(self.now, parse_zone(schedule.timezone)))
            fields["undecided"] = [{"holiday": one, "date": str(day)} for one, day in pairs]
            if not any(self.undecided in (_ANY, one) for one, _ in pairs):
                return None
        if self.moment is not None:
            fields["decisions"] = decisions = self._decisions(schedule, revision)
            if self.status not in (None, *(one["status"] for one in decisions)):
                return None
        return fields

    def instants(self, zone: str) -> tuple[int, ...]:
        """Return the instants asked about in a zone: none in a skipped hour, two in a doubled."""
        if isinstance(self.moment, datetime):
            return instants_of(self.moment, parse_zone(zone))
        return () if self.moment is None else (self.moment,)

    def _decisions(self, schedule: Schedule, revision: int) -> list[_Fields]:
        zone = parse_zone(schedule.timezone)
        decisions = []
        for at in self.instants(schedule.timezone):
            interval = compile_at(schedule, self.targets, at, revision).interval_at(at)
            decisions.append(
                {
                    "at": format_instant(at),
                    "local": f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M %Z}",
                    "status": interval.outcome.status,
                    "action": interval.outcome.action,
                    "reason": interval.reason,
                    "rule": interval.rule,
                }
            )
        return decisions


def list_answers(
    invocation: Invocation,
    *,
    company: str | None,
    at_text: str | None,
    status: str | None,
    undecided: str | None,
) -> None:
    """List the schedules that answer a question, with the answer.

    One that can't be read is told and left out. Raises `RefusedInputError` for an unreadable WHEN.
    """
    now = clock.now()
    moment = now if status is not None and at_text is None else _read_moment(at_text)
    question = _Question(company, undecided, moment, status, now, invocation.targets)
    listed: list[_Fields] = []
    zones: set[str] = set()
    with invocation.open_store() as store:
        for current in store.currents():
            try:
                schedule = current.schedule()
            except DamagedRevisionError as error:
                tell(f"Warning: left out: {error}")
                continue
            zones.add(schedule.timezone)
            answer = question.answer(schedule, current.revision)
            if answer is not None:
                listed.append(listed_fields(current, schedule) | answer)
    _tell_odd_times(question, sorted(zones))
    if invocation.is_json:
        print_json(listed)
        return
    if not listed:
        tell("no schedule answers to that")
    _print(listed, question)


def _read_moment(text: str | None) -> datetime | int | None:
    if text is None:
        return None
    moment = read_typed("--at", lambda: parse_moment(iso_of_typed(text)))
    return moment if moment.tzinfo is None else int(moment.timestamp())


def _tell_odd_times(question: _Question, zones: Iterable[str]) -> None:
    """Tell where the clock skips the time that was asked about, or shows it twice."""
    if not isinstance(question.moment, datetime):
        return
    for zone in zones:
        times = len(question.instants(zone))
        if times == 0:
            tell(
                f"Warning: {question.moment:%Y-%m-%d %H:%M} does not exist in {zone}, so nothing "
                "is decided there; choose another time"
            )
        elif times > 1:
            tell(
                f"{question.moment:%Y-%m-%d %H:%M} occurs twice in {zone}: both are answered; "
                "with an offset it is one of them"
            )


def _print(listed: list[_Fields], question: _Question) -> None:
    headings: tuple[str, ...] = HEADINGS
    if question.undecided is not None:
        headings += ("UNDECIDED",)
    if question.moment is not None:
        headings += _DECIDED
    print_table(headings, [row for one in listed for row in _rows(one)])


def _rows(one: _Fields) -> Iterator[tuple[str, ...]]:
    """Yield a row for each decision; one where none was asked for, or there is none."""
    cells: tuple[str, ...] = listed_cells(one)
    if "undecided" in one:
        cells += (", ".join(f"{pair['holiday']} {pair['date']}" for pair in one["undecided"]),)
    if "decisions" not in one:
        yield cells
        return
    for decision in one["decisions"]:
        yield (*cells, decision["local"], decision["status"], decision["rule"])
    if not one["decisions"]:
        yield (*cells, "no such time", "", "")
