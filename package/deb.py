"""`make deb`: the Debian package, the same bytes for the same sources."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from package.install import CONFIGURATION, install
from package.program import PROJECT, project_version

_SOURCES: Final = PROJECT / "package/debian"
_SCRIPTS: Final = ("postinst", "prerm", "postrm")


def main() -> None:
    """Build the package in the folder, and with the version, that the command line says."""
    folder, version = sys.argv[1:]
    print(build(Path(folder), version or project_version()))


def build(folder: Path, version: str) -> Path:
    """Build the package in `folder`, which is made; return its path.

    Its files are as old as SOURCE_DATE_EPOCH says. Raises `CalledProcessError`.
    """
    if not re.fullmatch(r"[0-9][A-Za-z0-9.+~-]*", version):
        sys.exit(f"DEB_VERSION={version} is not a version; write one such as 1.2.3 or 1.2.3~rc1")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        install(root, PurePosixPath("/usr"))
        _add_documents(root / "usr/share/doc/bereikbaar")
        _add_control(root, version)
        _make_equally_old(root, int(os.environ["SOURCE_DATE_EPOCH"]))
        package = folder / f"bereikbaar_{version}_{_architecture()}.deb"
        # xz would save a fifth, but its bytes depend on the number of threads.
        packed = ("--root-owner-group", "-Zgzip", "-z6", "--build", root, package)
        subprocess.run(["dpkg-deb", *packed], check=True, stdout=subprocess.DEVNULL)
    return package


def _add_documents(folder: Path) -> None:
    """Add what Debian wants beside the documentation."""
    shutil.copyfile(_SOURCES / "copyright", folder / "copyright")
    (folder / "copyright").chmod(0o644)


def _add_control(root: Path, version: str) -> None:
    """Add what the package manager reads and runs."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    control = root / "DEBIAN"
    control.mkdir()
    size = sum(path.stat().st_size for path in files)
    text = (_SOURCES / "control").read_text()
    (control / "control").write_text(
        text.format(
            version=version,
            architecture=_architecture(),
            size=size // 1024,
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            next_python=f"{sys.version_info.major}.{sys.version_info.minor + 1}",
        )
    )
    (control / "conffiles").write_text(f"/{CONFIGURATION}\n")
    (control / "md5sums").write_text(
        "".join(
            f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"  # noqa: S324 - dpkg reads no other
            for path in files
            if path != root / CONFIGURATION
        )
    )
    for name in _SCRIPTS:
        shutil.copyfile(_SOURCES / name, control / name)
        (control / name).chmod(0o755)


def _architecture() -> str:
    told = ["dpkg", "--print-architecture"]
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()


def _make_equally_old(root: Path, epoch: int) -> None:
    for path in root.rglob("*"):
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    os.utime(root, (epoch, epoch))


if __name__ == "__main__":
    main()
