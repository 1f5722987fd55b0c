"""The plots in docs/performance/ and the tables beside them are of the results there are."""

import pytest

from benchmarks.before_after import BEFORE
from benchmarks.figures import RESULTS
from benchmarks.page_table import with_table
from benchmarks.plots import DOCS, DRAWN, PLOTS, read_rows, tables

PAGE = DOCS / "performance.md"


@pytest.mark.parametrize("name", DRAWN)
def test_plot_is_of_the_results_there_are(name: str) -> None:
    """Each plot tells when its figures were measured; `make plots` draws it anew."""
    plot = DRAWN[name](read_rows(RESULTS))
    drawn = (DOCS / PLOTS / name).read_text()
    assert [at for at in plot.measured_at if at not in drawn] == [], "run make plots"


@pytest.mark.parametrize("name", ["performance.md", "scaling.md"])
def test_table_is_of_the_results_there_are(name: str) -> None:
    """Each page holds what was measured last; `make plots` writes it anew."""
    page = (DOCS / name).read_text()
    table = tables(read_rows(RESULTS), read_rows(BEFORE))[name]
    assert table in page
    assert with_table(page, table) == page, "run make plots"


def test_every_plot_is_shown_with_words_for_who_cannot_see_it() -> None:
    """The page shows each plot that is drawn, and tells beside it what is to be seen."""
    page = PAGE.read_text()
    assert {path.name for path in (DOCS / PLOTS).iterdir()} == set(DRAWN)
    for name in DRAWN:
        before, shown, _ = page.partition(f"](performance/{name})")
        assert shown
        assert len(before.rpartition("![")[2].split()) > 8
