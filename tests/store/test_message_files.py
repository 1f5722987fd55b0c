"""Messages on a disk that is full or can't be written, and by many processes at once."""

import os
import subprocess
import sys
from pathlib import Path

from audio_store.masters import MasterFiles
from tests.faults.message_writer import frames_of
from tests.mounts import mount_namespace

ROOT = Path(__file__).parents[2]

ADDER = """
import pathlib, sys
from audio_store.masters import MasterFiles
from tests.faults.message_writer import frames_of
masters = MasterFiles(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    print(masters.add(frames_of(int(line))), flush=True)
"""


def test_a_full_disk_and_one_that_can_only_be_read(tmp_path: Path) -> None:
    """The cause is told, nothing half is left, and what is there can still be read."""
    script = Path(__file__).with_name("fill_audio_disk.py")
    command = 'mount -t tmpfs -o size=400k tmpfs "$1" && shift && exec "$@"'
    done = subprocess.run(
        [*mount_namespace(), "sh", "-c", command, "sh", tmp_path, sys.executable, script, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    full, read_only = "No space left on device", "Read-only file system"
    assert done.stdout.splitlines() == [
        full,
        full,
        read_only,
        read_only,
        "nothing half, nothing lost",
    ]


def test_processes_that_add_the_same_message_at_once(tmp_path: Path) -> None:
    """All get its name, it is there once, and so it is where a damaged one has to be mended."""
    adders = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    masters, digests = MasterFiles(tmp_path), set()
    assert [_line_of(adder) for adder in adders] == ["ready"] * 4
    for count in range(1_000, 1_040):
        data = frames_of(count)
        if count % 2:
            masters.path_of(masters.add(data)).write_bytes(data[:-1])
        for adder in adders:
            assert adder.stdin is not None
            print(count, file=adder.stdin, flush=True)
        (digest,) = {_line_of(adder) for adder in adders}
        digests.add(digest)
        assert masters.read(digest) == data
    for adder in adders:
        adder.communicate(timeout=60)
        assert adder.returncode == 0
    assert {path.stem for path in tmp_path.iterdir()} == digests
    assert len(digests) == 40


def _line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
