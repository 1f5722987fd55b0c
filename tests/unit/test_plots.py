"""What is drawn of the results; how it looks is seen, not tested."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import scale_parts
from benchmarks.__main__ import main as measure
from benchmarks.before_after import before_after_table
from benchmarks.figures import Goal, LeftOut, Row, write_results
from benchmarks.growth_table import growth_table
from benchmarks.page_table import with_table
from benchmarks.plots import (
    DRAWN,
    changes_plot,
    latency_plot,
    lookup_plot,
    memory_plot,
    read_rows,
    start_plot,
)
from benchmarks.plots import main as draw
from benchmarks.steps_table import steps_table

PARTS = {value for name, value in vars(scale_parts).items() if name.isupper()}


def scale_row(count: int, **parts: float) -> dict[str, Any]:
    """Return a row of `scale` as the results hold it, every part not given being its count."""
    return {
        "only": "scale",
        "measured_at": f"at {count}",
        "load": 0.25,
        "figure": 1.5,
        "unit": "µs",
        "parts": dict.fromkeys(PARTS, count)
        | {getattr(scale_parts, key): parts[key] for key in parts},
    }


def test_requests_are_drawn_by_how_rare_their_wait_is() -> None:
    """One in two waits longer than the median, one in a thousand longer than the 99.9 %."""
    row = {
        "only": "latency",
        "measured_at": "now",
        "parts": {"requests/s": 5_000},
        "curves": {"share, %": [50, 99, 99.9], "hook, ms": [1, 2, 9], "bare route, ms": [1, 1, 3]},
    }
    plot = latency_plot([scale_row(100), row])
    assert set(plot.lines) == {"hook", "bare route"}
    places, waits = plot.lines["hook"]
    assert places == pytest.approx([2, 100, 1_000])
    assert waits == [1, 2, 9]
    assert plot.x_ticks == {1: "0 %", 2: "50 %", 10: "90 %", 100: "99 %", 1_000: "99.9 %"}


def test_rows_are_drawn_by_number_of_schedules() -> None:
    """Whatever the order of the rows, lines go from few schedules to many."""
    rows = [scale_row(10_000, REQUEST_CPU=90), scale_row(100, REQUEST_CPU=80)]
    plot = lookup_plot(rows)
    assert list(plot.lines) == ["look-up in process", "request over HTTP, one worker"]
    places, values = zip(*plot.lines.values(), strict=True)
    assert list(places) == [[100, 10_000], [100, 10_000]]
    assert list(values) == [[1.5, 1.5], [80, 90]]
    assert plot.measured_at == ("at 100", "at 10000")
    assert start_plot(rows).x_ticks == {100: "100", 10_000: "10,000"}


def test_memory_of_tables_is_that_of_all_together() -> None:
    """What one schedule takes is told in bytes, and drawn as the MB of all."""
    plot = memory_plot([scale_row(2_000, TABLE_BYTES=1_500)])
    assert plot.lines["tables and numbers alone"] == ([2_000], [3])


def test_waits_are_drawn_beside_what_they_wait_for() -> None:
    """The longest waits beside changes and reloads are told from those beside nothing."""
    row = scale_row(100, CHANGE=60, CHANGES_LONGEST=30, RELOAD_LONGEST=20, QUIET_LONGEST=2)
    waits = {name: values for name, (_, values) in changes_plot([row]).lines.items()}
    assert list(waits.values()) == [[60], [30], [20], [2]]
    assert waits["a call beside nothing, at most"] == [2]


def test_what_was_not_measured_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written, and the message names what to run."""
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"rows": [scale_row(100)]}))
    docs = tmp_path / "docs"
    assert draw(["--results", str(results), "--before", str(results), "--docs", str(docs)]) == 1
    assert "python -m benchmarks --only latency" in capsys.readouterr().err
    assert not docs.exists()


def test_figures_stand_beside_those_of_earlier_code(tmp_path: Path) -> None:
    """Each row that is judged is told with what it was, if it was there, and of which commits."""
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    goal = Goal("ratio", "at least", 0.75, 0.9)
    hook = Row("hook throughput", 4_000, "requests/s", (goal,), peer=8_000, ratio=0.5)
    write_results([("throughput", hook)], before)
    rows: list[tuple[str, Row | LeftOut]] = [
        ("workers", Row("two workers", 9_000, "requests/s", (goal,), peer=6_000, ratio=1.5)),
        ("throughput", Row(hook.name, 6_000, "requests/s", (goal,), peer=7_500, ratio=0.8)),
        ("peers", LeftOut("beside Express", "no Node here")),
    ]
    write_results(rows, now)
    table = before_after_table(read_rows(before), [scale_row(100), *read_rows(now)])
    _, _, *lines, _, told = table.replace("\N{MULTIPLICATION SIGN}", "x").splitlines()
    hook_cells, workers_cells, left_out = ([*map(str.strip, one.split("|"))][1:-1] for one in lines)
    figures = ["4,000 requests/s", "6,000 requests/s", "7,500 requests/s"]
    assert hook_cells == [hook.name, *figures, "0.50x", "0.80x", "≥ 0.75x", "≥ 0.9x", "reach"]
    none = "\N{EN DASH}"
    assert workers_cells[:2] == ["two workers", none]
    assert left_out == ["beside Express", *[none] * 7, "left out"]
    commit, moment = (read_rows(before)[0][key] for key in ("commit", "measured_at"))
    assert told.startswith(f"Before: {commit}, {moment} to {moment}, with a load of")


def test_table_has_a_column_for_each_number_of_schedules() -> None:
    """Few schedules stand left of many, each part in a line of its own, and when at the end."""
    table = growth_table([scale_row(10_000, RELOAD=4.25), scale_row(100, RELOAD=0.0123)])
    lines = table.splitlines()
    assert lines[0] == "| schedules | 100 | 10,000 |"
    assert lines[2] == "| look-up in process, µs | 1.5 | 1.5 |"
    assert "| everything read anew, s | 0.0123 | 4.25 |" in lines
    assert lines[-1] == "Measured until at 10000, with a load of 0.2 at the end."


def test_table_takes_the_place_of_the_one_before() -> None:
    """Writing it again changes nothing else of a page, however long the old one was."""
    begins = [f"<!-- `make plots` writes this table: {name} -->" for name in ("other", "mine")]
    end = "<!-- the end of that table -->"
    other = f"before\n\n{begins[0]}\nkept\n{end}\n\nbetween\n\n"
    page = f"{other}{begins[1]}\nold\nand long\n{end}\n\nafter\n"
    written = with_table(page, "mine", "| new |\n")
    assert written == f"{other}{begins[1]}\n\n| new |\n\n{end}\n\nafter\n"
    assert with_table(written, "mine", "| new |\n") == written


def test_table_without_a_place_is_not_lost() -> None:
    """A page that has no place for a table is told, rather than left without it."""
    with pytest.raises(ValueError, match="no place for the table of steps"):
        with_table("before\n", "steps", "| new |\n")


def test_steps_stand_in_the_order_of_a_call(tmp_path: Path) -> None:
    """The whole comes first, then each step with its µs, and when it was measured."""
    results = tmp_path / "results.json"
    steps = {"head, µs": 3.25, "query, µs": 2.0}
    write_results([("steps", Row("a call", 40.5, "µs", (), parts=steps))], results)
    head, _, *lines, _, when = steps_table(read_rows(results)).splitlines()
    assert [head, *lines] == [
        "| step | µs |",
        "| a call | 40.5 |",
        "| head | 3.25 |",
        "| query | 2 |",
    ]
    assert when.startswith("Measured at 20")


@pytest.mark.slow
def test_quick_form_measures_what_is_drawn(tmp_path: Path) -> None:
    """Every plot finds its figures in what a run writes, every part of them positive or nought."""
    results = tmp_path / "results.json"
    options = ["--quick", "--only", "scale", "--only", "latency", "--results", str(results)]
    assert measure(options) == 0
    rows = json.loads(results.read_text())["rows"]
    scale = [row for row in rows if row["only"] == "scale"]
    assert [set(row["parts"]) for row in scale] == [PARTS] * len(scale)
    assert all(value >= 0 for row in scale for value in row["parts"].values())
    for plot_of in DRAWN.values():
        plot = plot_of(rows)
        assert plot.lines
        assert all(len(places) == len(values) for places, values in plot.lines.values())
