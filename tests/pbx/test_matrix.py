"""The call matrix itself: what a run's notes come to."""

import contextlib
from pathlib import Path

import pytest

from tests.pbx.matrix import (
    NOTES_VARIABLE,
    SCENARIOS,
    Column,
    Matrix,
    declare,
    merge,
    note,
    read_notes,
    render_banner,
    render_table,
    why_not_kept,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that takes the notes of this test, and not the run's own."""
    monkeypatch.setenv(NOTES_VARIABLE, str(tmp_path))
    return tmp_path


def test_what_ran_and_what_did_not(folder: Path, matrix: Matrix) -> None:
    """A scenario that ran passes; one that was declared only, or has no test, says so."""
    declare(Column("Nox", ("continue", "forwarded"), not_run={"message heard": "has no voice"}))
    with matrix.scenario("Nox", "continue"):
        pass
    cells = merge(read_notes(folder))
    assert cells == {
        "Nox": {
            "continue": "pass",
            "forwarded": "not run: left out of this run",
            "message heard": "not run: has no voice",
        }
    }
    table = render_table(cells).splitlines()
    assert table[0] == "| scenario | Nox |"
    assert [row.split(" | ")[0] for row in table[2:]] == [f"| {name}" for name in SCENARIOS]
    assert "| voicemail | not run: no test |" in table


def test_failure_outweighs_a_pass(folder: Path, matrix: Matrix) -> None:
    """One failure among many tests of a scenario shows, whichever came first."""
    for is_failing in (False, True, False):
        with contextlib.suppress(ValueError), matrix.scenario("Nox", "continue"):
            if is_failing:
                raise ValueError
    notes = read_notes(folder)
    cells = merge(notes)
    assert cells == {"Nox": {"continue": "FAIL"}}
    assert why_not_kept(notes, cells) == "a scenario failed"


def test_skipped_scenario_is_not_a_failure(folder: Path, matrix: Matrix) -> None:
    """A test that is skipped in the middle leaves what was declared."""
    declare(Column("Nox", ("continue",)))
    with pytest.raises(pytest.skip.Exception), matrix.scenario("Nox", "continue"):
        pytest.skip("no such thing here")
    assert merge(read_notes(folder)) == {"Nox": {"continue": "not run: left out of this run"}}


def test_missing_suite_is_the_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without the Debian suite a column says why nothing of it was run."""
    monkeypatch.setenv("PBX_SUITES", str(tmp_path / "none"))
    declare(Column("Nox", ("continue",), suite="sid"))
    why = "not run: no Debian sid: make pbx-suites has not been run"
    notes = read_notes(folder)
    cells = merge(notes)
    assert cells == {"Nox": {"continue": why}}
    assert "sid" in why_not_kept(notes, cells)


def test_part_of_a_run_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of some of the tests doesn't leave its holes in the page."""
    monkeypatch.setattr("tests.pbx.matrix.why_missing", lambda _: "")
    declare(Column("Nox", ("continue",)))
    notes = read_notes(folder)
    assert why_not_kept(notes, merge(notes)) == "only a part was run"
    whole = {"Nox": {"continue": "pass"}}
    assert why_not_kept([], whole) == ""
    note({"partial": True})
    assert why_not_kept(read_notes(folder), whole) == "only a part was run"


def test_banner_names_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a run left out for want of a suite stands between stars, with how many scenarios."""
    monkeypatch.setattr("tests.pbx.matrix.why_missing", lambda _: "")
    assert render_banner({"Nox": {"continue": "not run: has no voice"}}) == ""
    monkeypatch.undo()
    monkeypatch.setenv(NOTES_VARIABLE, str(folder))
    monkeypatch.setenv("PBX_SUITES", str(tmp_path / "none"))
    declare(Column("Nox", ("continue", "forwarded"), suite="sid"))
    banner = render_banner(merge(read_notes(folder)))
    assert "*** NOT RUN: what needs sid: make pbx-suites has not been run\n" in banner
    assert "*** 2 scenarios with real programs were NOT RUN\n" in banner
