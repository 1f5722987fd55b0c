"""Everything at once, as on a busy day: no wrong answer and none lost (quality.md, Faults)."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.daemon import PATIENCE
from tests.faults.fault_table import is_long_form, note_fault
from tests.faults.mixed_load import run_mixed_load
from tests.faults.mixed_report import Effort, sentence_of

_SHORT_SECONDS = 20
_ALONE_SECONDS = 60
_KILL_SECONDS = 20


@pytest.mark.parametrize("workers", [1, 2], ids=["alone", "workers"])
def test_mixed_load(tmp_path: Path, how_many: Callable[[int, int], int], workers: int) -> None:
    """Beside edits, downloads, reloads and kills every call is answered as its revision says.

    Where nobody is killed, the daemon counts and records the very calls that were answered.
    """
    long = 60 * int(os.environ.get("SOAK_MINUTES", "120")) if workers > 1 else _ALONE_SECONDS
    seconds = how_many(_SHORT_SECONDS, long)
    effort = Effort(
        seconds=seconds,
        quiet_seconds=max(3, seconds / 20),
        workers=workers,
        kill_seconds=min(_KILL_SECONDS, seconds / 3),
        reload_seconds=min(Effort().reload_seconds, seconds / 3),
        # In short it runs on machines that are busy with other things.
        answer_seconds=Effort().answer_seconds if is_long_form() else PATIENCE,
    )
    report = run_mixed_load(effort, tmp_path)
    assert not report["troubles"], report
    method = (
        f"{seconds:,} s, {'one process' if workers == 1 else f'{workers} workers'}; all at once"
    )
    note_fault("mixed load", method, report["calls"]["asked"], sentence_of(report))
