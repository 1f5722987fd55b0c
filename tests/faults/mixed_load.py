"""Calls, edits, downloads, reloads and killed workers at the same time, every answer judged.

`python -m tests.faults.mixed_load --seconds 600 --workers 2` runs it for real, says as JSON what it
saw, and ends with 1 unless every answer was right. Before and after, in quiet, only calls are made.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from pbx_adapters.call_queries import count_kinds
from pbx_adapters.data_dir import DECISIONS_FILE
from schedules.sqlite_store import open_store
from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, new_daemon, wait_until
from tests.faults.mixed_clients import Asked, Plan
from tests.faults.mixed_judge import Edits, Judge
from tests.faults.mixed_report import (
    REFUSALS_TOLD,
    Counted,
    Effort,
    Run,
    report_of,
    sentence_of,
)
from tests.faults.mixed_site import LINKED_ENDS, draw_edit, furnish, time_in
from tests.faults.sampled import children_of, is_running, sample, workers_of

PROJECT: Final = Path(__file__).parents[2]
_WARMING_SECONDS: Final = 2.0
_EDIT_PAUSE: Final = 0.3
_SAMPLE_SECONDS: Final = 1.0
_BACK_SECONDS: Final = 0.1
# A machine that is busy with other things starts no process soon.
_BACK_PATIENCE: Final = 4 * PATIENCE


async def make_calls(run: Run) -> None:
    """Have clients call, and judge each answer, until cancelled; then take the last ones."""
    subjects = [
        (schedule_id if end < LINKED_ENDS else "", run.site.number(schedule_id, end))
        for schedule_id in run.site.ids
        for end in range(LINKED_ENDS + 2)
    ]
    effort = run.effort
    plan = Plan(
        run.daemon.port,
        run.token,
        run.effort.answer_seconds,
        is_calling=True,
        subjects=subjects,
        clients=effort.callers,
        rate=effort.rate,
        requests_kept=100,
        seed=effort.seed,
    )
    await have_asked(run, plan, run.judge.judge_call)


async def download(run: Run) -> None:
    """Have clients download messages, and judge what they got."""
    effort = run.effort
    plan = Plan(
        run.daemon.port,
        run.token,
        run.effort.answer_seconds,
        is_calling=False,
        subjects=[(digest, digest) for digest in run.site.digests],
        clients=effort.downloaders,
        rate=effort.download_rate,
        requests_kept=20,
        seed=effort.seed + 1,
    )
    await have_asked(run, plan, run.judge.judge_download)


async def have_asked(run: Run, plan: Plan, judge: Callable[[Asked], None]) -> None:
    """Run a process of clients until cancelled, and judge all that it tells."""
    path = run.folder / f"plan-{plan.seed}.json"
    path.write_text(json.dumps(plan._asdict()))
    arguments = ["-m", "tests.faults.mixed_clients", str(path)]
    pipe = asyncio.subprocess.PIPE
    async with started(sys.executable, *arguments, cwd=PROJECT, stdin=pipe, stdout=pipe) as process:
        reading = asyncio.create_task(read_told(process, judge))
        try:
            await asyncio.shield(reading)
        except asyncio.CancelledError:
            assert process.stdin is not None
            process.stdin.close()
            await asyncio.wait_for(reading, PATIENCE)
            await asyncio.wait_for(process.wait(), PATIENCE)
            raise
        raise AssertionError("the clients ended by themselves; their error is above")


async def read_told(process: asyncio.subprocess.Process, judge: Callable[[Asked], None]) -> None:
    """Judge each line until there are no more."""
    assert process.stdout is not None
    async for line in process.stdout:
        judge(Asked(*json.loads(line)))


@asynccontextmanager
async def started(
    *command: str | Path, **options: Any
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process; whatever happens, it has ended afterwards."""
    process = await asyncio.create_subprocess_exec(*command, **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def edit(run: Run) -> None:
    """Change one thing after another through the command line."""
    rng = Random(run.effort.seed)
    while True:
        await edit_once(run, draw_edit(run.site, run.folder, time_in, rng))
        await asyncio.sleep(rng.uniform(0, 2 * _EDIT_PAUSE))


async def edit_once(run: Run, words: list[str]) -> None:
    """Make one edit; what the command saw served, every later call has to know of."""
    pipe = asyncio.subprocess.PIPE
    options = {"env": run.environment(), "stdout": pipe, "stderr": pipe}
    async with started(COMMAND, *words, "--json", "--as", "mixed load", **options) as process:
        out, err = await process.communicate()
    returned_at = time.monotonic()
    is_followed, is_refused = b"Warning" not in err, process.returncode != 0
    run.edits_made[words[0] if words[0] == "apply" else " ".join(words[:2])] += 1
    run.counts["edits_refused"] += is_refused
    run.counts["edits_not_awaited"] += not is_followed
    if is_followed and not is_refused:
        for one in json.loads(out)["schedules"]:
            run.edits.serve(one["schedule"], one["revision"], returned_at)
    elif len(run.edits_told) < REFUSALS_TOLD:
        run.edits_told.append(f"{' '.join(words)}: {process.returncode}: {err.decode()}")


async def reload(run: Run) -> None:
    """Have everything read anew now and then."""
    while True:
        await asyncio.sleep(run.effort.reload_seconds)
        os.kill(run.pid, signal.SIGHUP)
        run.counts["reloads"] += 1


async def kill_workers(run: Run) -> None:
    """Kill one worker after the other, the oldest first, and see that another answers calls."""
    alive = workers_of(run.pid)
    while True:
        await asyncio.sleep(run.effort.kill_seconds)
        listened = times_listened(run.daemon)
        os.kill(alive.pop(0), signal.SIGKILL)
        run.counts["kills"] += 1
        killed_at = time.monotonic()
        while times_listened(run.daemon) == listened:
            assert time.monotonic() < killed_at + _BACK_PATIENCE, (
                "a killed worker did not come back"
            )
            await asyncio.sleep(_BACK_SECONDS)
        run.seconds_until_back.append(time.monotonic() - killed_at)
        alive += {*workers_of(run.pid)} - {*alive}


def times_listened(daemon: Daemon) -> int:
    """Return how often a process began to answer calls."""
    return len(daemon.events("listening"))


async def watch(run: Run) -> None:
    """Look at memory and descriptors again and again."""
    while True:
        run.samples += sample(run.pid)
        await asyncio.sleep(_SAMPLE_SECONDS)


async def go_on(seconds: float, *tasks: Coroutine[Any, Any, None]) -> None:
    """Do things side by side for so long; one that fails ends the others and is raised."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(task) for task in tasks]
        await asyncio.sleep(seconds)
        for task in running:
            task.cancel()


async def spend(run: Run, phase: str, seconds: float, *tasks: Coroutine[Any, Any, None]) -> None:
    """Spend one phase on some tasks, and note when it was."""
    began = time.monotonic()
    await go_on(seconds, *tasks)
    run.spans.setdefault(phase, []).append((began, time.monotonic()))


async def mix(run: Run) -> None:
    """Call all the time, and do everything else in between."""

    async def phases() -> None:
        effort = run.effort
        await asyncio.sleep(_WARMING_SECONDS)
        await spend(run, "quiet", effort.quiet_seconds)
        disturbing = [edit(run), download(run), reload(run)]
        if effort.workers > 1:
            disturbing.append(kill_workers(run))
        await spend(run, "mixed", effort.seconds, *disturbing)
        # What was begun at the end of the load isn't of the quiet after it.
        await asyncio.sleep(_WARMING_SECONDS)
        await spend(run, "quiet", effort.quiet_seconds)

    async with asyncio.TaskGroup() as group:
        calling, watching = group.create_task(make_calls(run)), group.create_task(watch(run))
        await phases()
        calling.cancel()
        watching.cancel()


def run_mixed_load(effort: Effort, folder: Path) -> dict[str, Any]:
    """Start a daemon on a new data directory, load it, stop it, and say what was seen."""
    settings = {"workers": str(effort.workers)}
    with new_daemon(folder, settings=settings) as daemon:
        site = furnish(daemon.data_dir, time_in, Random(effort.seed))
        token = daemon.add_token()
        daemon.start()
        wait_until(lambda: times_listened(daemon) == effort.workers, "every worker answers calls")
        assert daemon.process is not None
        pid = daemon.process.pid
        with closing(open_store(daemon.data_dir)) as store:
            edits = Edits()
            judge = Judge(store, edits, f"http://127.0.0.1:{daemon.port}")
            run = Run(effort, daemon, pid, site, token, judge, edits, folder)
            try:
                asyncio.run(mix(run))
                decided = daemon.metric("bereikbaar_decisions_total")
                dropped = daemon.metric("bereikbaar_decision_log_dropped_total")
            finally:
                exit_code = end(daemon)
        kinds = count_kinds(daemon.data_dir / DECISIONS_FILE, None, None)
        counted = Counted(int(decided), sum(kind.calls for kind in kinds), int(dropped))
        return report_of(run, counted, exit_code)


def end(daemon: Daemon) -> int:
    """End the daemon in good order, so that its workers end with it; return its exit code."""
    assert daemon.process is not None
    started = [daemon.process.pid, *children_of(daemon.process.pid)]
    try:
        return daemon.stop()
    finally:
        daemon.kill()
        wait_until(lambda: not any(map(is_running, started)), "what the daemon started has ended")


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    for name, usual in asdict(Effort()).items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=type(usual), default=usual, help=f"{usual}")
    effort = Effort(**vars(parser.parse_args()))
    # Started in the background it would ignore the one; the other ends everything just as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with TemporaryDirectory() as folder:
        report = run_mixed_load(effort, Path(folder))
    sys.stdout.write(f"{json.dumps(report, indent=2)}\n{sentence_of(report)}\n")
    return 1 if report["troubles"] else 0


if __name__ == "__main__":
    sys.exit(main())
