"""How much is measured: enough to judge by, or just enough to see that a benchmark runs."""

from typing import Final, NamedTuple


class Effort(NamedTuple):
    """Counts of schedules, rounds and calls, and lengths of windows in seconds.

    `sizes` are counts of schedules, of which each has a row of its own.
    """

    schedules: int
    rounds: int
    calls_per_round: int
    compiled_per_round: int
    kept_in_memory: int
    starts: int
    changes: int
    triplets: int
    throughput_seconds: float
    latency_seconds: float
    downloaders: int
    download_seconds: float
    sizes: tuple[int, ...]


FULL: Final = Effort(
    schedules=10_000,
    rounds=7,
    calls_per_round=100_000,
    compiled_per_round=1_000,
    kept_in_memory=100_000,
    starts=5,
    changes=150,
    triplets=21,
    throughput_seconds=0.5,
    latency_seconds=0.5,
    downloaders=1_000,
    download_seconds=2.0,
    sizes=(100, 1_000, 10_000, 100_000),
)
QUICK: Final = Effort(
    schedules=100,
    rounds=2,
    calls_per_round=2_000,
    compiled_per_round=20,
    kept_in_memory=200,
    starts=1,
    changes=3,
    triplets=1,
    # Long enough for an answer on a machine that is busy with much else.
    throughput_seconds=0.5,
    latency_seconds=0.5,
    downloaders=20,
    download_seconds=0.2,
    sizes=(20, 50),
)
