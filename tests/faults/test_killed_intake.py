"""Processes that take messages in are killed: no half message, none lost, no orphan missed."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from admin_cli.audio_collection import collect_unneeded
from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles, check_master
from audio_store.whole_files import unfinished_files
from schedules.sqlite_store import open_store
from tests.faults.fault_table import note_fault
from tests.faults.message_writer import AT, frames_of

ROOT = Path(__file__).parents[2]
PATIENCE = 60
AT_ONCE = timedelta(0)


@contextmanager
def writing(data_dir: Path, seed: int, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that takes messages in; at the end it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.message_writer", data_dir, str(seed), *options],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


def kill_at_random(data_dir: Path, seed: int) -> set[str]:
    """Kill a process at some moment, and return what it told of before: a line for each thing."""
    dice = random.Random(seed)
    told = []
    options, longest = (("inbox", "intake"), 0.6) if seed % 2 else (("inbox",), 0.03)
    with writing(data_dir, seed, *options) as process:
        assert process.stdout is not None
        told += [process.stdout.readline() for _ in range(dice.randrange(4))]
        time.sleep(dice.uniform(0, longest))
        process.kill()
        # What it had told before it was killed counts as well.
        told += [line for line in process.stdout if line.endswith("\n")]
    return {line.strip() for line in told}


def check_whole(data_dir: Path, told: set[str]) -> int:
    """Check that nothing is half, and nothing told is lost; collect, and return how much went."""
    masters, inbox = MasterFiles(data_dir / "audio"), RecordingInbox(data_dir / "inbox")
    for path in masters.folder.glob("*.wav"):
        assert sha256(path.read_bytes()).hexdigest() == path.stem
        check_master(path.read_bytes())
    for recording in inbox.waiting(AT):
        check_master(inbox.read(recording))
    with closing(open_store(data_dir)) as store:
        needed = store.audio_references()
        kept = {f"message {digest}" for digest in needed}
        kept |= {f"recording {recording.id}" for recording in inbox.waiting(AT)}
        assert told <= kept
        found = collect_unneeded(store, masters, inbox, AT, AT_ONCE)
        # A save that was never told of has its message too.
        assert masters.digests() == needed
    left = [path for one in (masters.folder, inbox.folder) for path in unfinished_files(one)]
    assert left == []
    return len(found.messages) + len(found.leftovers)


def test_whatever_moment_it_is_killed_at(
    tmp_path: Path, how_many: Callable[[int, int], int]
) -> None:
    """Each message is there whole or not at all, and what nobody needs is collected."""
    kills = how_many(10, 30)
    told: set[str] = set()
    collected = 0
    for kill in range(kills):
        told |= kill_at_random(tmp_path, kill)
        collected += check_whole(tmp_path, told)
    assert len(told) > kills // 2
    # Had no kill left anything behind, this would have shown nothing.
    assert collected > 0
    note_fault(
        "kill -9 during commits",
        "taking messages in, at random moments",
        kills,
        f"0 of {len(told):,} told messages and recordings lost, none half",
    )


def test_whatever_line_it_dies_on(tmp_path: Path) -> None:
    """Of a process for each line between asking for it and having it, none leaves a half."""
    with closing(open_store(tmp_path / "store")):
        pass
    masters = MasterFiles(tmp_path / "store" / "audio")
    damaged = masters.path_of(masters.add(frames_of(100)))
    damaged.write_bytes(b"damaged")
    subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_at_each_line", tmp_path],
        cwd=ROOT,
        check=True,
        timeout=10 * PATIENCE,
    )
    (tmp_path / "store").rename(tmp_path / "0")
    ended = sorted(tmp_path.iterdir(), key=lambda path: int(path.name))
    assert len(ended) > 100
    collected, told = 0, list[str]()
    for data_dir in ended:
        path = data_dir / "audio" / damaged.name
        if path.read_bytes() == b"damaged":
            # As it was before: nothing was told yet, and nothing is named.
            path.unlink()
        told = (data_dir / "told").read_text().splitlines() if data_dir.name != "0" else []
        collected += check_whole(data_dir, set(told))
    assert collected > 0
    assert len(told) == 3
    note_fault(
        "kill -9 during commits",
        "taking a message in, at each line of code on the way",
        len(ended),
        "0 told messages and recordings lost, none half",
    )


def test_collections_beside_a_writer_take_nothing_that_is_named(tmp_path: Path) -> None:
    """However often, and though the same messages come back as orphans and are named again."""
    masters, inbox = MasterFiles(tmp_path / "audio"), RecordingInbox(tmp_path / "inbox")
    told, collected = set(), 0
    with writing(tmp_path, 1) as process, closing(open_store(tmp_path)) as store:
        assert process.stdout is not None
        for _ in range(150):
            told.add(process.stdout.readline().strip())
            collected += len(collect_unneeded(store, masters, inbox, AT, AT_ONCE).messages)
            with store.writing("piet", AT):
                assert store.audio_references() <= masters.digests()
    assert collected > 0
    check_whole(tmp_path, told)
