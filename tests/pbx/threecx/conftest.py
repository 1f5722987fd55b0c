"""The 3CX script as it is installed on either version, and a daemon beside it."""

from collections.abc import Iterator

import pytest

from pbx_adapters.pbx_scripts import Installation
from tests.e2e.daemon import Daemon
from tests.pbx.shell import KEY
from tests.pbx.suites import require_suite
from tests.pbx.threecx.mono import Script, running_script
from tests.pbx.threecx.site import TREATED
from tests.pbx.treated import treating_daemon


@pytest.fixture(scope="session", params=["v18", "v20"])
def program(request: pytest.FixtureRequest) -> Iterator[Script]:
    """Run the script as it is installed on either version."""
    installation = Installation(
        base_url="http://127.0.0.1:9",
        token="bk_0123_secret",
        default_route="800",
        settings={
            "v20": "true" if request.param == "v20" else "false",
            "mailbox": "100",
            "dial_prefix": "00",
        },
    )
    with running_script(require_suite("bullseye"), installation) as script:
        yield script


@pytest.fixture
def script(program: Script) -> Script:
    """Give the running script with nothing kept and the settings of its installation."""
    if program.folder.exists():
        for path in program.folder.iterdir():
            path.unlink()
    program.set(Token="bk_0123_secret", TableKey=KEY, Number="", Schedule="", DefaultRoute="800")
    # A busy machine is slow, and no fault; where the time-out matters, a test sets it.
    program.set(TimeoutMs=25_000, DownloadTimeoutMs=25_000)
    return program


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with treating_daemon(tmp_path_factory.mktemp("3cx"), TREATED) as daemon:
        yield daemon
