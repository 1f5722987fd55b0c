"""Many rows taken in at once: a verdict on each, the others saved where one is refused."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, get_args

import click

from admin_cli.editing import PresentSchedules, save_edits
from admin_cli.invocation import Invocation, tell
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from schedules.forward_rows import Verdict
from schedules.model import Schedule

Row = dict[str, Any]
Taken = tuple[Schedule, list[Row]]

ONLY: Final = click.option(
    "--only", metavar="NAME", multiple=True, help="Take this one alone; more than once for more."
)


def save_taken(
    invocation: Invocation,
    take: Callable[[PresentSchedules], Taken],
    print_rows: Callable[[list[Row]], None],
    summary: str,
    origin: dict[str, object],
) -> None:
    """Save what could be taken, and tell the verdicts; ends with 3 where a row was refused.

    A row is told as it stands; its verdict is under `verdict`.
    """
    rows: list[Row] = []
    counts = dict.fromkeys(get_args(Verdict), 0)

    def edit(present: PresentSchedules) -> list[Schedule]:
        after, judged = take(present)
        rows.extend(judged)
        counts.update(Counter(row["verdict"] for row in judged))
        return [after]

    save_edits(invocation, edit, summary=summary, origin=origin, counts=counts, rows=rows)
    if not invocation.is_json:
        print_rows(rows)
    tell(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))
    if counts["refused"]:
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


def fault_fields(faults: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return `(problem, remedy)` pairs in the form in which programs are told."""
    return [{"problem": problem, "remedy": remedy} for problem, remedy in faults]


def told_faults(row: Row) -> str:
    """Say why a row was refused."""
    return ". ".join(f"{fault['problem']}; {fault['remedy']}" for fault in row["faults"])
