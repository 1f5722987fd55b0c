"""FreeSWITCH as far as its Lua script sees it: what mod_lua offers, and mod_curl on a real libcurl.

What stands here of their behaviour was read in their source (FreeSWITCH 1.10).
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.pbx.lua_runtimes import new_runtime
from tests.pbx.shell import KEY, TOKEN

SCRIPT: Final = "bereikbaar.lua"
CALLED: Final = "+31850000000"
# mod_curl reads no more than this, unless its configuration says otherwise.
_MOST_BYTES: Final = 64_000
_WORDS: Final = re.compile(r"(?:'[^']*'|[^ '])+")
_PATIENCE: Final = 30
_FREESWITCH: Final = """
local perform, pipe, run, is_up, variables = ...
freeswitch = {
    consoleLog = function(level, text) run("log", text) end,
    API = function()
        return { execute = function(_, name, arguments) return perform(name, arguments) end }
    end,
}
io.popen = function(command, mode)
    local written = ""
    return {
        write = function(_, ...) written = written .. table.concat({ ... }) return true end,
        close = function() return pipe(command, mode, written) end,
    }
end
if variables then
    session = {
        setAutoHangup = function(_, is_wanted) assert(is_wanted == false) end,
        getVariable = function(_, name) return variables[name] end,
        setVariable = function(_, name, value) variables[name] = value end,
        ready = function() return is_up() end,
        answer = function() run("answer", "") end,
        streamFile = function(_, path) run("streamFile", path) end,
        execute = function(_, name, arguments) run(name, arguments) end,
        hangup = function(_, cause) run("hangup", cause or "") end,
    }
end
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script did with a call, in order, and what it logged; empty: the normal route."""

    actions: list[tuple[str, str]]
    logs: list[str]
    variables: Mapping[str, str]
    api_calls: list[tuple[str, str]]
    commands: list[str]


@dataclass
class FreeSwitch:
    """One call, run in a Lua: `hangs_up_in` ends it there, `is_bridged` is how a forward ends."""

    script: str
    runtime: str = "lua52"
    caller: str = "+31611111111"
    called: str = CALLED
    hangs_up_in: str = ""
    is_bridged: bool = True
    before: str = ""
    _actions: list[tuple[str, str]] = field(default_factory=list)
    _logs: list[str] = field(default_factory=list)
    _api_calls: list[tuple[str, str]] = field(default_factory=list)
    _commands: list[str] = field(default_factory=list)
    _variables: dict[str, str] = field(default_factory=dict)
    _is_up: bool = True

    def run(self) -> Outcome:
        """Run the script as the dialplan does."""
        self._run_lua(SCRIPT, has_session=True)
        # An error of the script's own would look like the normal route.
        assert not [line for line in self._logs if "[string" in line], self._logs
        return Outcome(self._actions, self._logs, self._variables, self._api_calls, self._commands)

    def _run_lua(self, command: str, *, has_session: bool) -> None:
        lua = new_runtime(self.runtime)
        variables = None
        if has_session:
            told = {
                "destination_number": self.called,
                "caller_id_number": self.caller,
                "uuid": "0b7b6a0e-6b3c-4b0e-9d4e-0123456789ab",
            }
            variables = lua.table_from({k.encode(): v.encode() for k, v in told.items()})
        lua.execute(
            _FREESWITCH, self._perform, self._pipe, self._act, lambda: self._is_up, variables
        )
        name, *arguments = command.encode().split(b" ")
        lua.globals()[b"argv"] = lua.table_from(dict(enumerate([name, *arguments])))
        lua.execute(self.before + self.script)
        if variables is not None:
            self._variables = {key.decode(): value.decode() for key, value in variables.items()}

    def _act(self, name: bytes, arguments: bytes) -> None:
        action = name.decode(), arguments.decode()
        if action[0] == "log":
            self._logs.append(action[1])
            return
        assert self._is_up, f"{action} on a call that has ended"
        assert action[0] in _APPLICATIONS, f"{action[0]} is no application"
        self._actions.append(action)
        # A bridge that nobody answers leaves the call up, as FreeSWITCH may; so does `voicemail`.
        is_end = action[0] in {"hangup", "transfer"} or (action[0] == "bridge" and self.is_bridged)
        self._is_up = not is_end and action[0] != self.hangs_up_in

    def _perform(self, name: bytes, arguments: bytes) -> bytes:
        """Carry out an API command."""
        call = name.decode(), arguments.decode()
        self._api_calls.append(call)
        if call[0] == "create_uuid":
            return str(uuid4()).encode()
        if call[0] == "luarun":
            self._run_lua(call[1], has_session=False)
            return b"+OK\n"
        assert call[0] == "curl", f"{call[0]} is no API command"
        return _mod_curl([word.replace("'", "") for word in _WORDS.findall(call[1])])

    def _pipe(self, command: bytes, mode: bytes, written: bytes) -> bool:
        assert mode == b"w"
        self._commands.append(command.decode())
        subprocess.run(command, shell=True, input=written, check=False, timeout=_PATIENCE)  # noqa: S602 - as Lua does
        return True


_APPLICATIONS: Final = frozenset(
    {"answer", "streamFile", "hangup", "sleep", "bridge", "voicemail", "transfer"}
)
_WITH_VALUE: Final = {
    "connect-timeout": "--connect-timeout",
    "timeout": "--max-time",
    "append_headers": "--header",
}


def _mod_curl(words: list[str]) -> bytes:
    """Answer as mod_curl's API does: it follows redirects, and prints the headers if asked."""
    url, *words = words
    options = ["--location", "--max-redirs", "15"]
    shows_headers = False
    while words:
        word = words.pop(0)
        if word in _WITH_VALUE:
            options += [_WITH_VALUE[word], words.pop(0)]
        elif word == "headers":
            shows_headers = True
        else:
            assert word == "secure", f"mod_curl knows no {word}"
    with TemporaryDirectory() as folder:
        head, body = Path(folder, "head"), Path(folder, "body")
        head.touch()
        body.touch()
        subprocess.run(
            ["curl", "-q", "-s", *options, "-D", head, "-o", body, url],
            check=False,
            timeout=_PATIENCE,
        )
        # Each header loses its last byte, a line feed; the body is printed as text in C.
        lines = b"".join(line + b"\n" for line in head.read_bytes().split(b"\n")[:-1])
        text = body.read_bytes()[:_MOST_BYTES].partition(b"\0")[0]
    return (lines + b"\n" if shows_headers else b"") + text


def write_script(folder: Path, url: str, **others: object) -> str:
    """Return the script as it is installed; what it keeps lies in the folder."""
    given: dict[str, object] = {"token": TOKEN, "table_key": KEY, "timeout_seconds": 1}
    settings = {"folder": f"{folder}/"} | others.pop("settings", {})  # type: ignore[operator]
    made = Installation(url, settings=settings, **given | others)  # type: ignore[arg-type]
    return render_scripts("freeswitch", made)[SCRIPT]
