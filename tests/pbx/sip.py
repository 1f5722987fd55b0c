"""Telephones on loopback, by `sipp`: they call, are called, and keep every message."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.e2e.daemon import PATIENCE, wait_until
from tests.pbx.asterisk import FILES, Asterisk
from tests.pbx.ports import is_taken
from tests.pbx.suites import require_suite

_BETWEEN: Final = re.compile(r"^-{40,} (\S+)(?: (\S+))?\n", re.MULTILINE)
_HEAD: Final = re.compile(r"UDP message (sent|received) .*?\n\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message that a telephone sent or got."""

    at: datetime
    is_sent: bool
    first_line: str
    text: str

    def header(self, name: str) -> str:
        """Return the value of a header; empty without it."""
        found = re.search(rf"^{name}: (.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def caller(self) -> str:
        """Return the user of From: who called."""
        found = re.search(r"<sip:([^@>]*)", self.header("From"))
        return found[1] if found else ""

    @property
    def call_id(self) -> str:
        """Return which call it belongs to."""
        return self.header("Call-ID")

    @property
    def code(self) -> str:
        """Return the code of a response to INVITE; empty for anything else."""
        is_response = self.first_line.startswith("SIP/2.0 ")
        return self.first_line.split()[1] if is_response and "INVITE" in self.header("CSeq") else ""

    @property
    def called(self) -> str:
        """Return the user of the request's address: who is called."""
        found = re.match(r"INVITE sip:([^@]*)@", self.first_line)
        return found[1].replace("%2B", "+") if found else ""


@dataclass
class Telephone:
    """A running `sipp`, and the messages it has kept."""

    process: subprocess.Popen[bytes]
    trace: Path
    port: int

    def messages(self) -> list[Message]:
        """Return all messages so far."""
        return read_trace(self.trace.read_text(errors="replace")) if self.trace.exists() else []

    def invitations(self) -> list[Message]:
        """Return the calls that came in, each once."""
        calls = [
            message
            for message in self.messages()
            if not message.is_sent and message.first_line.startswith("INVITE")
        ]
        return list({message.call_id: message for message in calls}.values())

    def final_response(self) -> str:
        """Return what the call that was placed came to: the code of its last response."""
        return next((message.code for message in self.messages() if message.code >= "200"), "")

    def was_hung_up(self) -> bool:
        """Tell whether the other side ended the call that was placed."""
        return any(
            not message.is_sent and message.first_line.startswith("BYE")
            for message in self.messages()
        )


def read_trace(text: str) -> list[Message]:
    """Return the messages of a trace by `sipp`."""
    parts = _BETWEEN.split(text)[1:]
    messages = []
    for first, second, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        found = _HEAD.match(body)
        if found is not None and found[2].strip():
            at = datetime.fromisoformat(f"{first} {second}" if second else first)
            whole = found[2].strip("\r\n")
            messages.append(Message(at, found[1] == "sent", whole.splitlines()[0], whole))
    return messages


@contextmanager
def telephone(
    asterisk: Asterisk,
    scenario: str,
    port: int,
    values: Mapping[str, str],
    *options: str,
    table: str = "",
) -> Iterator[Telephone]:
    """Run `sipp` with a scenario of ours until the block ends.

    Its words in capitals are replaced by `values`; `table` is where its fields come from.
    """
    root = require_suite("bullseye")
    folder = Path(mkdtemp(prefix="sipp-", dir=root / "tmp"))
    text = (FILES / f"{scenario}.xml").read_text()
    if values:
        text = re.sub("|".join(values), lambda found: values[found[0]], text)
    (folder / "scenario.xml").write_text(text)
    (folder / "table.csv").write_text(table)
    inside = f"/{folder.relative_to(root)}"
    process = subprocess.Popen(
        [
            *("chroot", root, "/usr/bin/sipp", f"127.0.0.1:{asterisk.sip_port}"),
            *("-sf", f"{inside}/scenario.xml", "-i", "127.0.0.1", "-p", str(port)),
            *("-nostdin", "-trace_msg", "-message_file", f"{inside}/trace"),
            *("-message_overwrite", "true", *options),
            *(("-inf", f"{inside}/table.csv") if table else ()),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb"},
    )
    try:
        wait_until(
            lambda: is_taken(("127.0.0.1", port)) or process.poll() is not None,
            "the telephone is at its port",
        )
        yield Telephone(process, folder / "trace", port)
    finally:
        process.kill()
        process.wait(PATIENCE)
        shutil.rmtree(folder)
