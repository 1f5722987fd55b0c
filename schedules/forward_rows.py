"""Names with numbers, from a file or another schedule, become forwards, with a verdict on each.

A row that can't be taken holds up no other; none is lost, and none is guessed at.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schedules.consistency import MAX_FORWARDS
from schedules.errors import FaultyValueError
from schedules.field_text import check_name, free_slug, slug_of_name
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.model import Forward, Schedule
from schedules.target_editing import chosen_keys, name_key
from schedules.telephone import parse_forward_number

Verdict = Literal["taken", "present", "refused", "not-chosen"]

_SHOWN: Final = 40
_CELL_REMEDY: Final = "give the column the cell format Text, write the whole number, save it again"
# What a spreadsheet makes of a number that it took for a quantity.
_MANGLED: Final = (
    (re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+"), "was shortened by a spreadsheet"),
    (re.compile(r"[0-9]{7,}[.,][0-9]{1,2}"), "was given decimals by a spreadsheet"),
)
_BARE: Final = re.compile(r"[1-9][0-9]+")


@dataclass(frozen=True, slots=True)
class ForwardRow:
    """A name and a number as they were written, with the line or the id they come from."""

    name: str
    number: str
    line: int | None = None
    forward_id: str | None = None


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What becomes of a row.

    `taken`: it is forward `forward_id` now. `present`: forward `forward_id` has the same name and
    number. `refused`: `faults` say why, as `(problem, remedy)`. `not-chosen`: it was not judged.
    `number` is E.164, or what was written where that can't be read.
    """

    row: ForwardRow
    verdict: Verdict
    number: str
    forward_id: str | None = None
    faults: tuple[tuple[str, str], ...] = ()


def take_rows(
    schedule: Schedule,
    rows: Sequence[ForwardRow],
    policy: ForwardPolicy,
    *,
    only: Iterable[str] = (),
    restores_zeros: bool = False,
) -> tuple[Schedule, list[RowVerdict]]:
    """Add the rows that can be taken to a schedule's forwards; one verdict for each row, in order.

    `only` chooses by name or id, none meaning all. With `restores_zeros` a number that is valid but
    for its first 0 gets it back. Raises `NotFoundError` for a choice that no row has.
    """
    keys = chosen_keys(map(_keys_of, rows), only)
    forwards = _Forwards(schedule, policy)
    verdicts = [
        forwards.take(row, restores_zeros=restores_zeros)
        if keys is None or not keys.isdisjoint(_keys_of(row))
        else RowVerdict(row, "not-chosen", row.number)
        for row in rows
    ]
    return schedule.replace(forwards=forwards.by_id), verdicts


class _Forwards:
    """A schedule's forwards while rows are being added to them."""

    def __init__(self, schedule: Schedule, policy: ForwardPolicy) -> None:
        self.by_id: dict[str, Forward] = {}
        self._policy = schedule.forward_policy(policy)
        self._ids_by_name: dict[str, str] = {}
        self._ids_by_number: dict[str, str] = {}
        self._ids_by_both: dict[tuple[str, str], str] = {}
        self._lines: dict[str, int | None] = {}
        for forward_id, forward in schedule.forwards.items():
            self._add(forward_id, forward, None)

    def take(self, row: ForwardRow, *, restores_zeros: bool) -> RowVerdict:
        """Add a row's forward, or say why not."""
        faults = list(_name_faults(row.name))
        number = row.number
        try:
            number = _read_number(row.number, self._policy, restores_zeros=restores_zeros)
        except FaultyValueError as error:
            faults += error.faults
        if not faults:
            present = self._ids_by_both.get((name_key(row.name), number))
            if present is not None:
                return RowVerdict(row, "present", number, present)
            faults += self._clashes(row.name, number)
        if faults:
            return RowVerdict(row, "refused", number, faults=tuple(faults))
        wanted = row.forward_id or slug_of_name(row.name) or "forward"
        forward_id = free_slug(wanted, self.by_id)
        self._add(forward_id, Forward(name=row.name, number=number), row.line)
        return RowVerdict(row, "taken", number, forward_id)

    def _add(self, forward_id: str, forward: Forward, line: int | None) -> None:
        self.by_id[forward_id] = forward
        key = name_key(forward.name)
        self._ids_by_name.setdefault(key, forward_id)
        self._ids_by_number.setdefault(forward.number, forward_id)
        self._ids_by_both.setdefault((key, forward.number), forward_id)
        self._lines[forward_id] = line

    def _clashes(self, name: str, number: str) -> Iterator[tuple[str, str]]:
        if (holder := self._ids_by_name.get(name_key(name))) is not None:
            has = f"{self._told(holder)} has this name, and number {self.by_id[holder].number}"
            yield has, "give one of the two another name, or change the number of that one"
        if (holder := self._ids_by_number.get(number)) is not None:
            has = f"{self._told(holder)} has {number}, under the name {self.by_id[holder].name}"
            yield has, "use that one; where two names are meant, add this one by itself"
        if len(self.by_id) >= MAX_FORWARDS:
            yield (
                f"the schedule has {MAX_FORWARDS:,} forwards, the most it can",
                "remove some first",
            )

    def _told(self, forward_id: str) -> str:
        line = self._lines[forward_id]
        return f"forward {forward_id}" if line is None else f"line {line}"


def _name_faults(name: str) -> Iterator[tuple[str, str]]:
    try:
        check_name(name)
    except FaultyValueError as error:
        yield from ((f"the name {problem}", remedy) for problem, remedy in error.faults)


def _read_number(text: str, policy: ForwardPolicy, *, restores_zeros: bool) -> str:
    """Return the E.164 number that a caller may be forwarded to; raises `FaultyValueError`."""
    if not text:
        raise FaultyValueError(("the number is empty", "fill it in"))
    for pattern, problem in _MANGLED:
        if pattern.fullmatch(text):
            raise FaultyValueError((f"{text[:_SHOWN]!r} {problem}", _CELL_REMEDY))
    try:
        return _allowed_number(text, policy)
    except FaultyValueError:
        restored = _with_zero(text, policy)
        if restored is None:
            raise
    if not restores_zeros:
        raise FaultyValueError(
            (
                f"{text} seems to have lost its first 0: 0{text} is a number",
                f"write 0{text} or {restored}, or give --restore-zeros",
            )
        )
    return restored


def _allowed_number(text: str, policy: ForwardPolicy) -> str:
    number = parse_forward_number(text, policy.region)
    refusal = forward_refusal(number, policy)
    if refusal is not None:
        raise FaultyValueError(refusal)
    return number


def _with_zero(text: str, policy: ForwardPolicy) -> str | None:
    """Return the number that digits are with a 0 before them, as spreadsheets drop it; or None."""
    if not _BARE.fullmatch(text):
        return None
    try:
        return _allowed_number(f"0{text}", policy)
    except FaultyValueError:
        return None


def _keys_of(row: ForwardRow) -> set[str]:
    return {name_key(row.name)} | ({row.forward_id} if row.forward_id else set())
