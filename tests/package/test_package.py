"""What the package brings: files, owners, modes, and nothing of the place where it was built."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import gettempdir
from typing import Final

import pytest

from package.deb import build
from package.program import PROJECT, PYTHON
from tests.package.built import HOME, Contents, built_package, control_file, fields

pytestmark = pytest.mark.slow

PROGRAMS: Final = {"usr/bin/bereikbaar", f"{HOME}/bin/bereikbaar"}


@pytest.fixture(scope="module")
def package() -> Path:
    """Find the package."""
    return built_package()


@pytest.fixture(scope="module")
def contents(package: Path) -> Contents:
    """Read the package once."""
    return Contents(package)


def test_everything_is_roots(contents: Contents) -> None:
    """Nothing of it can be changed by the user that the daemon runs as."""
    owners = {(member.uid, member.gid, member.uname) for member in contents.members.values()}
    assert owners == {(0, 0, "root")}


def test_modes(contents: Contents) -> None:
    """All may read, only programs are run, and only root writes."""
    modes = {path: member.mode for path, member in contents.members.items() if not member.issym()}
    folders = {path for path, member in contents.members.items() if member.isdir()}
    assert {modes[path] for path in folders | PROGRAMS} == {0o755}
    assert {mode for path, mode in modes.items() if path not in folders | PROGRAMS} == {0o644}


def test_the_only_links(contents: Contents) -> None:
    """The interpreter is Debian's own; nothing else points anywhere."""
    links = {path: member.linkname for path, member in contents.members.items() if member.issym()}
    assert links == {f"{HOME}/bin/python3": f"/usr/bin/{PYTHON}"}


def test_where_files_are(contents: Contents) -> None:
    """Nothing is put elsewhere than a package of Debian may."""
    others = {path for path in contents.files() if not path.startswith(f"{HOME}/lib/")}
    pages = {path for path in others if path.startswith("usr/share/doc/bereikbaar/")}
    assert "usr/share/doc/bereikbaar/copyright" in pages
    units = {f"usr/lib/systemd/system/{path.name}" for path in PROJECT.glob("systemd/*.[st]*r*")}
    units = {path for path in units if path.endswith((".service", ".timer"))}
    assert len(units) == 5
    assert others - pages == units | PROGRAMS | {
        f"{HOME}/pyvenv.cfg",
        "usr/lib/sysusers.d/bereikbaar.conf",
        "usr/lib/tmpfiles.d/bereikbaar.conf",
        "etc/bereikbaar/bereikbaar.toml",
    }


def test_nothing_names_where_it_was_built(contents: Contents) -> None:
    """Neither the project's folder, nor the builder's Python, nor the folders of the work."""
    work = (f"{gettempdir()}/{prefix}" for prefix in ("pip-", "tmp"))
    places = {str(PROJECT), sys.prefix, sys.base_prefix, *work} - {"/usr"}
    files = {path: contents.read(path) for path in contents.files()}
    found = [
        (path, place)
        for place in places
        for path, content in files.items()
        if place.encode() in content
    ]
    assert found == []


def test_nothing_that_the_program_doesnt_need(contents: Contents) -> None:
    """No builders, no tests of others, no compiled modules, which the machine makes itself."""
    unwanted = re.compile(r"/(pip|setuptools|wheel|tests|__pycache__|phonenumbers/geodata)/")
    assert [path for path in contents.files() if unwanted.search(path)] == []


def test_every_module_of_the_project_is_there(contents: Contents) -> None:
    """All of the five parts, their data and the scripts for PBXs."""
    parts = ("admin_cli", "audio_store", "pbx_adapters", "routing_engine", "schedules")
    tracked = subprocess.run(
        ["git", "ls-files", *parts],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    base = f"{HOME}/lib/{PYTHON}/site-packages"
    assert [path for path in tracked if f"{base}/{path}" not in contents.members] == []


def test_modules_have_the_locked_versions(contents: Contents) -> None:
    """What is locked with a hash is what is installed, but for what only builds."""
    lock = (PROJECT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    found = {
        re.sub(r"[-_.]+", "-", match[1]).lower(): match[2]
        for path in contents.members
        if (match := re.search(r"/([^/]+)-([^-/]+)\.dist-info/METADATA$", path))
    }
    builders = {"pip", "setuptools", "wheel"}
    assert found.pop("bereikbaar") == fields(built_package())["Version"]
    assert found == {name: version for name, version in locked if name not in builders}


def test_configuration_is_kept_on_upgrade(package: Path) -> None:
    """One file is the operator's; of all others dpkg can tell whether they were changed."""
    assert control_file(package, "conffiles") == "/etc/bereikbaar/bereikbaar.toml\n"
    told = control_file(package, "md5sums").splitlines()
    summed = {line.split("  ", 1)[1] for line in told}
    assert summed == set(Contents(package).files()) - {"etc/bereikbaar/bereikbaar.toml"}


def test_configuration_sets_nothing_yet(contents: Contents) -> None:
    """As it comes, every setting has its default."""
    text = contents.read("etc/bereikbaar/bereikbaar.toml").decode()
    assert tomllib.loads(text) == {}


def test_it_wants_the_python_it_was_built_for(package: Path) -> None:
    """Compiled modules fit one minor version of Python and one architecture."""
    said = fields(package)
    minor = sys.version_info.minor
    assert f"python3 (>= 3.{minor}), python3 (<< 3.{minor + 1})" in said["Depends"]
    asked = ["dpkg", "--print-architecture"]
    ours = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    assert said["Architecture"] == ours


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_scripts_are_shell(package: Path, tmp_path: Path, name: str) -> None:
    """What dpkg runs as root is read by a plain shell, and ends at the first error."""
    script = tmp_path / name
    script.write_text(control_file(package, name))
    assert script.read_text().startswith("#!/bin/sh\nset -e\n")
    subprocess.run(["sh", "-n", script], check=True)


def test_same_sources_give_the_same_bytes(
    package: Path, contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built once more, elsewhere and with another mask, every byte is as it was."""
    (age,) = {member.mtime for member in contents.members.values()}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(age)))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    mask = os.umask(0o077)
    try:
        again = build(tmp_path / "dist", fields(package)["Version"])
    finally:
        os.umask(mask)
    assert again.read_bytes() == package.read_bytes()
