"""Token and table key of a PBX: where they are read from, and which don't belong together."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.command_line import CommandLine, document

ADDRESS: Final = ("--address", "https://daemon.example")
SCRIPT: Final = ("pbx", "script", "generic", *ADDRESS)
ELSEWHERE: Final = ("--data-dir", "elsewhere")


@pytest.fixture
def made(cli: CommandLine) -> dict[str, Any]:
    """Have a token, and in a file what was told of it."""
    cli.apply(document("winkel"), document("kantoor"))
    made: dict[str, Any] = cli.json("token", "create", "centrale", "--schedule", "winkel")
    cli.write("centrale.json", json.dumps(made))
    return made


def filled(text: str) -> tuple[str, str]:
    """Return the token and the key that a script holds."""
    lines = dict(line.split("=", 1) for line in text.splitlines() if "='" in line)
    return lines["bereikbaar_token"].strip("'"), lines["bereikbaar_table_key"].strip("'")


@pytest.mark.parametrize("option", ["--token-file", "--token"])
def test_what_create_wrote_brings_both(cli: CommandLine, made: dict[str, Any], option: str) -> None:
    """Without a store too; from a file or from stdin."""
    given = "centrale.json" if option == "--token-file" else "-"
    text = Path("centrale.json").read_text()
    told = cli(*SCRIPT, *ELSEWHERE, option, given, stdin=text)
    assert filled(told.stdout) == (made["token"], made["table_key"])
    assert "keep no table" not in told.stderr


def test_a_key_of_its_own_wins(cli: CommandLine, made: dict[str, Any]) -> None:
    """Which may also be read from what another `token create` wrote."""
    other = cli.json("token", "create", "ander")
    cli.write("other.json", json.dumps(other))
    told = cli(
        *(*SCRIPT, *ELSEWHERE, "--token-file", "centrale.json", "--table-key-file", "other.json")
    )
    assert filled(told.stdout) == (made["token"], other["table_key"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds nothing"),
        ('{"token": ', "holds JSON without token; name the file that"),
        ('{"error": "invalid"}', "holds JSON without token"),
        ('{"token": 5}', "holds JSON without token"),
        ('{"token": "x"}', "this is not a token"),
    ],
)
def test_files_that_hold_no_token(cli: CommandLine, text: str, told: str) -> None:
    """The option that named the file is told."""
    cli.write("file", text)
    refused = cli(*SCRIPT, "--token-file", "file", code=1).stderr
    assert refused.startswith(f"--token-file: {told}")


def test_a_file_that_holds_no_key(cli: CommandLine, made: dict[str, Any]) -> None:
    """Nor is it said of the token."""
    asked = (*SCRIPT, "--token", made["token"], "--table-key-file", "key")
    cli.write("key", "{}")
    assert cli(*asked, code=1).stderr.startswith("--table-key-file: holds JSON without table_key")
    cli.write("key", "00")
    assert cli(*asked, code=1).stderr.startswith("--table-key-file: this is not the key of a table")


def test_a_key_of_another_token_is_refused(cli: CommandLine, made: dict[str, Any]) -> None:
    """Scripts would take no table for signed; the store knows the right one."""
    asked = (*SCRIPT, "--token-file", "centrale.json", "--table-key")
    refused = cli(*asked, "00" * 32, code=1)
    told = f"--table-key: is not the table key of token {made['id']} (centrale); leave it out"
    assert refused.stderr.startswith(told)
    assert made["table_key"] not in refused.output
    assert filled(cli(*asked, made["table_key"].upper()).stdout)[1] == made["table_key"]


def test_the_doctor_reads_the_same(cli: CommandLine, made: dict[str, Any]) -> None:
    """Nothing listens at the address; secrets that are faulty are refused before that is seen."""
    del made
    cli.write("empty", "")
    asked = ("pbx", "doctor", "--address", "http://127.0.0.1:1")
    assert cli(*asked, "--token-file", "empty", code=1).stderr.startswith("--token-file: holds")
    told = cli(*asked, "--token-file", "centrale.json", code=3).stdout
    assert told.startswith("error    connection-refused")


def test_an_address_that_stands_for_all_is_refused(cli: CommandLine) -> None:
    """By the one command and the other: no PBX can ask it."""
    for command in (("script", "generic"), ("doctor",)):
        refused = cli("pbx", *command, "--address", "http://0.0.0.0:8470", code=1).stderr
        assert refused.startswith("--address: 0.0.0.0 stands for all addresses of a machine")
