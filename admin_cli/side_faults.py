"""What is wrong with the databases beside the store, which no call needs, for `doctor`."""

from collections.abc import Iterator
from pathlib import Path

from admin_cli.finding import Finding
from pbx_adapters.data_dir import DECISIONS_FILE, OUTBOX_FILE
from pbx_adapters.side_database import SideDatabaseUnavailableError


def side_faults(data_dir: Path) -> Iterator[Finding]:
    """Find whether recorded calls, uses of tokens, and notifications that wait can be read."""
    from pbx_adapters.decisions_db import check_decisions
    from pbx_adapters.notifications.outbox import check_outbox

    for name, code, check in (
        (DECISIONS_FILE, "decisions-damaged", check_decisions),
        (OUTBOX_FILE, "outbox-damaged", check_outbox),
    ):
        try:
            check(data_dir / name)
        except SideDatabaseUnavailableError as error:
            told = str(error).rpartition(f"{name}: ")[2]
            problem, _, remedy = told.rpartition("; ")
            yield Finding(code if error.is_damaged else "unreadable", name, problem, remedy)
