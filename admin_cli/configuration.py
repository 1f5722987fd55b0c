"""`bereikbaar config`: what daemon and command line are set to, and from where."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import click

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation

if TYPE_CHECKING:
    from pbx_adapters.config import Config

_COMMANDS: Final = {
    "check": LazyCommand(
        "admin_cli.configuration", "check", "Say whether the daemon would accept the configuration."
    ),
    "show": LazyCommand(
        "admin_cli.configuration", "show", "Show every setting, and where its value comes from."
    ),
}


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def config() -> None:
    """Check and show the configuration."""


@click.command(cls=Command, epilog="bereikbaar config check --config /etc/bereikbaar.toml")
@pass_invocation
def check(invocation: Invocation) -> None:
    """Say whether the daemon would accept the configuration, with every fault at once.

    What is accepted but probably not meant is a warning.
    """
    settings = invocation.config
    warnings = _warnings(settings)
    origins = _origins(invocation)
    if invocation.is_json:
        print_json({"valid": True, "set": _set_only(origins), "warnings": warnings})
        return
    for warning in warnings:
        tell(f"Warning: {warning}")
    chosen = _set_only(origins)
    if not chosen:
        click.echo("valid: nothing is set, so every setting has its default")
        return
    places = ", ".join(dict.fromkeys(chosen.values()))
    click.echo(f"valid: {', '.join(chosen)} set by {places}; the rest by default")


@click.command(cls=Command, epilog="bereikbaar config show --json")
@pass_invocation
def show(invocation: Invocation) -> None:
    """Show every setting, and where its value comes from: option, variable, file or default."""
    values = invocation.config.model_dump(mode="json", by_alias=True)
    values["listen"] = str(invocation.config.listen)
    origins = _origins(invocation)
    if invocation.is_json:
        print_json({name: {"value": values[name], "from": origins[name]} for name in values})
        return
    print_table(
        ("SETTING", "VALUE", "FROM"),
        [(name, _text_of(name, value), origins[name]) for name, value in values.items()],
    )


def _origins(invocation: Invocation) -> dict[str, str]:
    from pbx_adapters.config import origins

    return origins(invocation.config_file, {"data_dir": invocation.chosen_data_dir})


def _set_only(origins: dict[str, str]) -> dict[str, str]:
    return {name: origin for name, origin in origins.items() if origin != "default"}


def _warnings(settings: "Config") -> list[str]:
    """Say what a daemon would start with that PBXs or operators would stumble over."""
    from admin_cli.notify_warnings import notify_warnings

    found = []
    if settings.lacks_public_url:
        found.append(
            f"listen = {settings.listen} is no address that a PBX can ask for a message: set "
            "public_url to the address where PBXs reach the daemon"
        )
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        found.append(f"data_dir = {settings.data_dir} is a file: name a folder")
    elif not settings.data_dir.exists():
        found.append(f"data_dir = {settings.data_dir} isn't there yet: the daemon will create it")
    if settings.public_url and settings.public_url.startswith("http:") and not _is_near(settings):
        found.append(
            "tokens go over the network in clear: put a proxy with TLS before the daemon and "
            "set public_url to its https address, or keep the network to the PBXs alone"
        )
    if why := _why_no_key(settings):
        found.append(f"calls are recorded without their callers: {why}")
    return [*found, *notify_warnings(settings)]


def _why_no_key(settings: "Config") -> str:
    """Say what is wrong with a key that was put somewhere; the daemon makes its own."""
    from pbx_adapters.caller_hash import CallerKeyError, read_caller_key

    if settings.caller_hash_key_file is None or not settings.decision_retention_days:
        return ""
    try:
        read_caller_key(settings.caller_hash_key_file)
    except CallerKeyError as error:
        return str(error)
    return ""


def _is_near(settings: "Config") -> bool:
    """Tell whether only programs on this machine can ask."""
    try:
        return ip_address(settings.listen.host).is_loopback
    except ValueError:
        return settings.listen.host == "localhost"


def _text_of(name: str, value: object) -> str:
    """Write a value as it fits on a line; of tables what they are about."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return f"{value['host']} {value['tls']}, from {value['from']}"
    if isinstance(value, list):
        named = [one["name"] or one["to"] or one["webhook"] for one in value if name == "notify"]
        return " ".join(map(str, named or value)) or "-"
    return str(value)
