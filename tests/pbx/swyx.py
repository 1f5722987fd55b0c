"""Swyx as far as its Lua scripts see it: a module for requests, a call, variables and exits."""

import http.client
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.pbx.lua_runtimes import new_runtime
from tests.pbx.shell import KEY

PBX: Final = "swyx Lua (simulated)"
VARIABLES: Final = (
    "BereikbaarStatus",
    "BereikbaarAudio",
    "BereikbaarForward",
    "BereikbaarVoicemail",
)
# The names are those the script supposes; libcurl, on which the module stands, follows no redirect.
_SWYX: Final = """
local perform, called, caller = ...
local methods = {}
function methods:SetUrl(url) self.url = url end
function methods:SetVerb(verb) self.verb = verb end
function methods:AddHeader(header) self.headers = self.headers .. header .. "\\r\\n" end
function methods:SetBody(body) self.body = body end
function methods:SetTimeout(seconds) self.seconds = seconds end
function methods:Send()
    self.status, self.answer, self.received =
        perform(self.verb, self.url, self.headers, self.body, self.seconds)
end
function methods:GetStatusCode() return self.status end
function methods:GetResponseBody() return self.answer end
function methods:GetResponseHeaders() return self.received end
local module = {}
function module.new()
    return setmetatable({ verb = "GET", headers = "" }, { __index = methods })
end
package.preload.PBXWebRequest = function() return module end
function CalledNumber() return called end
function CallerID() return caller end
PBXCall = { CallID = "call-1" }
PBXScript = { OutputTrace = function() end }
return methods
"""


@dataclass
class Swyx:
    """One rule's run: `before` is Lua run first, in which `methods` are those of a session."""

    runtime: str = "lua54"
    before: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, script: str, called: str = "+31850000000") -> "Outcome":
        """Run a script for a call."""
        lua = new_runtime(self.runtime)
        methods = lua.execute(_SWYX, perform, called.encode(), b"+31611111111")
        for name, value in self.variables.items():
            lua.globals()[name.encode()] = value.encode()
        lua.execute(f"local methods = ...\n{self.before}", methods)
        before = set(lua.globals())
        lua.execute(script)
        told = lua.globals()
        assert set(told) - before <= {b"UseExit", *(name.encode() for name in VARIABLES)}
        values = {name: told[name.encode()] for name in VARIABLES}
        return Outcome(
            told[b"UseExit"], {name: value.decode() for name, value in values.items() if value}
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the call leaves the block, and the variables that are not empty."""

    exit: int
    told: dict[str, str]

    @property
    def lot(self) -> str:
        """Tell in a word or two what becomes of the caller."""
        action = ("continue", "forward", "voicemail", "hangup")[self.exit % 4]
        target = {"forward": "Forward", "voicemail": "Voicemail"}.get(action)
        return f"{action} {self.told[f'Bereikbaar{target}']}" if target else action


def render(
    folder: Path,
    url: str,
    file: str = "bereikbaar.lua",
    **others: str | int,
) -> str:
    """Return a script as it is installed; what it keeps lies in `kept`."""
    kept = folder / "kept"
    kept.mkdir(exist_ok=True)
    names = ("recording_schedule", "recordings_folder")
    settings = {name: str(others.pop(name)) for name in names if name in others}
    given = {"token": "bk_0123_secret", "table_key": KEY, "timeout_seconds": 10}
    made = Installation(
        url,
        **given | others,  # type: ignore[arg-type]
        settings={"folder": str(kept)} | settings,
    )
    return render_scripts("swyx", made)[file]


def perform(
    verb: bytes, url: bytes, headers: bytes, body: bytes | None, seconds: int
) -> tuple[int, bytes, bytes]:
    """Send one request within a whole time-out; raises what goes wrong, into Lua."""
    asked = urlsplit(url.decode())
    deadline = time.monotonic() + seconds
    connection = http.client.HTTPConnection(asked.hostname or "", asked.port, timeout=seconds)
    sent = dict(line.split(": ", 1) for line in headers.decode().splitlines())
    with closing(connection):
        connection.request(verb.decode(), f"{asked.path}?{asked.query}", body, sent)
        with connection.getresponse() as reply:
            received = _read_within(reply, deadline)
            text = "".join(f"{name}: {value}\r\n" for name, value in reply.getheaders())
        return reply.status, received, text.encode()


def _read_within(reply: http.client.HTTPResponse, deadline: float) -> bytes:
    """Return a whole body; a part of it is an error, as to libcurl."""
    received = b""
    while chunk := reply.read1():
        received += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    if reply.length:
        raise http.client.IncompleteRead(received)
    return received


def table_path(folder: Path, asked: str) -> Path:
    """Return where a script keeps the table of what it asked for, such as `did +31850000001`."""
    safe = "".join(one if one.isalnum() else f"_{ord(one):02x}" for one in asked)
    return folder / "kept" / f"bereikbaar-{safe}.table"


def keep_table(folder: Path, body: bytes, signature: str, asked: str = "did +31850000000") -> Path:
    """Put a table where the script keeps it."""
    path = table_path(folder, asked)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(signature.encode() + b"\n" + body)
    return path
