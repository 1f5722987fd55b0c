"""The one place that reads the clock; everywhere else time is an argument."""

import time
from datetime import UTC, datetime


def now() -> int:
    """Return the present instant in whole epoch seconds."""
    return int(time.time())


def utc_now() -> datetime:
    """Return the present instant in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
