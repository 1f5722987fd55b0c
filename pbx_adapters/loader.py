"""From stored schedules to a service: every table compiled, and what could not be."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Final

import structlog

from pbx_adapters.auth import TokenTable, index_tokens
from pbx_adapters.pending_table import PendingTable
from pbx_adapters.refusals import RefusedError
from pbx_adapters.serving import Service
from pbx_adapters.table_tally import TableTally
from routing_engine.compiler import TargetCheck, compile_schedule, renew_table
from routing_engine.snapshot import NOTHING, RoutingSnapshot, assemble_snapshot, with_changes
from routing_engine.table import HORIZON_DAYS, IntervalTable, first_day_for
from routing_engine.zones import DAY_SECONDS
from schedules.errors import BereikbaarError, StoreUnavailableError
from schedules.revisions import Revision
from schedules.store import Changes, ScheduleSource, ScheduleStore

# Fewer schedules are loaded before a caller notices.
MANY: Final = 1_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoadedTables:
    """The tables of one store revision, and what could not be compiled.

    Each load returns new ones, so that one that breaks off halfway leaves the old in service.
    `read_good` yields the revisions that could be compiled when they were kept; it is asked once
    when present ones can't be and no tables of earlier ones are in service. `failed_numbers` are
    what is linked to the schedules that failed. `lacking` holds by schedule the messages that it
    names and that could not be played when it was compiled. `snapshot` and `tally` follow from the
    rest, and are kept up with each change. `list_messages` returns what tells of every message at
    one moment; without it a whole load asks `targets` about each.
    """

    targets: TargetCheck
    read_good: Callable[[], Iterable[Revision]]
    revision: int = 0
    first_day: int = 0
    tables: dict[str, IntervalTable] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    failed_numbers: tuple[tuple[str, str], ...] = ()
    tokens: TokenTable = field(default_factory=TokenTable)
    lacking: dict[str, frozenset[str]] = field(default_factory=dict)
    snapshot: RoutingSnapshot = NOTHING
    tally: TableTally = field(default_factory=TableTally)
    list_messages: Callable[[], Callable[[str], bool]] | None = None

    def load_all(
        self,
        source: ScheduleSource,
        at: int,
        serve_meanwhile: Callable[[Service], None] | None = None,
    ) -> "LoadedTables":
        """Compile everything a source holds, for calls from an instant on.

        Where that will take a while, `serve_meanwhile` is given a service that compiles what calls
        ask for.
        """
        with source.reading():
            revision = source.revision()
            emptied = LoadedTables(
                # After the first look at the source: its messages were stored before it was saved.
                self._targets_now(),
                self.read_good,
                revision,
                first_day_for(at),
                tokens=index_tokens(source.tokens()),
                list_messages=self.list_messages,
            )
            revisions: Iterable[Revision] = source.currents()
            if serve_meanwhile is not None:
                # To the end, which tells whether one is missing.
                revisions = list(revisions)
                if len(revisions) >= MANY:
                    # What it reads besides may be damaged, and the tables do without.
                    with suppress(StoreUnavailableError):
                        serve_meanwhile(emptied.service_on_demand(revisions, source))
            loaded = emptied.with_revisions(revisions, (), source, self.tables)
            return replace(loaded, targets=self.targets)

    def load_changes(self, changes: Changes, source: ScheduleSource) -> "LoadedTables":
        """Compile only what changed, at the moment of these changes."""
        kept = replace(
            self,
            revision=changes.revision,
            tokens=index_tokens(source.tokens()) if changes.has_new_tokens else self.tokens,
        )
        return kept.with_revisions(changes.changed, changes.deleted, source, self.tables)

    def touched_by(self, playable: AbstractSet[str]) -> frozenset[str]:
        """Return which schedules to compile anew, now that exactly these messages can be played."""
        using = (
            schedule_id
            for schedule_id, table in self.tables.items()
            if any(
                outcome.audio and outcome.audio.removesuffix(".wav") not in playable
                for outcome in table.outcomes
            )
        )
        lacking = (
            schedule_id
            for schedule_id, digests in self.lacking.items()
            if not digests.isdisjoint(playable)
        )
        return frozenset(chain(using, lacking))

    def load_again(self, schedule_ids: Iterable[str], store: ScheduleStore) -> "LoadedTables":
        """Compile schedules anew, at a moment of the store that is still of this revision."""
        changed = tuple(map(store.current, sorted(schedule_ids)))
        return self.load_changes(Changes(self.revision, changed, (), has_new_tokens=False), store)

    def load_last_good(self, source: ScheduleSource, at: int) -> "LoadedTables":
        """Compile a last-good file, whose numbers may be newer than some of its schedules."""
        loaded = self.load_all(source, at)
        numbers = tuple(source.numbers())
        holders = loaded.failed.keys() | {holder for _, holder in numbers}
        snapshot = assemble_snapshot(
            revision=loaded.revision,
            links=numbers,
            tables=loaded.tables,
            unusable=frozenset(holders - loaded.tables.keys()),
            horizon_at=loaded.snapshot.horizon_at,
        )
        return replace(loaded, snapshot=snapshot)

    @property
    def kept(self) -> dict[str, int | None]:
        """The revision of the table kept for each schedule that failed, None without one."""
        return {
            schedule_id: self.tables[schedule_id].revision if schedule_id in self.tables else None
            for schedule_id in self.failed
        }

    def service(self) -> Service:
        """Return the service that these tables give."""
        degraded = self.tally.degraded.total()
        return Service(self.snapshot, self.tokens, tuple(self.failed.values()), degraded)

    def service_on_demand(self, revisions: Iterable[Revision], source: ScheduleSource) -> Service:
        """Return a service of these revisions that compiles each when a call first asks for it."""
        snapshot = assemble_snapshot(
            revision=self.revision,
            links=source.numbers(),
            tables={
                revision.schedule_id: PendingTable(partial(self._table_for_call, revision))
                for revision in revisions
            },
            unusable=frozenset(),
            horizon_at=self._horizon_at,
        )
        return Service(snapshot, self.tokens)

    @property
    def _horizon_at(self) -> int:
        return (self.first_day + HORIZON_DAYS) * DAY_SECONDS

    def with_revisions(
        self,
        revisions: Iterable[Revision],
        deleted: Iterable[str],
        source: ScheduleSource,
        earlier: Mapping[str, IntervalTable],
    ) -> "LoadedTables":
        """Compile revisions, at the moment `source` is read, and leave out what was deleted.

        Of each that can't be compiled the table among the `earlier` ones is kept, else the last
        one known to be good.
        """
        tables: dict[str, IntervalTable] = {}
        failed: dict[str, str] = {}
        lacking: dict[str, frozenset[str]] = {}
        for revision in revisions:
            schedule_id = revision.schedule_id
            missed: set[str] = set()
            try:
                tables[schedule_id] = self._table_of(revision, missed)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the rest is served
                failed[schedule_id] = f"schedule {schedule_id} can't be compiled: {told(error)}"
                is_ours = not isinstance(error, BereikbaarError)
                _log.error(
                    "schedule_failed", schedule=schedule_id, why=told(error), exc_info=is_ours
                )
            if missed:
                lacking[schedule_id] = frozenset(missed)
        tables |= self._last_good_tables(failed.keys(), earlier)
        # In order: what lies in memory as it is gone through is copied faster.
        touched = dict.fromkeys(chain(deleted, tables, failed)).keys()
        stayed = tuple(pair for pair in self.failed_numbers if pair[1] not in touched)
        after = replace(
            self,
            tables=with_changes(self.tables, touched, tables),
            failed=with_changes(self.failed, touched, failed),
            lacking=with_changes(self.lacking, touched, lacking),
            failed_numbers=(*stayed, *_numbers_of(failed.keys(), source)),
            tally=self.tally.after(
                [self.tables[one] for one in touched if one in self.tables], tables.values()
            ),
        )
        snapshot = assemble_snapshot(
            revision=self.revision,
            links=after.links_of(touched),
            tables=after.tables,
            unusable=frozenset(one for one in after.failed if one not in after.tables),
            horizon_at=self._horizon_at,
            before=self.snapshot,
            unlinked=(entry for entry, _ in self.links_of(touched)),
        )
        return replace(after, snapshot=snapshot)

    def links_of(self, schedule_ids: AbstractSet[str]) -> Iterator[tuple[str, str]]:
        """Yield what is linked to these schedules."""
        for schedule_id in schedule_ids:
            # Which numbers a stale table has left is for the store to say.
            if schedule_id in self.tables and schedule_id not in self.failed:
                for entry in self.tables[schedule_id].numbers:
                    yield entry, schedule_id
        for pair in self.failed_numbers:
            if pair[1] in schedule_ids:
                yield pair

    def _last_good_tables(
        self, schedule_ids: AbstractSet[str], earlier: Mapping[str, IntervalTable]
    ) -> dict[str, IntervalTable]:
        """Return the newest table still to be had of each schedule, of those that have one."""
        kept = {
            schedule_id: renew_table(earlier[schedule_id], self.first_day)
            for schedule_id in schedule_ids & earlier.keys()
        }
        missing = schedule_ids - kept.keys()
        if not missing:
            return kept
        for revision in self.read_good():
            if revision.schedule_id in missing:
                # One that was good for an earlier version may not be for this one.
                with suppress(Exception):
                    kept[revision.schedule_id] = self._table_of(revision, set())
        return kept

    def _targets_now(self) -> TargetCheck:
        """Return targets that look at all messages once: a whole load asks about thousands."""
        if self.list_messages is None:
            return self.targets
        return replace(self.targets, has_message=self.list_messages())

    def _table_for_call(self, revision: Revision) -> IntervalTable:
        """Compile a revision that a call waits for, which is refused where that can't be done."""
        try:
            return self._table_of(revision, set())
        except Exception as error:
            raise RefusedError("unavailable", told(error)) from error

    def _table_of(self, revision: Revision, missed: set[str]) -> IntervalTable:
        """Compile a revision; note in `missed` the messages that can't be played."""

        def has_message(digest: str) -> bool:
            is_here = self.targets.has_message(digest)
            if not is_here:
                missed.add(digest)
            return is_here

        return compile_schedule(
            revision.schedule(),
            revision=revision.revision,
            first_day=self.first_day,
            targets=TargetCheck(self.targets.policy, has_message),
        )


def told(error: Exception) -> str:
    """Return what anybody may read of an error: the text of other errors may quote a document."""
    if isinstance(error, BereikbaarError):
        return str(error)
    return f"{type(error).__name__}, a fault in the daemon; its log has more"


def _numbers_of(
    schedule_ids: AbstractSet[str], source: ScheduleSource
) -> tuple[tuple[str, str], ...]:
    """Return what is linked to these schedules: their documents can't say."""
    if not schedule_ids:
        return ()
    return tuple(pair for pair in source.numbers() if pair[1] in schedule_ids)
