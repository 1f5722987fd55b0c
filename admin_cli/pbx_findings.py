"""What `pbx doctor` may find, by codes that stay what they are."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

# Operators' scripts build on these words: they are added to, never changed. docs/pbx/README.md
# explains each.
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name-unknown": "error",
        "connection-refused": "error",
        "connection-timed-out": "error",
        "connection-failed": "error",
        "certificate-expired": "error",
        "certificate-untrusted": "error",
        "certificate-of-another": "error",
        "tls-failed": "error",
        "not-encrypted": "info",
        "no-answer": "error",
        "answer-timed-out": "error",
        "answer-too-long": "error",
        "redirected": "error",
        "not-the-daemon": "error",
        "proxy-without-daemon": "error",
        "daemon-not-ready": "error",
        "daemon-degraded": "warning",
        "clock-differs": "warning",
        "token-refused": "error",
        "token-of-operator": "warning",
        "network-refused": "error",
        "schedule-refused": "error",
        "too-many-attempts": "error",
        "request-refused": "error",
        "answer-malformed": "error",
        "number-unknown": "error",
        "schedule-unknown": "error",
        "nothing-asked": "info",
        "outside-service": "error",
        "forward-refused": "warning",
        "audio-missing": "warning",
        "audio-unavailable": "error",
        "audio-damaged": "error",
        "audio-unplayable": "error",
        "audio-slow": "warning",
        "audio-elsewhere": "warning",
        "table-unsigned": "info",
        "table-unavailable": "error",
        "table-wrongly-signed": "error",
        "table-malformed": "error",
        "table-not-in-force": "error",
        "table-differs": "error",
        "table-too-long": "warning",
        "slow": "warning",
        "too-slow": "error",
    }
)


class Finding(NamedTuple):
    """One thing that is wrong, or may be: what it is, and what to do."""

    code: str
    problem: str
    remedy: str

    @property
    def severity(self) -> str:
        """How grave it is."""
        return CODES[self.code]

    def fields(self) -> dict[str, Any]:
        """Tell it to a program."""
        return {"severity": self.severity, **self._asdict()}


class FoundError(Exception):
    """Something is wrong that leaves nothing more to look at there."""

    def __init__(self, code: str, problem: str, remedy: str) -> None:
        self.finding = Finding(code, problem, remedy)
        super().__init__(f"{problem}; {remedy}")


def shown(text: str, most: int = 80) -> str:
    """Return what a server said, fit to be shown: short, and without what a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in text[:most])
