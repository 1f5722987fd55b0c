"""Pages that show a session: it really goes like that."""

from pathlib import Path

import pytest

from tests.docs.shown_session import is_shown, prepare, run, steps_of

DOCS = Path(__file__, "../../../docs").resolve()


@pytest.mark.parametrize(("page", "least"), [("operating.md", 50), ("calls.md", 8)])
def test_the_session_goes_as_it_is_shown(
    page: str, least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of the page, in order, in an empty folder, says what stands under it."""
    prepare(monkeypatch, tmp_path)
    steps = list(steps_of((DOCS / page).read_text(), tmp_path))
    assert len(steps) > least
    for step in steps:
        said = run(step)
        assert is_shown(step.shown, said), f"$ {step.command}\n{said}"
