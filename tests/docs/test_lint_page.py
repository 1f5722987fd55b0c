"""docs/lint.md tells every code of lint, each under its severity."""

import re
from pathlib import Path

from routing_engine.lint_findings import CODES

PAGE = (Path(__file__).parents[2] / "docs/lint.md").read_text()


def test_the_page_has_every_code_and_no_other() -> None:
    """Under its own severity, in the order in which lint tells them."""
    told = [
        (code, heading)
        for heading, part in re.findall(
            r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
        )
        for code in re.findall(r"^### (.+)$", part, re.MULTILINE)
    ]
    headings = {"error": "Errors", "warning": "Warnings", "info": "Info"}
    assert told == [(code, headings[severity]) for code, severity in CODES.items()]


def test_every_code_has_its_remedy() -> None:
    """After what it means."""
    for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        assert re.search(r"^.+\n\*\*Remedy:\*\* .+\.$", part, re.MULTILINE), part


def test_every_code_is_used() -> None:
    """No code is kept that no check finds."""
    root = Path(__file__).parents[2]
    sources = [*root.glob("routing_engine/lint*.py"), root / "admin_cli/lint.py"]
    text = "".join(path.read_text() for path in sources)
    used = re.findall(r'Finding\(\s*"([^"]+)"', text)
    assert set(used) == set(CODES)
