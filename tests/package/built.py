"""The package that `make deb` built, as it lies in dist/."""

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from package.program import PROJECT, project_version

HOME: Final = "usr/lib/bereikbaar"


def built_package() -> Path:
    """Return the package of this version."""
    (package,) = (PROJECT / "dist").glob(f"bereikbaar_{project_version()}_*.deb")
    return package


def fields(package: Path) -> dict[str, str]:
    """Return what the package says of itself."""
    told = _dpkg_deb("--field", package).decode()
    pairs = [line.split(": ", 1) for line in told.splitlines() if not line.startswith(" ")]
    return dict(pairs)


def control_file(package: Path, name: str) -> str:
    """Return one of the files that the package manager reads or runs."""
    return _dpkg_deb("--info", package, name).decode()


class Contents:
    """What a package brings, by its path without a slash at the beginning."""

    def __init__(self, package: Path) -> None:
        """Read all of the package."""
        archive = io.BytesIO(_dpkg_deb("--fsys-tarfile", package))
        self._tar = tarfile.open(fileobj=archive)  # noqa: SIM115 - it is in memory
        self.members = {
            member.name.removeprefix("./"): member
            for member in self._tar.getmembers()
            if member.name != "."
        }

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        file = self._tar.extractfile(self.members[path])
        assert file is not None
        return file.read()

    def files(self) -> list[str]:
        """Return the path of each ordinary file."""
        return [path for path, member in self.members.items() if member.isfile()]


def as_before(package: Path, folder: Path) -> Path:
    """Return a package as the version before would have been.

    It says so itself, and has a module that this version has no more.
    """
    root = folder / "root"
    subprocess.run(["dpkg-deb", "--raw-extract", package, root], check=True)
    control = root / "DEBIAN/control"
    version = fields(package)["Version"]
    control.write_text(control.read_text().replace(f"Version: {version}", "Version: 0.0.9"))
    (modules,) = (root / HOME / "lib").glob("*/site-packages")
    (notes,) = modules.glob("bereikbaar-*.dist-info/METADATA")
    notes.write_text(notes.read_text().replace(f"Version: {version}", "Version: 0.0.9", 1))
    (modules / "admin_cli/gone.py").write_text('"""Was here before."""\n')
    before = folder / "bereikbaar_0.0.9.deb"
    packing = ("--root-owner-group", "-Znone", "--build", root, before)
    subprocess.run(["dpkg-deb", *packing], check=True, stdout=subprocess.DEVNULL)
    return before


def _dpkg_deb(command: str, package: Path, *names: str) -> bytes:
    environment = os.environ | {"LC_ALL": "C"}
    return subprocess.run(
        ["dpkg-deb", command, package, *names], check=True, capture_output=True, env=environment
    ).stdout
