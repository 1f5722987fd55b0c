"""The page of faults shows every fault there is a row for, as often as it has to be caused."""

from itertools import groupby

import pytest

from tests.faults.fault_table import PAGE, ROWS

TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("|")
]
FAULTS = TABLE[2:]


def test_every_fault_has_rows() -> None:
    """The faults are those of the list, in its order."""
    assert tuple(fault for fault, _ in groupby(FAULTS, lambda row: row[0])) == ROWS


@pytest.mark.parametrize("row", FAULTS, ids=[f"{row[0]}: {row[1]}" for row in FAULTS])
def test_every_row_says_how_often_and_what_came_of_it(row: list[str]) -> None:
    """No cell is empty, and no fault was caused not even once."""
    assert len(row) == len(TABLE[0])
    assert all(row)
    assert int(row[2].replace(",", "")) > 0


def test_page_shows_the_long_form() -> None:
    """Two hundred kills during commits, and no answer of the mixed load that was wrong or lost."""
    kills = [row[2] for row in FAULTS if row[1] == "writer and daemon, at random moments"]
    assert kills == ["200"]
    mixed = [row[3] for row in FAULTS if row[0] == "mixed load"]
    assert all(": 0 wrong, 0 lost, " in result for result in mixed)
