"""The text of a document, YAML 1.2 or JSON, as plain keys, lists and texts with their lines.

Scalars stay the text that was written: `17:00`, `0612345678` and `007` are never guessed at.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from schedules.errors import Fault, InvalidScheduleError
from schedules.faults import Location, format_place

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 16


# JSON can name one of the two codes that make one character in UTF-16.
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


@dataclass
class DocumentText:
    """What a text holds: `value` is a dict, list, str or None (a bare key), nested.

    `lines` gives the line, from 1, of each place; a JSON text has none.
    """

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Node:
    """A YAML value with its line and tag, where it stands or where an alias brings it."""

    value: Any
    line: int
    tag: str | None


class _Pairs(list[tuple[Any, Any]]):
    """Keys with values before duplicate keys are looked for."""


def read_text(source: bytes) -> DocumentText:
    """Read a document's bytes; raises `InvalidScheduleError` when they are no YAML or JSON.

    Duplicate keys and YAML tags are told in `faults`, so that they stand beside other faults.
    """
    text = _decode(source)
    stripped = text.lstrip()
    if not stripped:
        raise _unreadable("is empty", "write a schedule document in it")
    try:
        tree = _parse_json(text) if stripped.startswith("{") else None
        return _TreeReader().read_whole(_parse_yaml(text) if tree is None else tree)
    except RecursionError:
        raise _too_deep(None) from None


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise _unreadable(
            f"is {len(source):,} bytes long", f"keep a document to at most {MAX_BYTES:,} bytes"
        )
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise _unreadable("is not UTF-8 text", "save it as UTF-8", line) from None


def _unreadable(problem: str, remedy: str, line: int | None = None) -> InvalidScheduleError:
    return InvalidScheduleError([Fault("", problem, remedy, line)])


def _printable(text: str) -> str:
    text = text[:200]
    return text if text.isprintable() else ascii(text)[1:-1]


def _too_deep(line: int | None) -> InvalidScheduleError:
    return _unreadable("is nested too deeply", "write it as a schedule document", line)


def _too_many(line: int | None) -> InvalidScheduleError:
    problem = f"holds more than {MAX_VALUES:,} values"
    return _unreadable(problem, "split it, or use fewer aliases", line)


class _TreeReader:
    """Turns a tree of either syntax into plain values, noting lines and faults on the way."""

    def __init__(self) -> None:
        self._text = DocumentText(None)
        self._count = 0

    def read_whole(self, tree: object) -> DocumentText:
        """Read the whole document; a reader serves for one."""
        self._text.value = self._read(tree, ())
        return self._text

    def _read(self, value: object, loc: Location) -> Any:  # noqa: ANN401 - whatever is there
        line = None
        if isinstance(value, _Node):
            line = value.line
            self._note_line(loc, line)
            if value.tag is not None:
                self._add_fault(loc, f"has the tag {value.tag[:40]!r}", "leave tags out")
            value = value.value
        self._count += 1
        if self._count > MAX_VALUES:
            raise _too_many(line)
        if len(loc) > MAX_DEPTH:
            raise _too_deep(line)
        if isinstance(value, _Pairs):
            return self._read_pairs(value, loc)
        if isinstance(value, list):
            return [self._read(item, (*loc, index)) for index, item in enumerate(value)]
        return self._read_scalar(value, loc)

    def _read_scalar(self, value: object, loc: Location) -> object:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and _HALF_CHARACTER.search(value):
            self._add_fault(loc, "holds half a character, by its \\u code", "write it whole")
            return _HALF_CHARACTER.sub("\ufffd", value)
        return value

    def _read_pairs(self, pairs: _Pairs, loc: Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in pairs:
            key = self._read(key_node, (*loc, "[key]"))
            if not isinstance(key, str):
                self._add_fault(loc, "has a key that is not text", "use plain text as a key")
                continue
            place = (*loc, key)
            if isinstance(key_node, _Node):
                self._note_line(place, key_node.line)
            value = self._read(value_node, place)
            if key in mapping:
                self._add_fault(place, "is given twice", "keep one of the two")
            mapping[key] = value
        return mapping

    def _note_line(self, loc: Location, line: int) -> None:
        if loc[-1:] != ("[key]",):
            self._text.lines.setdefault(format_place(loc), line)

    def _add_fault(self, loc: Location, problem: str, remedy: str) -> None:
        place = format_place(loc)
        self._text.faults.append(Fault(place, problem, remedy, self._text.lines.get(place)))


def _parse_json(text: str) -> Any:  # noqa: ANN401 - whatever is there
    """Parse JSON, scalars as text; None for what is no JSON, which may be YAML in braces."""
    try:
        return json.loads(
            text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
        )
    except json.JSONDecodeError:
        return None


def _parse_yaml(text: str) -> _Node | None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        return _YamlTree(YAML(typ="safe", pure=True).parse(text)).read_whole()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
        began = error.context_mark
        if began and mark and began.line != mark.line:
            what += f", begun on line {began.line + 1}"
        raise _unreadable(f"is not YAML: {_printable(what)}", "correct it there", line) from None
    except (YAMLError, ValueError, OverflowError) as error:
        what = str(error).partition("\n")[0]
        raise _unreadable(f"is not YAML: {_printable(what)}", "correct or remove that") from None


class _YamlTree:
    """Builds a tree from the events of a YAML text, and stops at once where it goes too far.

    The library's own composer recurses as deep as the text does, and slows down as it goes.
    """

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._count = 0
        self._anchors: dict[str, _Node] = {}

    def read_whole(self) -> _Node | None:
        """Return the one document's tree, None for a text of comments only."""
        from ruamel.yaml import events as yaml  # noqa: PLC0415 - slow to import

        root: _Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    line = event.start_mark.line + 1
                    raise _unreadable("is more than one document", "keep one in a file", line)
                root = self._build(next(self._events), 0)
        return root

    def _build(self, event: Any, depth: int) -> _Node:  # noqa: ANN401 - untyped events
        from ruamel.yaml import events as yaml  # noqa: PLC0415 - slow to import

        line = event.start_mark.line + 1
        self._count += 1
        if self._count > MAX_VALUES:
            raise _too_many(line)
        if depth > MAX_DEPTH:
            raise _too_deep(line)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                problem = f"has the alias {event.anchor[:40]!r} without an anchor above it"
                raise _unreadable(problem, "write the anchor before its alias", line)
            return self._anchors[event.anchor]
        node = _Node(None, line, event.tag)
        if isinstance(event, yaml.ScalarEvent):
            is_bare = event.value == "" and event.style is None
            node.value = None if is_bare else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = list(self._build_until(yaml.SequenceEndEvent, depth + 1))
        else:
            parts = self._build_until(yaml.MappingEndEvent, depth + 1)
            node.value = _Pairs(zip(parts, parts, strict=True))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _build_until(self, end: type, depth: int) -> Iterator[_Node]:
        while not isinstance(event := next(self._events), end):
            yield self._build(event, depth)
