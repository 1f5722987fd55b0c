"""The shared shell functions, run by dash as a PBX's script runs them."""

import hashlib
import hmac
import subprocess
from pathlib import Path
from typing import Final

from pbx_adapters.pbx_scripts import SCRIPTS_FOLDER
from tests.pbx.bad_server import Page

KEY: Final = "00360a5c" + "ff" * 20 + "0123456789abcdef"
TOKEN: Final = "bk_0123_secret"
TABLE: Final = (
    '{"schedule":"office","revision":"3","generated_at":"2026-11-22T10:00:00Z",'
    '"expires_at":"2026-11-29T10:00:00Z","intervals":[\n'
    '{"from":"2026-11-22T10:00:00Z","until":"2026-11-22T16:00:00Z","status":"open",'
    '"action":"continue","audio":"","forward":"",'
    '"schedule_name":"Café \\"Wit\\" } \\\\n \\u0009!"},\n'
    '{"from":"2026-11-22T16:00:00Z","until":"2026-11-29T10:00:00Z","status":"closed",'
    '"action":"forward","audio":"","forward":"+31612345678","schedule_name":""}\n'
    "]}\n"
).encode()
# Nothing here takes as long; a script that hangs must fail its test.
_PATIENCE: Final = 30


def signature_of(body: bytes, key: str = KEY) -> str:
    """Return the header's value, by the library's own HMAC."""
    return "v1=" + hmac.new(bytes.fromhex(key), body, hashlib.sha256).hexdigest()


def table_page(body: bytes = TABLE, signature: str | None = None) -> Page:
    """Return a table as the daemon serves it, rightly signed unless told otherwise."""
    right = signature_of(body) if signature is None else signature
    return Page(body, headers={"Bereikbaar_Signature": right})


def run_shared(
    url: str, folder: Path, command: str, *, key: str = KEY
) -> subprocess.CompletedProcess[str]:
    """Run a command after the shared functions, which keep what they keep in `folder`."""
    shared = [f". {SCRIPTS_FOLDER}/shared/sh/{name}.sh" for name in ("http", "table", "audio")]
    settings = {"url": url, "token": TOKEN, "table_key": key, "folder": folder, "timeout": "1"}
    program = [f"bereikbaar_{name}='{value}'" for name, value in settings.items()]
    return subprocess.run(
        ["sh", "-eu", "-c", "\n".join([*program, *shared, command])],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
