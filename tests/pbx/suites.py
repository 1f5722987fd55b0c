"""Debian suites in a folder of the project's own: what is in them, and where they are."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Suite:
    """Debian packages that are unpacked together.

    A whole root to `chroot` into, of the Debian `release`, which is the suite's name where none is
    given. Unless it `is_beside`: then packages of the machine's own release are laid bare beside
    it, for the machine's own programs.
    """

    packages: tuple[str, ...]
    is_beside: bool = False
    release: str = ""

    @property
    def stamp(self) -> str:
        """Return what tells one content from another."""
        return sha256(repr((sorted(self.packages), self.is_beside)).encode()).hexdigest()


SUITES: Final = {
    "bullseye": Suite(
        (
            *("asterisk", "asterisk-voicemail", "ca-certificates", "curl", "openssl", "sip-tester"),
            *("kamailio", "kamailio-extra-modules", "kamailio-utils-modules"),
            *("libmono-system-net-http4.0-cil", "mono-mcs", "mono-runtime"),
        )
    ),
    "sid": Suite(
        (
            *("asterisk", "ca-certificates", "curl", "openssl", "sip-tester"),
            *("kamailio", "kamailio-extra-modules", "kamailio-utils-modules"),
        )
    ),
    "beside": Suite(("libfaketime", "prometheus"), is_beside=True),
}
# Brought in when asked for by name; no run of `make e2e` is less whole without them.
OPTIONAL: Final = {
    "bookworm": Suite(("wine", "wine64")),
    # A machine that has what our package depends on, and nothing else.
    "clean": Suite(("python3", "systemd"), release="bookworm"),
}
EVERY: Final = SUITES | OPTIONAL
_TARGETS: Final = {"bookworm": "make pbx-wine", "clean": "make package-test"}


def suites_folder() -> Path:
    """Return the folder that the suites are in."""
    return Path(os.environ.get("PBX_SUITES") or PROJECT / ".pbx").absolute()


def stamp_path(name: str) -> Path:
    """Return the file that says what a whole suite was made of."""
    return suites_folder() / f"{name}.stamp"


def fault_path(name: str) -> Path:
    """Return the file that says why a suite couldn't be had."""
    return suites_folder() / f"{name}.fault"


def is_whole(name: str) -> bool:
    """Tell whether a suite is there, made of what is asked for now."""
    stamp = stamp_path(name)
    return stamp.exists() and stamp.read_text() == EVERY[name].stamp


def suite_root(name: str) -> Path | None:
    """Return the root of a suite that can be used, if there is one."""
    return suites_folder() / name if why_missing(name) == "" else None


def why_missing(name: str) -> str:
    """Return why a suite can't be used; empty when it can."""
    fault = fault_path(name)
    if not is_whole(name):
        return fault.read_text().strip() if fault.exists() else f"{_target(name)} has not been run"
    if os.geteuid() != 0:
        return "chroot needs root"
    return ""


def _target(name: str) -> str:
    return _TARGETS.get(name, "make pbx-suites")


def require_suite(name: str) -> Path:
    """Return the root of a suite, or skip the test and say why."""
    root = suite_root(name)
    if root is None:
        pytest.skip(f"Debian {name}: {why_missing(name)}")
    return root


def find_beside(pattern: str) -> Path:
    """Return a file of the packages that lie beside the machine's own, or skip the test."""
    found = next(require_suite("beside").rglob(pattern), None)
    assert found is not None, f"no {pattern} in {SUITES['beside'].packages}"
    return found
