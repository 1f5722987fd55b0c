"""The reader of expressions, on which the tests of alarms and dashboard rest."""

import pytest

from tests.monitoring.exposed import faults_of, selectors


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("bereikbaar_gone > 0", id="series"),
        pytest.param("up == 0 unless bereikbaar_gone > 0", id="second-series"),
        pytest.param("rate(bereikbaar_decisions[5m])", id="counter-without-total"),
        pytest.param('bereikbaar_auth_failures_total{why="weather"}', id="value"),
        pytest.param('bereikbaar_auth_failures_total{why!="weather"}', id="value-left-out"),
        pytest.param('bereikbaar_hook_responses_total{code=~"5..|9.."}', id="one-of-two"),
        pytest.param('bereikbaar_overrides_active{field="audio"}', id="label"),
        pytest.param('bereikbaar_decision_duration_seconds_bucket{le="0.04"}', id="bucket"),
        pytest.param("sum by (instance, colour) (bereikbaar_schedules)", id="grouping"),
        pytest.param('up{job="node"}', id="job"),
        pytest.param("1 > 0", id="nothing"),
    ],
)
def test_what_does_not_exist_is_told(expression: str) -> None:
    """A series, label or value that the daemon doesn't expose is a fault."""
    assert len(faults_of(expression)) == 1


def test_every_series_is_found() -> None:
    """Functions, numbers, durations, keywords and groupings are not taken for series."""
    expression = """
        histogram_quantile(0.99, sum by (le) (rate(first_bucket{a="x", b=~"y|z"}[5m] offset 1w)))
          and on (instance) 3 * second_total{c!="u"} > 1e3
        unless third - time() < 402 * 86400
    """
    assert selectors(expression) == [
        ("first_bucket", (("a", "=", "x"), ("b", "=~", "y|z"))),
        ("second_total", (("c", "!=", "u"),)),
        ("third", ()),
    ]
