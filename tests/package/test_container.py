"""The container file: it runs as nobody's root, and says whether it answers."""

import re

from package.program import PROJECT

TEXT = (PROJECT / "Containerfile").read_text()
LINES = re.sub(r"\\\n\s*", "", TEXT).splitlines()
LAST = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]


def told(name: str) -> list[str]:
    """Return what one instruction of the last stage says, each time."""
    return [line.partition(" ")[2] for line in LAST if line.startswith(f"{name} ")]


def test_it_never_runs_as_root() -> None:
    """A user by number, which tells an orchestrator that it isn't root, and which is made."""
    assert told("USER") == ["8470:8470"]
    (made,) = told("RUN")
    assert "groupadd --system --gid 8470 bereikbaar" in made
    assert "useradd --system --uid 8470 --gid 8470" in made


def test_data_is_in_a_volume() -> None:
    """What is saved outlives the container."""
    assert told("VOLUME") == ["/var/lib/bereikbaar"]
    assert "BEREIKBAAR_DATA_DIR=/var/lib/bereikbaar" in told("ENV")[0]


def test_it_begins_with_debian_by_name() -> None:
    """Where images come from is for whoever builds; the release is that of the package."""
    images = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert set(images) == {"debian:12-slim"}


def test_both_ignore_files_are_alike() -> None:
    """Podman and docker look for another name, and neither sends what was built here."""
    ignored = (PROJECT / ".containerignore").read_text()
    assert (PROJECT / ".dockerignore").read_text() == ignored
    assert {".venv", ".git", "dist"} <= set(ignored.split())
