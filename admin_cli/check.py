"""`bereikbaar check`: the PBX's own request, sent to the daemon or decided here."""

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from admin_cli.check_report import Answer, ScheduleFacts, facts_of, print_answers
from admin_cli.control import NoDaemonError, ask_daemon
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import Command, pass_invocation
from admin_cli.moments import iso_of_typed
from admin_cli.refusals import EXIT_ANSWER_IS_NO, RefusedInputError
from pbx_adapters.answer import DIALECTS
from pbx_adapters.refusals import RefusedError
from schedules.errors import BereikbaarError, Fault, FaultyValueError
from schedules.telephone import read_number

_STATUSES: Final = ("open", "closed", "break", "unknown")
_BAD_REQUEST: Final = 400
_INSTANT: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")


@click.command(
    cls=Command,
    epilog='bereikbaar check --number 085-0000000 --at "2026-12-25 10:00" --expect closed\n'
    "bereikbaar check --schedule hoofdkantoor --explain",
)
@click.option("--number", metavar="N", help="The number called, in any form a trunk delivers.")
@click.option("--schedule", metavar="ID", help="Or a schedule, which need not be linked.")
@click.option("--at", "at_text", metavar="WHEN", help="A local time of the schedule; else now.")
@click.option("--caller", metavar="N", default="", help="The caller's, sent along.")
@click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    default="generic",
    show_default=True,
    help="Whose request to send.",
)
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
    parameters = wanted | ({"cli": caller} if caller else {})
    asker = _Asker(invocation, dialect, parameters, is_explained=is_explained)
    try:
        answers = asker.ask(None if at_text is None else iso_of_typed(at_text))
    except FaultyValueError as error:
        raise RefusedInputError((None, Fault("--at", *pair)) for pair in error.faults) from None
    except RefusedError as refusal:
        raise _refusal_of(refusal) from None
    facts = facts_of(invocation, answers[0].fields["schedule"] or schedule)
    _warn(facts)
    read = "" if number is None else read_number(number, invocation.config.default_region)
    if number is not None and answers[0].fields["reason"] == "unknown-number":
        _warn_of_number(number, read)
    shown = None if number is None else read or f"{number!r} is no telephone number"
    print_answers(invocation, answers, facts, number=shown, is_explained=is_explained)
    statuses = [answer.fields["status"] for answer in answers]
    wrong = [status for status in statuses if status != expected]
    if expected is not None and wrong:
        tell(f"expected {expected}, but it is {' and '.join(dict.fromkeys(wrong))}")
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


class _Asker:
    """Asks the daemon, and once that doesn't answer decides here for good.

    Which instant a local time is, is for whoever answers to say: he has the schedule and its zone.
    """

    def __init__(
        self,
        invocation: Invocation,
        dialect: str,
        parameters: dict[str, str],
        *,
        is_explained: bool,
    ) -> None:
        self._invocation = invocation
        self._path = f"/hook/{dialect}"
        self._parameters = parameters
        # `explain` makes it a simulation, which isn't counted; only JSON shows what it adds.
        self._added = {"explain": "1"} | ({"format": "json"} if is_explained else {})
        self._is_local = False

    def ask(self, at: str | None) -> list[Answer]:
        """Return the answer for a moment in ISO 8601, None is now; two where it occurs twice.

        Raises `RefusedError` for a request that gets no decision.
        """
        try:
            return [self._ask_once(at)]
        except RefusedError as refusal:
            instants = _INSTANT.findall(refusal.detail)
            if refusal.error != "ambiguous-time" or not instants:
                raise
        return [self._ask_once(one) for one in instants]

    def _ask_once(self, at: str | None) -> Answer:
        asked = self._parameters | ({} if at is None else {"at": at})
        if not self._is_local:
            target = f"{self._path}?{urlencode(asked | self._added, quote_via=quote)}"
            try:
                return Answer(f"GET {target}", self._ask_daemon(target))
            except NoDaemonError as error:
                self._is_local = True
                tell(f"{error}; decided here, from what is stored")
        from admin_cli.local_decision import decide_locally

        fields = decide_locally(
            self._invocation, at, number=asked.get("did"), schedule=asked.get("schedule")
        )
        target = f"{self._path}?{urlencode(asked, quote_via=quote)}"
        return Answer(f"GET {target} (not sent)", fields)

    def _ask_daemon(self, target: str) -> dict[str, Any]:
        answer = ask_daemon(self._invocation.control_socket, target)
        if answer.status == _BAD_REQUEST:
            error = str(answer.fields.get("error"))
            is_ambiguous = error == "ambiguous-time"
            raise RefusedError(
                "ambiguous-time" if is_ambiguous else "bad-request", answer.detail or error
            )
        if answer.detail:
            tell(f"Warning: {answer.detail}")
        return answer.fields


def _refusal_of(refusal: RefusedError) -> BereikbaarError:
    """Tell a refused request as what was typed."""
    if not refusal.detail.startswith("at: "):
        return BereikbaarError(refusal.detail)
    problem, _, remedy = refusal.detail.removeprefix("at: ").partition("; ")
    remedy = remedy or "choose a time that the clock shows"
    return RefusedInputError([(None, Fault("--at", problem, remedy))])


def _warn_of_number(number: str, read: str | None) -> None:
    if read:
        tell(
            f"Warning: {read} is not linked to any schedule; link it with "
            f"`bereikbaar schedule link ID {read}`"
        )
    else:
        tell(
            f"Warning: {number[:64]!r} can't be read as a telephone number; write it with its "
            "country code, as in +31850000100; one that a schedule is to decide is linked with "
            "`bereikbaar schedule link ID NUMBER`"
        )


def _warn(facts: ScheduleFacts) -> None:
    if facts.problem:
        tell(f"Warning: {facts.problem}")
    if facts.schedule_id and not facts.is_linked:
        tell(
            f"Warning: schedule {facts.schedule_id} is not linked to any number, so no PBX "
            f"reaches it; link one with `bereikbaar schedule link {facts.schedule_id} NUMBER`"
        )
