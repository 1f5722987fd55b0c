"""docs/operating.md is a session that really goes like that."""

from pathlib import Path

import pytest

from tests.docs.shown_session import is_shown, prepare, run, steps_of

PAGE = Path(__file__, "../../../docs/operating.md").resolve()


def test_the_session_goes_as_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the page, in order, in an empty folder, says what stands under it."""
    prepare(monkeypatch, tmp_path)
    steps = list(steps_of(PAGE.read_text(), tmp_path))
    assert len(steps) > 50
    for step in steps:
        said = run(step)
        assert is_shown(step.shown, said), f"$ {step.command}\n{said}"
