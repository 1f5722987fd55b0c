"""Brings Debian suites into a folder of the project's own; nothing is installed on the machine.

`make pbx-suites` runs it. A suite is there whole or not at all; one that can't be had is told
loudly, and its tests are skipped with that reason.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.pbx.suites import (
    EVERY,
    SUITES,
    fault_path,
    is_whole,
    stamp_path,
    suites_folder,
    why_missing,
)

# Seconds; a whole suite takes less than one minute and a half where the network is good.
PATIENCE: Final = 480
_UNFINISHED: Final = ".new-"


class UnavailableError(Exception):
    """A suite can't be had; the message says why."""


def main() -> None:
    """Bring in what is missing of the suites named, or of all that `make e2e` needs; say so."""
    names = tuple(sys.argv[1:]) or tuple(SUITES)
    suites_folder().mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        missing = [name for name in names if not is_whole(name)]
        if missing:
            _install_all(missing)
    for name in names:
        why = why_missing(name)
        sys.stdout.write(f"*** NO {name}: {why}\n" if why else f"{name} is there\n")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let one program at a time change the folder."""
    with (suites_folder() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_all(names: list[str]) -> None:
    """Install suites at the same time; leave a fault beside each that can't be had."""
    for unfinished in suites_folder().glob(f"{_UNFINISHED}*"):
        _remove(unfinished)
    try:
        apt = _own_apt()
        tools = _unpack(apt, ("debootstrap",), "tools")
    except UnavailableError as error:
        for name in names:
            fault_path(name).write_text(f"{error}\n")
        return
    with ThreadPoolExecutor() as pool:
        for job in [pool.submit(_install, name, apt, tools) for name in names]:
            job.result()
    _remove(tools)
    _remove(Path(apt[-1].partition("=")[2]).parent)


def _install(name: str, apt: list[str], tools: Path) -> None:
    """Install one suite in the place of an older one, or leave a fault."""
    try:
        made = (
            _unpack(apt, EVERY[name].packages, name)
            if EVERY[name].is_beside
            else _bootstrap(name, apt, tools)
        )
    except UnavailableError as error:
        fault_path(name).write_text(f"{error}\n")
        return
    stamp_path(name).unlink(missing_ok=True)
    _remove(suites_folder() / name)
    made.rename(suites_folder() / name)
    fault_path(name).unlink(missing_ok=True)
    stamp_path(name).write_text(EVERY[name].stamp)


def _own_apt() -> list[str]:
    """Return apt-get with lists and a cache of our own, and the machine's own sources."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise UnavailableError("apt-get is missing: only a Debian machine can fetch it")
    if os.geteuid() != 0:
        raise UnavailableError("debootstrap and chroot need root")
    folder = _new_folder("apt")
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    apt = [
        *("apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2"),
        *("-o", "Acquire::http::Timeout=20", "-o", f"Dir::State::lists={folder}/lists"),
        *("-o", f"Dir::Cache={folder}/cache"),
    ]
    _run([*apt, "update"], folder)
    return apt


def _unpack(apt: list[str], packages: tuple[str, ...], name: str) -> Path:
    """Return a new folder with packages of the machine's own release laid bare in it."""
    folder = _new_folder(name)
    fetched = folder / "fetched"
    fetched.mkdir()
    _run([*apt, "download", *packages], fetched)
    for package in fetched.iterdir():
        _run(["dpkg-deb", "-x", str(package), str(folder)], folder)
    shutil.rmtree(fetched)
    return folder


def _bootstrap(name: str, apt: list[str], tools: Path) -> Path:
    """Return a new folder with a whole suite in it."""
    folder = _new_folder(name)
    # Programs of the suite that give up root must be able to walk through its root.
    folder.chmod(0o755)
    command = [
        *(str(tools / "usr/sbin/debootstrap"), "--variant=minbase"),
        f"--include={','.join(EVERY[name].packages)}",
        *(EVERY[name].release or name, str(folder), *_mirror(apt)),
    ]
    try:
        _run(command, tools, {"DEBOOTSTRAP_DIR": str(tools / "usr/share/debootstrap")})
    except UnavailableError:
        _remove(folder)
        raise
    _unmount(folder)
    shutil.rmtree(folder / "var/cache/apt/archives", ignore_errors=True)
    return folder


def _mirror(apt: list[str]) -> list[str]:
    """Return the mirror that the machine itself uses; none leaves it to debootstrap."""
    found = _run([*apt, "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], Path())
    return [line for line in found.splitlines() if line.rstrip("/").endswith("/debian")][:1]


def _new_folder(name: str) -> Path:
    return Path(mkdtemp(prefix=f"{_UNFINISHED}{name}-", dir=suites_folder()))


def _run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> str:
    """Run a program within the time there is, and end all it started; return its output."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"} | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise UnavailableError(f"{_name(command)} took longer than {PATIENCE} s") from None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        last = (output.strip().splitlines() or ["it said nothing"])[-1]
        raise UnavailableError(f"{_name(command)} failed: {last}")
    return output


def _name(command: list[str]) -> str:
    return Path(command[0]).name


def _unmount(folder: Path) -> None:
    """Take away what was mounted below a folder: removing it would reach into the machine."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", mount], check=True)


def _remove(folder: Path) -> None:
    """Remove a folder, if it is there, and nothing that is mounted in it."""
    if folder.exists():
        _unmount(folder)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
