"""A shop as its callers know it: a real Asterisk beside the real daemon, and telephones around."""

import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pbx_adapters.pbx_scripts import Installation
from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, new_daemon
from tests.pbx.asterisk import Asterisk, new_asterisk
from tests.pbx.ports import free_port
from tests.pbx.sip import Telephone, telephone
from tests.pbx.sound import Samples, new_ear

_CALLERS: Final = itertools.count(612_000_000)


@dataclass(frozen=True, slots=True)
class Call:
    """What became of a call, as the telephones saw it.

    `code` is its final SIP response; `desk` and `trunk` are the numbers that rang there; `heard` is
    what the caller heard.
    """

    code: str
    was_hung_up: bool
    desk: list[str]
    trunk: list[str]
    heard: Samples
    log: str


@dataclass
class Shop:
    """One Asterisk, one daemon, and the two telephones that Asterisk calls."""

    asterisk: Asterisk
    daemon: Daemon
    desk: Telephone
    trunk: Telephone
    token: str = ""
    table_key: str = ""
    callers: Iterator[int] = field(default_factory=lambda: _CALLERS)

    @property
    def pbx(self) -> str:
        """Return the column of the matrix."""
        return self.asterisk.pbx

    @property
    def plain(self) -> Installation:
        """Return what is installed unless a test wants something else: no table is kept."""
        return Installation(f"http://127.0.0.1:{self.daemon.port}", self.token, timeout_seconds=2)

    def install(self, url: str = "", **others: object) -> None:
        """Install our scripts, for another daemon or otherwise different."""
        changed = others | ({"base_url": url} if url else {})
        self.asterisk.install(replace(self.plain, **changed))  # type: ignore[arg-type]

    def call(
        self, number: str, seconds: float = 1.0, *, voice: Samples | None = None, caller: str = ""
    ) -> Call:
        """Call a number; hang up so many seconds after it was answered, unless the shop does."""
        user = f"0{next(self.callers)}"
        start = len(self.asterisk.log())
        with new_ear(voice) as ear:
            values = {
                "CALLED": number,
                "CALLER": caller.replace("USER", user) or f"<sip:{user}@127.0.0.1>",
                "SOUND_PORT": str(ear.port),
                "PATIENCE_MS": str(int(seconds * 1_000)),
            }
            with telephone(self.asterisk, "caller", free_port(), values, "-m", "1") as phone:
                phone.process.wait(PATIENCE)
                return Call(
                    phone.final_response(),
                    phone.was_hung_up(),
                    rung(self.desk, user),
                    rung(self.trunk, user),
                    ear.heard(),
                    self.asterisk.log()[start:],
                )

    def command(self, *arguments: str | Path) -> None:
        """Run the real command line, and wait until the daemon serves what it changed."""
        subprocess.run(
            [COMMAND, *arguments, "--data-dir", self.daemon.data_dir],
            check=True,
            capture_output=True,
            timeout=10 * PATIENCE,
            cwd=self.daemon.data_dir.parent,
        )


def rung(telephone: Telephone, caller: str) -> list[str]:
    """Return the numbers at which a telephone was called by somebody."""
    return [call.called for call in telephone.invitations() if caller in call.header("From")]


@contextmanager
def new_shop(pbx: str, folder: Path, **daemon_attributes: object) -> Iterator[Shop]:
    """Open a shop whose daemon serves one open schedule, until the block ends."""
    with new_daemon(folder, **daemon_attributes) as daemon, new_asterisk(pbx) as asterisk:
        daemon.start()
        with (
            telephone(asterisk, "callee", asterisk.desk_port, {}) as desk,
            telephone(asterisk, "callee", asterisk.trunk_port, {}) as trunk,
        ):
            shop = Shop(asterisk, daemon, desk, trunk)
            shop.token = daemon.add_token()
            with daemon.store() as store:
                shop.table_key = next(
                    token.table_key for token in store.tokens() if not token.is_operator
                )
            shop.install()
            yield shop
