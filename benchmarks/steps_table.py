"""The row of `steps` as the table of docs/performance.md that tells what a call costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.figures import number_text, rows_of


def steps_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the steps in the order of a call; raises `ValueError` without the row."""
    (row,) = rows_of(rows, "steps")
    steps = {row["row"]: row["figure"]} | {
        name.removesuffix(", µs"): value for name, value in row["parts"].items()
    }
    lines = [("step", "µs"), ("---", "---:")]
    lines += [(name, number_text(value)) for name, value in steps.items()]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return f"{table}\nMeasured at {row['measured_at']}, with a load of {row['load']:.1f}.\n"
