"""The 3CX script as it is installed on either version, and a daemon beside it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.pbx_scripts import Installation
from tests.e2e.daemon import Daemon, new_daemon
from tests.pbx.shell import KEY
from tests.pbx.suites import require_suite
from tests.pbx.threecx.mono import Script, running_script
from tests.pbx.threecx.site import DIGEST, MESSAGE, TREATED, save


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
    with new_daemon(tmp_path_factory.mktemp("3cx")) as daemon:
        assert MasterFiles(daemon.data_dir / "audio").add(MESSAGE) == DIGEST
        now = clock.utc_now().replace(second=0, microsecond=0)
        days = [f"{now + timedelta(days=shift):%Y-%m-%d}" for shift in (-1, 0, 1)]
        more: dict[str, dict[str, object]] = {
            "override": {
                "from": (now - timedelta(hours=1)).isoformat(),
                "until": (now + timedelta(hours=1)).isoformat(),
                "slot": "closed",
                "reason": "Storing",
            },
            "exception": {"name": "Dicht", "dates": days, "slots": ["00:00-24:00 closed"]},
        }
        for name, (number, treatment, _) in TREATED.items():
            extra = {f"{name}s": {"x": more[name]}} if name in more else {}
            save(daemon, treatment, name.replace(" ", "-"), number, **extra)
        daemon.start()
        yield daemon
