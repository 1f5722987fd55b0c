"""What is counted for every call: plain numbers, made into metrics when somebody looks.

A prometheus-client counter takes a lock for each call and costs more than the decision itself.
Only the event loop counts here, so plain integers do; others may look meanwhile.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from routing_engine.decision import Decision, Reason
from routing_engine.resolver import UNKNOWN_NUMBER

# What alarms watch begins at 0: a rise shows only beside what was before.
_WATCHED_REASONS: Final[tuple[Reason, ...]] = ("unknown-number", "outside-service")
_WATCHED_CODES: Final = (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)

BUCKETS: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)


class CallTally(Collector):
    """Decisions, their durations and the hook's responses, as a prometheus-client collector."""

    def __init__(self, dialects: Iterable[str]) -> None:
        # One count per bucket, and one for what took longer than the last.
        self._durations = {dialect: [0] * (len(BUCKETS) + 1) for dialect in dialects}
        self._seconds = dict.fromkeys(self._durations, 0.0)
        unknown = UNKNOWN_NUMBER.outcome
        self._decisions: Counter[tuple[str, str, str, str]] = Counter(
            {
                (dialect, unknown.status, unknown.action, reason): 0
                for dialect in self._durations
                for reason in _WATCHED_REASONS
            }
        )
        self._responses: Counter[tuple[str, int]] = Counter(
            {(dialect, int(code)): 0 for dialect in self._durations for code in _WATCHED_CODES}
        )

    def count_decision(self, dialect: str, decision: Decision, seconds: float) -> None:
        """Count one call's decision, and how long it took from parsed request to answer."""
        outcome = decision.outcome
        self._decisions[dialect, outcome.status, outcome.action, decision.reason] += 1
        self._durations[dialect][bisect_left(BUCKETS, seconds)] += 1
        self._seconds[dialect] += seconds

    def count_response(self, dialect: str, code: int) -> None:
        """Count one answer of the hook by its HTTP status code."""
        self._responses[dialect, code] += 1

    def collect(self) -> Iterable[Metric]:
        """Return the three metrics as they stand."""
        decisions = CounterMetricFamily(
            "bereikbaar_decisions",
            "Calls decided, simulations left out",
            labels=["dialect", "status", "action", "reason"],
        )
        # Copied in one step of the interpreter each: calls go on counting.
        for labels, number in dict(self._decisions).items():
            decisions.add_metric(labels, number)
        durations = HistogramMetricFamily(
            "bereikbaar_decision_duration_seconds",
            "From a parsed request to its answer",
            labels=["dialect"],
        )
        bounds = [*map(str, BUCKETS), "+Inf"]
        for dialect, counts in self._durations.items():
            buckets = list(zip(bounds, accumulate(list(counts)), strict=True))
            durations.add_metric([dialect], buckets, self._seconds[dialect])
        responses = CounterMetricFamily(
            "bereikbaar_hook_responses",
            "Answers of the hook by HTTP status code",
            labels=["dialect", "code"],
        )
        for (dialect, code), number in dict(self._responses).items():
            responses.add_metric([dialect, str(code)], number)
        return [decisions, durations, responses]
