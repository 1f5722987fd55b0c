"""Bringing in Debian suites where it can't be done, and where it has been."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pbx.suites import PROJECT, SUITES, fault_path, stamp_path, why_missing


def install(folder: Path, path: Path) -> str:
    """Run the program with an empty PATH, so that nothing can be fetched; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.pbx.install_suites"],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={"PATH": str(path), "PBX_SUITES": str(folder)},
        timeout=30,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that suites are in, for this test."""
    monkeypatch.setenv("PBX_SUITES", str(tmp_path / "suites"))
    return tmp_path / "suites"


def test_what_cannot_be_had_is_told(folder: Path, tmp_path: Path) -> None:
    """Without the tools it says so loudly, leaves the reason for the tests, and no half suite."""
    said = install(folder, tmp_path)
    for name in SUITES:
        assert f"*** NO {name}: apt-get is missing" in said
        assert why_missing(name).startswith("apt-get is missing")
        assert fault_path(name).exists()
        assert not (folder / name).exists()


def test_what_is_there_is_left_alone(folder: Path, tmp_path: Path) -> None:
    """A suite with the stamp of its packages needs nothing; with another it is made anew."""
    folder.mkdir()
    for name, suite in SUITES.items():
        stamp_path(name).write_text("another" if name == "sid" else suite.stamp)
    said = install(folder, tmp_path)
    assert "*** NO sid: apt-get is missing" in said
    assert "*** NO bullseye: apt-get" not in said
    assert not fault_path("bullseye").exists()
