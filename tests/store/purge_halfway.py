"""Purge the schedule `teller` and wait, before the end of the transaction, to be killed.

Argument: data directory.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from schedules.sqlite_store import open_store

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

store = open_store(Path(sys.argv[1]))
# Small enough that what is removed is written out to the log before the commit.
store.db.execute("PRAGMA cache_size = 1")
with store.writing("jan", AT) as writer:
    removed = writer.purge("teller")
    print(f"{removed} removed, not yet committed", flush=True)  # noqa: T201 - the test reads it
    time.sleep(60)
