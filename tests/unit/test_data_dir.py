"""What a crash left in the data directory is cleared away."""

import os
from pathlib import Path

from pbx_adapters.data_dir import remove_leftovers

NOW = 1_800_000_000


def test_old_leftovers_are_removed(tmp_path: Path) -> None:
    """Half-written files go an hour after they were touched; anything else stays."""
    ages = {
        "audio/.incoming-old": 3_600,
        "audio/.incoming-young": 3_599,
        "audio/0.wav": 9_999,
        "inbox/.incoming-old": 3_600,
        "inbox/.incoming-young": 3_599,
        "inbox/0.wav": 9_999,
        ".last-good.jsonl.old": 3_600,
        ".last-good.jsonl.young": 3_599,
        "last-good.jsonl": 9_999,
        "bereikbaar.db": 9_999,
    }
    for name, age in ages.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (NOW - age, NOW - age))
    remove_leftovers(tmp_path, NOW)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert ages.keys() - left == {
        "audio/.incoming-old",
        "inbox/.incoming-old",
        ".last-good.jsonl.old",
    }


def test_absent_folder_has_no_leftovers(tmp_path: Path) -> None:
    """A data directory without anything in it is no fault."""
    remove_leftovers(tmp_path / "absent", NOW)
