"""What a benchmark measured, set against what was to be reached; as a table and as JSON."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

Verdict = Literal["then", "reach", "no"]

RESULTS: Final = Path(__file__).with_name("results.json")

_COLUMNS: Final = ("row", "figure", "peer", "ratio", "reach", "then", "reached?")
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_LIBRARIES: Final = ("aiohttp", "uvloop", "pydantic", "opening-hours-py")


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a row's figure or on its ratio to the peer: first `reach`, then `then`."""

    of: Literal["figure", "ratio"]
    bound: Literal["at most", "at least"]
    reach: float
    then: float

    def verdict(self, value: float) -> Verdict:
        """Say how far a value has come."""
        sign = 1 if self.bound == "at most" else -1
        if sign * value <= sign * self.then:
            return "then"
        return "reach" if sign * value <= sign * self.reach else "no"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `figure` and `peer` are in `unit`; `ratio` is of the two, the way round that its goal reads.
    `parts` are further figures that explain the first, by a name that holds their unit; `rounds`
    are the values whose median the judged figure is; `notes` say what else is to be known of it.
    `curves` are lists of one length, to be drawn, by a name that holds their unit.
    """

    name: str
    figure: float
    unit: str
    goals: tuple[Goal, ...]
    peer: float | None = None
    ratio: float | None = None
    parts: dict[str, float] = field(default_factory=dict)
    rounds: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    curves: dict[str, list[float]] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict | None:
        """How far the row has come: as far as the goal that lags most; None without a goal."""
        verdicts = {goal.verdict(self.value_of(goal)) for goal in self.goals}
        return next((verdict for verdict in ("no", "reach", "then") if verdict in verdicts), None)

    def value_of(self, goal: Goal) -> float:
        """Return what a goal is about; raises `ValueError` for a ratio that was not measured."""
        value = self.figure if goal.of == "figure" else self.ratio
        if value is None:
            raise ValueError(f"{self.name}: a goal for the ratio, but no peer was measured")
        return value

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the table's columns."""
        return (
            self.name,
            f"{number_text(self.figure)} {self.unit}",
            "" if self.peer is None else f"{number_text(self.peer)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}{_TIMES}",
            ", ".join(self._bound_text(goal, goal.reach) for goal in self.goals),
            ", ".join(self._bound_text(goal, goal.then) for goal in self.goals),
            self.verdict or "",
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row as `results.json` holds it."""
        return {
            "row": self.name,
            "figure": self.figure,
            "unit": self.unit,
            "peer": self.peer,
            "ratio": self.ratio,
            "goals": [
                {"of": goal.of, "bound": goal.bound, "reach": goal.reach, "then": goal.then}
                for goal in self.goals
            ],
            "reached": self.verdict,
            "parts": self.parts,
            "rounds": list(self.rounds),
            "notes": list(self.notes),
            "curves": self.curves,
        }

    def _bound_text(self, goal: Goal, bound: float) -> str:
        unit = f" {self.unit}" if goal.of == "figure" else _TIMES
        return f"{'≤' if goal.bound == 'at most' else '≥'} {bound:g}{unit}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that can't be measured on this machine, and why not."""

    name: str
    reason: str

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the table's columns."""
        return (self.name, *[""] * (len(_COLUMNS) - 2), "left out")

    def as_json(self) -> dict[str, Any]:
        """Return it as `results.json` holds it, so that nobody takes it for forgotten."""
        return {"row": self.name, "left out": self.reason}


def read_row(told: Mapping[str, Any]) -> Row | LeftOut:
    """Read a row as `results.json` holds it."""
    if "left out" in told:
        return LeftOut(told["row"], told["left out"])
    return Row(
        told["row"],
        told["figure"],
        told["unit"],
        tuple(Goal(**goal) for goal in told["goals"]),
        peer=told["peer"],
        ratio=told["ratio"],
        parts=told["parts"],
        rounds=tuple(told["rounds"]),
        notes=tuple(told["notes"]),
        curves=told["curves"],
    )


def rows_of(rows: Sequence[Mapping[str, Any]], only: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of one `--only` as results hold them; raises `ValueError` without one."""
    found = [row for row in rows if row["only"] == only]
    if not found:
        raise ValueError(f"not measured yet: run python -m benchmarks --only {only}")
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values, 0 to 1, do not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the median of the quotients of pairs measured next to each other."""
    return median(first / second for first, second in pairs)


def table_text(rows: Sequence[Row | LeftOut]) -> str:
    """Write the rows as a table, the parts of each below it, or why it was left out."""
    lines = [_COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    texts = []
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        texts.append("  ".join(cells).rstrip())
        if number:
            texts.extend(f"    {text}" for text in _texts_below(rows[number - 1]))
    return "\n".join(texts)


def _texts_below(row: Row | LeftOut) -> list[str]:
    if isinstance(row, LeftOut):
        return [row.reason]
    return [*(f"{name}: {number_text(value)}" for name, value in row.parts.items()), *row.notes]


def write_results(measured: Sequence[tuple[str, Row | LeftOut]], path: Path = RESULTS) -> None:
    """Write rows, each with the `--only` that measured it, and of which code, when and where.

    What the file holds of other such names stays as it is.
    """
    now, load = datetime.now(UTC).isoformat(timespec="seconds"), os.getloadavg()[0]
    when = {"measured_at": now, "load": load, "commit": _commit()}
    rows = [{"only": name, **when, **row.as_json()} for name, row in measured]
    anew = {name for name, _ in measured}
    if path.exists():
        rows += [row for row in json.loads(path.read_text())["rows"] if row["only"] not in anew]
    results = {
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "rows": sorted(rows, key=lambda row: row["only"]),
    }
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


def _commit() -> str:
    """Return the commit of what is measured, marked where it was changed since; empty if unknown.

    What measures, this folder, may be another's.
    """

    def git(*words: str) -> str:
        return subprocess.check_output(
            ["git", *words], cwd=RESULTS.parents[1], text=True, stderr=subprocess.DEVNULL
        ).strip()

    try:
        changes = git("status", "--porcelain", "--untracked-files=no", "--", ":!benchmarks")
        return git("rev-parse", "--short=7", "HEAD") + (" with changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def tell(what: str) -> None:
    """Say on stderr what is being measured: some of it takes minutes."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def number_text(value: float) -> str:
    """Write a measured value with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
