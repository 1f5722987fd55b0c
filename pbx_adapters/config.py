"""What daemon and command line are set to: a TOML file, with `BEREIKBAAR_*` above it."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pbx_adapters.addresses import Network, is_unspecified, parse_network
from pbx_adapters.data_dir import CALLER_KEY_FILE
from pbx_adapters.notifications.settings import (
    NamedPath,
    NotifyRule,
    SmtpSettings,
    check_receivers,
    validate_beside,
)
from schedules.errors import BereikbaarError, Fault, FaultyValueError, meant
from schedules.faults import faults_of
from schedules.field_text import check_country
from schedules.forward_rules import ForwardPolicy

# What may stand in each table of the file.
_KEYS: Final = {
    name: [field.alias or key for key, field in table.model_fields.items()]
    for name, table in (("notify", NotifyRule), ("smtp", SmtpSettings))
}
CONFIG_FILES: Final = (Path("bereikbaar.toml"), Path("/etc/bereikbaar/bereikbaar.toml"))
_PREFIX: Final = "BEREIKBAAR_"
_ENVIRONMENT: Final = "environment"
_MAX_PORT: Final = 65_535


class InvalidConfigError(BereikbaarError):
    """A configuration the operator must mend; carries every fault found."""

    def __init__(self, faults: Iterable[tuple[str, Fault]]) -> None:
        """Take faults, each with where it was set: a file, the environment, the command line."""
        told = list(faults)
        self.faults = tuple(fault for _, fault in told)
        super().__init__("\n".join(f"{source}: {fault}" for source, fault in told))


class Listen(NamedTuple):
    """Where the daemon listens; `host` without the brackets of an IPv6 address."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_listen(value: object) -> object:
    """Read `HOST:PORT` or `[IPv6]:PORT`; port 0 takes any free one."""
    if isinstance(value, Listen):
        return value
    # A port alone, as TOML has it, is read as text that lacks its host.
    text = str(value)
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise FaultyValueError(
            (f"{text[:80]!r} is not an address", "write HOST:PORT, e.g. 127.0.0.1:8470")
        )
    return Listen(host, int(port))


def _check_public_url(value: str) -> str:
    fault = f"{value!r} is not an http address", "write http(s)://HOST[:PORT]"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise FaultyValueError(fault) from None
    if "@" in parts.netloc:
        raise FaultyValueError(
            ("holds a user or a password, which every answer would show", "leave it out")
        )
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise FaultyValueError(fault)
    if is_unspecified(host):
        raise FaultyValueError(
            (
                f"{host} stands for all addresses of a machine, so that no PBX can ask it",
                "name the one address, or the name, by which PBXs reach the daemon",
            )
        )
    return value.rstrip("/")


def _split_list(value: object) -> object:
    """Let the environment give a list as `BE,DE`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _check_proxy(value: object) -> object:
    """Read a network of proxies; one that holds everybody would let anybody say who he is."""
    if isinstance(value, Network):
        return value
    network = parse_network(str(value))
    if not network.prefixlen:
        raise FaultyValueError(
            (f"{value!r} holds every address there is", "name the proxies' own addresses")
        )
    return network


Country = Annotated[str, AfterValidator(check_country)]


class Config(BaseSettings):
    """Every setting, with the value it has when nobody sets it (contract.md: Configuration)."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="forbid", frozen=True, env_ignore_empty=True
    )

    data_dir: NamedPath = Path("data")
    listen: Annotated[Listen, NoDecode, BeforeValidator(parse_listen)] = Listen("127.0.0.1", 8470)
    workers: int = Field(default=1, ge=1, le=64)
    public_url: Annotated[str, AfterValidator(_check_public_url)] | None = None
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    trusted_proxies: Annotated[
        tuple[Annotated[Network, BeforeValidator(_check_proxy)], ...],
        NoDecode,
        BeforeValidator(_split_list),
    ] = ()
    max_connections: int = Field(default=1_000, ge=1, le=1_000_000)
    max_connections_per_ip: int = Field(default=0, ge=0, le=1_000_000)
    keepalive_seconds: float = Field(default=75.0, ge=1, le=3_600)
    default_region: Country = "NL"
    forward_countries: Annotated[tuple[Country, ...], NoDecode, BeforeValidator(_split_list)] = ()
    decision_retention_days: int = Field(default=30, ge=0, le=3_660)
    caller_hash_key_file: NamedPath | None = None
    notify: Annotated[tuple[NotifyRule, ...], NoDecode, WrapValidator(check_receivers)] = ()
    smtp: Annotated[SmtpSettings | None, NoDecode] = None

    @model_validator(mode="wrap")
    @classmethod
    def _check_smtp(cls, value: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        faults = []
        if isinstance(value, Mapping) and value.get("smtp") is None and _has_address(value):
            problem = "notify names e-mail addresses, and there is no [smtp]"
            faults.append((problem, "add [smtp] with host"))
        return validate_beside(value, validate, faults)

    @property
    def caller_key_path(self) -> Path:
        """Where the key is that callers' numbers are hashed with."""
        return self.caller_hash_key_file or self.data_dir / CALLER_KEY_FILE

    @property
    def lacks_public_url(self) -> bool:
        """Whether answers would name an address that PBXs on other machines can't ask."""
        return self.public_url is None and is_unspecified(self.listen.host)

    @property
    def forward_policy(self) -> ForwardPolicy:
        """Which numbers callers may be forwarded to."""
        return ForwardPolicy(self.default_region, frozenset(self.forward_countries))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings' signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let what was asked for on the command line win, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _found_file.path)


def _has_address(given: Mapping[str, object]) -> bool:
    """Tell whether one of the rules is for a mailbox, whatever else is wrong with it."""
    rules = given.get("notify")
    return isinstance(rules, list | tuple) and any(
        rule.to is not None if isinstance(rule, NotifyRule) else "to" in rule
        for rule in rules
        if isinstance(rule, NotifyRule | Mapping)
    )


class _FoundFile:
    """The file that `load_config` found: pydantic-settings asks for it from a class method."""

    path: Path | None = None


_found_file = _FoundFile()


def load_config(path: Path | None, chosen: Mapping[str, Any]) -> Config:
    """Load the configuration; `chosen` holds what the command line says and wins.

    `path`, else `BEREIKBAAR_CONFIG`, else `./bereikbaar.toml`, else the one in `/etc`. Raises
    `InvalidConfigError` with every fault.
    """
    path = _find_file(path)
    source = str(path) if path is not None else "configuration"
    known = [setting.upper() for setting in (*Config.model_fields, "config")]
    unknown = [
        (
            _ENVIRONMENT,
            Fault(name, "is not a setting", meant(_setting_of(name), known, "take it out")),
        )
        for name in os.environ
        if name.startswith(_PREFIX) and _setting_of(name) not in known
    ]
    _found_file.path = path
    try:
        config = Config(**{key: value for key, value in chosen.items() if value is not None})
    except OSError as error:
        fault = Fault("", f"can't be read: {error.strerror}", "check its owner and its mode")
        raise InvalidConfigError([(source, fault), *unknown]) from None
    except ValidationError as error:
        outside = _set_outside(chosen)
        faults = faults_of(error, {"": list(Config.model_fields)} | _KEYS)
        raise InvalidConfigError(
            [*(_where_set(fault, outside, source) for fault in faults), *unknown]
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        fault = Fault("", f"is no text in UTF-8: see line {line}", "write it as UTF-8")
        raise InvalidConfigError([(source, fault), *unknown]) from None
    except tomllib.TOMLDecodeError as error:
        fault = Fault("", f"is not TOML: {error}", "correct it there")
        raise InvalidConfigError([(source, fault), *unknown]) from None
    if unknown:
        raise InvalidConfigError(unknown)
    return config


def origins(path: Path | None, chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return where each setting comes from: an option, a variable, the file, or nowhere.

    Arguments as of `load_config`, which must have accepted them. One that nobody sets has
    `default`.
    """
    file = _find_file(path)
    in_file = tomllib.loads(file.read_text("utf-8")) if file is not None else {}
    outside = _set_outside(chosen)
    return {
        name: outside.get(name, str(file) if name in in_file else "default")
        for name in Config.model_fields
    }


def _set_outside(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return the option or the variable that sets a setting, which wins over the file."""
    variables = {
        _setting_of(name).lower(): name
        for name, value in os.environ.items()
        if value and name.startswith(_PREFIX)
    }
    options = {
        name: f"--{name.replace('_', '-')}" for name, value in chosen.items() if value is not None
    }
    return variables | options


def _where_set(fault: Fault, outside: Mapping[str, str], source: str) -> tuple[str, Fault]:
    """Return where the setting at fault was set, and the fault with the name that it has there."""
    setting, bracket, rest = fault.place.partition("[")
    name = outside.get(setting)
    if name is None:
        return source, fault
    where = _ENVIRONMENT if name.startswith(_PREFIX) else "command line"
    return where, replace(fault, place=name + bracket + rest)


def _setting_of(variable: str) -> str:
    return variable.removeprefix(_PREFIX).upper()


def _is_there(file: Path) -> bool:
    """Tell whether a file is in its usual place.

    Who works for another user, as by `sudo`, may stand in a folder that this one can't enter.
    """
    try:
        return file.is_file()
    except PermissionError:
        if file.is_absolute():
            raise
        return False


def _find_file(path: Path | None) -> Path | None:
    chosen = os.environ.get(f"{_PREFIX}CONFIG")
    named = path or (Path(chosen) if chosen else None)
    if named is None:
        return next((file for file in CONFIG_FILES if _is_there(file)), None)
    if not named.is_file():
        fault = Fault("", "is not a file", "name an existing TOML file, or leave --config out")
        raise InvalidConfigError([(str(named), fault)])
    return named
