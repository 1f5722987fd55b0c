"""The hook under load, against a bare aiohttp route on the same loop with the same settings.

Both servers run all the time, on one core; short windows of load take turns: hook, bare, hook.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
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
from benchmarks.workplace import Server, Workplace, running_bare_route, running_daemon

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


class _Measured(NamedTuple):
    """A window with the CPU seconds that the server used for it."""

    window: Window
    server_cpu: float

    @property
    def rate(self) -> float:
        return self.window.answers / self.window.seconds

    @property
    def p99(self) -> float:
        return percentile(self.window.latencies, 0.99)


class _Triplet(NamedTuple):
    """Adjacent windows: the hook's before and after the bare route's."""

    before: _Measured
    bare: _Measured
    after: _Measured

    def hook(self, value: Callable[[_Measured], float]) -> float:
        """Return what the two windows of the hook give on average."""
        return mean((value(self.before), value(self.after)))

    def ratio(self, value: Callable[[_Measured], float]) -> float:
        """Return the hook's value as a share of the bare route's."""
        return self.hook(value) / value(self.bare)


@dataclass(frozen=True, slots=True)
class LoadBench:
    """Hook and bare route, running, and the process that loads them."""

    generator: LoadGenerator
    servers: dict[str, Server]

    def flood(self, server: str, seconds: float) -> _Measured:
        """Load one server as much as it can bear."""
        return self._measure(server, lambda: self.generator.flood(server, seconds))

    def pace(self, server: str, seconds: float, rate: float) -> _Measured:
        """Load one server with so many requests a second."""
        return self._measure(server, lambda: self.generator.pace(server, seconds, rate))

    def _measure(self, server: str, load: Callable[[], Window]) -> _Measured:
        pid = self.servers[server].pid
        before = cpu_seconds(pid)
        window = load()
        return _Measured(window, cpu_seconds(pid) - before)


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
            answers = 0
            # First calls cost more; under load all but a few schedules have had theirs.
            while answers < _WARMING_CALLS * len(workplace.schedules):
                answers += bench.flood("hook", 0.5).window.answers
            # Last, since on a busy machine the other's warming may outlast its idle connections.
            bench.flood("bare", 0.5)
            yield bench


def measure_throughput(effort: Effort, bench: LoadBench) -> Row:
    """Count answers a second while every connection always has a request out."""
    seconds = effort.throughput_seconds
    triplets = [
        _Triplet(
            bench.flood("hook", seconds), bench.flood("bare", seconds), bench.flood("hook", seconds)
        )
        for _ in range(effort.triplets)
    ]
    ratios = tuple(triplet.ratio(_rate) for triplet in triplets)
    return Row(
        f"hook throughput, {CONNECTIONS} connections",
        median(triplet.hook(_rate) for triplet in triplets),
        "requests/s",
        (Goal("ratio", "at least", 0.75, 0.90),),
        peer=median(_rate(triplet.bare) for triplet in triplets),
        ratio=median(ratios),
        parts={
            "hook, CPU a request, µs": median(triplet.hook(_cpu) for triplet in triplets),
            "bare route, CPU a request, µs": median(_cpu(triplet.bare) for triplet in triplets),
            "bare route's CPU over the hook's": median(
                1 / triplet.ratio(_cpu) for triplet in triplets
            ),
            "hook, share of a core used": median(triplet.hook(_share) for triplet in triplets),
            "bare route, share of a core used": median(
                _share(triplet.bare) for triplet in triplets
            ),
            "generator's share of a core, hook": median(
                triplet.hook(_generator) for triplet in triplets
            ),
            "generator's share of a core, bare": median(
                _generator(triplet.bare) for triplet in triplets
            ),
        },
        rounds=ratios,
    )


def measure_latency(effort: Effort, bench: LoadBench) -> Row:
    """Take the p99 of both at one rate: half of what the hook can bear."""
    seconds = effort.latency_seconds
    rate = median(_rate(bench.flood("hook", seconds)) for _ in range(3)) / 2
    triplets = [
        _Triplet(
            bench.pace("hook", seconds, rate),
            bench.pace("bare", seconds, rate),
            bench.pace("hook", seconds, rate),
        )
        for _ in range(effort.triplets)
    ]
    ratios = tuple(triplet.ratio(_p99) for triplet in triplets)
    return Row(
        f"hook latency at half load, p99, {CONNECTIONS} connections",
        median(triplet.hook(_p99) for triplet in triplets) * 1e3,
        "ms",
        (Goal("ratio", "at most", 1.5, 1.2),),
        peer=median(_p99(triplet.bare) for triplet in triplets) * 1e3,
        ratio=median(ratios),
        parts={
            "requests/s": rate,
            "hook, p50, ms": median(triplet.hook(_p50) for triplet in triplets) * 1e3,
            "bare route, p50, ms": median(_p50(triplet.bare) for triplet in triplets) * 1e3,
        },
        rounds=ratios,
        curves={
            "share, %": [share * 100 for share in _SHARES],
            "hook, ms": _curve([one for each in triplets for one in (each.before, each.after)]),
            "bare route, ms": _curve([triplet.bare for triplet in triplets]),
        },
    )


def _curve(windows: Sequence[_Measured]) -> list[float]:
    """Return the percentiles of all windows' latencies together, in ms."""
    latencies = sorted(chain.from_iterable(one.window.latencies for one in windows))
    return [percentile(latencies, share) * 1e3 for share in _SHARES]


def hook_requests(workplace: Workplace, port: int) -> Iterator[str]:
    """Yield calls to random numbers, half as E.164, half as Dutch trunks give them."""
    rng = Random(6)
    for place in range(REQUESTS):
        number, _ = workplace.random_number(rng)
        called = number if place % 2 else f"0{number.removeprefix('+31')}"
        caller = f"+316{rng.randrange(10_000_000, 60_000_000)}"
        path = (
            f"/hook/3cx?did={quote(called)}&cli={quote(caller)}&callid={rng.getrandbits(64):016x}"
        )
        yield request_text(path, port, workplace.token)


def _rate(measured: _Measured) -> float:
    return measured.rate


def _cpu(measured: _Measured) -> float:
    return measured.server_cpu / measured.window.answers * 1e6


def _share(measured: _Measured) -> float:
    return measured.server_cpu / measured.window.seconds


def _generator(measured: _Measured) -> float:
    return measured.window.generator_cpu / measured.window.seconds


def _p99(measured: _Measured) -> float:
    return measured.p99


def _p50(measured: _Measured) -> float:
    return percentile(measured.window.latencies, 0.5)
