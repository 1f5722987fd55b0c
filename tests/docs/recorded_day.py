"""The calls of a page's session: what `bereikbaar serve` stands for where no daemon runs."""

from datetime import datetime
from pathlib import Path
from typing import Final

from admin_cli.invocation import Invocation
from pbx_adapters.call_record import RecordedCall, record_outcome, write_calls
from pbx_adapters.caller_hash import KEY_BYTES, hash_caller, read_caller_key
from pbx_adapters.data_dir import CALLER_KEY_FILE, DECISIONS_FILE
from pbx_adapters.decisions_db import writing_decisions
from routing_engine.caller_changes import compile_at
from routing_engine.decision import CallQuery
from routing_engine.resolver import resolve
from routing_engine.snapshot import assemble_snapshot

# When, by whom, to which number.
_CALLS: Final = (
    ("2026-11-24T09:14:07+01:00", "0612345678", "+31850000000"),
    ("2026-11-24T09:31:40+01:00", "anonymous", "+31850000001"),
    ("2026-11-24T12:04:55+01:00", "0201234567", "+31850000000"),
    ("2026-11-24T17:42:19+01:00", "+31612345678", "+31850000000"),
    ("2026-11-24T18:20:02+01:00", "0301234567", "+31850000099"),
)


def record_day(data_dir: Path) -> None:
    """Record a day's calls to the schedules in a store, as the daemon would have decided them."""
    invocation = Invocation(chosen_data_dir=data_dir)
    calls = []
    key_path = data_dir / CALLER_KEY_FILE
    # Always the same, so that the page's hashes are.
    key_path.write_bytes(bytes(KEY_BYTES))
    key_path.chmod(0o600)
    key = read_caller_key(key_path)
    with invocation.open_store() as store:
        currents = list(store.currents())
    for count, (text, cli, number) in enumerate(_CALLS, start=1):
        at = int(datetime.fromisoformat(text).timestamp())
        tables = {
            one.schedule_id: compile_at(one.schedule(), invocation.targets, at, one.revision)
            for one in currents
        }
        links = ((entry, table.schedule) for table in tables.values() for entry in table.numbers)
        snapshot = assemble_snapshot(
            revision=1, links=links, tables=tables, unusable=frozenset(), horizon_at=0
        )
        calls.append(
            RecordedCall(
                f"5f0c2a9be731-{count:08x}",
                at,
                "3cx",
                number,
                hash_caller(key, cli, "NL"),
                f"{100 + count}",
                record_outcome(resolve(snapshot, CallQuery(at, number))),
            )
        )
    with writing_decisions(data_dir / DECISIONS_FILE) as db:
        write_calls(db, calls)
