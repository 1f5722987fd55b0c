"""Every Lua that there is, and the library that the PBX scripts share."""

import importlib
from typing import Any, Final, TypeAlias

from pbx_adapters.pbx_scripts import SCRIPTS_FOLDER

# Tables, functions and runtimes of Lua: lupa has no types for them.
Lua: TypeAlias = Any
RUNTIMES: Final = ("lua51", "lua52", "lua53", "lua54", "luajit21")
LIBRARY: Final = ("sha256", "urlencode", "answer", "table", "hook")
# What a PBX may have taken away; then all is done by arithmetic.
_BARE: Final = "bit32 = nil; bit = nil; load = nil; loadstring = nil"


def new_runtime(name: str, *, is_bare: bool = False) -> Lua:
    """Return a Lua of its own, in which strings are bytes."""
    runtime = importlib.import_module(f"lupa.{name}").LuaRuntime(
        encoding=None, unpack_returned_tuples=True
    )
    if is_bare:
        runtime.execute(_BARE)
    return runtime


def load_library(runtime: Lua) -> Lua:
    """Return the shared library's parts by name, included one after another as in a script."""
    folder = SCRIPTS_FOLDER / "shared" / "lua"
    text = "".join((folder / f"{name}.lua").read_text() for name in LIBRARY)
    parts = "sha256 = sha256, urlencode = urlencode, answer = answer, table = kept_table"
    return runtime.execute(f"{text}\nreturn {{ {parts}, hook = hook }}")


def to_dict(table: Lua) -> dict[str, str]:
    """Return a Lua table of strings."""
    return {key.decode(): value.decode() for key, value in table.items()}
