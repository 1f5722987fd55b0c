"""Everything at once, as on a busy day: no wrong answer and none lost (quality.md, Faults)."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.faults.fault_table import note_fault
from tests.faults.mixed_load import run_mixed_load
from tests.faults.mixed_report import Effort, sentence_of

_SHORT_SECONDS = 20


def test_mixed_load(tmp_path: Path, how_many: Callable[[int, int], int]) -> None:
    """Beside edits, downloads and reloads every call is answered from what it says it is of."""
    seconds = how_many(_SHORT_SECONDS, 60 * int(os.environ.get("SOAK_MINUTES", "120")))
    report = run_mixed_load(Effort(seconds=seconds, quiet_seconds=seconds / 10), tmp_path)
    assert not report["troubles"], report
    method = f"{seconds} s of calls judged by an independent reading, beside all else at once"
    note_fault("mixed load", method, report["calls"]["asked"], sentence_of(report))
