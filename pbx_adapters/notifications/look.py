"""One look at the store: what each schedule's new revisions, and the time, have to tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pbx_adapters.answer import format_instant
from pbx_adapters.notifications.outbox import Seen
from pbx_adapters.notifications.override_news import (
    Planned,
    Span,
    Transition,
    follow_overrides,
    planned_in,
)
from pbx_adapters.notifications.settings import EventKind
from routing_engine.caller_changes import caller_changes
from routing_engine.compiler import TargetCheck
from schedules.errors import BereikbaarError
from schedules.model import Schedule
from schedules.override_editing import may_have_overrides
from schedules.revisions import Revision
from schedules.store import ScheduleStore

Wants = Callable[[EventKind, str, str | None], bool]

# Comparing a year takes milliseconds, and they shall not be many beside the calls.
_MOST_COMPARED: Final = 50
_MOST_SENTENCES: Final = 25


class Event(NamedTuple):
    """One thing to be told; `key` is the same whenever it is found again."""

    key: str
    kind: EventKind
    schedule: str
    company: str | None
    at: int
    told: dict[str, Any]


class Subject(NamedTuple):
    """What is told of a schedule, and the overrides that it has."""

    name: str
    company: str | None
    timezone: str
    planned: tuple[Planned, ...]
    mark: str


@dataclass(slots=True)
class Known:
    """What is known of the store from earlier looks, by schedule.

    `subjects` holds those that have overrides. `wants` tells whether anybody asks for an event: of
    others none is made.
    """

    seen: dict[str, Seen]
    running: dict[str, Planned]
    targets: TargetCheck
    wants: Wants
    subjects: dict[str, Subject] = field(default_factory=dict)


class Look:
    """One look in the making: what it found up to now, from one instant to another.

    `seen` and `running` hold what differs from what was known, None for what is no more.
    `other_history` counts schedules whose revisions aren't those that were followed: a backup was
    put back.
    """

    def __init__(self, known: Known, store: ScheduleStore, since: int, until: int) -> None:
        self._known = known
        self._store = store
        self._since = since
        self._until = until
        self._compared = 0
        self.seen: dict[str, Seen | None] = {}
        self.running: dict[str, Planned | None] = {}
        self.subjects: dict[str, Subject] = {}
        self.events: list[Event] = []
        self.other_history = 0

    def take_change(self, latest: Revision) -> None:
        """Take in what was saved of a schedule: each revision, and what it means for overrides."""
        schedule_id = latest.schedule_id
        seen = self._known.seen.get(schedule_id)
        self.seen[schedule_id] = Seen(latest.revision, latest.sha256)
        base, revisions = self._history_since(latest, seen)
        before = _read(base)
        subject = _subject_of(before, base.sha256 if base else "")
        spans = [Span(self._since, subject.planned, subject.mark)]
        for revision in revisions:
            after = _read(revision)
            if after is not None or revision.is_deletion:
                subject = _subject_of(after, revision.sha256, subject)
            self._tell_revision(revision, before, after, subject)
            saved_at = int(revision.saved_at.timestamp())
            spans.append(
                Span(saved_at, subject.planned, revision.sha256, is_deleted=revision.is_deletion)
            )
            before = after or before
        if not latest.is_deletion:
            self.subjects[schedule_id] = subject
        self._follow(schedule_id, subject, spans)

    def take_purge(self, schedule_id: str) -> None:
        """Take in that a schedule is gone with all its revisions."""
        self.seen[schedule_id] = None
        subject = Subject(schedule_id, None, "UTC", (), f"purged-{schedule_id}")
        self._follow(schedule_id, subject, [Span(self._since, (), subject.mark, is_deleted=True)])

    def take_time(self, schedule_id: str) -> None:
        """Take in that time went by for a schedule that nobody saved."""
        subject = self._known.subjects[schedule_id]
        self._follow(schedule_id, subject, [Span(self._since, subject.planned, subject.mark)])

    def _history_since(
        self, latest: Revision, seen: Seen | None
    ) -> tuple[Revision | None, Sequence[Revision]]:
        """Return the revision that was seen, and those since; the latest and none for others'."""
        history = self._store.history(latest.schedule_id)
        for index, revision in enumerate(history):
            if (revision.revision, revision.sha256) == seen:
                return revision, history[index + 1 :]
        # It may have been purged and made anew.
        if seen is None or int(history[0].saved_at.timestamp()) >= self._since:
            return None, history
        self.other_history += 1
        return latest, ()

    def _follow(self, schedule_id: str, subject: Subject, spans: Sequence[Span]) -> None:
        was = self._known.running.get(schedule_id)
        found, now = follow_overrides(was, spans, self._until)
        if now != was:
            self.running[schedule_id] = now
        for transition in found:
            self._tell_override(schedule_id, subject, transition)

    def _tell_revision(
        self, revision: Revision, before: Schedule | None, after: Schedule | None, subject: Subject
    ) -> None:
        if not self._known.wants("revision", revision.schedule_id, subject.company):
            return
        result = "created" if before is None else "changed"
        sentences = self._sentences(before, after)
        self._tell(
            revision.sha256,
            "revision",
            revision.schedule_id,
            subject,
            int(revision.saved_at.timestamp()),
            revision=revision.revision,
            result="deleted" if revision.is_deletion else result,
            author=revision.author,
            summary=revision.summary,
            callers=sentences and sentences[:_MOST_SENTENCES],
            callers_left_out=max(len(sentences or ()) - _MOST_SENTENCES, 0),
        )

    def _sentences(self, before: Schedule | None, after: Schedule | None) -> list[str] | None:
        """Say what changes for callers; None where that wasn't compared."""
        if before is None or after is None:
            return []
        self._compared += 1
        if self._compared > _MOST_COMPARED:
            return None
        try:
            _, sentences = caller_changes(
                before, after, self._known.targets, self._until, is_brief=True
            )
        except (BereikbaarError, ValueError):
            # What can't be compiled is told by readiness and an alarm.
            return None
        return sentences

    def _tell_override(self, schedule_id: str, subject: Subject, one: Transition) -> None:
        kind: EventKind = "override-start" if one.why is None else "override-end"
        if not self._known.wants(kind, schedule_id, subject.company):
            return
        planned = one.planned
        told = {
            "override": planned.override,
            "reason": planned.reason,
            "treatment": planned.treatment,
            "from": format_instant(planned.from_at),
            "until": format_instant(planned.until_at),
        }
        key = f"{kind}/{schedule_id}/{'/'.join(map(str, planned))}/{one.why}/{one.mark}"
        if one.why is not None:
            told |= {"why": one.why}
        self._tell(key, kind, schedule_id, subject, one.at, **told)

    def _tell(
        self,
        key: str,
        kind: EventKind,
        schedule_id: str,
        subject: Subject,
        at: int,
        **told: object,
    ) -> None:
        about = {
            "schedule": schedule_id,
            "schedule_name": subject.name,
            "company": subject.company,
            "timezone": subject.timezone,
            "at": format_instant(at),
        }
        self.events.append(Event(key, kind, schedule_id, subject.company, at, about | told))


def subjects_of(revisions: Iterable[Revision]) -> Iterator[tuple[str, Subject]]:
    """Yield the schedules that have overrides, by id."""
    for revision in revisions:
        # Reading a document takes long, and few have any.
        if may_have_overrides(revision.document):
            schedule = _read(revision)
            if schedule is not None and schedule.overrides:
                yield revision.schedule_id, _subject_of(schedule, revision.sha256)


def _subject_of(schedule: Schedule | None, mark: str, former: Subject | None = None) -> Subject:
    """Return what is told of a schedule; of one that is deleted what was told of it before."""
    if schedule is None:
        name, company, timezone = former[:3] if former else ("", None, "UTC")
        return Subject(name, company, timezone, (), mark)
    return Subject(schedule.name, schedule.company, schedule.timezone, planned_in(schedule), mark)


def _read(revision: Revision | None) -> Schedule | None:
    """Return the schedule of a revision, None for a deletion or where it can't be read."""
    try:
        return revision.schedule() if revision else None
    except BereikbaarError:
        return None
