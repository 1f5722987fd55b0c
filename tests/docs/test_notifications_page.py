"""docs/notifications.md: its configuration is accepted, and its receiver's check holds."""

import grp
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from pbx_adapters.config import load_config
from pbx_adapters.notifications.secret_files import read_webhook_secret
from pbx_adapters.notifications.settings import EVENT_KINDS
from pbx_adapters.notifications.webhooks import sign
from tests.receivers import KEY, SECRET

PAGE = (Path(__file__).parents[2] / "docs/notifications.md").read_text()
AT = 1_795_341_600


def block(kind: str) -> str:
    """Return the first block of a kind."""
    found = re.search(rf"^```{kind}[^\n]*\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_configuration_is_accepted(tmp_path: Path) -> None:
    """Three receivers, one with a name of its own."""
    path = tmp_path / "x.toml"
    path.write_text(block("toml"))
    assert [rule.receiver for rule in load_config(path, {}).notify] == [
        "beheer@example.nl",
        "info@voorbeeld.example",
        "chat",
    ]


def test_every_event_is_told() -> None:
    """Each has a row."""
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == EVENT_KINDS


def test_example_is_a_message() -> None:
    """One line of JSON with its type, its moment and its data."""
    assert set(json.loads(block("json"))) == {"type", "timestamp", "data"}


def test_secret_that_is_made_can_be_used(tmp_path: Path) -> None:
    """The page's command gives it to the service's group and to nobody else, by way of sudo."""
    path = tmp_path / "webhook-secret"
    commands = tmp_path / "commands"
    commands.mkdir()
    # Who is root here, and which groups there are, is this machine's.
    (commands / "sudo").write_text('#!/bin/sh\necho "$@" > "$ASKED"\nexec "$@"\n')
    (commands / "sudo").chmod(0o700)
    group = grp.getgrgid(os.getgid()).gr_name
    text = block("sh").replace("/etc/bereikbaar/webhook-secret", str(path))
    assert " -g bereikbaar " in text
    found = {"PATH": f"{commands}:{os.environ['PATH']}", "ASKED": str(tmp_path / "asked")}
    subprocess.run(
        ["sh", "-euc", text.replace(" -g bereikbaar ", f" -g {group} ")], check=True, env=found
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_gid == os.getgid()
    assert len(read_webhook_secret(path)) == 32
    assert (tmp_path / "asked").read_text().endswith(f"{path}\n")


HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": str(AT)}
RIGHT = sign(KEY, "msg_1", AT, b"{}")
CASES = {
    "ours": (RIGHT, b"{}", AT + 299, True),
    "one of two keys": (f"v1,AAAA {RIGHT}", b"{}", AT, True),
    "altered": (RIGHT, b"{} ", AT, False),
    "of another": (sign(b"x" * 32, "msg_1", AT, b"{}"), b"{}", AT, False),
    "too old": (RIGHT, b"{}", AT + 301, False),
    "of tomorrow": (RIGHT, b"{}", AT - 86_400, False),
}


@pytest.mark.parametrize(("signature", "body", "now", "expected"), CASES.values(), ids=CASES)
def test_receiver_checks_the_signature(
    signature: str, body: bytes, now: int, *, expected: bool
) -> None:
    """The page's own code takes what is ours and nothing else."""
    receiver = ModuleType("receiver")
    exec(block("python"), vars(receiver))  # noqa: S102 - the page's own code
    assert SECRET == receiver.SECRET
    assert receiver.is_ours(HEADERS | {"webhook-signature": signature}, body, now) is expected
