"""How the guide has Kamailio's configuration changed and checked, with Debian's own file."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

import pytest

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import PATIENCE
from tests.pbx.shell import TOKEN
from tests.pbx.suites import require_suite

pytestmark = pytest.mark.pbx

RULE: Final = "####### Routing Logic ########\n"
LAST_PARAMETER: Final = 'modparam("debugger", "log_level_name", "exec")\n'
INCLUDE: Final = 'include_file "bereikbaar.cfg"\n'
ASK: Final = "route(BEREIKBAAR);\n"
BUSY: Final = "Address already in use"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A folder with Debian's `kamailio.cfg`, changed, and with our file beside it."""

    root: Path
    folder: Path

    @property
    def inside(self) -> str:
        """Return the folder as the suite's programs see it."""
        return f"/{self.folder.relative_to(self.root)}"

    def write(self, beside: str, relay_route: str = "RELAY", owner: str = "kamailio") -> None:
        """Write it with the include before a heading of Debian's, or after a parameter."""
        text = (self.root / "etc/kamailio/kamailio.cfg").read_text()
        assert text.count(beside) == text.count("\troute(PSTN);\n") == 1
        included = f"{INCLUDE}{beside}" if beside == RULE else f"{beside}{INCLUDE}"
        text = text.replace(beside, included)
        text = text.replace("\troute(PSTN);\n", f"\t{ASK}\troute(PSTN);\n")
        (self.folder / "kamailio.cfg").write_text(text)
        settings = {"relay_route": relay_route, "trunk": "192.0.2.1"}
        installation = Installation("http://127.0.0.1:9", TOKEN, settings=settings)
        path = self.folder / "bereikbaar.cfg"
        path.write_text(render_scripts("kamailio", installation)["bereikbaar.cfg"])
        path.chmod(0o600)
        self.run("chown", f"{owner}:", f"{self.inside}/bereikbaar.cfg", user="root")

    def run(self, *command: str, user: str = "kamailio") -> tuple[int, str]:
        """Run a program in the suite as a user; return its exit code and what it said."""
        done = subprocess.run(
            ["chroot", f"--userspec={user}:", self.root, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout

    def check(self) -> tuple[int, str]:
        """Run the guide's first check."""
        return self.run("kamailio", "-c", "-f", f"{self.inside}/kamailio.cfg")

    def start(self) -> str:
        """Run the guide's second check beside something that has the port; return what it says."""
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as other:
            other.bind(("127.0.0.1", 0))
            listen = f"udp:127.0.0.1:{other.getsockname()[1]}"
            files = ("-Y", self.inside, "-P", f"{self.inside}/check.pid")
            command = ("kamailio", "-f", f"{self.inside}/kamailio.cfg", "-DD", "-E", *files)
            return self.run("timeout", "5", *command, "-m", "32", "-l", listen)[1]


@pytest.fixture(params=["bullseye", "sid"])
def configuration(request: pytest.FixtureRequest) -> Iterator[Configuration]:
    """Give each Debian's configuration a folder that Kamailio's user may write to."""
    root = require_suite(request.param)
    folder = Path(mkdtemp(prefix="bereikbaar-", dir=root / "tmp"))
    folder.chmod(0o777)
    yield Configuration(root, folder)
    rmtree(folder)


def test_include_where_the_guide_says(configuration: Configuration) -> None:
    """Both checks pass: the second gets as far as the port."""
    configuration.write(RULE)
    code, said = configuration.check()
    assert (code, "config file ok" in said) == (0, True)
    said = configuration.start()
    assert BUSY in said
    assert "not found" not in said


def test_route_that_is_not_there(configuration: Configuration) -> None:
    """Only the second check sees it, and names it."""
    configuration.write(RULE, relay_route="NOPE")
    assert configuration.check()[0] == 0
    said = configuration.start()
    assert 'route "NOPE" not found' in said
    assert BUSY not in said


def test_include_after_the_last_parameter(configuration: Configuration) -> None:
    """It is left out with what it stands within, and only the second check sees that."""
    configuration.write(LAST_PARAMETER)
    assert configuration.check()[0] == 0
    assert 'route "BEREIKBAAR" not found' in configuration.start()


def test_file_of_another_user(configuration: Configuration) -> None:
    """The first check, run as Kamailio's user, sees that it can't be read."""
    configuration.write(RULE, owner="root")
    code, said = configuration.check()
    assert code != 0
    assert "cannot open included file: bereikbaar.cfg" in said
