"""A real Asterisk as a process, in a Debian suite of its own, and a shop's dialplan in it."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import PATIENCE, wait_until
from tests.pbx.ports import free_port
from tests.pbx.suites import require_suite

FILES: Final = Path(__file__).with_name("asterisk_files")
# The Debian suite that each is in. 16 is the oldest that decodes JSON.
VERSIONS: Final = {"Asterisk 16": "bullseye", "Asterisk 22": "sid"}


@dataclass
class Asterisk:
    """An Asterisk on loopback: a trunk that calls come from and forwards go to, and a desk.

    `inside` is its folder as programs in the suite see it, `folder` the same from outside.
    """

    pbx: str
    root: Path
    inside: str
    sip_port: int
    trunk_port: int
    desk_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Return its folder."""
        return self.root / self.inside.removeprefix("/")

    @property
    def kept(self) -> Path:
        """Return the folder where the scripts keep messages and tables."""
        return self.folder / "kept"

    def start(self) -> None:
        """Write what it is configured with, and start it."""
        for name in ("etc", "lib", "agi-bin", "spool", "run", "log", "kept"):
            (self.folder / name).mkdir()
        values = {
            "FOLDER": self.inside,
            "MODULES": self.find_modules(),
            "SIP_PORT": str(self.sip_port),
            "TRUNK_PORT": str(self.trunk_port),
            "DESK_PORT": str(self.desk_port),
        }
        for path in FILES.glob("*.conf"):
            text = re.sub("|".join(values), lambda found: values[found[0]], path.read_text())
            (self.folder / "etc" / path.name).write_text(text)
        (self.folder / "etc" / "extensions_bereikbaar.conf").touch()
        # Asterisk looks these names up with every call; no name server is to be waited for.
        names = f"localhost {socket.gethostname()} A.ROOT-SERVERS.NET"
        (self.root / "etc" / "hosts").write_text(f"127.0.0.1 {names}\n")
        self.process = self.run_inside("asterisk", "-f", "-C", f"{self.inside}/etc/asterisk.conf")
        wait_until(self.is_started, "Asterisk has started")

    def is_started(self) -> bool:
        """Tell whether it takes commands and calls."""
        assert self.process is not None
        assert self.process.poll() is None, "Asterisk has ended"
        return "fully booted" in self.command("core waitfullybooted").lower()

    def find_modules(self) -> str:
        """Return the folder of its modules, which differs between releases of Debian."""
        module = next(self.root.glob("usr/lib/**/asterisk/modules/func_curl.so"))
        return f"/{module.parent.relative_to(self.root)}"

    def run_inside(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program in the suite."""
        return subprocess.Popen(
            ["chroot", self.root, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
        )

    def command(self, text: str) -> str:
        """Give it a command; return what it says."""
        config = f"{self.inside}/etc/asterisk.conf"
        return subprocess.run(
            ["chroot", self.root, "/usr/sbin/asterisk", "-C", config, "-rx", text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        ).stdout

    def install(self, installation: Installation) -> None:
        """Install our scripts as they are installed on a PBX; what was kept before is gone."""
        settings = {"folder": f"{self.inside}/kept"} | dict(installation.settings)
        installation = replace(installation, settings=settings)
        files = render_scripts("asterisk", installation)
        dialplan = files["extensions_bereikbaar.conf"]
        (self.folder / "etc" / "extensions_bereikbaar.conf").write_text(dialplan)
        program = self.folder / "agi-bin" / "bereikbaar-asterisk"
        program.write_text(files["bereikbaar-asterisk"])
        program.chmod(0o700)
        shutil.rmtree(self.kept)
        self.kept.mkdir()
        self.command("dialplan reload")

    def uninstall(self) -> None:
        """Take the dialplan out again, and leave what `extensions.conf` says of it."""
        (self.folder / "etc" / "extensions_bereikbaar.conf").unlink()
        self.command("dialplan reload")

    def log(self) -> str:
        """Return its whole log."""
        return (self.folder / "log" / "full").read_text(errors="replace")

    def stop(self) -> None:
        """End it, and remove what it left."""
        if self.process is not None:
            self.command("core stop now")
            try:
                self.process.wait(PATIENCE)
            finally:
                self.process.kill()
                self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)


@contextmanager
def new_asterisk(pbx: str) -> Iterator[Asterisk]:
    """Run an Asterisk of `VERSIONS`; skip the test when its suite isn't there."""
    root = require_suite(VERSIONS[pbx])
    folder = Path(mkdtemp(prefix="bereikbaar-", dir=root / "tmp"))
    folder.chmod(0o755)
    inside = f"/{folder.relative_to(root)}"
    asterisk = Asterisk(pbx, root, inside, free_port(), free_port(), free_port())
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.stop()
