"""`python -m benchmarks.plots`: draw what `results.json` holds, as SVG files in docs/performance/.

The tables of docs/performance.md and docs/scaling.md are written anew with them. The same results
give the same bytes. It needs matplotlib, which has an environment of its own: `make plots` sees to
that. Each file is dark where the reader's screen is.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import scale_parts as part
from benchmarks.before_after import BEFORE, before_after_table
from benchmarks.figures import RESULTS, rows_of
from benchmarks.growth_table import growth_table, scale_rows
from benchmarks.page_table import with_table
from benchmarks.steps_table import steps_table

DOCS: Final = Path(__file__).parents[1] / "docs"
PLOTS: Final = "performance"

_INK: Final = "#1f2329"
_PAPER: Final = "#fefefe"
_GRID: Final = "#d8dadd"
# Each is told from the others by the colour-blind as well, and stands out on both papers.
_COLOURS: Final = ("#2a7fd4", "#d9691b", "#2f9e68", "#8d7bb0")
_DARK: Final = {_INK: "#e2e5e9", _PAPER: "#14171b", _GRID: "#3a3f45"}
_DOTS_PER_INCH: Final = 72
_SIZE_INCHES: Final = (7.2, 4.6)
_STYLE: Final = {
    "svg.hashsalt": "bereikbaar",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.facecolor": _PAPER,
    "axes.prop_cycle": f"cycler('color', {list(_COLOURS)})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": _PAPER,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.16,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 5,
}

_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines on two axes, each line with the places of its points on both, by the name it is told.

    `x_scale` is one of matplotlib's; `x_ticks` are the texts at some places. `measured_at` tells
    when each row was that is drawn.
    """

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    measured_at: tuple[str, ...]
    y_scale: str = "linear"
    x_scale: str = "log"
    x_ticks: Mapping[float, str] | None = None


def latency_plot(rows: _Rows) -> Plot:
    """Tell how long how many requests waited: the rare ones, to the right, as wide as the rest."""
    (row,) = rows_of(rows, "latency")
    shares = row["curves"]["share, %"]
    # How many wait longer, one in so many: what is drawn grows by the same for each power of ten.
    rarity = [100 / (100 - share) for share in shares]
    lines = {
        name.removesuffix(", ms"): (rarity, values)
        for name, values in row["curves"].items()
        if name != "share, %"
    }
    ticks = {1: "0 %", 2: "50 %", 10: "90 %", 100: "99 %", 1_000: "99.9 %", 10_000: "99.99 %"}
    return Plot(
        f"Latency at {row['parts']['requests/s']:,.0f} requests a second",
        "share of the requests that waited no longer",
        "ms",
        lines,
        (row["measured_at"],),
        y_scale="log",
        x_ticks={place: text for place, text in ticks.items() if place <= max(rarity) * 1.01},
    )


def lookup_plot(rows: _Rows) -> Plot:
    """Tell what a look-up takes of the processor, and a call with all that is around it."""
    scale = scale_rows(rows)
    counts = _values(scale, part.SCHEDULES)
    return _against_schedules(
        scale,
        "What a call takes of the processor",
        "µs of CPU time",
        {
            "look-up in process": (counts, [row["figure"] for row in scale]),
            "request over HTTP, one worker": (counts, _values(scale, part.REQUEST_CPU)),
        },
    )


def memory_plot(rows: _Rows) -> Plot:
    """Tell what the daemon takes of memory, and how much of that its tables are."""
    scale = scale_rows(rows)
    counts = _values(scale, part.SCHEDULES)
    tables = [
        count * size / 1e6
        for count, size in zip(counts, _values(scale, part.TABLE_BYTES), strict=True)
    ]
    return _against_schedules(
        scale,
        "Memory",
        "MB",
        {
            "the daemon, at most": (counts, _values(scale, part.PEAK_MB)),
            "the daemon, everything compiled": (counts, _values(scale, part.DAEMON_MB)),
            "tables and numbers alone": (counts, tables),
        },
    )


def start_plot(rows: _Rows) -> Plot:
    """Tell how long a start takes, until calls are answered and until all is done."""
    scale = scale_rows(rows)
    counts = _values(scale, part.SCHEDULES)
    return _against_schedules(
        scale,
        "Start, and reading everything anew",
        "s",
        {
            "start until all schedules are compiled": (counts, _values(scale, part.ALL_COMPILED)),
            "start to the first answer": (counts, _values(scale, part.FIRST_ANSWER)),
            "everything read anew beside calls": (counts, _values(scale, part.RELOAD)),
        },
    )


def changes_plot(rows: _Rows) -> Plot:
    """Tell when a change reaches calls, and what calls wait at most while there is other work."""
    scale = scale_rows(rows)
    counts = _values(scale, part.SCHEDULES)
    return _against_schedules(
        scale,
        "Changes, and the longest wait of a call meanwhile",
        "ms",
        {
            "a saved change reaches calls, median": (counts, _values(scale, part.CHANGE)),
            "a call beside changes, at most": (counts, _values(scale, part.CHANGES_LONGEST)),
            "a call beside a whole reload, at most": (counts, _values(scale, part.RELOAD_LONGEST)),
            "a call beside nothing, at most": (counts, _values(scale, part.QUIET_LONGEST)),
        },
    )


DRAWN: Final[Mapping[str, Callable[[_Rows], Plot]]] = {
    "latency.svg": latency_plot,
    "lookup.svg": lookup_plot,
    "memory.svg": memory_plot,
    "start.svg": start_plot,
    "changes.svg": changes_plot,
}


def _against_schedules(
    scale: _Rows,
    title: str,
    unit: str,
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> Plot:
    return Plot(
        title,
        "schedules",
        unit,
        lines,
        tuple(row["measured_at"] for row in scale),
        y_scale="log",
        x_ticks={count: f"{count:,.0f}" for count in _values(scale, part.SCHEDULES)},
    )


def _values(rows: _Rows, name: str) -> list[float]:
    return [row["parts"][name] for row in rows]


def svg_text(plot: Plot) -> str:
    """Draw a plot with matplotlib, without a window."""
    from io import StringIO

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        for name, (places, values) in plot.lines.items():
            marker = "o" if len(places) < 10 else ""
            axes.plot(places, values, label=name, marker=marker)
        axes.set_title(plot.title, loc="left")
        axes.set(xlabel=plot.x_label, ylabel=plot.y_label)
        axes.set_xscale(plot.x_scale)
        axes.set_yscale(plot.y_scale)
        axes.yaxis.set_major_formatter("{x:,g}")
        if plot.x_ticks is not None:
            axes.set_xticks(list(plot.x_ticks), list(plot.x_ticks.values()), minor=False)
            axes.minorticks_off()
        figure.legend(loc="outside lower left", ncols=2)
        drawn = StringIO()
        when = f"measured at {', '.join(dict.fromkeys(plot.measured_at))}"
        about = {"Title": plot.title, "Description": when, "Date": None, "Creator": None}
        figure.savefig(drawn, format="svg", metadata=about)
    return _with_dark_colours(drawn.getvalue())


def _with_dark_colours(svg: str) -> str:
    """Add what a browser shows where the reader's screen is dark; others leave it out."""
    rules = "".join(
        f'[style*="{kind}: {light}"]{{{kind}:{dark}!important}}'
        for light, dark in _DARK.items()
        for kind in ("fill", "stroke")
    )
    style = f"<style>@media(prefers-color-scheme:dark){{{rules}}}</style>"
    head, defs, rest = svg.partition(" <defs>\n")
    lines = f"{head} {style}\n{defs}{rest}".splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def tables(rows: _Rows, before: _Rows) -> dict[tuple[str, str], str]:
    """Write the tables, by their page and name; raises `ValueError` where a row is missing."""
    return {
        ("performance.md", "figures"): before_after_table(before, rows),
        ("performance.md", "steps"): steps_table(rows),
        ("scaling.md", "scale"): growth_table(rows),
    }


def read_rows(results: Path) -> _Rows:
    """Read the rows of a file of results."""
    rows: _Rows = json.loads(results.read_text())["rows"]
    return rows


def main(arguments: Sequence[str]) -> int:
    """Draw all plots and write the tables; returns 1, saying why, where a row is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the JSON file to draw")
    parser.add_argument("--before", type=Path, default=BEFORE, help="the same of earlier code")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder with pages and plots")
    options = parser.parse_args(arguments)
    rows = read_rows(options.results)
    try:
        plots = {name: plot_of(rows) for name, plot_of in DRAWN.items()}
        written = tables(rows, read_rows(options.before))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    folder = options.docs / PLOTS
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in plots.items():
        (folder / name).write_text(svg_text(plot))
        print(folder / name)
    for (name, place), table in written.items():
        page = options.docs / name
        page.write_text(with_table(page.read_text(), place, table))
        print(f"{page}, {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
