"""What the daemon exposes, and what an expression for Prometheus asks for."""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from ruamel.yaml import YAML

from pbx_adapters.loader import LoadedTables
from pbx_adapters.metrics import Metrics
from pbx_adapters.refusals import HTTP_CODES
from routing_engine.compiler import TargetCheck
from routing_engine.decision import Action, CallStatus, Reason
from schedules.forward_rules import ForwardPolicy

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs/monitoring"
PAGE: Final = (ROOT / "docs/monitoring.md").read_text()
# What Prometheus adds to each series, and the series it makes itself for each target.
TARGET_LABELS: Final = frozenset({"job", "instance"})
PROMETHEUS_SERIES: Final = ("up", "scrape_duration_seconds")
_KEYWORDS: Final = {"and", "or", "unless", "offset"}


class Matcher(NamedTuple):
    """One condition of a selector on a label."""

    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    """One series that an expression asks for."""

    series: str
    matchers: tuple[Matcher, ...]


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - a document of any shape
    """Return what a YAML file holds, as plain values."""
    return YAML(typ="safe", pure=True).load(path)


def exposed() -> dict[str, dict[str, set[str]]]:
    """Return each series by name, with its labels and the values that they can take."""
    metrics = Metrics()
    targets = TargetCheck(ForwardPolicy(), lambda _: True)
    metrics.show_tables(LoadedTables(targets, lambda: ()), 0)
    found: dict[str, dict[str, set[str]]] = {name: {} for name in PROMETHEUS_SERIES}
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    decisions = found["bereikbaar_decisions_total"]
    decisions["status"] |= set(get_args(CallStatus))
    decisions["action"] |= set(get_args(Action))
    decisions["reason"] |= set(get_args(Reason))
    found["bereikbaar_hook_responses_total"]["code"] |= {str(code) for code in HTTP_CODES.values()}
    return found


EXPOSED: Final = exposed()


def grouping_labels(expression: str) -> set[str]:
    """Return the labels that an expression groups or joins by."""
    lists = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression)
    return {label.strip() for names in lists for label in names.split(",")}


def selectors(expression: str) -> list[Selector]:
    """Return what an expression asks for, in order."""
    text = re.sub(r"\b(?:by|on)\s*\([^)]*\)|\[[^\]]*\]", " ", expression)
    names = re.finditer(r"(?<!\w)([a-zA-Z_]\w*)\b(?:\{([^}]*)\})?(?!\s*\()", text)
    return [
        Selector(
            name[1],
            tuple(
                Matcher(*found)
                for found in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', name[2] or "")
            ),
        )
        for name in names
        if name[1] not in _KEYWORDS
    ]


def faults_of(expression: str) -> list[str]:
    """Say which series, labels and values of an expression don't exist."""
    asked = selectors(expression)
    if not asked:
        return [f"nothing is asked for: {expression}"]
    unknown = [selector.series for selector in asked if selector.series not in EXPOSED]
    if unknown:
        return [f"no such series: {name}" for name in unknown]
    every = TARGET_LABELS.union(*(EXPOSED[selector.series] for selector in asked))
    faults = [f"no such label: {label}" for label in grouping_labels(expression) - every]
    return faults + [
        f"never holds: {selector.series} {''.join(matcher)}"
        for selector in asked
        for matcher in selector.matchers
        if not _can_match(matcher, EXPOSED[selector.series])
    ]


def _can_match(matcher: Matcher, labels: dict[str, set[str]]) -> bool:
    """Tell whether what a condition names is there, also where it is to be left out."""
    if matcher.label == "job":
        return matcher.value == "bereikbaar"
    if matcher.label == "instance":
        return True
    values = labels.get(matcher.label, set())
    if "~" not in matcher.operator:
        return matcher.value in values
    branches = matcher.value.split("|")
    return all(any(re.fullmatch(branch, value) for value in values) for branch in branches)
