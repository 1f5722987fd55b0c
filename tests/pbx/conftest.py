"""What every test of a PBX's scripts gets."""

import pytest

from tests.pbx.matrix import Column, Matrix, declare, note


@pytest.fixture
def matrix() -> Matrix:
    """Note which scenario of which PBX was seen to work."""
    return Matrix()


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
