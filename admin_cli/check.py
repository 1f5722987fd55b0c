"""`bereikbaar check`: the PBX's own request, sent to the daemon or decided here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from admin_cli.check_report import ScheduleFacts, facts_of, print_answers
from admin_cli.control import NoDaemonError, ask_daemon
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.moments import instants_at, parse_typed_moment
from admin_cli.refusals import EXIT_ANSWER_IS_NO, RefusedInputError
from pbx_adapters import clock
from pbx_adapters.answer import DIALECTS, format_instant
from schedules.errors import BereikbaarError, Fault, FaultyValueError

_STATUSES: Final = ("open", "closed", "break", "unknown")
_BAD_REQUEST: Final = 400


@click.command(
    cls=Command,
    epilog='bereikbaar check --number 085-0000000 --at "2026-12-25 10:00" --expect closed\n'
    "bereikbaar check --schedule hoofdkantoor --explain",
)
@click.option("--number", metavar="N", help="The number called, in any form a trunk delivers.")
@click.option("--schedule", metavar="ID", help="Or a schedule, which need not be linked.")
@click.option("--at", "at_text", metavar="WHEN", help="A local time of the schedule; else now.")
@click.option("--caller", metavar="N", default="", help="The caller's number.")
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="generic", show_default=True)
@click.option("--expect", "expected", type=click.Choice(_STATUSES), help="Else exit with 3.")
@click.option("--explain", "is_explained", is_flag=True, help="Every rule, and why it won or lost.")
@pass_invocation
def check(  # noqa: PLR0913 - one argument per option
    invocation: Invocation,
    *,
    number: str | None,
    schedule: str | None,
    at_text: str | None,
    caller: str,
    dialect: str,
    expected: str | None,
    is_explained: bool,
) -> None:
    """Ask what happens to a call, now or at another time.

    A running daemon answers; without one it is decided here, which is said. Nothing is counted or
    recorded. WHEN is 2026-12-25 10:00, 25-12-2026 10:00, 25 december 2026 10:00, or one with an
    offset; a local time that occurs twice is answered for both.
    """
    if (number is None) == (schedule is None):
        raise click.UsageError("give either --number or --schedule")
    wanted = {"did": number} if number is not None else {"schedule": schedule or ""}
    asker = _Asker(invocation, dialect, {**wanted, "cli": caller})
    try:
        moment = None if at_text is None else parse_typed_moment(at_text)
        answers = [asker.ask(clock.now() if moment is None else None)]
        facts = facts_of(invocation, answers[0]["schedule"] or schedule)
        if moment is not None:
            answers = [asker.ask(at) for at in instants_at(moment, facts.zone)]
    except FaultyValueError as error:
        raise RefusedInputError((None, Fault("--at", *pair)) for pair in error.faults) from None
    _warn(facts)
    print_answers(invocation, answers, facts, is_explained=is_explained)
    wrong = [answer["status"] for answer in answers if answer["status"] != expected]
    if expected is not None and wrong:
        tell(f"expected {expected}, but it is {' and '.join(dict.fromkeys(wrong))}")
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


@contextmanager
def _telling_of(option: str) -> Iterator[None]:
    """Tell the faults of an option's value with the option's name."""
    try:
        yield
    except FaultyValueError as error:
        faults = [Fault(option, *pair) for pair in error.faults]
        raise RefusedInputError((None, fault) for fault in faults) from None


class _Asker:
    """Asks the daemon, and once that doesn't answer decides here for good."""

    def __init__(self, invocation: Invocation, dialect: str, parameters: dict[str, str]) -> None:
        self._invocation = invocation
        self._path = f"/hook/{dialect}"
        self._parameters = parameters
        self._is_local = False

    def ask(self, at: int | None) -> dict[str, Any]:
        """Return the fields of the answer for an instant, in epoch seconds; None is now."""
        if not self._is_local:
            try:
                return self._ask_daemon(at)
            except NoDaemonError as error:
                self._is_local = True
                tell(f"{error}; decided here, from what is stored")
        from admin_cli.local_decision import decide_locally

        return decide_locally(
            self._invocation,
            clock.now() if at is None else at,
            number=self._parameters.get("did"),
            schedule=self._parameters.get("schedule"),
        )

    def _ask_daemon(self, at: int | None) -> dict[str, Any]:
        # `explain` makes it a simulation, which isn't counted as a call.
        parameters = self._parameters | {"format": "json", "explain": "1"}
        if at is not None:
            parameters["at"] = format_instant(at)
        answer = ask_daemon(self._invocation.control_socket, self._path, parameters)
        if answer.status == _BAD_REQUEST:
            raise BereikbaarError(answer.detail or str(answer.fields.get("error")))
        if answer.detail:
            tell(f"Warning: {answer.detail}")
        return answer.fields


def _warn(facts: ScheduleFacts) -> None:
    if facts.problem:
        tell(f"Warning: {facts.problem}")
    if facts.schedule_id and not facts.is_linked:
        tell(
            f"Warning: schedule {facts.schedule_id} is not linked to any number, so no PBX "
            f"reaches it; link one with `bereikbaar schedule link {facts.schedule_id} NUMBER`"
        )
