"""Many processes edit one schedule at once: every edit is in the history, or was refused."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from schedules.rebase import has_same_but_overrides
from schedules.revisions import Revision
from schedules.sqlite_store import open_store
from tests.store.saving import MakeSchedule

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("conflict_worker.py")
WAYS = ("within", "across", "brake", "command")


def edit_at_once(data_dir: Path, ways: tuple[str, ...], edits: int) -> dict[str, str]:
    """Let one process for each way edit at once; return what each told of its edits, by mark."""
    workers = [
        subprocess.Popen(
            [sys.executable, WORKER, data_dir, str(number), str(edits), way],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for number, way in enumerate(ways)
    ]
    told: dict[str, str] = {}
    for worker in workers:
        out, err = worker.communicate(timeout=540)
        assert (worker.returncode, err) == (0, "")
        told |= dict(line.split() for line in out.splitlines())
    assert len(told) == len(ways) * edits
    return told


def mark_of(before: Revision, after: Revision) -> str:
    """Return whose edit made one revision of the other, and check that it is that edit and whole.

    An edit counts up by one with its mark beside it, or changes one override; never some of both.
    """
    was, becomes = before.schedule(), after.schedule()
    if has_same_but_overrides(was, becomes):
        changed = set(becomes.overrides.items()) - set(was.overrides.items())
        ((override_id, override),) = changed
        assert {*was.overrides, override_id} == set(becomes.overrides)
        return override.reason
    assert int(becomes.notes or 0) == int(was.notes or 0) + 1
    assert becomes.replace(notes=was.notes, company=was.company) == was
    return becomes.company or ""


@pytest.mark.parametrize(
    ("ways", "edits"),
    [
        pytest.param(WAYS, 15, id="4-processes-15-edits"),
        pytest.param((*WAYS, *WAYS), 200, id="8-processes-200-edits", marks=pytest.mark.slow),
    ],
)
def test_no_edit_is_lost_or_half(
    tmp_path: Path,
    make_schedule: MakeSchedule,
    saved_at: datetime,
    ways: tuple[str, ...],
    edits: int,
) -> None:
    """What was told as saved is a revision of its own, in one unbroken row; the rest is nowhere."""
    with closing(open_store(tmp_path)) as store, store.writing("jan", saved_at) as writer:
        writer.save(make_schedule("teller", notes="0", company="niemand"), summary="begin")
    told = edit_at_once(tmp_path, ways, edits)
    with closing(open_store(tmp_path)) as store:
        history = store.history("teller")
        assert [one.revision for one in store.currents()] == [history[-1].revision]
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
    assert [one.revision for one in history] == list(range(1, len(history) + 1))
    assert all(one.is_intact for one in history)
    found = {mark_of(*pair): str(pair[1].revision) for pair in pairwise(history)}
    assert found == {mark: result for mark, result in told.items() if result != "refused"}
    assert all(one.author == mark for one, mark in zip(history[1:], found, strict=True))
    assert {mark.split("-")[1] for mark in found} == set(WAYS)
