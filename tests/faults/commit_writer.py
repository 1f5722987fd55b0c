"""Save three schedules at once, again and again, and tell each commit, until killed.

Arguments: data directory, the number to begin with. Each of them is named by the number.
"""

import sys
from itertools import count
from pathlib import Path
from typing import Final

from schedules.sqlite_store import open_store
from tests.e2e.daemon import AT, NUMBER
from tests.engine import schedule_of

IDS: Final = ("office", "branch", "shop")


def main(data_dir: Path, first: int) -> None:
    """Go on for ever."""
    store = open_store(data_dir)
    for number in count(first):
        with store.writing("writer", AT) as writer:
            for schedule_id in IDS:
                # Of any size, so that pages fill up and split.
                schedule = schedule_of(
                    ("00:00-24:00 open",),
                    id=schedule_id,
                    name=f"Commit {number}",
                    notes="x" * (number * 97 % 1_000),
                    numbers=[NUMBER] if schedule_id == "office" else [],
                )
                writer.save(schedule, summary="")
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
