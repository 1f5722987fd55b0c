"""The rows of `scale` as the table of docs/scaling.md, a column for each number of schedules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks import scale_parts as part
from benchmarks.figures import number_text, rows_of

_SHOWN: Final = (
    part.REQUEST_CPU,
    part.TABLE_BYTES,
    part.DAEMON_MB,
    part.PEAK_MB,
    part.FIRST_ANSWER,
    part.ALL_COMPILED,
    part.CHANGE,
    part.LONGEST_CHANGE,
    part.SAVED_ALONE_RATE,
    part.SAVED_TOGETHER,
    part.SAVED_TOGETHER_RATE,
    part.SAVED_TOGETHER_SERVED,
    part.RELOAD,
    part.QUIET_P99,
    part.QUIET_LONGEST,
    part.CHANGES_P99,
    part.CHANGES_LONGEST,
    part.RELOAD_P99,
    part.RELOAD_LONGEST,
    part.COLLECTION_LONGEST,
)


def scale_rows(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of `scale` from few schedules to many; raises `ValueError` without one."""
    return sorted(rows_of(rows, "scale"), key=lambda row: float(row["parts"][part.SCHEDULES]))


def growth_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the table, and when it was measured; raises `ValueError` without a row of `scale`."""
    scale = scale_rows(rows)
    head = ["schedules", *(f"{row['parts'][part.SCHEDULES]:,.0f}" for row in scale)]
    lines = [
        head,
        ["---", *("---:" for _ in scale)],
        [f"look-up in process, {scale[0]['unit']}", *(number_text(row["figure"]) for row in scale)],
    ]
    lines += [[name, *(number_text(row["parts"][name]) for row in scale)] for name in _SHOWN]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    last = max(scale, key=lambda row: str(row["measured_at"]))
    when = f"Measured until {last['measured_at']}, with a load of {last['load']:.1f} at the end.\n"
    return f"{table}\n{when}"
