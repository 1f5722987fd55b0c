"""What the daemon's start does without, in a fresh process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.receivers import make_certificate

# What only some calls, edits or commands need.
UNNEEDED: Final = {
    *("dateutil", "holidays", "icalendar", "jinja2", "numpy", "phonenumbers", "ruamel.yaml"),
    *("soundfile", "soxr", "sqlite_utils"),
}
DAEMON_ONLY: Final = {"aiohttp", "prometheus_client", "rich", "structlog"}

# How many certificates are held, and how often garbage was looked for, before anything is served.
IMPORT: Final = """
import gc, json, os, ssl, sys
def collections():
    return sum(generation["collections"] for generation in gc.get_stats())
def certificates(contexts):
    return sum(context.cert_store_stats()["x509"] for context in contexts)
from admin_cli.serve import import_daemon
gc.collect()
before = collections()
import_daemon()
told = {"collections": collections() - before, "frozen": gc.get_freeze_count() > 0}
gc.unfreeze()
contexts = [one for one in gc.get_objects() if isinstance(one, ssl.SSLContext)]
told["contexts"] = len(contexts) > 0
told["read"] = certificates(contexts)
told["chosen"] = os.environ.get("SSL_CERT_FILE")
told["read later"] = certificates([ssl.create_default_context()])
told["collects"] = gc.isenabled()
told["modules"] = sorted(sys.modules)
print(json.dumps(told))
"""


def run_fresh(code: str, *arguments: str, **variables: str) -> str:
    """Run code in a fresh interpreter; return the last line that it prints."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate that the process is told to trust."""
    _, certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    return certificate


@pytest.fixture(scope="module")
def imported(certificate: Path) -> dict[str, Any]:
    """Import the daemon as `serve` does; return what is there then."""
    told: dict[str, Any] = json.loads(run_fresh(IMPORT, SSL_CERT_FILE=str(certificate)))
    return told


def test_the_daemon_imports_nothing_that_only_some_need(imported: dict[str, Any]) -> None:
    """Libraries that few calls need come when these do."""
    assert "pbx_adapters.daemon" in imported["modules"]
    assert UNNEEDED & set(imported["modules"]) == set()


def test_certificates_are_read_when_something_is_sent(
    imported: dict[str, Any], certificate: Path
) -> None:
    """The client of aiohttp, which nobody uses, has none; a context made later has them."""
    assert imported["contexts"]
    assert imported["read"] == 0
    assert imported["chosen"] == str(certificate)
    assert imported["read later"] == 1


def test_no_garbage_is_looked_for_among_modules(imported: dict[str, Any]) -> None:
    """Neither while they are imported nor afterwards; of all else it is."""
    assert imported["collections"] == 0
    assert imported["frozen"]
    assert imported["collects"]


def test_a_variable_that_was_not_set_is_not_set_afterwards() -> None:
    """The system's own certificates are trusted again."""
    code = IMPORT.replace(
        "import gc,", "import os; os.environ.pop('SSL_CERT_FILE', None)\nimport gc,"
    )
    assert json.loads(run_fresh(code))["chosen"] is None


@pytest.mark.parametrize("arguments", [("serve", "--help"), ("serve", "--listen", "nowhere")])
def test_without_serving_the_daemon_is_not_imported(arguments: tuple[str, ...]) -> None:
    """Help, and what is wrong with the configuration, are told at once."""
    code = (
        "import sys\nfrom admin_cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted({DAEMON_ONLY!r} & set(sys.modules)))"
    )
    assert run_fresh(code, *arguments) == "[]"
