"""The call matrix: which scenario was seen to work on which PBX, and what was not run, and why.

Each test notes what it saw in a file of its process; `python -m tests.pbx.matrix` merges them,
prints the table, and keeps it as a page after a whole run.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.pbx.suites import PROJECT, SUITES, why_missing

SCENARIOS: Final = (
    "message heard",
    "forwarded",
    "voicemail",
    "hang-up",
    "continue",
    "open with message",
    "break",
    "override",
    "exception",
    "holiday",
    "unknown number",
    "slow daemon",
    "dead daemon without table",
    "dead daemon with table",
    "expired table",
    "table wrongly signed",
    "wrong token",
    "malformed answer",
    "unknown action",
    "audio missing",
    "500 answer",
)
PAGE: Final = PROJECT / "docs" / "pbx" / "matrix.md"
# Set by `make e2e`; without it nothing is noted.
NOTES_VARIABLE: Final = "PBX_NOTES"
PASS: Final = "pass"
FAIL: Final = "FAIL"
_LEFT_OUT: Final = "left out of this run"
_NO_TEST: Final = "no test"


@dataclass(frozen=True, slots=True)
class Column:
    """What a test module declares of one PBX, in its constant `COLUMNS`.

    `scenarios` are those it runs, `suite` the Debian suite they need, and `not_run` why others
    can't be run on this PBX at all.
    """

    pbx: str
    scenarios: tuple[str, ...]
    suite: str = ""
    not_run: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        strange = {*self.scenarios, *self.not_run} - {*SCENARIOS}
        assert not strange, f"no rows of the matrix: {strange}"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Where a test notes which scenario it ran."""

    @contextmanager
    def scenario(self, pbx: str, scenario: str) -> Iterator[None]:
        """Note that a scenario works when the block ends well, and that it doesn't otherwise."""
        try:
            yield
        except pytest.skip.Exception:
            raise
        # What pytest.fail raises is no Exception.
        except BaseException:
            record(pbx, scenario, FAIL)
            raise
        record(pbx, scenario, PASS)

    def figure(self, pbx: str, what: str) -> None:
        """Note a figure that was measured, to be printed after the run."""
        note({"pbx": pbx, "figure": what})


def record(pbx: str, scenario: str, result: str, why: str = "") -> None:
    """Note what a scenario came to: `pass`, `FAIL`, or `not run` and why."""
    assert scenario in SCENARIOS, scenario
    note({"pbx": pbx, "scenario": scenario, "result": result, "why": why})


def declare(column: Column) -> None:
    """Note which scenarios of a PBX there are tests for, and why others are not run."""
    suite = why_missing(column.suite) if column.suite else ""
    missing = f"no Debian {column.suite}: {suite}" if suite else ""
    for scenario in column.scenarios:
        record(column.pbx, scenario, "not run", missing or _LEFT_OUT)
    for scenario, why in column.not_run.items():
        record(column.pbx, scenario, "not run", why)


def note(fields: dict[str, Any]) -> None:
    """Add a line to the file of this process, where notes are asked for."""
    if folder := os.environ.get(NOTES_VARIABLE):
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(f"{json.dumps(fields)}\n")


def read_notes(folder: Path) -> list[dict[str, Any]]:
    """Return all that was noted in a run."""
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def merge(notes: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return each PBX's cells by scenario: a failure outweighs a pass, which outweighs the rest."""
    cells: dict[str, dict[str, str]] = {}
    weight = {"not run": 0, PASS: 1, FAIL: 2}
    heaviest: dict[tuple[str, str], int] = {}
    for noted in notes:
        if "scenario" not in noted:
            continue
        key = noted["pbx"], noted["scenario"]
        if weight[noted["result"]] >= heaviest.get(key, 0):
            heaviest[key] = weight[noted["result"]]
            text = f"not run: {noted['why']}" if noted["result"] == "not run" else noted["result"]
            cells.setdefault(key[0], {})[key[1]] = text
    return cells


def render_table(cells: Mapping[str, Mapping[str, str]]) -> str:
    """Return the matrix as a table: a row per scenario, a column per PBX."""
    columns = sorted(cells)
    rows = [
        ["scenario", *columns],
        ["---"] * (len(columns) + 1),
        *(
            [scenario, *(cells[pbx].get(scenario, f"not run: {_NO_TEST}") for pbx in columns)]
            for scenario in SCENARIOS
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def render_page(cells: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page that shows the matrix of a whole run."""
    return (
        "# Call matrix\n\n"
        "Written by `make e2e` after a whole run; what each PBX's calls are made of stands in its "
        "guide. *pass*: a test of this run saw it. *not run*: no test saw it, and why. "
        "*(simulated)*: the script ran in a stand-in for the PBX; no call went through a real one."
        "\n\n"
        f"{render_table(cells)}"
    )


def why_not_kept(notes: list[dict[str, Any]], cells: Mapping[str, Mapping[str, str]]) -> str:
    """Return why the page isn't written anew: it shows whole runs without a failure only."""
    every = {text for column in cells.values() for text in column.values()}
    if FAIL in every:
        return "a scenario failed"
    if missing := [name for name in SUITES if why_missing(name)]:
        return f"without {' and '.join(missing)}"
    if {"partial": True} in notes or not cells or f"not run: {_LEFT_OUT}" in every:
        return "only a part was run"
    return ""


def render_banner(cells: Mapping[str, Mapping[str, str]]) -> str:
    """Return what nobody should overlook: suites that are missing, and what that left out."""
    missing = {name: why for name in SUITES if (why := why_missing(name))}
    if not missing:
        return ""
    bar = "*" * 80
    left_out = sum(
        text.startswith("not run: no Debian")
        for column in cells.values()
        for text in column.values()
    )
    whys = "".join(f"*** NOT RUN: what needs {name}: {why}\n" for name, why in missing.items())
    return f"{bar}\n{whys}*** {left_out} scenarios with real programs were NOT RUN\n{bar}\n"


def main() -> None:
    """Print the matrix of the run whose notes are in a folder, and keep it as a page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    notes = read_notes(parser.parse_args().folder)
    cells = merge(notes)
    out = sys.stdout.write
    out(render_table(cells))
    for figure in sorted(
        f"{noted['pbx']}: {noted['figure']}" for noted in notes if "figure" in noted
    ):
        out(f"{figure}\n")
    if why := why_not_kept(notes, cells):
        out(f"{PAGE.relative_to(PROJECT)} is left as it was: {why}\n")
    else:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(render_page(cells))
    out(render_banner(cells))


if __name__ == "__main__":
    main()
