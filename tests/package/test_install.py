"""What is laid around the program, wherever that is installed."""

import re
from pathlib import Path, PurePosixPath

import pytest

from package.install import CONFIGURATION, lay_around
from package.program import PROJECT
from pbx_adapters.config import load_config


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay everything around a program that is installed by hand."""
    lay_around(tmp_path, PurePosixPath("/usr/local"))
    return tmp_path


def test_every_file_names_the_program_where_it_is(root: Path) -> None:
    """Units and command line run what was installed, and not what a package may have."""
    files = [path for path in root.rglob("*") if path.is_file() and "share" not in path.parts]
    named = {
        str(path.relative_to(root))
        for path in files
        if "/usr/local/lib/bereikbaar/bin/bereikbaar" in path.read_text()
    }
    assert named == {"usr/local/bin/bereikbaar"} | {
        f"usr/local/lib/systemd/system/bereikbaar{name}.service"
        for name in ("", "-backup", "-maintenance")
    }
    assert [path for path in files if "/usr/lib/bereikbaar" in path.read_text()] == []


def test_configuration_that_is_there_is_kept(root: Path) -> None:
    """Installing again changes nothing that an operator wrote."""
    (root / CONFIGURATION).write_text("keepalive_seconds = 30\n")
    lay_around(root, PurePosixPath("/usr/local"))
    assert (root / CONFIGURATION).read_text() == "keepalive_seconds = 30\n"


def test_settings_that_are_shown_are_accepted(tmp_path: Path) -> None:
    """Whoever takes the number sign away has a good configuration, the same as is shown."""
    shown = (PROJECT / "package/bereikbaar.toml").read_text()
    written = tmp_path / "bereikbaar.toml"
    written.write_text(re.sub(r"^# (\w+ = |\[)", r"\1", shown, flags=re.MULTILINE))
    assert "\npublic_url =" in written.read_text()
    config = load_config(written, {})
    assert str(config.listen) == "192.0.2.10:8470"
    assert config.workers > 1
    assert [rule.receiver for rule in config.notify] == ["beheer@example.nl", "hooks.example.nl"]
    assert config.smtp is not None


def test_user_and_folders_are_those_of_the_units(root: Path) -> None:
    """The user that runs it is made, and has the folders that the units use."""
    folder = root / "usr/local/lib"
    (user,) = re.findall(
        r"^u (\w+) ", (folder / "sysusers.d/bereikbaar.conf").read_text(), re.MULTILINE
    )
    owned = re.findall(
        r"^d (\S+) 0700 (\w+) (\w+) ",
        (folder / "tmpfiles.d/bereikbaar.conf").read_text(),
        re.MULTILINE,
    )
    for unit in (folder / "systemd/system").glob("*.service"):
        text = unit.read_text()
        assert f"\nUser={user}\nGroup={user}\n" in text
        used = re.findall(r"^(?:WorkingDirectory|ReadWritePaths)=(.+)$", text, re.MULTILINE)
        assert {(path, user, user) for path in used} <= set(owned)
