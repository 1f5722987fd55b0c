"""What Prometheus' own tool says about alarms, dashboard and metrics."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.daemon import new_daemon
from tests.monitoring.exposed import FOLDER, ROOT

pytestmark = pytest.mark.slow

SUITES: Final = Path(os.environ.get("PBX_SUITES") or ROOT / ".pbx")
PATIENCE: Final = 300


@pytest.fixture(scope="module")
def promtool() -> str:
    """Find promtool: where a variable says, among unpacked Debian packages, or in the path."""
    # Not one of BEREIKBAAR_*, of which the daemon refuses those that are no setting.
    told = os.environ.get("PROMTOOL")
    if told:
        return told
    unpacked = SUITES / "beside/usr/bin/promtool"
    found = str(unpacked) if unpacked.exists() else shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool: install Debian's prometheus, or set PROMTOOL")
    return found


def run(*command: str, given: bytes = b"") -> str:
    """Run a program that must succeed; return all that it says."""
    result = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    output = result.stdout.decode()
    assert result.returncode == 0, output
    return output


def test_rules_are_valid(promtool: str) -> None:
    """Prometheus takes the rules as they are, without a remark."""
    output = run(promtool, "check", "rules", "--lint-fatal", str(FOLDER / "alerts.yml"))
    assert "SUCCESS" in output


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.test.yml")), ids=lambda path: path.name)
def test_alarms_fire_and_stay_silent(promtool: str, path: Path) -> None:
    """Each alarm fires where its cases say so, with these labels and texts, and nowhere else."""
    run(promtool, "test", "rules", str(path))


def test_expressions_of_the_dashboard_are_valid(promtool: str, tmp_path: Path) -> None:
    """Prometheus can read each expression of the dashboard."""
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    rules = [
        {"record": f"expression:{number}", "expr": text.replace("$__rate_interval", "1m")}
        for number, text in enumerate(expressions)
    ]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(expressions)} rules found" in run(promtool, "check", "rules", str(path))


def test_metrics_are_named_and_helped_as_usual(promtool: str, tmp_path: Path) -> None:
    """Names, types and help of what a real daemon exposes follow Prometheus' customs."""
    with new_daemon(tmp_path) as daemon:
        daemon.start()
        daemon.call()
        daemon.call(token="wrong")
        _, _, shown = daemon.request("GET", "/metrics")
    assert b"bereikbaar_decisions_total{" in shown
    assert run(promtool, "check", "metrics", given=shown) == ""
