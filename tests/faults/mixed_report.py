"""What a mixed load is given, what it counted, and what that says."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tests.e2e.daemon import Daemon
from tests.faults.mixed_judge import Edits, Judge
from tests.faults.mixed_site import MixedSite
from tests.faults.sampled import Sample

REFUSALS_TOLD: Final = 5
# Caches and connections that are opened when they are first needed.
_DESCRIPTORS_MORE: Final = 10


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how hard: seconds of mixed load and of each quiet phase, calls a second.

    `answer_seconds`: by then a PBX hasn't given up, but soon will.
    """

    seconds: float = 600.0
    quiet_seconds: float = 30.0
    workers: int = 1
    rate: float = 200.0
    callers: int = 16
    downloaders: int = 4
    download_rate: float = 10.0
    reload_seconds: float = 7.0
    kill_seconds: float = 20.0
    answer_seconds: float = 5.0
    seed: int = 1


@dataclass(slots=True)
class Run:
    """One run: what it goes on with, and what was counted."""

    effort: Effort
    daemon: Daemon
    pid: int
    site: MixedSite
    token: str
    judge: Judge
    edits: Edits
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    edits_made: Counter[str] = field(default_factory=Counter)
    edits_told: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    seconds_until_back: list[float] = field(default_factory=list)
    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return what the command line is run with."""
        return os.environ | {"BEREIKBAAR_DATA_DIR": str(self.site.data_dir)}


def held(run: Run, place: int) -> dict[str, float]:
    """Return what the daemon's processes held together in a quiet phase, on average."""
    began, ended = run.spans["quiet"][place]
    found = [one for one in run.samples if began <= one.at < ended]
    looks = max(1, sum(one.pid == run.pid for one in found))
    main = [one.resident for one in found if one.pid == run.pid]
    return {
        "resident_mb": round(sum(one.resident for one in found) / looks / 1e6, 1),
        "main_process_mb": round(median(main) / 1e6, 1) if main else 0.0,
        "descriptors": round(sum(one.descriptors for one in found) / looks, 1),
    }


class Counted(NamedTuple):
    """The calls as the daemon counted them: decided, kept in its record, dropped from it."""

    decided: int
    recorded: int
    dropped: int


def report_of(run: Run, counted: Counted, exit_code: int) -> dict[str, Any]:
    """Return all that a run has shown."""
    judge, effort, counts = run.judge, run.effort, run.counts
    problems = [line for line in run.daemon.log() if is_problem(line)]
    edits = dict(sorted(run.edits_made.items()))
    return {
        "seconds": effort.seconds,
        "workers": effort.workers,
        "machine": {"cores": os.cpu_count(), "load": [round(one, 2) for one in os.getloadavg()]},
        "calls": judge.calls.as_fields(),
        "counted_by_the_daemon": counted._asdict(),
        "latency": {phase: judge.calls.latencies(spans) for phase, spans in run.spans.items()},
        "downloads": judge.downloads.as_fields(),
        "edits": sum(edits.values()),
        "edits_by_command": edits,
        "edits_refused": counts["edits_refused"],
        "edits_not_awaited": counts["edits_not_awaited"],
        "reloads": counts["reloads"],
        "kills": counts["kills"],
        "seconds_until_back": sorted(round(one, 2) for one in run.seconds_until_back),
        "held_before": held(run, 0),
        "held_after": held(run, -1),
        "most_resident_mb_of_a_process": max(one.resident for one in run.samples) / 1e6,
        "most_descriptors_of_a_process": max(one.descriptors for one in run.samples),
        "exit_code": exit_code,
        "faults": judge.faults,
        "edits_told": run.edits_told,
        "log_problems": problems[:REFUSALS_TOLD],
        "troubles": list(troubles_of(run, counted, exit_code, is_log_bad=bool(problems))),
    }


def is_problem(line: dict[str, Any]) -> bool:
    """Tell whether a line of the log is of an error, but for that of a worker that was killed."""
    is_killed = line["event"] == "worker_ended" and line["how"] == "exit code -9"
    return (line["level"] == "error" or "exception" in line) and not is_killed


def troubles_of(run: Run, counted: Counted, exit_code: int, *, is_log_bad: bool) -> Iterator[str]:
    """Say why a run isn't good; nothing when it is."""
    judge, counts = run.judge, run.counts
    answered = judge.calls.asked - judge.calls.lost - judge.calls.refused
    asked_again = judge.calls.asked_again + judge.downloads.asked_again
    more = held(run, -1)["descriptors"] - held(run, 0)["descriptors"]
    looked_at = {
        "calls were not answered as they have to be": judge.calls.bad > 0,
        "downloads were not right": judge.downloads.bad > 0,
        "nothing was downloaded": not judge.downloads.asked,
        "edits were refused": counts["edits_refused"] > 0,
        "no edit was made": not run.edits_made,
        "the daemon was not reloaded": not counts["reloads"],
        "no worker was killed": run.effort.workers > 1 and not counts["kills"],
        "calls were dropped from the record": counted.dropped > 0,
        "the log tells of errors": is_log_bad,
        "the daemon did not end in good order": exit_code != 0,
        "more descriptors are open than before": more > _DESCRIPTORS_MORE,
    }
    if not counts["kills"]:
        looked_at |= {
            "connections died though nothing was killed": asked_again > 0,
            "the daemon counted other calls than were answered": counted.decided != answered,
            "the daemon recorded other calls than were answered": counted.recorded != answered,
        }
    return (trouble for trouble, is_so in looked_at.items() if is_so)


def sentence_of(report: dict[str, Any]) -> str:
    """Say in one sentence what a run has shown."""
    latency, before, after = report["latency"], report["held_before"], report["held_after"]
    sums = [report["calls"], report["downloads"]]
    wrong, again = (sum(one[key] for one in sums) for key in ("wrong", "asked_again"))
    lost = sum(one["lost"] + one["refused"] for one in sums)
    return (
        f"{sums[0]['asked']:,} calls, {report['edits']:,} edits, {sums[1]['asked']:,} downloads, "
        f"{report['reloads']:,} reloads, {report['kills']:,} workers killed: {wrong} wrong, "
        f"{lost} lost, {again} asked once more; p99 {latency['mixed']['p99_ms']:.1f} ms, in quiet "
        f"{latency['quiet']['p99_ms']:.1f} ms; {before['resident_mb']:.0f} MB and "
        f"{before['descriptors']:.0f} descriptors before, {after['resident_mb']:.0f} MB and "
        f"{after['descriptors']:.0f} after"
    )
