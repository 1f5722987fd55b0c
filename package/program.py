"""The program as it is installed: its own interpreter's folder, with all that it imports.

The folder is laid out as a virtual environment is, so that the processes that the program starts
find the same modules, and no others. Nothing in it names the place where it was made.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
PYTHON: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"

# What built the program doesn't run it. (sqlite-utils asks for pip to install its plug-ins by.)
_BUILDERS: Final = ("pip", "setuptools", "wheel")
# Where numbers are, and whose: a fifth of the whole, which only modules read that nobody imports.
_UNUSED: Final = ("phonenumbers/carrierdata", "phonenumbers/geodata", "phonenumbers/tzdata")
# What pip notes for itself, to uninstall by; some of it holds paths.
_NOTES: Final = ("RECORD", "direct_url.json", "INSTALLER", "REQUESTED")
_PARTS: Final = ("admin_cli", "audio_store", "pbx_adapters", "routing_engine", "schedules")
_BESIDE: Final = ("LICENSE", "README.md", "pyproject.toml")

_LAUNCHER: Final = """\
#!{home}/bin/python3 -I
\"\"\"The command line and the daemon.\"\"\"

from admin_cli.main import main

# A worker process that is spawned imports this file.
if __name__ == "__main__":
    main()
"""


def project_version() -> str:
    """Return the version that the project has."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def lay_program(folder: Path, home: PurePosixPath) -> None:
    """Put the program in `folder`, which isn't there yet, to be run as `home`.

    Modules come from the index that pip is set up with, and have the hashes of `requirements.lock`.
    Raises `CalledProcessError`.
    """
    modules = folder / "lib" / PYTHON / "site-packages"
    modules.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python3").symlink_to(f"/usr/bin/{PYTHON}")
    (folder / "bin/bereikbaar").write_text(_LAUNCHER.format(home=home))
    (folder / "bin/bereikbaar").chmod(0o755)
    (folder / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON[6:]}\n"
    )
    with TemporaryDirectory() as name:
        lock = Path(name) / "requirements.lock"
        lock.write_text(_needed_to_run((PROJECT / "requirements.lock").read_text()))
        _pip("install", "--require-hashes", "--no-compile", "--target", modules, "-r", lock)
        _pip("wheel", "--no-index", "--wheel-dir", name, _sources(Path(name) / "project"))
        own = ("--no-index", "--find-links", name, f"bereikbaar=={project_version()}")
        _pip("install", "--no-compile", "--upgrade", "--target", modules, *own)
    _take_out(modules)


def _needed_to_run(lock: str) -> str:
    """Return a lock file without what only builds."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)
    return "\n".join(entry for entry in entries if entry.partition("==")[0] not in _BUILDERS)


def _sources(folder: Path) -> Path:
    """Copy what the program is made of, so that nothing left of an earlier build comes in."""
    for name in _PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in _BESIDE:
        shutil.copy(PROJECT / name, folder)
    return folder


def _pip(command: str, *arguments: str | Path) -> None:
    plain = ("-qq", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", command, *plain, *arguments],
        check=True,
        env=os.environ | {"PIP_ROOT_USER_ACTION": "ignore"},
    )


def _take_out(modules: Path) -> None:
    """Remove programs of others, what pip noted, tests, and data that nothing reads."""
    shutil.rmtree(modules / "bin")
    for name in _UNUSED:
        shutil.rmtree(modules / name)
    for folder in [path for path in modules.rglob("tests") if path.is_dir()]:
        shutil.rmtree(folder)
    for notes in modules.glob("*.dist-info"):
        for name in _NOTES:
            (notes / name).unlink(missing_ok=True)
