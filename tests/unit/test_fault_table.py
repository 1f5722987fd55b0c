"""The table of faults shows what was noted, and the page whole long runs only."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.fault_table import (
    NOTES_VARIABLE,
    ROWS,
    note,
    note_fault,
    read_notes,
    render_table,
    why_not_kept,
)

WHOLE: list[dict[str, Any]] = [
    *({"row": row, "method": "m", "count": 1, "result": "r"} for row in ROWS),
    {"form": "long"},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ask for notes, in an empty folder."""
    monkeypatch.setenv(NOTES_VARIABLE, str(tmp_path))
    return tmp_path


def test_each_way_of_causing_a_fault_is_a_row(folder: Path) -> None:
    """Rows come in the order of the faults, whatever order they were noted in."""
    note_fault("disk full", "a small disk", 3, "went on")
    note_fault("kill -9 during commits", "at random", 2_000, "none lost")
    assert render_table(read_notes(folder)).splitlines()[2:] == [
        "| kill -9 during commits | at random | 2,000 | none lost |",
        "| disk full | a small disk | 3 | went on |",
    ]


def test_what_two_processes_noted_alike_counts_once(folder: Path) -> None:
    """Each process of a run collects the tests, and says so."""
    note({"form": "long"})
    (folder / "1.jsonl").write_text('{"form": "long"}\n')
    assert read_notes(folder) == [{"form": "long"}]


def test_nothing_is_noted_unasked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running one test by hand leaves no file."""
    monkeypatch.delenv(NOTES_VARIABLE)
    note_fault("disk full", "a small disk", 3, "went on")
    assert list(folder.iterdir()) == []


def test_unknown_row_is_refused() -> None:
    """A fault that nobody listed is a slip of the pen."""
    with pytest.raises(AssertionError, match="disc full"):
        note_fault("disc full", "a small disk", 3, "went on")


def test_whole_long_run_is_kept() -> None:
    """There is nothing against it."""
    assert why_not_kept(WHOLE) == ""


@pytest.mark.parametrize(
    ("notes", "why"),
    [
        pytest.param([*WHOLE, {"failed": "test_x"}], "test_x failed", id="failure"),
        pytest.param(
            [*WHOLE, {"skipped": "test_x", "why": "w"}], "test_x was skipped", id="skipped"
        ),
        pytest.param(WHOLE[1:], f"nothing was noted of: {ROWS[0]}", id="row-missing"),
        pytest.param([*WHOLE, {"partial": True}], "only a part was run", id="part"),
        pytest.param(
            [*WHOLE[:-1], {"form": "short"}],
            "it shows the long form, of `make soak`",
            id="short-form",
        ),
        pytest.param(
            [*WHOLE, {"form": "short"}], "it shows the long form, of `make soak`", id="half-short"
        ),
    ],
)
def test_other_runs_leave_the_page(notes: list[dict[str, Any]], why: str) -> None:
    """The page never shows less than it did, and says why."""
    assert why_not_kept(notes) == why
