"""What was measured, beside the same of earlier code on the same machine: docs/performance.md."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import LeftOut, Row, read_row

BEFORE: Final = Path(__file__).with_name("before.json")

_HEAD: Final = (
    "row",
    "before",
    "now",
    "its peer now",
    "ratio, before",
    "ratio, now",
    "reach",
    "then",
    "how far",
)
_ORDER: Final = (
    "lookup",
    "compile",
    "memory",
    "start",
    "reload",
    "throughput",
    "latency",
    "workers",
    "peers",
    "downloads",
)
_NONE: Final = "\N{EN DASH}"

_Told = Mapping[str, Any]


def before_after_table(before: Sequence[_Told], now: Sequence[_Told]) -> str:
    """Write the rows that have a goal, in the order of quality.md, and of which code they are."""
    earlier = {one["row"]: read_row(one) for one in before}
    shown = sorted(_with_goal(now), key=lambda one: _ORDER.index(one["only"]))
    lines = [_HEAD, ("---", *["---:"] * 7, "---")]
    lines += [_cells(read_row(one), earlier.get(one["row"])) for one in shown]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    told = f"Before: {_when(list(_with_goal(before)))}. Now: {_when(shown)}."
    return f"{table}\n{told}\n"


def _with_goal(rows: Sequence[_Told]) -> Iterator[_Told]:
    return (one for one in rows if one["only"] in _ORDER)


def _cells(row: Row | LeftOut, earlier: Row | LeftOut | None) -> tuple[str, ...]:
    name, figure, peer, ratio, reach, then, verdict = row.cells()
    _, figure_before, _, ratio_before, *_ = earlier.cells() if earlier else [""] * 7
    cells = (figure_before, figure, peer, ratio_before, ratio, reach, then, verdict)
    return name, *(cell or _NONE for cell in cells)


def _when(rows: Sequence[_Told]) -> str:
    """Tell which code was measured, and from when to when, with which load of the machine."""
    moments = sorted(one["measured_at"] for one in rows)
    commits = " and ".join(sorted({one["commit"] for one in rows if one["commit"]}))
    load = max(one["load"] for one in rows)
    return f"{commits}, {moments[0]} to {moments[-1]}, with a load of {load:.1f} at most"
