"""`bereikbaar audio import-from`: another schedule's messages, a verdict on each."""

import click

from admin_cli.editing import PresentSchedules
from admin_cli.invocation import Invocation, print_table
from admin_cli.lazy import EditCommand, pass_invocation
from admin_cli.verdicts import ONLY, Row, Taken, fault_fields, save_taken, told_faults
from schedules.message_rows import MessageVerdict, take_messages


@click.command(
    name="import-from",
    cls=EditCommand,
    epilog="bereikbaar audio import-from hoofdkantoor filiaal --only Gesloten",
)
@click.argument("source_id", metavar="SOURCE")
@click.argument("schedule_id", metavar="ID")
@ONLY
@pass_invocation
def import_from(
    invocation: Invocation, source_id: str, schedule_id: str, only: tuple[str, ...]
) -> None:
    """Import another schedule's messages. They go from schedule SOURCE to schedule ID.

    Each gets a verdict. Where one is refused, the exit code is 3; the others are saved.
    """

    def take(present: PresentSchedules) -> Taken:
        after, verdicts = take_messages(present(schedule_id), present(source_id), only=only)
        return after, list(map(_fields_of, verdicts))

    summary = f"messages imported from schedule {source_id}"
    save_taken(invocation, take, _print_rows, summary, {"schedule": source_id})


def _fields_of(verdict: MessageVerdict) -> Row:
    return {
        "source": verdict.source_id,
        "name": verdict.message.name,
        "sha256": verdict.message.sha256,
        "verdict": verdict.verdict,
        "message": verdict.message_id,
        "faults": fault_fields(verdict.faults),
    }


def _print_rows(rows: list[Row]) -> None:
    print_table(
        ("SOURCE", "NAME", "VERDICT", "MESSAGE OR REASON"),
        [
            (row["source"], row["name"], row["verdict"], row["message"] or told_faults(row))
            for row in rows
        ],
    )
