"""What is left out while the daemon's libraries are imported, and only then."""

import os
import subprocess
import sys
from contextlib import suppress
from importlib import import_module

import pytest

from pbx_adapters.lean_imports import lean_imports

LOADED = "import sys; print('rich' in sys.modules, 'rich.console' in sys.modules)"
DAEMON = "import pbx_adapters.daemon"


def loaded_by(code: str) -> str:
    """Run code in a fresh process and return what it printed."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_rich_is_there_again_afterwards() -> None:
    """The daemon is imported without rich, which whoever wants it can import after that."""
    code = (
        "from pbx_adapters.lean_imports import lean_imports\n"
        f"with lean_imports():\n    {DAEMON}\n{LOADED}\nimport rich.console\n{LOADED}"
    )
    assert loaded_by(code).splitlines() == ["False False", "True True"]


def test_what_was_imported_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses a module that is in use."""
    stand_in = type(sys)("rich")
    monkeypatch.setitem(sys.modules, "rich", stand_in)
    with lean_imports():
        assert sys.modules["rich"] is stand_in
    assert sys.modules["rich"] is stand_in


@pytest.mark.parametrize("certificates", [None, "/srv/authorities.pem"], ids=["unset", "set"])
def test_the_certificates_setting_is_as_it_was(
    certificates: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the imports, even where one fails, TLS finds what the host has set."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if certificates is not None:
        monkeypatch.setenv("SSL_CERT_FILE", certificates)
    inside = ""
    with suppress(ImportError), lean_imports():
        inside = os.environ["SSL_CERT_FILE"]
        import_module("absent")
    assert inside == os.devnull
    assert os.environ.get("SSL_CERT_FILE") == certificates
