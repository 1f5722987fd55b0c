"""Calls while a thousand clients download messages, beside calls while nobody does.

Run as `python -m benchmarks.downloads PLAN.json` it is those clients: each downloads one message
after another on a connection of its own and sees by its hash that every byte arrived right.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final, NamedTuple

from audio_store.masters import MasterFiles
from benchmarks.cores import pin_to
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row, percentile
from benchmarks.hook_load import hook_requests
from benchmarks.raw_http import LoadGenerator, Window, request_text
from benchmarks.workplace import Workplace, running_daemon
from pbx_adapters.data_dir import AUDIO_FOLDER

_MESSAGES: Final = 100
_MESSAGE_SECONDS: Final = 10
_CALLS_A_SECOND: Final = 500
_MAX_CONNECTIONS: Final = 2_000
_DESCRIPTORS: Final = 4_096
_PATIENCE: Final = 60.0
# The generator of calls has the same core and must not wait.
_NICENESS: Final = 10


class Downloaded(NamedTuple):
    """What the clients had by the end of a window; `wrong` counts answers that were not right."""

    downloads: int
    bytes: int
    seconds: float
    wrong: int


class _Pair(NamedTuple):
    """Adjacent windows of calls: while nobody downloads, and while everybody does."""

    quiet: Window
    loaded: Window
    downloaded: Downloaded


def measure_downloads(effort: Effort, workplace: Workplace) -> Row:
    """Take the latency of calls during downloads; every byte downloaded is checked."""
    _allow_descriptors()
    digests = _store_messages(workplace)
    with (
        running_daemon(workplace, BEREIKBAAR_MAX_CONNECTIONS=str(_MAX_CONNECTIONS)) as daemon,
        TemporaryDirectory() as folder,
    ):
        calls = list(hook_requests(workplace, daemon.port))
        paths = [
            request_text(f"/audio/{digest}.wav", daemon.port, workplace.token) for digest in digests
        ]
        plan = {"port": daemon.port, "clients": effort.downloaders, "requests": paths}
        with (
            LoadGenerator({"hook": (daemon.port, calls)}, Path(folder)) as generator,
            _clients(plan, Path(folder)) as clients,
        ):
            generator.flood("hook", effort.latency_seconds)
            pairs = [_measure_pair(generator, clients, effort) for _ in range(effort.rounds)]
    assert not sum(pair.downloaded.wrong for pair in pairs), "bytes arrived wrong"
    p99s = [(_latency(one.loaded, 0.99), _latency(one.quiet, 0.99)) for one in pairs]
    ratios = tuple(loaded / quiet for loaded, quiet in p99s)
    return Row(
        f"calls during {effort.downloaders:,} downloads, p99",
        median(loaded for loaded, _ in p99s),
        "ms",
        (Goal("figure", "at most", 50, 10),),
        peer=median(quiet for _, quiet in p99s),
        ratio=median(ratios),
        parts={
            "p50, ms": median(_latency(one.loaded, 0.5) for one in pairs),
            "p50 while nobody downloads, ms": median(_latency(one.quiet, 0.5) for one in pairs),
            "calls/s": _CALLS_A_SECOND,
            "downloads/s": median(
                one.downloaded.downloads / one.downloaded.seconds for one in pairs
            ),
            "downloaded, MB/s": median(
                one.downloaded.bytes / 1e6 / one.downloaded.seconds for one in pairs
            ),
            "downloads, all of them right": sum(one.downloaded.downloads for one in pairs),
        },
        rounds=ratios,
    )


def _measure_pair(
    generator: LoadGenerator, clients: "subprocess.Popen[str]", effort: Effort
) -> _Pair:
    quiet = generator.pace("hook", effort.download_seconds, _CALLS_A_SECOND)
    # Answered once every client has the beginning of its first message.
    _order(clients)
    loaded = generator.pace("hook", effort.download_seconds, _CALLS_A_SECOND)
    return _Pair(quiet, loaded, Downloaded(**_order(clients)))


def _latency(window: Window, share: float) -> float:
    return percentile(window.latencies, share) * 1e3


def _store_messages(workplace: Workplace) -> list[str]:
    masters = MasterFiles(workplace.data_dir / AUDIO_FOLDER)
    rng = Random(10)
    return [masters.add(_message(rng)) for _ in range(_MESSAGES)]


def _message(rng: Random) -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(rng.randbytes(2 * 8_000 * _MESSAGE_SECONDS))
    return buffer.getvalue()


def _allow_descriptors() -> None:
    """Let the daemon and the clients have a connection each for everybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _DESCRIPTORS:
        most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def _clients(plan: dict[str, Any], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.downloads", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate("", timeout=_PATIENCE)


def _order(clients: "subprocess.Popen[str]") -> dict[str, Any]:
    """Have the clients begin, or end; return what they tell."""
    assert clients.stdin is not None
    assert clients.stdout is not None
    clients.stdin.write("\n")
    clients.stdin.flush()
    line = clients.stdout.readline()
    if not line:
        raise RuntimeError("the downloading clients ended; their error is above")
    told: dict[str, Any] = json.loads(line)
    return told


class _Tally:
    """What so many clients have had; `is_going` says whether to ask for more."""

    def __init__(self, clients: int) -> None:
        self.downloads = self.bytes = self.wrong = 0
        self.is_going = True
        self.have_all_begun = asyncio.Event()
        self._waiting = clients

    def begin(self) -> None:
        """Note that one more client has the head of its first message."""
        self._waiting -= 1
        if not self._waiting:
            self.have_all_begun.set()


async def _download_on(port: int, requests: Sequence[bytes], tally: _Tally, rng: Random) -> None:
    """Download one message after another until told to stop; the last one to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    is_new = True
    try:
        while tally.is_going:
            request = rng.choice(requests)
            digest = request.partition(b"/audio/")[2][:64].decode()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if is_new:
                is_new = False
                tally.begin()
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            found = sha256()
            while length and (piece := await reader.read(min(length, 65_536))):
                found.update(piece)
                length -= len(piece)
                tally.bytes += len(piece)
            tally.downloads += 1
            tally.wrong += not head.startswith(b"HTTP/1.1 200 ") or found.hexdigest() != digest
    finally:
        writer.close()


async def _take_orders(plan: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    requests = [text.encode() for text in plan["requests"]]
    while await loop.run_in_executor(None, sys.stdin.readline):
        tally = _Tally(plan["clients"])
        clients = [
            asyncio.create_task(_download_on(plan["port"], requests, tally, Random(seed)))
            for seed in range(plan["clients"])
        ]
        async with asyncio.timeout(_PATIENCE):
            await tally.have_all_begun.wait()
            _answer({"downloads": tally.downloads})
            before, began = (tally.downloads, tally.bytes), perf_counter()
            await loop.run_in_executor(None, sys.stdin.readline)
            seconds = perf_counter() - began
            downloads, bytes_ = tally.downloads - before[0], tally.bytes - before[1]
            tally.is_going = False
            await asyncio.gather(*clients)
        _answer(Downloaded(downloads, bytes_, seconds, tally.wrong)._asdict())


def _answer(told: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


def main(path: Path) -> None:
    """Take orders until the input ends."""
    import uvloop

    pin_to("generator")
    os.nice(_NICENESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_take_orders(json.loads(path.read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
