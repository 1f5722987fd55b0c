"""The scripts that are installed on PBXs, filled in for one installation.

A folder of `scripts/` per PBX, with `about.toml` beside what is installed: its files, and settings
of that PBX alone. In the files stand gaps, `@@TOKEN@@`, and `@@INCLUDE lua/sha256.lua@@` where a
line of its own brings in a file of `scripts/shared/`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from schedules.errors import FaultyValueError

SCRIPTS_FOLDER: Final = Path(__file__).with_name("scripts")
_ABOUT: Final = "about.toml"
_SHARED: Final = "shared"
_GAP: Final = re.compile(r"@@([A-Z][A-Z0-9_]*)@@")
_INCLUDE: Final = re.compile(r"^[ \t]*@@INCLUDE ([a-z0-9_/.-]+)@@[ \t]*\n", re.MULTILINE)


class Setting(BaseModel):
    """A setting of one PBX's scripts: its value unless another is given, and what it may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: str
    help: str
    pattern: str


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
    text = (SCRIPTS_FOLDER / pbx / _ABOUT).read_text()
    return AboutScripts.model_validate(tomllib.loads(text))


def render_scripts(pbx: str, installation: Installation) -> dict[str, str]:
    """Return the text of each file for a PBX, its gaps filled.

    Raises `FaultyValueError` with every setting that the PBX lacks or that isn't of its pattern.
    """
    about = about_scripts(pbx)
    values = _values_of(about, installation)
    return {
        name: _filled((SCRIPTS_FOLDER / pbx / name).read_text(), values) for name in about.files
    }


def _values_of(about: AboutScripts, installation: Installation) -> dict[str, str]:
    """Return what fills each gap."""
    faults = [
        (f"{name} is no setting of {about.name}", f"it has {', '.join(about.settings) or 'none'}")
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
        "TIMEOUT_MS": str(installation.timeout_seconds * 1_000),
    }
    for name, setting in about.settings.items():
        value = installation.settings.get(name, setting.default)
        if not re.fullmatch(setting.pattern, value, re.ASCII):
            faults.append((f"{name} can't be {value[:80]!r}", setting.help))
        values[name.upper()] = value
    if faults:
        raise FaultyValueError(*faults)
    return values


def _filled(text: str, values: Mapping[str, str]) -> str:
    text = _INCLUDE.sub(lambda found: (SCRIPTS_FOLDER / _SHARED / found[1]).read_text(), text)
    return _GAP.sub(lambda found: values[found[1]], text)
