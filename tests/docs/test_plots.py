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


def test_tables_are_of_the_results_there_are() -> None:
    """Each page holds what was measured last; `make plots` writes it anew."""
    for (name, place), table in tables(read_rows(RESULTS), read_rows(BEFORE)).items():
        page = (DOCS / name).read_text()
        assert with_table(page, place, table) == page, "run make plots"


def test_every_plot_is_shown_with_words_for_who_cannot_see_it() -> None:
    """The page shows each plot that is drawn, and tells beside it what is to be seen."""
    page = PAGE.read_text()
    assert {path.name for path in (DOCS / PLOTS).iterdir()} == set(DRAWN)
    for name in DRAWN:
        before, shown, _ = page.partition(f"](performance/{name})")
        assert shown
        assert len(before.rpartition("![")[2].split()) > 8
