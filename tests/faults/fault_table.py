"""The table of faults: which were caused, how, how often, and what became of it.

Each test notes what it saw in a file of its process; `python -m tests.faults.fault_table` merges
them, prints the table, and keeps it as a page after a whole run in its long form.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).parents[2]
PAGE: Final = PROJECT / "docs" / "faults.md"
ROWS: Final = (
    "kill -9 during commits",
    "disk full",
    "read-only file system",
    "corrupt database page",
    "clock and DST",
    "upgrade and downgrade of the schema",
    "slow clients",
    "connection flood",
    "bad HTTP and bad input",
    "SIGTERM with 50 requests in flight",
    "reload with a bad schedule or config",
    "worker killed",
    "mixed load",
)
_MIXED_LOAD: Final = """\
In the mixed load, clients call in every dialect and format, most on connections that they keep,
while the command line makes one edit after another, messages are downloaded, the daemon is told
to reload, and workers are killed. Every answer is compared, field by field, with what an
independent reading of the rules (`tests/oracle.py`) says of the revision that the answer names,
at the instant it names; a revision older than one whose edit had returned before counts as wrong.
Downloads are judged by their hash. A request whose connection dies is asked once more on a new
one, as HTTP clients that keep connections do; one that then gets no answer, another code than
200, or nothing within 5 s, counts as lost. The p99 stands beside that of calls alone, before and
after it in the same run, on the same machine, most of which the command line takes.
"""
# Set by `make faults` and `make soak`; without it nothing is noted.
NOTES_VARIABLE: Final = "FAULT_NOTES"
FORM_VARIABLE: Final = "FAULTS"


def is_long_form() -> bool:
    """Tell whether faults are caused as often as `make soak` asks, and not in short."""
    return os.environ.get(FORM_VARIABLE) == "long"


def note_fault(row: str, method: str, count: int, result: str) -> None:
    """Note at the end of a test what it saw: how a fault was caused, how often, what it came to.

    Figures belong in the result; one `row` may have several methods.
    """
    assert row in ROWS, row
    note({"row": row, "method": method, "count": count, "result": result})


def note(fields: Mapping[str, Any]) -> None:
    """Add a line to the file of this process, where notes are asked for."""
    if folder := os.environ.get(NOTES_VARIABLE):
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(f"{json.dumps(fields)}\n")


def read_notes(*folders: Path) -> list[dict[str, Any]]:
    """Return all that was noted in a run, each once."""
    paths = (path for folder in folders for path in folder.glob("*.jsonl"))
    lines = (line for path in paths for line in path.read_text().splitlines())
    return [json.loads(line) for line in sorted({*lines})]


def render_table(notes: Iterable[Mapping[str, Any]]) -> str:
    """Return a row for each way in which a fault was caused, in the order of `ROWS`."""
    seen = sorted(
        (ROWS.index(one["row"]), one["method"], one["count"], one["result"])
        for one in notes
        if "row" in one
    )
    cells = [(ROWS[row], method, f"{count:,}", result) for row, method, count, result in seen]
    head = [("fault", "method", "count", "result"), ("---", "---", "---:", "---")]
    return "".join(f"| {' | '.join(row)} |\n" for row in head + cells)


def render_page(notes: Iterable[Mapping[str, Any]]) -> str:
    """Return the page that shows a whole run."""
    return (
        "# Faults\n\n"
        "Written by `make soak` after a whole run without a failure: each fault is caused for "
        "real, on the real daemon or the real store, so many times. `make faults` does the same "
        "in short. What each of them looks like to an operator, and what to do, is told by "
        "[doctor](doctor.md) and [monitoring](monitoring.md).\n\n"
        f"{render_table(notes)}\n{_MIXED_LOAD}"
    )


def why_not_kept(notes: Iterable[Mapping[str, Any]]) -> str:
    """Return why the page isn't written anew: it shows whole, long, good runs only."""
    notes = list(notes)
    for key, why in (("failed", "failed"), ("skipped", "was skipped")):
        if found := [one[key] for one in notes if key in one]:
            return f"{found[0]} {why}"
    noted = {one.get("row") for one in notes}
    if missing := [row for row in ROWS if row not in noted]:
        return f"nothing was noted of: {', '.join(missing)}"
    if {"partial": True} in notes:
        return "only a part was run"
    is_long = {"form": "long"} in notes and {"form": "short"} not in notes
    return "" if is_long else "it shows the long form, of `make soak`"


def main() -> None:
    """Print the table of the run whose notes are in some folders, and keep it as a page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    notes = read_notes(*parser.parse_args().folders)
    out = sys.stdout.write
    out(render_table(notes))
    for one in notes:
        if "skipped" in one:
            out(f"*** NOT RUN: {one['skipped']}: {one['why']}\n")
    if why := why_not_kept(notes):
        out(f"{PAGE.relative_to(PROJECT)} is left as it was: {why}\n")
    else:
        PAGE.write_text(render_page(notes))


if __name__ == "__main__":
    main()
