"""Alarms: of what exists, described in docs/monitoring.md, each tried both ways."""

import re
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.docs.test_names import commands
from tests.monitoring.exposed import EXPOSED, FOLDER, PAGE, ROOT, faults_of, read_yaml, selectors

RULES: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule
    for group in read_yaml(FOLDER / "alerts.yml")["groups"]
    for rule in group["rules"]
}
TEST_FILES: Final = sorted(FOLDER.glob("*.test.yml"))
CASES: Final[list[dict[str, Any]]] = [
    case for path in TEST_FILES for case in read_yaml(path)["tests"]
]
TEXTS: Final = {
    name: f"{rule['annotations']['summary']} {rule['annotations']['description']}"
    for name, rule in RULES.items()
}
each_alarm = pytest.mark.parametrize("name", RULES)


def described() -> dict[str, tuple[str, str]]:
    """Return the alarms of docs/monitoring.md, each with its section and its severity."""
    headings = [*re.finditer(r"^##+ (.+)$", PAGE, re.MULTILINE), None]
    found: dict[str, tuple[str, str]] = {}
    for heading, following in pairwise(headings):
        assert heading is not None
        text = PAGE[heading.end() : following.start() if following else None]
        for name, severity in re.findall(r"^\| `(Bereikbaar\w+)` \| (\w+) \|", text, re.MULTILINE):
            assert name not in found
            found[name] = heading[1], severity
    return found


def outcomes(name: str, *, fires: bool) -> list[dict[str, Any]]:
    """Return what is expected of an alarm: where it fires, or where it stays silent."""
    return [
        expected
        for case in CASES
        for expected in case["alert_rule_test"]
        if expected["alertname"] == name and bool(expected["exp_alerts"]) is fires
    ]


def test_the_page_describes_exactly_the_alarms() -> None:
    """Each alarm names the section of docs/monitoring.md that has it, with its severity."""
    told = {
        name: (
            rule["annotations"]["section"].removeprefix("docs/monitoring.md, "),
            rule["labels"]["severity"],
        )
        for name, rule in RULES.items()
    }
    assert described() == told


@each_alarm
def test_an_alarm_has_its_texts(name: str) -> None:
    """It has a severity, a summary of one line, a description and its section."""
    rule = RULES[name]
    assert name.startswith("Bereikbaar")
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "description", "section"}
    assert len(rule["annotations"]["summary"]) <= 100
    assert len(rule["annotations"]["description"].split(". ")) >= 2
    assert "://" not in str(rule)


@each_alarm
def test_an_alarm_asks_for_what_exists(name: str) -> None:
    """Each series, label and value of its expression is one that the daemon exposes."""
    assert faults_of(RULES[name]["expr"]) == []


@each_alarm
def test_an_alarm_names_what_exists(name: str) -> None:
    """Commands, settings and events of the log that its texts name are those of the program."""
    spans = re.findall(r"`([^`]+)`", TEXTS[name])
    known = commands()
    named = [span.removeprefix("bereikbaar ") for span in spans if span.startswith("bereikbaar ")]
    assert [span for span in named if span not in known] == []
    sources = "".join(path.read_text() for path in sorted(ROOT.glob("pbx_adapters/**/*.py")))
    words = [span for span in spans if re.fullmatch(r"[a-z]+_[a-z_]+", span)]
    assert [word for word in words if not re.search(rf"\b{word}\b", sources)] == []


@each_alarm
def test_an_alarm_is_tried_both_ways(name: str) -> None:
    """It has a case in which it fires, with its labels and texts, and one in which it doesn't."""
    firing = outcomes(name, fires=True)
    assert firing
    assert outcomes(name, fires=False)
    for expected in firing:
        for alert in expected["exp_alerts"]:
            assert alert["exp_labels"]["severity"] == RULES[name]["labels"]["severity"]
            assert set(alert["exp_annotations"]) == set(RULES[name]["annotations"])
            assert "{{" not in str(alert)


def test_cases_say_what_they_hold() -> None:
    """The name of a case says which alarm it tries and which way, and it holds nothing else."""
    for case in CASES:
        for expected in case["alert_rule_test"]:
            way = "fires" if expected["exp_alerts"] else "stays silent"
            assert case["name"].startswith(f"{expected['alertname']} {way}: ")


def test_cases_are_made_of_what_exists() -> None:
    """Each series of a case is one that the daemon exposes, with all its labels and no other.

    A case with a series that nobody sends would prove nothing.
    """
    for case in CASES:
        for series in case["input_series"]:
            if 'job="node"' in series["series"]:
                continue
            assert faults_of(series["series"]) == []
            (selector,) = selectors(series["series"])
            labels = {matcher.label for matcher in selector.matchers}
            assert labels == {"job", "instance", *EXPOSED[selector.series]}


def test_cases_try_these_rules() -> None:
    """Every file of cases is of alerts.yml."""
    assert TEST_FILES
    for path in TEST_FILES:
        assert read_yaml(path)["rule_files"] == ["alerts.yml"]
