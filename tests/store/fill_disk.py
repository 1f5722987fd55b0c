"""Save schedules into a store on a small file system until it is full, then make room."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from schedules.errors import StoreUnavailableError
from schedules.model import CLOSED_ALL_DAY, Schedule
from schedules.sqlite_store import open_store
from schedules.store import ScheduleStore

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def save(store: ScheduleStore, number: int) -> None:
    """Save one schedule of about a page."""
    schedule = Schedule.model_validate(
        {
            "id": f"s{number}",
            "name": "Vol",
            "pbx": "3cx",
            "notes": "x" * 900,
            "week": dict.fromkeys(DAYS, CLOSED_ALL_DAY),
        }
    )
    with store.writing("jan", AT) as writer:
        writer.save(schedule, summary="")


def main(data_dir: Path) -> None:
    """Fill the disk, free it, and go on with the same connection."""
    store = open_store(data_dir)
    ballast = data_dir / "ballast"
    ballast.write_bytes(bytes(100_000))
    saved = 0
    try:
        while True:
            save(store, saved)
            saved += 1
    except StoreUnavailableError as error:
        print(error)  # noqa: T201 - the test reads it
    assert saved == len(list(store.currents())) > 0
    ballast.unlink()
    save(store, saved)
    store.close()
    again = open_store(data_dir)
    assert saved + 1 == len(list(again.currents()))
    print("recovered, nothing lost")  # noqa: T201 - the test reads it


main(Path(sys.argv[1]))
