"""What every test of a PBX's scripts gets."""

from pathlib import Path

import pytest

from admin_cli import pbx_asking
from tests.pbx.doctor import Doctor
from tests.pbx.matrix import Column, Matrix, declare, note


@pytest.fixture
def matrix() -> Matrix:
    """Note which scenario of which PBX was seen to work."""
    return Matrix()


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run it in an empty folder, with little patience."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pbx_asking, "PATIENCE_SECONDS", 2.0)
    return Doctor(tmp_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note what the modules declare, whether or not all of it will be run."""
    if config.option.keyword or getattr(config.option, "lf", False) or config.option.markexpr:
        note({"partial": True})
    modules = {getattr(item, "module", None) for item in items}
    columns: set[str] = set()
    for module in modules:
        for column in getattr(module, "COLUMNS", ()):
            assert isinstance(column, Column)
            columns.add(column.pbx)
            declare(column)
