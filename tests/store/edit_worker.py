"""Edit one schedule again and again, and print each edit once it is saved.

Arguments: data directory, the worker's name, how many edits (0: until killed).
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from schedules.errors import StoreUnavailableError
from schedules.sqlite_store import open_store
from schedules.store import ScheduleStore

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def count_up(store: ScheduleStore, worker: str) -> int:
    """Read the notes, which hold a number, and save them with the number one higher."""
    with store.writing(worker, AT) as writer:
        current = writer.current("teller")
        assert current is not None
        schedule = current.schedule()
        counted = int(schedule.notes or 0) + 1
        writer.save(schedule.replace(notes=str(counted)), summary=worker)
    return counted


def main(data_dir: Path, worker: str, edits: int) -> None:
    """Do the edits, each again while another process goes on writing."""
    store = open_store(data_dir)
    done = 0
    while not edits or done < edits:
        try:
            counted = count_up(store, worker)
        except StoreUnavailableError as error:
            if "another process is writing" not in str(error):
                raise
            continue
        done += 1
        print(counted, flush=True)  # noqa: T201 - the test reads it
    store.close()


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
