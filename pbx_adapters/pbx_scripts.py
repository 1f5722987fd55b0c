"""The scripts that are installed on PBXs, filled in for one installation.

A folder of `scripts/` per PBX, with `about.toml` beside what is installed: its files, and settings
of that PBX alone. In the files stand gaps, `@@TOKEN@@`, and `@@INCLUDE lua/sha256.lua@@` where a
line of its own brings in a file of `scripts/shared/`.
"""

import re
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from pbx_adapters.auth import TOKEN_PREFIX
from schedules.errors import FaultyValueError, meant
from schedules.telephone import E164

SCRIPTS_FOLDER: Final = Path(__file__).with_name("scripts")
_ABOUT: Final = "about.toml"
_SHARED: Final = "shared"
_GAP: Final = re.compile(r"@@([A-Z][A-Z0-9_]*)@@")
_SECRETS: Final = frozenset({"TOKEN", "TABLE_KEY"})
_INCLUDE: Final = re.compile(r"^[ \t]*@@INCLUDE ([a-z0-9_/.-]+)@@[ \t]*\n", re.MULTILINE)


class Setting(BaseModel):
    """A setting of one PBX's scripts: its value unless another is given, and what it may be.

    The default of a placeholder stands for something of the installation's own, and works nowhere.
    The value of an expression is a regular expression.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: str
    help: str
    pattern: str
    is_placeholder: Annotated[bool, Field(alias="placeholder")] = False
    is_expression: Annotated[bool, Field(alias="expression")] = False


class ScriptFile(BaseModel):
    """A file that is installed: what it is for, and whether it is run as a program."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    help: str
    is_program: Annotated[bool, Field(alias="program")] = False


class AboutScripts(BaseModel):
    """What `about.toml` says of one PBX's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    guide: str
    files: dict[str, ScriptFile]
    settings: dict[str, Setting] = {}


class _Harmless(NamedTuple):
    """What may fill a gap: nothing that ends a string in any of the languages it may stand in."""

    is_what: str
    pattern: re.Pattern[str]
    remedy: str


_HOST: Final = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]"
_VALUES: Final[Mapping[str, _Harmless]] = {
    "BASE_URL": _Harmless(
        "an http address",
        re.compile(rf"https?://({_HOST})(:[0-9]{{1,5}})?(/[A-Za-z0-9._~-]{{1,64}}){{0,8}}"),
        "write http(s)://HOST[:PORT], without user, password or query",
    ),
    "TOKEN": _Harmless(
        "a token",
        re.compile(rf"{TOKEN_PREFIX}_[0-9a-f]{{1,64}}_[A-Za-z0-9_-]{{1,128}}"),
        "give it whole, as `bereikbaar token create` showed it: bk_…",
    ),
    "TABLE_KEY": _Harmless(
        "the key of a table",
        re.compile("([0-9a-f]{64})?"),
        "give its 64 hexadecimal digits as `bereikbaar token create` showed them",
    ),
    "NUMBER": _Harmless(
        "a telephone number",
        re.compile(rf"({E164.pattern})?"),
        "write it with its country code, as in +31850000100",
    ),
    "SCHEDULE": _Harmless(
        "a schedule's id",
        re.compile("([a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)?"),
        "give the schedule's id: a-z, 0-9 and inner -",
    ),
    "DEFAULT_ROUTE": _Harmless(
        "a route that fits in every script",
        re.compile("([A-Za-z0-9*#+@,.:/_-]( ?[A-Za-z0-9*#+@,.:/_-]){0,79})?"),
        "use at most 80 of A-Z, a-z, 0-9, inner spaces and * # + @ , . : / _ -",
    ),
    "TIMEOUT_SECONDS": _Harmless(
        "a time-out",
        re.compile("[1-9]|[12][0-9]|30"),
        "give whole seconds, 1 to 30; callers wait as long",
    ),
}


@dataclass(frozen=True, slots=True)
class Installation:
    """One PBX beside one daemon.

    `base_url` has no trailing slash. `number` or `schedule` is what every call asks for; with
    neither it is the number called. `default_route` is where a call goes that isn't treated, in the
    PBX's own words. `table_key` is the hexadecimal key of signed tables, empty where none are kept.
    `settings` are those of that PBX alone, by name.
    """

    base_url: str
    token: str
    table_key: str = ""
    number: str = ""
    schedule: str = ""
    default_route: str = ""
    timeout_seconds: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)


def pbx_names() -> tuple[str, ...]:
    """Return the PBXs that there are scripts for."""
    return tuple(sorted(path.parent.name for path in SCRIPTS_FOLDER.glob(f"*/{_ABOUT}")))


def about_scripts(pbx: str) -> AboutScripts:
    """Return what there is for a PBX, one of `pbx_names`."""
    text = (SCRIPTS_FOLDER / pbx / _ABOUT).read_text(encoding="utf-8")
    return AboutScripts.model_validate(tomllib.loads(text))


def render_scripts(pbx: str, installation: Installation) -> dict[str, str]:
    """Return the text of each file for a PBX, its gaps filled.

    Raises `FaultyValueError` with every value that isn't harmless, and every setting that the PBX
    lacks or that isn't of its pattern.
    """
    about = about_scripts(pbx)
    values = _values_of(about, installation)
    return {
        name: _filled((SCRIPTS_FOLDER / pbx / name).read_text(encoding="utf-8"), values)
        for name in about.files
    }


def left_placeholders(about: AboutScripts, installation: Installation) -> dict[str, Setting]:
    """Return the settings, by name, that were not given and work nowhere unless they are."""
    return {
        name: setting
        for name, setting in about.settings.items()
        if setting.is_placeholder and name not in installation.settings
    }


def check_value(gap: str, value: str) -> str:
    """Return what is to fill a gap that every PBX has, by the gap's name.

    Raises `FaultyValueError` for what isn't harmless. A secret isn't shown in it.
    """
    harmless = _VALUES[gap]
    if harmless.pattern.fullmatch(value):
        return value
    shown = "this" if gap in _SECRETS else repr(value[:80])
    raise FaultyValueError((f"{shown} is not {harmless.is_what}", harmless.remedy))


def _values_of(about: AboutScripts, installation: Installation) -> dict[str, str]:
    """Return what fills each gap."""
    faults = [
        (
            f"{name[:80]!r} is no setting of {about.name}",
            meant(name, about.settings, f"it has {', '.join(about.settings) or 'none'}"),
        )
        for name in installation.settings
        if name not in about.settings
    ]
    values = {
        "BASE_URL": installation.base_url,
        "TOKEN": installation.token,
        "TABLE_KEY": installation.table_key,
        "NUMBER": installation.number,
        "SCHEDULE": installation.schedule,
        "DEFAULT_ROUTE": installation.default_route,
        "TIMEOUT_SECONDS": str(installation.timeout_seconds),
    }
    for gap, value in values.items():
        try:
            check_value(gap, value)
        except FaultyValueError as error:
            faults += error.faults
    values["TIMEOUT_MS"] = str(installation.timeout_seconds * 1_000)
    for name, setting in about.settings.items():
        value = installation.settings.get(name, setting.default)
        if not re.fullmatch(setting.pattern, value, re.ASCII):
            faults.append((f"{name} can't be {value[:80]!r}", f"give {setting.help}"))
        elif setting.is_expression and (why := _why_no_expression(value)):
            faults.append((f"{name} is no regular expression: {why}", f"give {setting.help}"))
        values[name.upper()] = value
    if faults:
        raise FaultyValueError(*faults)
    return values


def _why_no_expression(value: str) -> str:
    """Return what is wrong with a regular expression; empty when nothing is.

    PBXs have engines of their own, which refuse what Python's does: what is left open or reversed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(value)
        except (re.error, OverflowError) as error:
            return str(error)
    return ""


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Return a file's text with what it includes; what fills a gap is not looked at for gaps."""

    def included(found: re.Match[str]) -> str:
        return (SCRIPTS_FOLDER / _SHARED / found[1]).read_text(encoding="utf-8")

    return _GAP.sub(lambda found: values[found[1]], _INCLUDE.sub(included, text))
