"""`bereikbaar config`: what is set, where it comes from, and what is not meant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine

WriteConfig = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take this machine's settings out of the environment."""
    for name in ("LISTEN", "PUBLIC_URL", "LOG_LEVEL", "FORWARD_COUNTRIES"):
        monkeypatch.delenv(f"BEREIKBAAR_{name}", raising=False)


@pytest.fixture
def write(cli: CommandLine) -> WriteConfig:
    """Write the configuration that is found in the working folder."""

    def write_text(text: str) -> Path:
        path = cli.folder / "bereikbaar.toml"
        path.write_text(text)
        return path

    return write_text


def test_show_tells_where_each_value_comes_from(
    cli: CommandLine, write: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option wins over a variable, that over the file; what nobody set is the default."""
    write('log_level = "error"\nlisten = "[::1]:9000"\ndata_dir = "elsewhere"\n')
    monkeypatch.setenv("BEREIKBAAR_LOG_LEVEL", "debug")
    monkeypatch.setenv("BEREIKBAAR_FORWARD_COUNTRIES", "BE, DE")
    monkeypatch.setenv("BEREIKBAAR_PUBLIC_URL", "")
    # Another program's, whose name is the same but for the prefix.
    monkeypatch.setenv("LOG_LEVEL", "trace")
    shown = cli.json("config", "show", "--data-dir", "here")
    assert shown["log_level"] == {"value": "debug", "from": "BEREIKBAAR_LOG_LEVEL"}
    assert shown["listen"] == {"value": "[::1]:9000", "from": "bereikbaar.toml"}
    assert shown["data_dir"] == {"value": "here", "from": "--data-dir"}
    assert shown["forward_countries"] == {
        "value": ["BE", "DE"],
        "from": "BEREIKBAAR_FORWARD_COUNTRIES",
    }
    assert shown["public_url"] == {"value": None, "from": "default"}


def test_show_as_a_table(cli: CommandLine, write: WriteConfig) -> None:
    """A person reads one line a setting; what has no value has a dash."""
    write('forward_countries = ["BE", "DE"]\n')
    lines = [line.split() for line in cli("config", "show").stdout.splitlines()]
    assert lines[0] == ["SETTING", "VALUE", "FROM"]
    assert ["listen", "127.0.0.1:8470", "default"] in lines
    assert ["forward_countries", "BE", "DE", "bereikbaar.toml"] in lines
    assert ["public_url", "-", "default"] in lines


def test_show_tells_networks_as_they_are_written(cli: CommandLine, write: WriteConfig) -> None:
    """Trusted proxies come back as text, in JSON and in the table."""
    write('trusted_proxies = ["192.0.2.7", "2001:DB8::/64"]\n')
    networks = ["192.0.2.7/32", "2001:db8::/64"]
    assert cli.json("config", "show")["trusted_proxies"]["value"] == networks
    assert " ".join(networks) in cli("config", "show").stdout


def test_check_accepts_defaults(cli: CommandLine) -> None:
    """Without any setting there is nothing to warn of but the folder still to come."""
    told = cli("config", "check")
    assert told.stdout == "valid: nothing is set, so every setting has its default\n"
    assert told.stderr == "Warning: data_dir = data isn't there yet: the daemon will create it\n"


def test_check_names_what_is_set(cli: CommandLine, write: WriteConfig) -> None:
    """What was chosen is told with its place."""
    write("max_connections = 5\n")
    (cli.folder / "data").mkdir()
    told = cli("config", "check")
    assert told.stdout == "valid: max_connections set by bereikbaar.toml; the rest by default\n"
    assert told.stderr == ""


def test_check_tells_every_fault_at_once(cli: CommandLine, write: WriteConfig) -> None:
    """What the daemon would refuse ends with exit code 1, each fault on a line."""
    write('listen = "nowhere"\nlog_level = "loud"\nlissen = 1\n')
    told = cli("config", "check", code=1)
    assert told.stdout == ""
    for name in ("listen", "log_level", "lissen"):
        assert f"bereikbaar.toml: {name}: " in told.stderr


WARNED = {
    "listens everywhere, messages nowhere": ('listen = "0.0.0.0:80"', "set public_url to the"),
    "the folder is a file": ('data_dir = "bereikbaar.toml"', "is a file: name a folder"),
    "tokens in clear": (
        'listen = "192.0.2.1:80"\npublic_url = "http://pbx.example.nl"',
        "tokens go over the network in clear",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WARNED.values(), ids=WARNED)
def test_check_warns_of_what_is_probably_not_meant(
    cli: CommandLine, write: WriteConfig, text: str, expected: str
) -> None:
    """Such a configuration is valid all the same."""
    write(text)
    checked = cli.json("config", "check")
    assert checked["valid"] is True
    assert sum(expected in warning for warning in checked["warnings"]) == 1


UNWARNED = {
    "behind a proxy on this machine": ('listen = "127.0.0.1:80"', "http://pbx.example.nl"),
    "by name": ('listen = "localhost:80"', "http://pbx.example.nl"),
    "with TLS": ('listen = "192.0.2.1:80"', "https://pbx.example.nl"),
}


@pytest.mark.parametrize(("listen", "public_url"), UNWARNED.values(), ids=UNWARNED)
def test_check_keeps_silent_about_what_is_well(
    cli: CommandLine, write: WriteConfig, listen: str, public_url: str
) -> None:
    """Tokens that don't cross a network in clear are no reason for a warning."""
    write(f'{listen}\npublic_url = "{public_url}"\n')
    (cli.folder / "data").mkdir()
    assert cli.json("config", "check")["warnings"] == []


def test_check_tells_of_a_key_that_callers_cannot_be_hashed_with(
    cli: CommandLine, write: WriteConfig
) -> None:
    """One that was put somewhere is looked at; where nothing is recorded, none is needed."""
    write('caller_hash_key_file = "absent.key"\n')
    told = cli("config", "check").stderr
    assert "calls are recorded without their callers: absent.key isn't there" in told
    (cli.folder / "absent.key").write_bytes(bytes(32))
    (cli.folder / "absent.key").chmod(0o600)
    assert "callers" not in cli("config", "check").stderr
    write('caller_hash_key_file = "gone.key"\ndecision_retention_days = 0\n')
    assert "callers" not in cli("config", "check").stderr
