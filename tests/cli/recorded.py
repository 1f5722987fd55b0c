"""Calls to the shop, recorded as a daemon would have."""

from datetime import datetime
from typing import Final

from pbx_adapters.call_record import RecordedCall, RecordedOutcome, write_calls
from pbx_adapters.decisions_db import writing_decisions
from tests.cli.command_line import CommandLine

ID: Final = "0123456789ab-{:08x}"
NUMBER: Final = "+31850000200"
# Sunday 22 November 2026 in Zwolle: an override until 12:00, else closed all day.
OVERRIDDEN: Final = RecordedOutcome(
    *("winkel", 1, "closed", "hangup", "override", "overrides/stroom"),
    *("", "", "", "", 1_795_345_200),
)


def at(text: str) -> int:
    """Return an instant in epoch seconds."""
    return int(datetime.fromisoformat(text).timestamp())


def record(cli: CommandLine, *calls: RecordedCall) -> None:
    """Record calls in the data directory."""
    folder = cli.folder / "data"
    folder.mkdir(exist_ok=True)
    with writing_decisions(folder / "decisions.db") as db:
        write_calls(db, calls)


def call(
    count: int,
    text: str,
    outcome: RecordedOutcome = OVERRIDDEN,
    *,
    number: str | None = NUMBER,
    caller: int | None = None,
    callid: str = "",
    dialect: str = "3cx",
) -> RecordedCall:
    """Return a call at an instant in ISO 8601."""
    return RecordedCall(ID.format(count), at(text), dialect, number, caller, callid, outcome)
