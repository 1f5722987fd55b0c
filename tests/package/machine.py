"""A clean Debian, on which the package is installed and its daemon runs as the unit says."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from tests.e2e.daemon import PATIENCE, wait_until

# Seconds that a command may take where many other programs are at work.
PATIENT: Final = 400
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A namespace of mounts ends with the last process in it, and nothing stays mounted.
_ENTER: Final = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
# What a package manager writes of its own work.
_ITS_OWN: Final = ("var/lib/dpkg/", "var/log/", "var/cache/", "proc/", "run/", "tmp/")
# A chroot has no systemd. This notes what it would be asked, and how many steps the store lacks.
_SYSTEMCTL: Final = """\
#!/bin/sh
echo "$* lacks=$(bereikbaar migrate --dry-run | grep -c 'to be')" >> /run/asked
echo enabled
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command of the machine said."""

    code: int
    output: str


class Machine:
    """A root of its own, with a clean Debian that may be changed."""

    def __init__(self, suite: Path, root: Path) -> None:
        """Copy the suite to `root`, which isn't there yet."""
        subprocess.run(["cp", "-a", suite, root], check=True)
        self.root = root
        self._at_first = self.paths()

    def run(self, *command: str, text: str = "", is_refused: bool = False) -> Ran:
        """Run a command as root, with a text on its standard input; it must do what it should."""
        done = subprocess.run(
            self._entered("/usr/bin/env", "-i", f"PATH={_PATH}", "LC_ALL=C", *command),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENT,
            check=False,
        )
        assert (done.returncode != 0) == is_refused, done.stdout
        return Ran(done.returncode, done.stdout)

    def install(self, package: Path, *, is_refused: bool = False) -> Ran:
        """Install or upgrade to a package, with nobody there to be asked."""
        shutil.copy(package, self.root / "var/cache/bereikbaar.deb")
        # Waiting for the disk at each of thousands of files tries nothing of ours.
        command = ("dpkg", "--force-unsafe-io", "--install", "/var/cache/bereikbaar.deb")
        return self.run(*command, is_refused=is_refused)

    def pretend_systemd(self) -> None:
        """Put something in systemd's place that notes what the package asks of it."""
        (self.root / "run/systemd/system").mkdir(parents=True)
        systemctl = self.root / "usr/local/bin/systemctl"
        systemctl.write_text(_SYSTEMCTL)
        systemctl.chmod(0o755)

    def asked(self, action: str) -> list[str]:
        """Return what systemd was asked to do, of one action."""
        path = self.root / "run/asked"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if f" {action} " in f" {line}"]

    def paths(self) -> set[str]:
        """Return every path that isn't the package manager's own."""
        found = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return {path for path in found if not path.startswith(_ITS_OWN)}

    def left(self) -> set[str]:
        """Return what wasn't there at first; of a folder that is new, only itself."""
        new = self.paths() - self._at_first
        return {path for path in new if os.path.dirname(path) not in new}  # noqa: PTH120 - texts

    @contextmanager
    def daemon(self, unit: str = "bereikbaar.service") -> Iterator["RunningUnit"]:
        """Run the daemon as the unit says, and end it."""
        (path,) = self.root.glob(f"usr/lib/systemd/system/{unit}")
        told = [line.partition("=")[::2] for line in path.read_text().splitlines()]
        said = dict(told)
        assert said["Type"] == "notify"
        notified = self.root / "run/notify"
        notified.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(notified))
            notified.chmod(0o777)
            systemd.settimeout(PATIENCE)
            log = self.root.with_suffix(".log")
            command = (
                *("/usr/bin/setpriv", f"--reuid={said['User']}", f"--regid={said['Group']}"),
                *("--clear-groups", "--no-new-privs", "/usr/bin/env", "-i"),
                *(f"--chdir={said['WorkingDirectory']}", "NOTIFY_SOCKET=/run/notify"),
                *(value for key, value in told if key == "Environment"),
                *said["ExecStart"].split(),
            )
            with (
                log.open("wb") as stderr,
                subprocess.Popen(
                    self._entered(*command), stderr=stderr, umask=int(said["UMask"], 8)
                ) as process,
            ):
                try:
                    assert systemd.recv(100) == b"READY=1", log.read_text()
                    yield RunningUnit(process, _port(log))
                finally:
                    process.terminate()
        assert process.returncode == 0, log.read_text()

    def _entered(self, *command: str) -> list[str]:
        return ["unshare", "--mount", "sh", "-c", _ENTER, str(self.root), *command]


@dataclass(frozen=True, slots=True)
class RunningUnit:
    """The daemon as the unit runs it."""

    process: subprocess.Popen[bytes]
    port: int

    def user(self) -> int:
        """Return who it runs as."""
        return Path(f"/proc/{self.process.pid}").stat().st_uid

    def get(self, path: str, token: str = "") -> bytes:
        """Ask as a PBX does."""
        headers = {"Authorization": f"Bearer {token}"}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status == 200, body
        return body


def _port(log: Path) -> int:
    """Return where the daemon says that it listens."""

    def listening() -> list[str]:
        lines = log.read_bytes().split(b"\n")[:-1]
        found = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [line["address"] for line in found if line["event"] == "listening"]

    wait_until(listening, "the daemon listens")
    return int(listening()[0].rpartition(":")[2])
