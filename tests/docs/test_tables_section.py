"""What docs/hook.md shows of tables works as it is shown."""

import hmac
import re
import subprocess
from pathlib import Path

import pytest

from tests.pbx.table_reader import find_fields, text_of

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs/hook.md").read_text().split("\n## Tables\n")[1].split("\n## ")[0]
TABLE = ROOT / "tests/golden/signed_table.json"


def test_the_signature_to_try_is_right() -> None:
    """The key, the bytes and the signature that are given belong together."""
    found = re.search(
        r"key `([0-9a-f]{64})`.+?bytes `(\w+)`.+?`v1=([0-9a-f]+)`", SECTION, re.DOTALL
    )
    assert found is not None
    key, text, signature = found.groups()
    assert hmac.digest(bytes.fromhex(key), text.encode(), "sha256").hex() == signature


@pytest.mark.parametrize(
    "now",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-23T07:59:59Z",
        "2026-11-23T08:00:00Z",
        "2026-11-23T22:59:59Z",
        "2026-11-29T09:59:59Z",
    ],
)
def test_the_line_of_awk_finds_what_holds(now: str) -> None:
    """It prints the one interval's line."""
    found = re.search(r"^awk -v now=.+? '(.+)' table\.json$", SECTION, re.MULTILINE)
    assert found is not None
    asked = ["awk", "-v", f"now={now}", found[1], str(TABLE)]
    (line,) = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    assert text_of(line, "action") == find_fields(TABLE.read_bytes(), now)["action"]


@pytest.mark.parametrize("now", ["2026-11-22T09:59:59Z", "2026-11-29T10:00:00Z"])
def test_the_line_of_awk_finds_nothing_outside(now: str) -> None:
    """Neither head nor end is taken for an interval."""
    program = re.findall(r"^awk .+? '(.+)' table\.json$", SECTION, re.MULTILINE)
    asked = ["awk", "-v", f"now={now}", *program, str(TABLE)]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == ""
