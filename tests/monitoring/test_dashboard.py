"""The dashboard: whole, legible, and of what exists."""

import json
import re
from itertools import combinations
from typing import Any, Final

import pytest

from tests.monitoring.exposed import (
    EXPOSED,
    FOLDER,
    TARGET_LABELS,
    faults_of,
    grouping_labels,
    read_yaml,
    selectors,
)

DASHBOARD: Final[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())
ALARMS: Final[dict[str, Any]] = read_yaml(FOLDER / "alerts.yml")
PANELS: Final[list[dict[str, Any]]] = DASHBOARD["panels"]
SHOWING: Final = [panel for panel in PANELS if panel["type"] != "row"]
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
each_panel = pytest.mark.parametrize("panel", SHOWING, ids=lambda panel: panel["title"])


def do_overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Tell whether two places on the grid have a cell in common."""
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_it_has_its_rows() -> None:
    """The rows come in the order in which an operator asks, and each has panels below it."""
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == [
        "Calls",
        "Treatment",
        "Speed",
        "Refusals",
        "Schedules and reload",
        "Messages",
        "Recorded calls and notifications",
        "Process",
    ]
    kinds = "".join("r" if panel["type"] == "row" else "p" for panel in PANELS)
    assert re.fullmatch(r"(rp+)+", kinds)


def test_panels_are_told_apart() -> None:
    """No two panels share an id or a title."""
    for key in ("id", "title"):
        values = [panel[key] for panel in PANELS]
        assert len(set(values)) == len(values)


def test_panels_do_not_overlap() -> None:
    """Each panel has a place of its own within the 24 columns of the grid."""
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["w"] > 0
        assert place["h"] > 0
        assert place["x"] + place["w"] <= 24
    pairs = combinations(PANELS, 2)
    assert [
        (one["title"], other["title"])
        for one, other in pairs
        if do_overlap(one["gridPos"], other["gridPos"])
    ] == []


def test_the_data_source_is_chosen_by_who_looks() -> None:
    """Data source and daemons are variables; nothing is of one installation."""
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    asked = re.fullmatch(r"label_values\((\w+), instance\)", variables["instance"]["definition"])
    assert asked is not None
    assert asked[1] in EXPOSED
    assert variables["instance"]["datasource"] == DATASOURCE
    used = set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(PANELS)))
    assert used == set(variables)
    assert "id" not in DASHBOARD


def test_what_alarms_look_at_is_shown() -> None:
    """Whoever is woken sees how it came to that; a histogram by any of its series."""
    shown, watched = (
        {
            re.sub(r"_(bucket|sum|count)$", "", selector.series)
            for expression in expressions
            for selector in selectors(expression)
        }
        for expressions in (
            [target["expr"] for panel in SHOWING for target in panel["targets"]],
            [rule["expr"] for group in ALARMS["groups"] for rule in group["rules"]],
        )
    )
    assert watched - shown == set()


@each_panel
def test_a_panel_is_legible(panel: dict[str, Any]) -> None:
    """It says what it shows, in a unit, and each line of it has a legend."""
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == DATASOURCE
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in panel["targets"]:
        assert target["datasource"] == DATASOURCE
        assert target["expr"].strip()
        assert target["legendFormat"].strip()


@each_panel
def test_a_panel_asks_for_what_exists(panel: dict[str, Any]) -> None:
    """Each series, label and value of its expressions is one that the daemon exposes."""
    assert [fault for target in panel["targets"] for fault in faults_of(target["expr"])] == []


@each_panel
def test_a_panel_shows_the_daemons_that_are_chosen(panel: dict[str, Any]) -> None:
    """Each series that it asks for is limited to the chosen daemons."""
    for target in panel["targets"]:
        for selector in selectors(target["expr"]):
            assert ("instance", "=~", "$instance") in selector.matchers


@each_panel
def test_legends_name_labels_that_remain(panel: dict[str, Any]) -> None:
    """A label in a legend is one that the expression's grouping keeps."""
    for target in panel["targets"]:
        expression = target["expr"]
        series = {name for selector in selectors(expression) for name in EXPOSED[selector.series]}
        is_grouped = re.search(r"\b(sum|min|max)\b", expression)
        kept = grouping_labels(expression) if is_grouped else series | TARGET_LABELS
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept
