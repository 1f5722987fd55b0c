"""What is wrong with the databases beside the store, which no call needs, for `doctor`."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from admin_cli.finding import Finding
from admin_cli.invocation import Invocation
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


def caller_key_faults(invocation: Invocation) -> Iterator[Finding]:
    """Find whether callers can be recognised: the key that their numbers are hashed with."""
    from pbx_adapters.caller_hash import CallerKeyError, read_caller_key
    from pbx_adapters.config import InvalidConfigError

    try:
        config = invocation.config
    except InvalidConfigError:
        # It is told of the daemon.
        return
    path = config.caller_key_path
    if not config.decision_retention_days or not (
        config.caller_hash_key_file or path.exists() or _has_calls(invocation.data_dir)
    ):
        # A daemon that never ran hasn't made it yet.
        return
    try:
        read_caller_key(path)
    except CallerKeyError as error:
        problem, _, remedy = str(error).removeprefix(f"{path} ").partition("; ")
        yield Finding("caller-key-unusable", path.name, problem, remedy)


def _has_calls(data_dir: Path) -> bool:
    """Tell whether a call is recorded; none where that can't be read, which is told apart."""
    from pbx_adapters.call_queries import CallFilter, list_calls

    with suppress(SideDatabaseUnavailableError):
        return next(list_calls(data_dir / DECISIONS_FILE, CallFilter(), 1), None) is not None
    return False
