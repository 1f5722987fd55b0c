"""`bereikbaar forward import` and `import-from`: many forwards at once, a verdict on each."""

import sys
from pathlib import Path, PurePath
from typing import Final

import click

from admin_cli.editing import PresentSchedules
from admin_cli.invocation import Invocation, print_table, tell
from admin_cli.lazy import EditCommand, pass_invocation
from admin_cli.refusals import RefusedInputError
from admin_cli.verdicts import ONLY, Row, Taken, fault_fields, save_taken, told_faults
from schedules.errors import InvalidScheduleError
from schedules.forward_rows import ForwardRow, RowVerdict, take_rows
from schedules.forwards_csv import MAX_BYTES, CsvRows, read_rows
from schedules.model import Schedule

_SHOWN: Final = 64
_ID: Final = click.argument("schedule_id", metavar="ID")


@click.command(
    name="import",
    cls=EditCommand,
    epilog="bereikbaar forward import contacten.csv hoofdkantoor --dry-run\n"
    "bereikbaar forward import personeel.csv hoofdkantoor --name-column Naam "
    "--number-column 4 --only 'Jan Jansen'",
)
@click.argument("file", metavar="FILE")
@_ID
@click.option("--name-column", metavar="COLUMN", help="Where names are: a heading or a number.")
@click.option("--number-column", metavar="COLUMN", help="Where numbers are, likewise.")
@click.option(
    "--restore-zeros",
    "restores_zeros",
    is_flag=True,
    help="Put back the first 0 of numbers that a spreadsheet took it from.",
)
@ONLY
@pass_invocation
def import_file(  # noqa: PLR0913 - its options
    invocation: Invocation,
    file: str,
    schedule_id: str,
    *,
    name_column: str | None,
    number_column: str | None,
    only: tuple[str, ...],
    restores_zeros: bool,
) -> None:
    """Import a CSV file's rows. FILE `-` is stdin.

    Each row gets a verdict. Where one is refused, the exit code is 3; the others are saved.
    """
    policy = invocation.config.forward_policy
    read = _read_file(file, name_column, number_column)
    heading = (
        "no headings" if read.heading_line is None else f"headings on line {read.heading_line}"
    )
    tell(
        f"{file}: {read.encoding}, cells separated by {read.delimiter}, {heading}; names in "
        f"column {read.name_column}, numbers in column {read.number_column}"
    )

    def take(present: PresentSchedules) -> Taken:
        return _told(
            *take_rows(
                present(schedule_id), read.rows, policy, only=only, restores_zeros=restores_zeros
            )
        )

    save_taken(
        invocation,
        take,
        _print_rows,
        f"forwards imported from {PurePath(file).name}",
        {
            "file": file,
            "encoding": read.encoding,
            "delimiter": read.delimiter,
            "heading_line": read.heading_line,
            "name_column": read.name_column,
            "number_column": read.number_column,
        },
    )


@click.command(
    name="import-from",
    cls=EditCommand,
    epilog="bereikbaar forward import-from hoofdkantoor filiaal --only Storingsdienst",
)
@click.argument("source_id", metavar="SOURCE")
@_ID
@ONLY
@pass_invocation
def import_from(
    invocation: Invocation, source_id: str, schedule_id: str, only: tuple[str, ...]
) -> None:
    """Import another schedule's forwards. They go from schedule SOURCE to schedule ID.

    Each gets a verdict. Where one is refused, the exit code is 3; the others are saved.
    """
    policy = invocation.config.forward_policy

    def take(present: PresentSchedules) -> Taken:
        rows = [
            ForwardRow(one.name, one.number, forward_id=forward_id)
            for forward_id, one in present(source_id).forwards.items()
        ]
        return _told(*take_rows(present(schedule_id), rows, policy, only=only))

    summary = f"forwards imported from schedule {source_id}"
    save_taken(invocation, take, _print_rows, summary, {"schedule": source_id})


def _read_file(file: str, name_column: str | None, number_column: str | None) -> CsvRows:
    """Read a CSV file; raises `RefusedInputError` with the file's name."""
    if file == "-":
        source = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(file).open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    try:
        return read_rows(source, name_column=name_column, number_column=number_column)
    except InvalidScheduleError as error:
        raise RefusedInputError((file, fault) for fault in error.faults) from None


def _told(after: Schedule, verdicts: list[RowVerdict]) -> Taken:
    return after, list(map(_fields_of, verdicts))


def _fields_of(verdict: RowVerdict) -> Row:
    return {
        "line": verdict.row.line,
        "source": verdict.row.forward_id,
        "name": verdict.row.name,
        "number": verdict.number,
        "verdict": verdict.verdict,
        "forward": verdict.forward_id,
        "faults": fault_fields(verdict.faults),
    }


def _print_rows(rows: list[Row]) -> None:
    print_table(
        ("ROW", "NAME", "NUMBER", "VERDICT", "FORWARD OR REASON"),
        [
            (
                str(row["line"] or row["source"]),
                _shown(row["name"]),
                _shown(row["number"]),
                row["verdict"],
                row["forward"] or told_faults(row),
            )
            for row in rows
        ],
    )


def _shown(text: str) -> str:
    """Return what a file holds as it may stand on a terminal."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
