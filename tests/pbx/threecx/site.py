"""The daemon and the servers that the 3CX script asks in tests, and what becomes of calls."""

import hashlib
from pathlib import Path
from typing import Final

from tests.e2e.daemon import Daemon
from tests.pbx.threecx.mono import Script
from tests.pbx.treated import MESSAGE, Treatments

NORMAL: Final = "route 800"
FORWARDED: Final = "route 0031612345678"
DIGEST: Final = hashlib.sha256(MESSAGE).hexdigest()
HEARD: Final = (f"play {DIGEST}.wav {len(MESSAGE)}",)
TREATED: Final[Treatments] = {
    "message heard": ("+31850000001", "closed audio=m", "hung up"),
    "forwarded": ("+31850000002", "closed forward=f", FORWARDED),
    "voicemail": ("+31850000003", "closed voicemail", "mailbox 100"),
    "hang-up": ("+31850000004", "closed", "hung up"),
    "continue": ("+31850000005", "open", NORMAL),
    "open with message": ("+31850000006", "open audio=m", NORMAL),
    "break": ("+31850000007", "break audio=m forward=f", FORWARDED),
    "override": ("+31850000008", "open", "hung up"),
    "exception": ("+31850000009", "open", "hung up"),
    "audio missing": ("+31850000010", "closed audio=gone forward=f", FORWARDED),
}


def put_beside(daemon: Daemon, script: Script, **settings: str) -> None:
    """Point the script at the daemon."""
    script.set(BaseUrl=f"http://127.0.0.1:{daemon.port}", Token=daemon.token, **settings)


def key_of(daemon: Daemon) -> str:
    """Return the key of the daemon's only token."""
    with daemon.store() as store:
        return store.tokens()[0].table_key


def kept_tables(script: Script) -> list[Path]:
    """Return the tables that the script has kept."""
    return [*script.folder.glob("table-*.txt")] if script.folder.exists() else []


def timeout_ms_of(mode: str) -> int:
    """Return how long the script waits for a bad server: briefly for those that never finish."""
    return 1_000 if mode in {"slow", "drip"} else 25_000


def answer_of(**others: str) -> bytes:
    """Return an answer of the hook as text."""
    fields = {"status": "closed", "action": "hangup", "audio": "", "forward": "", "voicemail": ""}
    lines = [f"{name}={value}\r\n" for name, value in (fields | others | {"error": ""}).items()]
    return "".join(lines).encode()
