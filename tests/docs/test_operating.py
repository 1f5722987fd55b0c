"""docs/operating.md is a session that really goes like that."""

from pathlib import Path

import pytest

from pbx_adapters import clock
from tests.docs.shown_session import NOW, is_shown, run, steps_of

PAGE = Path(__file__, "../../../docs/operating.md").resolve()


def test_the_session_goes_as_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the page, in order, in an empty folder, says what stands under it."""
    monkeypatch.chdir(tmp_path)
    for name in ("BEREIKBAAR_DATA_DIR", "BEREIKBAAR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(clock, "now", lambda: int(NOW.timestamp()))
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)
    steps = list(steps_of(PAGE.read_text(), tmp_path))
    assert len(steps) > 50
    for step in steps:
        said = run(step)
        assert is_shown(step.shown, said), f"$ {step.command}\n{said}"
