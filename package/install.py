"""`make install`: the program and what a machine needs to run it, below DESTDIR."""

import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Final

from package.program import PROJECT, PYTHON, lay_program

HOME: Final = "lib/bereikbaar"
CONFIGURATION: Final = "etc/bereikbaar/bereikbaar.toml"
# The folder that the files in systemd/ and package/ name.
_WRITTEN: Final = "/usr/lib/bereikbaar/"
_PAGES: Final = ("README.md", "CHANGELOG.md")


def main() -> None:
    """Install as the command line says: DESTDIR, which may be empty, and PREFIX."""
    destination, prefix = sys.argv[1:]
    if not prefix.startswith("/"):
        sys.exit(f"PREFIX={prefix} has to begin with /")
    interpreter = Path(f"/usr/bin/{PYTHON}")
    if not destination and not interpreter.exists():
        sys.exit(
            f"{interpreter} is missing, and the service can't run by another Python: install "
            "Debian's, or make .venv anew with the one that is there: "
            "`make clean install PYTHON=/usr/bin/python3`"
        )
    install(Path(destination or "/"), PurePosixPath(prefix))
    if not destination:
        home = Path(prefix) / HOME
        subprocess.run([home / "bin/python3", "-m", "compileall", "-q", home / "lib"], check=True)


def install(root: Path, prefix: PurePosixPath) -> None:
    """Put everything below `root`, to be used where `prefix` says.

    A program that is there already is replaced whole; a configuration that is there is kept.
    """
    os.umask(0o022)
    base = root / prefix.relative_to("/")
    home = base / HOME
    new = home.with_name(".bereikbaar-new")
    shutil.rmtree(new, ignore_errors=True)
    lay_program(new, prefix / HOME)
    _give_modes(new)
    if home.exists():
        shutil.rmtree(home)
    new.rename(home)
    lay_around(root, prefix)


def lay_around(root: Path, prefix: PurePosixPath) -> None:
    """Put below `root` what a machine needs to run the program that is installed at `prefix`."""
    base = root / prefix.relative_to("/")
    systemd = PROJECT / "systemd"
    units = sorted((*systemd.glob("*.service"), *systemd.glob("*.timer")))
    for unit in units:
        _put(unit, base / "lib/systemd/system" / unit.name, prefix)
    _put(systemd / "bereikbaar.sysusers", base / "lib/sysusers.d/bereikbaar.conf", prefix)
    _put(systemd / "bereikbaar.tmpfiles", base / "lib/tmpfiles.d/bereikbaar.conf", prefix)
    _put(PROJECT / "package/bereikbaar.sh", base / "bin/bereikbaar", prefix, mode=0o755)
    _put_pages(base / "share/doc/bereikbaar")
    if not (root / CONFIGURATION).exists():
        _put(PROJECT / "package/bereikbaar.toml", root / CONFIGURATION, prefix)


def _put(source: Path, target: Path, prefix: PurePosixPath, *, mode: int = 0o644) -> None:
    """Install a text file, with the program's folder in it as it is on that machine."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source.read_text().replace(_WRITTEN, f"{prefix / HOME}/"))
    target.chmod(mode)


def _put_pages(folder: Path) -> None:
    """Install the documentation, its links as they are in the project."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PAGES:
        shutil.copyfile(PROJECT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__", "run.py")
    shutil.copytree(PROJECT / "docs", folder / "docs", ignore=ignored, dirs_exist_ok=True)
    _give_modes(folder)


def _give_modes(folder: Path) -> None:
    """Let everybody read, and run only programs: wheels carry whatever modes their makers had."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            is_program = path.is_dir() or path.parent == folder / "bin"
            path.chmod(0o755 if is_program else 0o644)


if __name__ == "__main__":
    main()
