"""Metrics of several processes as those of one."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pbx_adapters.metric_sums import (
    Combination,
    combine_families,
    counted,
    exposition_of,
    read_families,
)
from pbx_adapters.metrics import GAUGES, Metrics


class Process:
    """One process's registry: calls by dialect, how long they took, and a level."""

    def __init__(self, level: float, **calls: int) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls", ["dialect"], registry=self.registry)
        for dialect, number in calls.items():
            self.calls.labels(dialect).inc(number)
        self.seconds = Histogram("seconds", "Time", buckets=(1, 2), registry=self.registry)
        self.seconds.observe(level)
        Gauge("level", "Level", registry=self.registry).set(level)


def lines(*processes: Process, how: Combination) -> list[str]:
    """Return the samples of several processes together."""
    families = combine_families(
        [read_families(process.registry) for process in processes], {"level": how}
    )
    text = exposition_of(families).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("how", "level"), [("sum", 4.0), ("min", 1.5), ("max", 2.5)])
def test_two_processes_are_one(how: Combination, level: float) -> None:
    """Counters and buckets are added label by label; a gauge is combined as it says."""
    found = lines(Process(1.5, swyx=2, asterisk=1), Process(2.5, swyx=5, generic=7), how=how)
    assert found == [
        'calls_total{dialect="swyx"} 7.0',
        'calls_total{dialect="asterisk"} 1.0',
        'calls_total{dialect="generic"} 7.0',
        'seconds_bucket{le="1.0"} 0.0',
        'seconds_bucket{le="2.0"} 1.0',
        'seconds_bucket{le="+Inf"} 2.0',
        "seconds_count 2.0",
        "seconds_sum 4.0",
        f"level {level}",
    ]


def test_one_process_is_as_it_was() -> None:
    """Of one process nothing is lost, its documentation and types included."""
    registry = Process(1.5, swyx=2).registry
    assert exposition_of(combine_families([read_families(registry)], {})) == generate_latest(
        registry
    )


def test_combining_changes_no_part() -> None:
    """What a process reported can be combined again and again."""
    parts = [read_families(Process(1.0, swyx=number).registry) for number in (1, 2)]
    first = combine_families(parts, {"level": "max"})
    assert combine_families(parts, {"level": "max"}) == first


def test_what_outlives_a_process() -> None:
    """Counters and histograms count on; a gauge ends with its process."""
    kept = counted(read_families(Process(1.0, swyx=1).registry))
    assert [family.name for family in kept] == ["calls", "seconds"]


def test_every_gauge_says_how_it_is_combined() -> None:
    """Each gauge of the daemon is named, and nothing else is."""
    gauges = {metric.name for metric in Metrics().registry.collect() if metric.type == "gauge"}
    assert set(GAUGES) == gauges


def test_the_daemon_has_only_kinds_that_can_be_combined() -> None:
    """Averages or quantiles of several processes can't be added up."""
    kinds = {metric.type for metric in Metrics().registry.collect()}
    assert kinds == {"counter", "gauge", "histogram"}
