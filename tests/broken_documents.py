"""Documents that must be refused, each with every fault an operator must be told.

Most stand as text in golden/broken_documents; those of odd bytes and sizes are built here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "golden" / "broken_documents"
# What a case leaves out is taken from here.
SOUND: Final = {
    "id": "kantoor",
    "name": "Kantoor",
    "pbx": "3cx",
    "week": "{mon: &open [00:00-24:00 open], tue: *open, wed: *open, thu: *open, fri: *open, "
    "sat: *open, sun: *open}",
}

_TOP_KEY = re.compile(r"^([a-z_]+):", re.MULTILINE)
_ALONE: Final = "=alone\n"


@dataclass(frozen=True, slots=True)
class ExpectedFault:
    """A fault by line (None: not known) and place, with fragments of problem and remedy."""

    line: int | None
    place: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class BrokenDocument:
    """A document's bytes and all its faults; `name` tells what is wrong."""

    name: str
    source: bytes
    faults: tuple[ExpectedFault, ...]


def broken_documents() -> list[BrokenDocument]:
    """Return the whole corpus."""
    written = [case for path in sorted(FOLDER.glob("*.txt")) for case in _read_cases(path)]
    return [*written, *_odd_bytes(), *_beyond_limits(), *_far_beyond_limits()]


def complete(text: str) -> str:
    """Add the keys of the sound document that a text leaves out."""
    given = set(_TOP_KEY.findall(text))
    return text + "".join(f"{key}: {value}\n" for key, value in SOUND.items() if key not in given)


def _read_cases(path: Path) -> Iterator[BrokenDocument]:
    _, *cases = re.split(r"^#### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for case in cases:
        title, _, body = case.partition("\n")
        document, *faults = re.split(r"^=> ", body, flags=re.MULTILINE)
        source = document.removeprefix(_ALONE)
        if source == document:
            source = complete(source)
        yield BrokenDocument(
            title.partition(":")[0], source.encode(), tuple(map(_read_fault, faults))
        )


def _read_fault(text: str) -> ExpectedFault:
    line, place, problem, remedy = (part.strip() for part in text.split("|"))
    return ExpectedFault(None if line == "-" else int(line), place, problem, remedy)


def _odd_bytes() -> Iterator[BrokenDocument]:
    sound = complete("")

    def case(
        name: str, source: bytes, line: int | None, problem: str, remedy: str
    ) -> BrokenDocument:
        return BrokenDocument(name, source, (ExpectedFault(line, "", problem, remedy),))

    yield case("no-bytes", b"", None, "is empty", "write a schedule document")
    yield case("blanks-only", b" \n\t\n", None, "is empty", "write a schedule document")
    yield case("byte-order-mark-only", b"\xef\xbb\xbf", None, "is empty", "write a schedule")
    yield case("utf-16", sound.encode("utf-16"), 1, "not UTF-8", "save it as UTF-8")
    yield case("utf-16-without-mark", sound.encode("utf-16-le"), None, "not YAML", "correct")
    yield case(
        "latin-1", f"{sound}company: Café\n".encode("latin-1"), 5, "not UTF-8", "save it as UTF-8"
    )
    yield case("half-a-character", b"id: a\nname: \xe2\x82", 2, "not UTF-8", "save it as UTF-8")
    yield case("nul", f"{sound}company: a\x00b\n".encode(), None, "not YAML", "correct")
    yield case(
        "escape-character", f"{sound}company: a\x1bb\n".encode(), None, "not YAML", "correct"
    )
    yield case(
        "a-wav-file", b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", None, "not YAML", "correct"
    )


def _beyond_limits() -> Iterator[BrokenDocument]:
    """Yield documents one above each limit of contract.md."""

    def case(name: str, text: str, place: str, problem: str, remedy: str) -> BrokenDocument:
        fault = ExpectedFault(1, place, problem, remedy)
        return BrokenDocument(name, complete(text).encode(), (fault,))

    def entries(key: str, count: int, entry: str) -> str:
        return f"{key}: {{{', '.join(f'e{n}: {entry}' for n in range(count))}}}\n"

    slots = ", ".join(
        f"{n // 60:02}:{n % 60:02}-{(n + 1) // 60:02}:{(n + 1) % 60:02} open" for n in range(48)
    )
    yield case(
        "49-slots",
        f"exceptions: {{dag: {{name: Dag, slots: [{slots}, 00:48-24:00 closed]}}}}\n",
        "exceptions.dag.slots",
        "49 slots",
        "at most 48",
    )
    yield case(
        "1001-exceptions", entries("exceptions", 1001, "{name: Dag}"), "exceptions", "1001", "1000"
    )
    yield case(
        "4001-exception-dates",
        "exceptions: {a: {name: A, dates: [2026-01-01..2036-12-13]}, b: {name: B, dates: "
        "[2037-01-01]}}\n",
        "exceptions",
        "4001 exception dates",
        "at most 4000",
    )
    number = '{name: N, number: "0612345678"}'
    yield case("1001-forwards", entries("forwards", 1001, number), "forwards", "1001", "1000")
    message = f"{{name: N, sha256: {'0' * 64}}}"
    yield case("501-messages", entries("audio", 501, message), "audio", "501", "at most 500")
    numbers = ", ".join(f'"+3185{n:07}"' for n in range(201))
    yield case("201-numbers", f"numbers: [{numbers}]\n", "numbers", "201", "at most 200")
    yield case(
        "notes-of-2001-characters", f"notes: {'x' * 2001}\n", "notes", "2001 characters", "2000"
    )
    yield case(
        "revision-of-5000-digits", f"revision: {'9' * 5000}\n", "revision", "not a rev", "it"
    )
    yield case("a-key-of-500-letters", f"{'x' * 500}: 1\n", "x" * 64, "not a key", "remove it")
    yield case(
        "a-slot-of-5000-blanks",
        f'exceptions: {{dag: {{name: Dag, slots: ["00:00-24:00{" " * 5000}open"]}}}}\n',
        "exceptions.dag.slots[0]",
        "5,015 characters",
        "write one slot",
    )


def _far_beyond_limits() -> Iterator[BrokenDocument]:
    """Yield documents that would take a careless reader for ever, or down."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    quick = ExpectedFault(1, "", "more than 100,000 values", "fewer aliases")
    yield BrokenDocument("alias-bomb", bomb.encode(), (quick,))
    deep = ExpectedFault(1, "", "nested too deeply", "schedule document")
    yield BrokenDocument("100000-brackets", b"[" * 100_000, (deep,))
    deep_json = ExpectedFault(None, "", "nested too deeply", "schedule document")
    for name, depth in (("deep-json", 100), ("100000-deep-json", 100_000)):
        source = b'{"id": ' + b"[" * depth + b"]" * depth + b"}"
        yield BrokenDocument(name, source, (deep_json,))
    many = ExpectedFault(None, "", "more than 100,000 values", "split it")
    yield BrokenDocument("json-of-many-values", b'{"id": [' + b"0," * 200_000 + b"0]}", (many,))
    large = ExpectedFault(None, "", "10,485,760 bytes", "at most 4,194,304 bytes")
    yield BrokenDocument("10-megabytes", b"#" * 10_485_760, (large,))
