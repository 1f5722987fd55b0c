"""Metrics of several processes as those of one: counters added, gauges as each of them says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Combination = Literal["sum", "min", "max"]
Labels = tuple[tuple[str, str], ...]
# By a sample's name and its labels.
Samples = dict[tuple[str, Labels], float]

_SUMMED_KINDS: Final = ("counter", "histogram")


class Family(NamedTuple):
    """One metric of one process, as it goes from one to another; `kind` is Prometheus' type."""

    name: str
    documentation: str
    kind: str
    samples: Samples


def read_families(registry: CollectorRegistry) -> list[Family]:
    """Return what a registry holds at this moment."""
    return [
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            {
                (sample.name, tuple(sample.labels.items())): sample.value
                for sample in metric.samples
            },
        )
        for metric in registry.collect()
    ]


def counted(families: Iterable[Family]) -> list[Family]:
    """Return those that only ever rise, which outlive the process that counted."""
    return [family for family in families if family.kind in _SUMMED_KINDS]


def combine_families(
    parts: Iterable[Sequence[Family]], gauges: Mapping[str, Combination]
) -> list[Family]:
    """Return the metrics of all parts as one; `gauges` says of each gauge how it is combined.

    Raises `KeyError` for a gauge that it doesn't name.
    """
    combined: dict[str, Family] = {}
    for family in (family for part in parts for family in part):
        kept = combined.get(family.name)
        if kept is None:
            combined[family.name] = family._replace(samples=dict(family.samples))
        else:
            how = "sum" if family.kind in _SUMMED_KINDS else gauges[family.name]
            _add(kept.samples, family.samples, how)
    return list(combined.values())


def _add(samples: Samples, more: Samples, how: Combination) -> None:
    for key, value in more.items():
        kept = samples.get(key)
        if kept is None:
            samples[key] = value
        elif how == "sum":
            samples[key] = kept + value
        else:
            samples[key] = min(kept, value) if how == "min" else max(kept, value)


def exposition_of(families: Iterable[Family]) -> bytes:
    """Write metrics in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Kept(families))
    return generate_latest(registry)


class _Kept(Collector):
    """Families as a prometheus-client collector."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._metrics = [_metric(family) for family in families]

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metric(family: Family) -> Metric:
    metric = Metric(family.name, family.documentation, family.kind)
    for (name, labels), value in family.samples.items():
        metric.add_sample(name, dict(labels), value)
    return metric
