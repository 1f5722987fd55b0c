"""Keeps when each token was last sent, in a thread of its own: calls only note it in memory."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from pbx_adapters.token_uses import write_uses

FLUSH_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
_MINUTE: Final = 60

_log = structlog.get_logger()


class UseKeeper(threading.Thread):
    """Keeps what calls note in `uses`: epoch seconds by a token's id.

    `stop` keeps the rest and ends the thread. What can't be kept is told once, and tried again;
    that it went well then is told too.
    """

    def __init__(
        self, path: Path, uses: Mapping[str, int], *, flush_seconds: float = FLUSH_SECONDS
    ) -> None:
        super().__init__(name="token-uses", daemon=True)
        self._path = path
        self._uses = uses
        self._flush_seconds = flush_seconds
        self._kept: dict[str, int] = {}
        self._is_told = False
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Keep what is still to be kept, then end; waits for it, but not for ever."""
        self._stopping.set()
        self.join(STOP_SECONDS)

    def run(self) -> None:
        """Keep what was noted, every few seconds."""
        while not self._stopping.wait(self._flush_seconds):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Write which tokens were sent in another minute than was kept of them."""
        # Copied in one step of the interpreter: calls go on noting meanwhile.
        noted = {token_id: at - at % _MINUTE for token_id, at in dict(self._uses).items()}
        changed = noted.items() - self._kept.items()
        if not changed:
            return
        try:
            write_uses(self._path, changed)
        except Exception as error:  # noqa: BLE001 - the thread has to outlive any fault
            if not self._is_told:
                _log.warning("token_uses_not_kept", why=str(error) or repr(error))
            self._is_told = True
            # What had been kept may have been damaged, and is begun anew.
            self._kept = {}
            return
        self._kept = noted
        if self._is_told:
            _log.info("token_uses_kept_again")
        self._is_told = False
