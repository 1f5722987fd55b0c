"""The token and the table key that a PBX has: typed, or read from files."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from admin_cli.typed import Typed
from pbx_adapters.pbx_scripts import check_value
from schedules.errors import FaultyValueError

ANOTHER: Final = "create another with `bereikbaar token create NAME`"
_STDIN: Final = "-"
# Far more than a token of many schedules takes, far less than a file named by mistake may be.
_MOST_READ: Final = 65_536
_TOKEN: Final = "token"  # noqa: S105 - the name of a field
_TABLE_KEY: Final = "table_key"


class Secrets(NamedTuple):
    """A token and its table key, empty where none is given, each with the option it came by."""

    token: str
    table_key: str
    token_place: str
    key_place: str


def read_secrets(reader: Typed, typed: Mapping[str, Any]) -> Secrets:
    """Read both from what was typed: values, files, or what `token create --json` wrote.

    Such a file has the table key too, which is taken where no other is given. Raises
    `click.UsageError` for options that don't go together, and `OSError`.
    """
    given = {name: _given(typed, name) for name in (_TOKEN, _TABLE_KEY)}
    if all(text == _STDIN for text, _, _ in given.values()):
        raise click.UsageError("only one of token and table key can be read from stdin")
    text, token_place, is_file = given[_TOKEN]
    token = reader.read(token_place, lambda: _token_in(text, is_file=is_file)) or {}
    text, key_place, is_file = given[_TABLE_KEY]
    if text is None and token.get(_TABLE_KEY):
        text, key_place, is_file = token[_TABLE_KEY], token_place, False
    key = reader.read(key_place, lambda: _key_in(text, is_file=is_file))
    return Secrets(token.get(_TOKEN, ""), key or "", token_place, key_place)


def _given(typed: Mapping[str, Any], name: str) -> tuple[str | None, str, bool]:
    """Return a value or a file's name, the option that gave it, and whether it is a file's."""
    option = f"--{name.replace('_', '-')}"
    text, path = typed[name], typed[f"{name}_file"]
    if text is not None and path is not None:
        raise click.UsageError(f"give either {option} or {option}-file")
    if path is not None:
        return path, f"{option}-file", True
    return text, option, text == _STDIN


def _found_in(text: str | None, name: str, *, is_file: bool) -> dict[str, str]:
    """Return what a value or a file holds, by field; raises `FaultyValueError`, `OSError`."""
    if not is_file or text is None:
        return {name: text or ""}
    if text == _STDIN:
        content = sys.stdin.buffer.read(_MOST_READ)
    else:
        with Path(text).open("rb") as file:
            content = file.read(_MOST_READ)
    held = content.decode(errors="replace").strip()
    if not held:
        raise FaultyValueError(("holds nothing", "put it on the first line"))
    if not held.startswith("{"):
        return {name: held.partition("\n")[0].strip()}
    return _fields_of(held, name)


def _fields_of(text: str, name: str) -> dict[str, str]:
    """Read what `token create --json` wrote."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = {}
    if not isinstance(told.get(name), str):
        remedy = "name the file that `bereikbaar token create NAME --json` wrote; it is shown once"
        raise FaultyValueError((f"holds JSON without {name}", remedy))
    return {one: told[one] for one in (_TOKEN, _TABLE_KEY) if isinstance(told.get(one), str)}


def _token_in(text: str | None, *, is_file: bool) -> dict[str, str]:
    """Return a token, and what else stands with it; raises `FaultyValueError`, `OSError`."""
    found = _found_in(text, _TOKEN, is_file=is_file)
    if not found[_TOKEN]:
        remedy = f"give --token-file FILE, or --token - and the token on stdin; {ANOTHER}"
        raise FaultyValueError(("a PBX needs one", remedy))
    check_value("TOKEN", found[_TOKEN])
    return found


def _key_in(text: str | None, *, is_file: bool) -> str:
    """Return a table key, which may be empty; raises `FaultyValueError`, `OSError`."""
    return check_value(
        "TABLE_KEY", _found_in(text, _TABLE_KEY, is_file=is_file)[_TABLE_KEY].lower()
    )
