"""What the package's purge leaves, and what it says of that."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "package/debian/postrm"
FOLDERS = ("var/lib/bereikbaar", "var/backups/bereikbaar", "etc/bereikbaar")


def purge(root: Path) -> str:
    """Run the script as dpkg does, on folders below `root`; return what it says."""
    text = SCRIPT.read_text()
    for folder in FOLDERS:
        text = text.replace(f"/{folder}", f"{root}/{folder}")
    # Nothing of this machine is to be touched by a test.
    text = text.replace("/usr/bin/deb-systemd-helper", f"{root}/absent")
    result = subprocess.run(
        ["sh", "-c", text, "postrm", "purge"], check=True, capture_output=True, text=True
    )
    return result.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Have the folders, without anything in them."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_empty_folders_go_without_a_word(root: Path) -> None:
    """Where nothing was written, nothing is left to tell."""
    assert purge(root) == ""
    assert [folder for folder in FOLDERS if (root / folder).exists()] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_left_is_named(root: Path, folder: str) -> None:
    """A folder with something in it stays, alone, and its removal is told."""
    (root / folder / "written").touch()
    assert f"    rm -r {root}/{folder}\n    userdel bereikbaar\n" in purge(root)
    assert [one for one in FOLDERS if (root / one).exists()] == [folder]


def test_all_that_is_left_is_one_command(root: Path) -> None:
    """Data, backups and secrets."""
    for folder in FOLDERS:
        (root / folder / "written").touch()
    told = purge(root)
    assert f"    rm -r {' '.join(f'{root}/{folder}' for folder in FOLDERS)}\n" in told
    assert "secrets" in told
