"""docs/notifications.md: its configuration is accepted, and its receiver's check holds."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from pbx_adapters.config import load_config
from pbx_adapters.notify_settings import EVENT_KINDS
from pbx_adapters.webhooks import sign
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
