"""The units of systemd/: sandboxed, and started by timers that say what they mean."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_exposure_is_small(name: str) -> None:
    """Whoever takes a service over gets little: 2.0 at most (quality.md: Threats)."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", UNITS / name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@needs_systemd
@pytest.mark.parametrize("name", [path.name for path in sorted(UNITS.glob("*.timer"))])
def test_timer_starts_a_service_that_is_here(name: str) -> None:
    """Its moment is one that systemd understands, and the service is installed beside it."""
    lines = (UNITS / name).read_text().splitlines()
    (moment,) = (line.partition("=")[2] for line in lines if line.startswith("OnCalendar="))
    subprocess.run(["systemd-analyze", "calendar", moment], check=True, capture_output=True)
    assert name.replace(".timer", ".service") in SERVICES
