"""What several unit tests need."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    """Collect what is logged."""
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]
