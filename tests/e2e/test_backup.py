"""A backup of a store that is in use, and the same decisions after it was restored."""

import json
import subprocess
import threading
from pathlib import Path

from tests.e2e.daemon import AT, COMMAND, NUMBER, Daemon, new_daemon
from tests.engine import schedule_of

PLANNED = "+31850000001"
MOMENTS = [f"2026-12-{day:02}T{hour:02}:30" for day in range(1, 29) for hour in (3, 9, 12, 15, 21)]
DAY = ("00:00-08:30 closed", "08:30-12:00 open", "12:00-13:00 break", "13:00-24:00 closed")


def run(*arguments: str | Path) -> dict[str, object]:
    """Run the command line as a process, and read its JSON."""
    done = subprocess.run([COMMAND, *arguments, "--json"], capture_output=True, check=True)
    told: dict[str, object] = json.loads(done.stdout)
    return told


def decisions(daemon: Daemon) -> list[dict[str, str]]:
    """Ask what happens at many moments; what differs from call to call is left out."""
    answers = [daemon.call(did=PLANNED, at=moment).fields for moment in MOMENTS]
    return [{key: one[key] for key in one if key != "decision_id"} for one in answers]


def test_restored_elsewhere_it_decides_the_same(daemon: Daemon, tmp_path: Path) -> None:
    """Taken while calls and edits go on, it holds one moment, and every decision of it."""
    daemon.start()
    planned = schedule_of(DAY, id="planned", numbers=[PLANNED], holidays={"koningsdag": {}})
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.save(planned, summary="test")
    stopping = threading.Event()
    wrong: list[str] = []

    def keep_calling() -> None:
        while not stopping.is_set():
            if daemon.call().status != 200:
                wrong.append("a call was not answered")

    def keep_editing() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            daemon.save("open", f"other-{number:04}")

    threads = [threading.Thread(target=one) for one in (keep_calling, keep_editing)]
    for thread in threads:
        thread.start()
    try:
        told = run("backup", tmp_path / "all.tar", "--data-dir", daemon.data_dir)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert daemon.status() == "open"
    expected = decisions(daemon)
    (tmp_path / "elsewhere").mkdir()
    with new_daemon(tmp_path / "elsewhere") as other:
        restored = run("restore", tmp_path / "all.tar", "--replace", "--data-dir", other.data_dir)
        assert restored["schedules"] == told["schedules"]
        other.token = daemon.token
        other.start()
        assert decisions(other) == expected
        assert other.call(did=PLANNED, at="2026-12-01T12:30").fields["status"] == "break"
        assert other.call(did=NUMBER).status == 200
