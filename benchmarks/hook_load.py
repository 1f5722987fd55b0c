"""The hook under load, against a bare aiohttp route on the same loop with the same settings.

Both servers are there all the time, on one core; short windows of load take turns: hook, bare,
hook. Whoever's turn it is has the core to itself, and so pays for all that it does besides.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from math import sqrt
from pathlib import Path
from random import Random
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from urllib.parse import quote

from benchmarks.cores import cpu_seconds
from benchmarks.effort import Effort
from benchmarks.figures import Goal, Row, percentile
from benchmarks.raw_http import CONNECTIONS, LoadGenerator, Window, request_text
from benchmarks.workplace import (
    Server,
    Workplace,
    paused,
    running_bare_route,
    running_daemon,
)

REQUESTS: Final = 40_000
_WARMING_CALLS: Final = 4
# Further ones would be single requests.
_SHARES: Final = (
    *(percent / 100 for percent in range(1, 100)),
    0.995,
    0.998,
    0.999,
    0.9995,
    0.9999,
)


class Measured(NamedTuple):
    """A window with the CPU seconds that the server used for it."""

    window: Window
    server_cpu: float

    @property
    def answers(self) -> int:
        """How many there were, and one where there was none: a stall is a bad figure, no end."""
        return max(self.window.answers, 1)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.window.seconds

    @property
    def p99(self) -> float:
        """The latency, in seconds, that one in a hundred exceeds."""
        return percentile(self.window.latencies, 0.99)


class Triplet(NamedTuple):
    """Adjacent windows: the hook's before and after its peer's."""

    before: Measured
    peer: Measured
    after: Measured

    def hook(self, value: Callable[[Measured], float]) -> float:
        """Return what the two windows of the hook give on average."""
        return mean((value(self.before), value(self.after)))

    def ratio(self, value: Callable[[Measured], float]) -> float:
        """Return the hook's value as a share of the peer's."""
        return self.hook(value) / value(self.peer)


@dataclass(frozen=True, slots=True)
class LoadBench:
    """The hook and its peers, running, and the process that loads them."""

    generator: LoadGenerator
    servers: dict[str, Server]

    def flood(self, server: str, seconds: float) -> Measured:
        """Load one server as much as it can bear."""
        return self._measure(server, lambda: self.generator.flood(server, seconds))

    def pace(self, server: str, seconds: float, rate: float) -> Measured:
        """Load one server with so many requests a second."""
        return self._measure(server, lambda: self.generator.pace(server, seconds, rate))

    def _measure(self, server: str, load: Callable[[], Window]) -> Measured:
        pid = self.servers[server].pid
        others = [one.pid for name, one in self.servers.items() if name != server]
        with paused(others):
            before = cpu_seconds(pid)
            window = load()
            return Measured(window, cpu_seconds(pid) - before)


@contextmanager
def load_bench(workplace: Workplace) -> Iterator[LoadBench]:
    """Start both servers and the load generator, and warm them up."""
    with (
        running_daemon(workplace) as hook,
        running_bare_route() as bare,
        TemporaryDirectory() as folder,
    ):
        requests = {
            "hook": (hook.port, list(hook_requests(workplace, hook.port))),
            "bare": (bare.port, [request_text("/hello", bare.port)]),
        }
        with LoadGenerator(requests, Path(folder)) as generator:
            bench = LoadBench(generator, {"hook": hook, "bare": bare})
            warm_hook(bench, workplace)
            # Last, since on a busy machine the other's warming may outlast its idle connections.
            bench.flood("bare", 0.5)
            yield bench


def warm_hook(bench: LoadBench, workplace: Workplace) -> None:
    """Load the hook until all but a few schedules have had their first call, which costs more."""
    answers = 0
    while answers < _WARMING_CALLS * len(workplace.schedules):
        answers += bench.flood("hook", 0.5).answers


def measure_throughput(effort: Effort, bench: LoadBench) -> Row:
    """Count answers a second while every connection always has a request out."""
    seconds = effort.throughput_seconds
    triplets = [
        Triplet(
            bench.flood("hook", seconds), bench.flood("bare", seconds), bench.flood("hook", seconds)
        )
        for _ in range(effort.triplets)
    ]
    ratios = tuple(triplet.ratio(rate_of) for triplet in triplets)
    return Row(
        f"hook throughput, {CONNECTIONS} connections",
        median(triplet.hook(rate_of) for triplet in triplets),
        "requests/s",
        (Goal("ratio", "at least", 0.75, 0.90),),
        peer=median(rate_of(triplet.peer) for triplet in triplets),
        ratio=median(ratios),
        parts=load_parts(triplets, "bare route"),
        rounds=ratios,
    )


def load_parts(triplets: Sequence[Triplet], peer: str) -> dict[str, float]:
    """Return what explains a throughput: CPU time a request, and who had how much of a core."""
    return {
        "hook, CPU a request, µs": median(triplet.hook(cpu_of) for triplet in triplets),
        f"{peer}, CPU a request, µs": median(cpu_of(triplet.peer) for triplet in triplets),
        f"{peer}'s CPU over the hook's": median(1 / triplet.ratio(cpu_of) for triplet in triplets),
        "hook, share of a core used": median(triplet.hook(share_of) for triplet in triplets),
        f"{peer}, share of a core used": median(share_of(triplet.peer) for triplet in triplets),
        "generator's share of a core, hook": median(
            triplet.hook(generator_of) for triplet in triplets
        ),
        f"generator's share of a core, {peer}": median(
            generator_of(triplet.peer) for triplet in triplets
        ),
    }


def measure_latency(effort: Effort, bench: LoadBench) -> Row:
    """Take the p99 of both at one rate: half of what the hook can bear just then."""
    seconds = effort.latency_seconds
    # Found out anew each time: what a virtual machine gets of its host differs within seconds.
    rates, triplets = [], []
    for _ in range(effort.triplets):
        rates.append(rate_of(bench.flood("hook", seconds)) / 2)
        turns = (bench.pace(server, seconds, rates[-1]) for server in ("hook", "bare", "hook"))
        triplets.append(Triplet(*turns))
    # By the geometric mean: where waits differ tenfold, the longer of two would count for both.
    ratios = tuple(
        sqrt(triplet.before.p99 * triplet.after.p99) / triplet.peer.p99 for triplet in triplets
    )
    return Row(
        f"hook latency at half load, p99, {CONNECTIONS} connections",
        median(triplet.hook(_p99) for triplet in triplets) * 1e3,
        "ms",
        (Goal("ratio", "at most", 1.5, 1.2),),
        peer=median(_p99(triplet.peer) for triplet in triplets) * 1e3,
        ratio=median(ratios),
        parts={
            "requests/s": median(rates),
            "hook, p50, ms": median(triplet.hook(_p50) for triplet in triplets) * 1e3,
            "bare route, p50, ms": median(_p50(triplet.peer) for triplet in triplets) * 1e3,
        },
        rounds=ratios,
        curves={
            "share, %": [share * 100 for share in _SHARES],
            "hook, ms": _curve([one for each in triplets for one in (each.before, each.after)]),
            "bare route, ms": _curve([triplet.peer for triplet in triplets]),
        },
    )


def _curve(windows: Sequence[Measured]) -> list[float]:
    """Return the percentiles of all windows' latencies together, in ms."""
    latencies = sorted(chain.from_iterable(one.window.latencies for one in windows))
    return [percentile(latencies, share) * 1e3 for share in _SHARES]


def hook_requests(workplace: Workplace, port: int, hook: str = "/hook/3cx") -> Iterator[str]:
    """Yield calls to random numbers, half as E.164, half as Dutch trunks give them."""
    rng = Random(6)
    for place in range(REQUESTS):
        number, _ = workplace.random_number(rng)
        called = number if place % 2 else f"0{number.removeprefix('+31')}"
        caller = f"+316{rng.randrange(10_000_000, 60_000_000)}"
        query = f"did={quote(called)}&cli={quote(caller)}&callid={rng.getrandbits(64):016x}"
        yield request_text(f"{hook}?{query}", port, workplace.token)


def rate_of(measured: Measured) -> float:
    """Return a window's answers a second."""
    return measured.rate


def cpu_of(measured: Measured) -> float:
    """Return the server's CPU time a request, in microseconds."""
    return measured.server_cpu / measured.answers * 1e6


def share_of(measured: Measured) -> float:
    """Return the share of a core that the server used."""
    return measured.server_cpu / measured.window.seconds


def generator_of(measured: Measured) -> float:
    """Return the share of a core that the load generator used."""
    return measured.window.generator_cpu / measured.window.seconds


def _p99(measured: Measured) -> float:
    return measured.p99


def _p50(measured: Measured) -> float:
    return percentile(measured.window.latencies, 0.5)
