"""What happened in the store since it was last followed, as events to be told."""

from collections.abc import Mapping
from math import inf
from typing import Any, Final, NamedTuple

from pbx_adapters.notifications.look import Event, Known, Look, Subject, Wants, subjects_of
from pbx_adapters.notifications.outbox import Followed, Position, Seen
from pbx_adapters.notifications.override_news import Planned, running_at
from routing_engine.compiler import TargetCheck
from schedules.errors import ConflictError, StoreUnavailableError
from schedules.revisions import Revision
from schedules.store import ScheduleStore

# A clock that was put right by more than that begins anew where it stands.
_CLOCK_STEP: Final = 3_600


class News(NamedTuple):
    """What one look found, and where it leads to.

    `seen` and `running` hold what differs by schedule, None for what is no more; `other_history` is
    as of `Look`.
    """

    position: Position
    seen: dict[str, Seen | None]
    running: dict[str, Planned | None]
    subjects: dict[str, Subject]
    events: list[Event]
    other_history: int


class Follower:
    """Follows one store from look to look.

    `wants` tells whether anybody asks for an event: of others none is made.
    """

    def __init__(self, followed: Followed, targets: TargetCheck, wants: Wants) -> None:
        self.position = followed.position
        self._known = Known(dict(followed.seen), dict(followed.running), targets, wants)
        # When the next override begins or ends; before the first look that isn't known.
        self._next_edge: float = -inf

    @property
    def followed(self) -> Followed:
        """What is known by now."""
        return Followed(self.position, dict(self._known.seen), dict(self._known.running))

    def is_due(self, at: int) -> bool:
        """Tell whether an override may have begun or ended since the last look."""
        return at >= self._next_edge

    def look(self, store: ScheduleStore, file: str, at: int) -> News:
        """Return what happened up to an instant; `file` tells one database from another.

        Raises `StoreUnavailableError`.
        """
        since = self.position.looked_at
        since = since if since - at < _CLOCK_STEP else at
        until = max(at, since)
        known = self._known
        look = Look(known, store, since, until)
        with store.reading():
            revision = store.revision()
            if revision == 0 and self.position.revision:
                raise StoreUnavailableError("the store is empty and takes the place of another")
            if self._next_edge == -inf:
                known.subjects = dict(subjects_of(store.currents()))
            changes, purged = self._changes(store, file, revision)
            for latest in changes:
                look.take_change(latest)
        for schedule_id in purged:
            look.take_purge(schedule_id)
        for schedule_id in known.subjects.keys() - look.seen.keys():
            look.take_time(schedule_id)
        return News(
            Position(file, revision, until),
            look.seen,
            look.running,
            look.subjects,
            sorted(look.events, key=lambda event: event.at),
            look.other_history,
        )

    def take(self, news: News) -> None:
        """Go on from where a look led to, once that is kept."""
        known = self._known
        self.position = news.position
        _update(known.seen, news.seen)
        _update(known.running, news.running)
        for schedule_id in news.seen:
            known.subjects.pop(schedule_id, None)
        known.subjects |= news.subjects
        self._next_edge = min(
            (
                edge
                for subject in known.subjects.values()
                for one in subject.planned
                for edge in (one.from_at, one.until_at)
                if edge > news.position.looked_at
            ),
            default=inf,
        )

    def _changes(
        self, store: ScheduleStore, file: str, revision: int
    ) -> tuple[list[Revision], set[str]]:
        """Return the latest revision of each schedule that changed, and which were purged."""
        if (file, revision) == self.position[:2]:
            return [], set()
        if file == self.position.file:
            try:
                changes = store.changed_since(self.position.revision)
            except ConflictError:
                pass
            else:
                deleted = set(changes.deleted)
                # Finding them takes as long as reading everything.
                gone = [
                    one
                    for one in (store.deletions() if deleted else ())
                    if one.schedule_id in deleted
                ]
                return [*changes.changed, *gone], set()
        found, there = [], set()
        for latest in (*store.currents(), *store.deletions()):
            there.add(latest.schedule_id)
            if self._known.seen.get(latest.schedule_id) != Seen(latest.revision, latest.sha256):
                found.append(latest)
        return found, self._known.seen.keys() - there


def begin(store: ScheduleStore, file: str, at: int) -> Followed:
    """Return where following begins at an instant: whatever was before is no news."""
    with store.reading():
        revision = store.revision()
        currents = list(store.currents())
        seen = {one.schedule_id: Seen(one.revision, one.sha256) for one in currents}
        seen |= {one.schedule_id: Seen(one.revision, one.sha256) for one in store.deletions()}
    running = {
        schedule_id: now
        for schedule_id, subject in subjects_of(currents)
        if (now := running_at(subject.planned, at))
    }
    return Followed(Position(file, revision, at), seen, running)


def _update(known: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for schedule_id, one in changes.items():
        if one is None:
            known.pop(schedule_id, None)
        else:
            known[schedule_id] = one
