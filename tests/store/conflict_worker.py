"""Edit one schedule in one of four ways, and print what became of each edit.

Arguments: data directory, the worker's number, how many edits, the way. Each edit either counts the
notes up by one and leaves its mark in `company`, or leaves its mark in an override of its own.
Prints `MARK REVISION` for an edit that was saved, `MARK refused` for one that was not.
"""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from admin_cli.main import bereikbaar
from schedules.errors import ConflictError, StoreUnavailableError
from schedules.model import Override, Schedule
from schedules.revisions import Revision
from schedules.sqlite_store import SqliteStore, open_store

AT: Final = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

Save = Callable[[str], str]


def counted(current: Revision, mark: str) -> Schedule:
    """Return the schedule with its notes one higher, and whose edit that was."""
    schedule = current.schedule()
    return schedule.replace(notes=str(int(schedule.notes or 0) + 1), company=mark)


def within(store: SqliteStore, mark: str) -> str:
    """Read and save in one transaction: nobody comes in between."""
    with store.writing(mark, AT) as writer:
        current = writer.current("teller")
        assert current is not None
        revision = writer.save(counted(current, mark), summary=mark)
    return str(revision)


def across(store: SqliteStore, mark: str) -> str:
    """Read first and save later, as a portal does."""
    current = store.current("teller")
    with store.writing(mark, AT) as writer:
        revision = writer.save(
            counted(current, mark), summary=mark, expected_revision=current.revision
        )
    return str(revision)


def brake(store: SqliteStore, mark: str) -> str:
    """Set an override of its own, in a span of its own, over what was read before."""
    worker = int(mark.partition("-")[0][1:])
    current = store.current("teller")
    schedule = current.schedule()
    from_at = AT + timedelta(hours=worker)
    own = Override.model_validate(
        {
            "from": from_at,
            "until": from_at + timedelta(minutes=30),
            "slot": "closed",
            "reason": mark,
        }
    )
    edited = schedule.replace(overrides={**schedule.overrides, f"w{worker}": own})
    with store.writing(mark, AT) as writer:
        revision = writer.save(edited, summary=mark, expected_revision=current.revision)
    return str(revision)


def by_command(data_dir: Path, mark: str) -> str:
    """Export, edit and apply a document, as an operator does."""
    shared = ("--data-dir", str(data_dir), "--as", mark)
    exported = CliRunner().invoke(bereikbaar, ["schedule", "export", "teller", *shared])
    notes = re.search(r"^notes: '?(\d+)'?$", exported.stdout, re.MULTILINE)
    assert notes is not None, (exported.stdout, exported.stderr)
    edited = re.sub(
        r"^notes: .*$", f"notes: '{int(notes[1]) + 1}'", exported.stdout, flags=re.MULTILINE
    )
    edited = re.sub(r"^company: .*$", f"company: {mark}", edited, flags=re.MULTILINE)
    applied = CliRunner().invoke(bereikbaar, ["apply", "-", *shared], input=edited)
    if applied.exit_code == 1:
        assert re.search("stands at|another process is writing", applied.stderr), applied.stderr
        return "refused"
    assert applied.exit_code == 0, applied.stderr
    revision = re.search(r"changed, revision (\d+)", applied.stdout)
    assert revision is not None, applied.stdout
    return revision[1]


def main(data_dir: Path, worker: str, edits: int, way: str) -> None:
    """Do the edits, each of them once."""
    store = open_store(data_dir)
    ways: dict[str, Save] = {
        "within": lambda mark: within(store, mark),
        "across": lambda mark: across(store, mark),
        "brake": lambda mark: brake(store, mark),
        "command": lambda mark: by_command(data_dir, mark),
    }
    for number in range(edits):
        mark = f"w{worker}-{way}-{number}"
        try:
            result = ways[way](mark)
        except ConflictError:
            result = "refused"
        except StoreUnavailableError as error:
            if "another process is writing" not in str(error):
                raise
            result = "refused"
        print(mark, result, flush=True)  # noqa: T201 - the test reads it
    store.close()


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
