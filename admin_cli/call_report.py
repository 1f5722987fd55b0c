"""How recorded calls are told: in columns, as JSON, as CSV; never all of them in memory."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import click

from admin_cli.call_words import FIELDS, call_fields
from admin_cli.invocation import print_table
from admin_cli.whole_files import refuse_others, replacing
from pbx_adapters.call_record import RecordedCall, RecordedOutcome

_HEADINGS: Final = ("AT", "NUMBER", "SCHEDULE", "STATUS", "ACTION", "BECAUSE OF", "DECISION")
_TOGETHER: Final = 1_000
# What spreadsheets take for a formula; a number with its country code is no more than that.
_FORMULA: Final = re.compile(r"(?!\+[0-9]+$)[=+\-@\t\r]")

_T = TypeVar("_T")


def print_calls(calls: Iterable[RecordedCall], zone: ZoneInfo) -> int:
    """Print calls in columns, in a zone's local time; returns how many there were."""
    count = 0
    for some in _together(calls):
        print_table(_HEADINGS, [_cells(call, zone) for call in some])
        count += len(some)
    return count


def _cells(call: RecordedCall, zone: ZoneInfo) -> tuple[str, ...]:
    outcome = call.outcome
    return (
        f"{datetime.fromtimestamp(call.at, zone):%Y-%m-%d %H:%M:%S %Z}",
        call.number or "",
        outcome.schedule,
        outcome.status,
        f"{outcome.action} {outcome.forward or outcome.voicemail}".strip(),
        because_of(outcome),
        call.decision_id,
    )


def because_of(outcome: RecordedOutcome) -> str:
    """Name the rule that decided, else the reason, and what was amiss."""
    error = f", {outcome.error}" if outcome.error else ""
    return f"{outcome.rule or outcome.reason}{error}"


def print_calls_json(calls: Iterable[RecordedCall]) -> int:
    """Print a list of calls, one on a line; returns how many there were."""
    count = 0
    for some in _together(calls):
        lines = (json.dumps(call_fields(call), ensure_ascii=False) for call in some)
        click.echo(("," if count else "[") + "\n  " + ",\n  ".join(lines), nl=False)
        count += len(some)
    click.echo("\n]" if count else "[]")
    return count


def write_calls_csv(calls: Iterable[RecordedCall], name: str) -> int:
    """Write calls to a CSV file, whole or not at all, or to stdout as they come.

    A file that is there is replaced where it holds calls. Returns how many there were. Raises
    `OSError` and `BereikbaarError`.
    """
    if name == "-":
        count = 0
        for text, rows in _csv_texts(calls):
            click.echo(text, nl=False)
            count += rows
        return count
    refuse_others(Path(name), _csv_text([FIELDS]))
    with replacing(Path(name)) as file:
        count = 0
        for text, rows in _csv_texts(calls):
            file.write(text.encode())
            count += rows
    return count


def _csv_texts(calls: Iterable[RecordedCall]) -> Iterator[tuple[str, int]]:
    """Yield the text of a CSV file part by part, each with the number of calls in it."""
    yield _csv_text([FIELDS]), 0
    for some in _together(calls):
        yield _csv_text(_csv_cells(call) for call in some), len(some)


def _csv_text(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _csv_cells(call: RecordedCall) -> list[str]:
    return [f"'{text}" if _FORMULA.match(text) else text for text in call_fields(call).values()]


def _together(some: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield lists of some at a time."""
    one_by_one = iter(some)
    while together := list(islice(one_by_one, _TOGETHER)):
        yield together
