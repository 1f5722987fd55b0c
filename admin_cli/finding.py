"""What `doctor` may find: each fault's code, and how grave it is."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

# Operators' scripts build on these words: they are added to, never changed. Gravest first.
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "store-missing": "error",
        "store-unreadable": "error",
        "store-newer": "error",
        "store-damaged": "error",
        "schedule-damaged": "error",
        "data-dir-read-only": "error",
        "disk-full": "error",
        "wrong-owner": "error",
        "unreadable": "error",
        "config-invalid": "error",
        "clock-behind": "error",
        "daemon-silent": "error",
        "daemon-degraded": "error",
        "last-good-damaged": "error",
        "audio-damaged": "error",
        "audio-missing": "error",
        "audio-references-damaged": "error",
        "store-behind": "warning",
        "store-outdated": "warning",
        "last-good-missing": "warning",
        "last-good-stale": "warning",
        "disk-nearly-full": "warning",
        "readable-by-others": "warning",
        "too-few-descriptors": "warning",
        "daemon-ended": "warning",
        "audio-lost": "warning",
        "recording-damaged": "warning",
        "token-expired": "warning",
        "token-expires-soon": "warning",
        "decisions-damaged": "warning",
        "outbox-damaged": "warning",
        "caller-key-unusable": "warning",
        "audio-unneeded": "info",
    }
)


class Finding(NamedTuple):
    """One fault: what has it, what it is, what to do, and the schedules that it reaches."""

    code: str
    place: str
    problem: str
    remedy: str
    schedules: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """How grave it is."""
        return CODES[self.code]


def told_by(code: str, place: str, told: str) -> Finding:
    """Make a finding of an error's text, which ends in its remedy; a path before it is left out."""
    text = told.rpartition(f"{place}: ")[2]
    problem, _, remedy = text.rpartition(": ") if ": " in text else text.partition("; ")
    return Finding(code, place, problem, remedy)


def or_unreadable(faults: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings, and as the last one what the system doesn't let be read, if anything."""
    try:
        yield from faults
    except OSError as error:
        remedy = "see its owner and mode, and which user runs this"
        place, problem = str(error.filename or "data directory"), error.strerror or str(error)
        yield Finding("unreadable", place, problem, remedy)
