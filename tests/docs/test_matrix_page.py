"""The page of the call matrix shows every scenario, and what isn't known, says so."""

import pytest

from tests.pbx.matrix import PAGE, PASS, SCENARIOS

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("|")
]


def test_every_scenario_has_a_row() -> None:
    """The rows are the scenarios, in their order."""
    assert tuple(row[0] for row in ROWS[2:]) == SCENARIOS


@pytest.mark.parametrize("row", ROWS[2:], ids=[row[0] for row in ROWS[2:]])
def test_every_cell_is_a_pass_or_says_why_not(row: list[str]) -> None:
    """No cell is empty, and no failure is kept."""
    assert len(row) == len(ROWS[0])
    assert [cell for cell in row[1:] if cell != PASS and not cell.startswith("not run: ")] == []
