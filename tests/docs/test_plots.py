"""The plots in docs/performance/ and the table of docs/scaling.md are of the results there are."""

import json

import pytest

from benchmarks.figures import RESULTS
from benchmarks.growth_table import PAGE as SCALING
from benchmarks.growth_table import growth_table, with_table
from benchmarks.plots import DRAWN, PLOTS

PAGE = PLOTS.with_name("performance.md")


@pytest.mark.parametrize("name", DRAWN)
def test_plot_is_of_the_results_there_are(name: str) -> None:
    """Each plot tells when its figures were measured; `make plots` draws it anew."""
    plot = DRAWN[name](json.loads(RESULTS.read_text())["rows"])
    drawn = (PLOTS / name).read_text()
    assert [at for at in plot.measured_at if at not in drawn] == [], "run make plots"


def test_table_is_of_the_results_there_are() -> None:
    """docs/scaling.md holds what was measured last; `make plots` writes it anew."""
    page = SCALING.read_text()
    rows = json.loads(RESULTS.read_text())["rows"]
    assert with_table(page, growth_table(rows)) == page, "run make plots"


def test_every_plot_is_shown_with_words_for_who_cannot_see_it() -> None:
    """The page shows each plot that is drawn, and tells beside it what is to be seen."""
    page = PAGE.read_text()
    assert {path.name for path in PLOTS.iterdir()} == set(DRAWN)
    for name in DRAWN:
        before, shown, _ = page.partition(f"](performance/{name})")
        assert shown
        assert len(before.rpartition("![")[2].split()) > 8
