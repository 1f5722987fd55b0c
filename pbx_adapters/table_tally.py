"""What monitoring shows of all tables in service, kept up as tables come and go."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from routing_engine.snapshot import with_changes
from routing_engine.table import IntervalTable

_FIELDS = {"forward-refused": "forward", "audio-missing": "audio"}


@dataclass(frozen=True, slots=True)
class TableTally:
    """How many tables have numbers, which have overrides, by schedule, and what can't be used.

    `degraded` counts the slots with a target that can't be used now, by field (semantics.md rule
    19).
    """

    linked: int = 0
    overridden: dict[str, IntervalTable] = field(default_factory=dict)
    degraded: Counter[str] = field(default_factory=Counter)

    def after(
        self, gone: Collection[IntervalTable], came: Collection[IntervalTable]
    ) -> "TableTally":
        """Return the tally without some tables that it holds, and with others."""
        return TableTally(
            self.linked - _linked(gone) + _linked(came),
            with_changes(self.overridden, _overridden(gone), _overridden(came)),
            self.degraded - _degraded(gone) + _degraded(came),
        )


def _linked(tables: Collection[IntervalTable]) -> int:
    return sum(bool(table.numbers) for table in tables)


def _overridden(tables: Collection[IntervalTable]) -> dict[str, IntervalTable]:
    return {table.schedule: table for table in tables if table.overrides}


def _degraded(tables: Collection[IntervalTable]) -> Counter[str]:
    return Counter(
        _FIELDS[outcome.error]
        for table in tables
        # Few have any; only of those each day is gone through.
        if any(outcome.error for outcome in table.outcomes)
        for outcome in table.slot_outcomes()
        if outcome.error
    )
