"""A service kept up change by change is the one that a load of everything makes from nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from hypothesis import given
from hypothesis import strategies as st

from pbx_adapters.loader import LoadedTables
from routing_engine.compiler import TargetCheck
from routing_engine.decision import CallQuery
from routing_engine.resolver import resolve
from routing_engine.snapshot import LinkedNumbers
from routing_engine.table import IntervalTable
from schedules.forward_rules import ForwardPolicy
from schedules.revisions import Revision, document_of
from schedules.store import Changes
from schedules.telephone import NumberBlock
from tests.engine import CLOSED, OPEN, SHA256, instant, schedule_of
from tests.oracle import DAY
from tests.stored import Source

AT: Final = instant("2026-11-23T10:00")
SAVED_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
IDS: Final = ("a", "b", "c", "d")
# Most lie within one another, so that whoever takes one leaves others without theirs.
ENTRIES: Final = (
    "+31850000099",
    "+31850000100",
    "+31850000100..49",
    "+31850000100..99",
    "+31850000125",
    "+31850000150..99",
    "+31850000199",
    "+31850000200..49",
)
# Both edges of each entry, its middle, and what nobody has.
CALLED: Final = tuple(
    f"+31850000{end}"
    for end in ("098", "099", "100", "125", "149", "150", "199", "200", "249", "250")
)
TARGETS: Final = TargetCheck(ForwardPolicy(), lambda _: False)

State = Literal["good", "degraded", "lacking", "overridden", "unreadable", "damaged"]
_STATES: Final[tuple[State, ...]] = (
    "good", "degraded", "lacking", "overridden", "unreadable", "damaged",
)  # fmt: skip
_SPAN: Final = {"from": "2026-11-23T08:00+01:00", "until": "2026-11-23T12:00+01:00"}


@dataclass(frozen=True)
class Save:
    """A schedule is saved, and takes these numbers from whoever has them."""

    schedule_id: str
    state: State
    entries: frozenset[str]
    is_open: bool


@dataclass(frozen=True)
class Delete:
    """A schedule is deleted, if it is there."""

    schedule_id: str


_EDITS = st.one_of(
    st.builds(
        Save,
        st.sampled_from(IDS),
        st.sampled_from(_STATES),
        st.frozensets(st.sampled_from(ENTRIES), max_size=4),
        st.booleans(),
    ),
    st.builds(Delete, st.sampled_from(IDS)),
)
# What is saved in one transaction, and what a daemon sees at once of several.
_CHANGES = st.lists(st.lists(_EDITS, min_size=1, max_size=4), min_size=1, max_size=10)


def is_overlapping(one: str, other: str) -> bool:
    """Tell whether two entries have a number in common."""
    first, second = NumberBlock.from_text(one), NumberBlock.from_text(other)
    return first.first <= second.last and second.first <= first.last


def without_overlaps(entries: frozenset[str]) -> frozenset[str]:
    """Return as many of these as a schedule can have."""
    kept: set[str] = set()
    for entry in sorted(entries):
        if not any(is_overlapping(entry, other) for other in kept):
            kept.add(entry)
    return frozenset(kept)


def revision_of(save: Save, number: int) -> Revision:
    """Write a schedule down as the store has it, readable or not."""
    more: dict[str, Any] = {}
    week: tuple[str, ...] = OPEN if save.is_open else CLOSED
    if save.state == "degraded":
        # Abroad isn't allowed.
        more["forwards"] = {"f": {"name": "F", "number": "+32470000000"}}
        week = ("00:00-12:00 closed", "12:00-24:00 closed forward=f")
    if save.state == "lacking":
        more["audio"] = {"a": {"name": "A", "sha256": SHA256}}
        week = ("00:00-24:00 closed audio=a",)
    if save.state == "overridden":
        more["overrides"] = {"o": _SPAN | {"slot": "closed", "reason": "x"}}
    schedule = schedule_of(week, id=save.schedule_id, numbers=sorted(save.entries), **more)
    document = document_of(schedule) if save.state != "unreadable" else '{"colour": "blue"}'
    revision = Revision(save.schedule_id, number, document, "", "me", SAVED_AT, "x").sealed()
    return replace(revision, sha256="0" * 64) if save.state == "damaged" else revision


@dataclass
class Store:
    """What a store promises of schedules and their numbers, in the plainest way."""

    revision: int = 1
    numbering: Counter[str] = field(default_factory=Counter)
    saves: dict[str, Save] = field(default_factory=dict)
    currents: dict[str, Revision] = field(default_factory=dict)

    def change(self, edits: list[Save | Delete]) -> Changes:
        """Save or delete these; return what a daemon is told that served the revision before."""
        self.revision += 1
        touched: set[str] = set()
        for edit in edits:
            if isinstance(edit, Save):
                touched |= self._save(edit)
            elif self.saves.pop(edit.schedule_id, None):
                del self.currents[edit.schedule_id]
                touched.add(edit.schedule_id)
        changed = tuple(self.currents[one] for one in sorted(touched & self.currents.keys()))
        deleted = tuple(sorted(touched - self.currents.keys()))
        return Changes(self.revision, changed, deleted, has_new_tokens=False)

    def _save(self, save: Save) -> set[str]:
        """Save one, and each other that loses a number to it; return which."""
        saves = [replace(save, entries=without_overlaps(save.entries))]
        for other in self.saves.values():
            left = frozenset(
                entry
                for entry in other.entries
                if not any(is_overlapping(entry, taken) for taken in saves[0].entries)
            )
            if other.schedule_id != save.schedule_id and left != other.entries:
                saves.append(replace(other, entries=left))
        for one in saves:
            self.numbering[one.schedule_id] += 1
            self.saves[one.schedule_id] = one
            revision = revision_of(one, self.numbering[one.schedule_id])
            self.currents[one.schedule_id] = revision
        return {one.schedule_id for one in saves}

    def source(self) -> Source:
        """Return what is read from it now."""
        links = [(entry, one.schedule_id) for one in self.saves.values() for entry in one.entries]
        currents = tuple(self.currents[one] for one in sorted(self.currents))
        return Source(currents, tuple(sorted(links)), (), self.revision)

    def holder_of(self, number: str) -> str:
        """Return which schedule has a number, empty for none."""
        holders = (
            one.schedule_id
            for one in self.saves.values()
            for entry in one.entries
            if is_overlapping(entry, number)
        )
        return next(holders, "")


def told_of(numbers: LinkedNumbers[Any], name: Callable[[Any], object]) -> dict[str, object]:
    """Return all that is linked, each with the name of what it points at, blocks in order."""
    blocks = zip(numbers.block_starts, numbers.block_ends, numbers.block_holders, strict=True)
    return {
        "singles": {number: name(holder) for number, holder in numbers.singles.items()},
        "blocks": [(start, end, name(holder)) for start, end, holder in blocks],
    }


def named(table: IntervalTable) -> tuple[str, int, int]:
    """Return what a table is of."""
    return table.schedule, table.revision, table.recurring.first_day


def told(loaded: LoadedTables) -> dict[str, object]:
    """Return all that what is loaded holds and gives, in an order of its own."""
    service, tally = loaded.service(), loaded.tally
    snapshot = service.snapshot
    return {
        "revisions": (loaded.revision, snapshot.revision),
        "horizon": snapshot.horizon_at,
        "tables": {one: named(table) for one, table in snapshot.tables.items()},
        "numbers": told_of(snapshot.numbers, named),
        "unusable": snapshot.unusable,
        "unusable numbers": told_of(snapshot.unusable_numbers, str),
        "troubles": sorted(service.troubles),
        "kept": loaded.kept,
        "failed numbers": sorted(loaded.failed_numbers),
        "lacking": loaded.lacking,
        "linked": tally.linked,
        "overridden": {one: named(table) for one, table in tally.overridden.items()},
        "degraded": (dict(tally.degraded), service.degraded_targets),
        "calls": [decided(loaded, number) for number in CALLED],
    }


def decided(loaded: LoadedTables, number: str) -> tuple[object, ...]:
    """Return what becomes of a call."""
    decision = resolve(loaded.snapshot, CallQuery(AT, number))
    return decision.schedule, decision.revision, decision.reason, decision.outcome


def is_right(loaded: LoadedTables, store: Store, number: str) -> bool:
    """Tell whether a call reaches whoever has the number, if that can be."""
    schedule, _, reason, _ = decided(loaded, number)
    holder = store.holder_of(number)
    if holder and holder not in loaded.tables:
        return reason == "outside-service"
    return schedule == holder and (reason == "unknown-number") == (not holder)


@given(changes=_CHANGES, days=st.data())
def test_changes_lead_to_what_a_whole_load_finds(
    changes: list[list[Save | Delete]], days: st.DataObject
) -> None:
    """After any saves, deletions, moved numbers and failures; what was before stays as it was."""
    kept = (revision_of(Save("a", "overridden", frozenset(ENTRIES[:1]), is_open=True), 1),)
    store = Store(numbering=Counter(a=1))
    at = AT
    loaded = LoadedTables(TARGETS, lambda: kept).load_all(store.source(), at)
    for edits in changes:
        before, told_before = loaded, told(loaded)
        loaded = loaded.load_changes(store.change(edits), store.source())
        assert told(loaded) == told(loaded.load_all(store.source(), at))
        assert all(is_right(loaded, store, number) for number in CALLED)
        assert told(before) == told_before
        if days.draw(st.integers(0, 4)) == 0:
            at += DAY
            loaded = loaded.load_all(store.source(), at)
