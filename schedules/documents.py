"""Schedule documents, YAML 1.2 or JSON, to and from the model (contract.md: schedule document)."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from schedules.consistency import inconsistencies, refused_forwards
from schedules.document_text import DocumentText, read_text
from schedules.errors import Fault, FaultyValueError, InvalidScheduleError
from schedules.faults import format_place
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from schedules.stand_ins import NO_SHA256, build_with_stand_ins

KEPT_WHEN_ABSENT: Final = ("numbers", "overrides", "expect")

# Keys under which operators give ids of their own.
_ENTRIES: Final = ("forwards", "audio", "exceptions", "holidays", "overrides")
_REVISION: Final = re.compile(r"[1-9][0-9]{0,17}")
_CLOSED: Final = "00:00-24:00 closed"


@dataclass(frozen=True, slots=True)
class Document:
    """A schedule as a document gave it.

    `revision` is the one the document was exported at, None when it says none; `given` are the
    keys it holds; `lines` gives the line of each place, none for JSON.
    """

    schedule: Schedule
    revision: int | None
    given: frozenset[str]
    lines: Mapping[str, int]

    def line_of(self, place: str) -> int | None:
        """Return the line of a place, or of the nearest place around it."""
        return _line_of(place, self.lines)

    def over(self, present: Schedule | None) -> Schedule:
        """Return the schedule to save over the present one.

        Numbers, overrides and expectations that the document leaves out stay as they are. Raises
        `InvalidScheduleError` when they no longer fit the rest.
        """
        if present is None:
            return self.schedule
        kept = {key: getattr(present, key) for key in KEPT_WHEN_ABSENT if key not in self.given}
        return self.schedule.replace(**kept) if kept else self.schedule


def read_document(
    source: bytes,
    policy: ForwardPolicy,
    *,
    take_file: Callable[[str], str] | None = None,
) -> Document:
    """Read one document; raises `InvalidScheduleError` with every fault, its place and line.

    `policy` judges forwards and gives the region in which national numbers are read. `take_file`
    is given the path of a message's `file:` and returns the SHA-256 of its stored master, or
    raises `FaultyValueError`.
    """
    text = read_text(source)
    if not isinstance(text.value, dict):
        raise InvalidScheduleError(
            [Fault("", "is not a schedule", "write keys with values: id, name, pbx, week …")]
        )
    faults = list(text.faults)
    value = _fill_bare_keys(text.value)
    revision = _take_revision(value, faults)
    _take_files(value, take_file, faults)
    schedule, shape_faults = build_with_stand_ins(value, policy.region)
    faults += shape_faults
    if schedule is not None:
        faults += _faults_of_whole(schedule, policy, shape_faults)
    if faults or schedule is None:
        raise InvalidScheduleError(_in_order(faults, text))
    return Document(schedule, revision, frozenset(text.value), text.lines)


def write_document(schedule: Schedule, revision: int | None = None) -> dict[str, Any]:
    """Return a schedule as the plain mapping that exports write, keys in the contract's order.

    What is unset is left out; numbers, overrides and expectations always stand there, so that
    applying the export restores them.
    """
    document = schedule.model_dump(mode="json", by_alias=True, exclude_none=True)
    document = {key: value for key, value in document.items() if value or key in KEPT_WHEN_ABSENT}
    for holiday in document.get("holidays", {}).values():
        for key, usual in (("active", True), ("every", "year"), ("slots", [_CLOSED])):
            if holiday[key] == usual:
                del holiday[key]
    if revision is not None:
        document["revision"] = revision
    return document


def format_yaml(document: dict[str, Any]) -> str:
    """Write an exported document as YAML 1.2."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import

    yaml = YAML()
    yaml.width = 1_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _fill_bare_keys(value: dict[str, Any]) -> dict[str, Any]:
    """Read a bare key of the document as left out, and a bare entry as one without values.

    So a bare `koningsdag:` is switched on, and a bare `open-dag:` is told what it lacks.
    """
    known = Schedule.model_fields.keys()
    filled = {key: inner for key, inner in value.items() if inner is not None or key not in known}
    for key in _ENTRIES:
        entries = filled.get(key)
        if isinstance(entries, dict):
            filled[key] = {
                entry: {} if inner is None else inner for entry, inner in entries.items()
            }
    return filled


def _take_revision(value: dict[str, Any], faults: list[Fault]) -> int | None:
    text = value.pop("revision", None)
    if text is None:
        return None
    if isinstance(text, str) and _REVISION.fullmatch(text):
        return int(text)
    problem = f"{str(text)[:40]!r} is not a revision"
    faults.append(Fault("revision", problem, "leave it as the export wrote it, or leave it out"))
    return None


def _take_files(
    value: dict[str, Any], take_file: Callable[[str], str] | None, faults: list[Fault]
) -> None:
    """Replace each message's `file:` by the hash of its bytes."""
    messages = value.get("audio")
    if not isinstance(messages, dict):
        return
    for message_id, message in messages.items():
        if not isinstance(message, dict) or "file" not in message:
            continue
        path = message.pop("file")
        try:
            sha256 = _sha256_of_file(path, message, take_file)
        except FaultyValueError as error:
            place = format_place(("audio", message_id, "file"))
            faults += [Fault(place, problem, remedy) for problem, remedy in error.faults]
            sha256 = NO_SHA256
        message.setdefault("sha256", sha256)


def _sha256_of_file(
    path: object, message: dict[str, Any], take_file: Callable[[str], str] | None
) -> str:
    if "sha256" in message:
        raise FaultyValueError(("stands beside sha256", "keep one of the two"))
    if not isinstance(path, str) or not path:
        raise FaultyValueError(("is not a path", "name a WAV file beside the document"))
    if take_file is None:
        raise FaultyValueError(("can't be taken here: this text has no folder", "give sha256"))
    return take_file(path)


def _faults_of_whole(
    schedule: Schedule, policy: ForwardPolicy, shape_faults: Sequence[Fault]
) -> list[Fault]:
    """Judge the whole, passing over what may stem from a part that could not be read."""
    places = {fault.place for fault in shape_faults}
    around = {outer for place in places for outer in _places_around(place)}
    whole = inconsistencies(schedule)
    if not any(place.startswith("forward_countries") for place in places):
        whole += refused_forwards(schedule, policy)
    return [
        fault
        for fault in whole
        if fault.place not in around and places.isdisjoint(_places_around(fault.place))
    ]


def _places_around(place: str) -> Iterator[str]:
    """Yield a place and those that hold it, innermost first."""
    while place:
        yield place
        place = place[: max(place.rfind("."), place.rfind("["), 0)]


def _in_order(faults: Sequence[Fault], text: DocumentText) -> list[Fault]:
    """Give each fault the line of its place, or of the nearest place around it; sort by line."""
    told = [
        replace(fault, line=fault.line or _line_of(fault.place, text.lines)) for fault in faults
    ]
    return sorted(dict.fromkeys(told), key=lambda fault: fault.line or 0)


def _line_of(place: str, lines: Mapping[str, int]) -> int | None:
    return next((lines[at] for at in _places_around(place) if at in lines), None)
