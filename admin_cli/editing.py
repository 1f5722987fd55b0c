"""What every editing command does around its edit: read, judge, save all or none, tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from admin_cli.changes import Change, print_changes, saved_ids
from admin_cli.control import follow_daemon, reload_daemon
from admin_cli.guards import expectations_made_failing, new_refused_forwards
from admin_cli.invocation import Invocation, tell
from admin_cli.refusals import RefusedInputError
from pbx_adapters import clock
from schedules.errors import Fault, InvalidScheduleError, LockedError, NotFoundError
from schedules.model import Schedule
from schedules.sqlite_store import SqliteStore
from schedules.sqlite_writer import SqliteWriter


class PresentSchedules:
    """Schedules as they stand within the transaction of an edit."""

    def __init__(self, store: SqliteStore, writer: SqliteWriter) -> None:
        self.store = store
        self._writer = writer
        self.revisions: dict[str, int] = {}
        self.read: dict[str, Schedule] = {}
        # Earlier states that an edit returns to: what they held was allowed when it was saved.
        self.brought_back: dict[str, Schedule] = {}

    def __call__(self, schedule_id: str) -> Schedule:
        """Return a schedule; raises `NotFoundError`, which names ids that look like it."""
        if schedule_id not in self.read:
            current = self._writer.current(schedule_id) or self.store.current(schedule_id)
            # One that can't be read can be saved over all the same.
            self.revisions[schedule_id] = current.revision
            self.read[schedule_id] = current.schedule()
        return self.read[schedule_id]

    def edit_each(
        self, schedule_ids: Iterable[str], edit: Callable[[Schedule], Schedule]
    ) -> list[Schedule]:
        """Edit several schedules, each once.

        Raises `InvalidScheduleError` with the faults of all of them, and `NotFoundError` with all
        that aren't there.
        """
        edited: list[Schedule] = []
        faults: list[Fault] = []
        missing: list[str] = []
        for schedule_id in dict.fromkeys(schedule_ids):
            try:
                edited.append(edit(self(schedule_id)))
            except InvalidScheduleError as error:
                faults += [_in_schedule(schedule_id, fault) for fault in error.faults]
            except NotFoundError as error:
                missing.append(str(error))
        if missing:
            raise NotFoundError("\n".join(missing))
        if faults:
            raise InvalidScheduleError(faults)
        return edited

    def has(self, schedule_id: str) -> bool:
        """Tell whether there is a schedule with this id."""
        return self._writer.current(schedule_id) is not None


Edit = Callable[[PresentSchedules], Iterable[Schedule]]


def save_edits(  # noqa: PLR0913 - one argument for each thing an edit may need
    invocation: Invocation,
    edit: Edit,
    *,
    summary: str,
    may_create: bool = False,
    is_brake: bool = False,
    masters: Sequence[bytes] = (),
    **facts: object,
) -> list[Change]:
    """Save the schedules that an edit returns in one transaction, and tell what it changes.

    `edit` is a function of the schedules as they stand; each one it returns is saved under its id,
    all or none. `masters` are messages that come with it: stored within the transaction, so that
    no collection takes them away before they are named. `facts` join the answer in JSON. An
    override is the emergency brake (`is_brake`): expectations don't hold it up (semantics.md rule
    7). Raises what the edit raises, `RefusedInputError` for what may not be saved, `ConflictError`.
    """
    with invocation.open_store(may_create=may_create, is_dry_run=invocation.is_dry_run) as store:
        with invocation.writing(store, is_dry_run=invocation.is_dry_run) as writer:
            present = PresentSchedules(store, writer)
            edited = list(edit(present))
            notes = _judge(invocation, present, edited, is_brake=is_brake)
            changes = list(_saved(present, writer, edited, summary, notes))
            missed = _store(invocation, masters)
        revision = store.revision()
        is_reload_due = bool(missed) and _are_missed(missed, store, changes)
    if is_reload_due:
        reload_daemon(invocation)
    tell_changes(invocation, changes, revision, **facts)
    return changes


def save_edit(
    invocation: Invocation, schedule_id: str, edit: Callable[[Schedule], Schedule], summary: str
) -> list[Change]:
    """Save an edit of one schedule, as `save_edits` does it."""
    return save_edits(invocation, lambda present: [edit(present(schedule_id))], summary=summary)


def tell_changes(
    invocation: Invocation, changes: list[Change], revision: int, **facts: object
) -> None:
    """Tell saved changes, once the daemon serves them; `revision` is the store's."""
    if not invocation.is_dry_run and saved_ids(changes):
        # First: comparing thousands of schedules takes longer than the daemon does.
        follow_daemon(invocation, revision)
    print_changes(
        changes,
        invocation,
        invocation.targets,
        clock.now(),
        dry_run=invocation.is_dry_run,
        store_revision=revision,
        **facts,
    )
    if invocation.is_dry_run:
        tell("a dry run: nothing was saved")


def _store(invocation: Invocation, masters: Sequence[bytes]) -> set[str]:
    """Store messages, and return the hashes of those that were missing until now."""
    if not masters or invocation.is_dry_run:
        return set()
    from admin_cli.incoming import store_masters

    return store_masters(masters, invocation.masters)


def _are_missed(missed: set[str], store: SqliteStore, changes: list[Change]) -> bool:
    from admin_cli.incoming import are_missed

    return are_missed(missed, store, saved_ids(changes))


def _saved(
    present: PresentSchedules,
    writer: SqliteWriter,
    edited: list[Schedule],
    summary: str,
    notes: dict[str, tuple[str, ...]],
) -> Iterator[Change]:
    locked = []
    for after in edited:
        before = present.read.get(after.id)
        if before == after:
            yield Change(after.id, "unchanged", present.revisions[after.id], before, after)
            continue
        told = notes.get(after.id, ())
        expected = present.revisions.get(after.id, 0)
        try:
            revision = writer.save(
                after, summary="; ".join((summary, *told)), expected_revision=expected
            )
        except LockedError as error:
            locked.append(str(error))
            continue
        result = "changed" if expected else "created"
        yield Change(after.id, result, revision, before, after, notes=told)
    if locked:
        raise LockedError("\n".join(locked))


def _judge(
    invocation: Invocation, present: PresentSchedules, edited: list[Schedule], *, is_brake: bool
) -> dict[str, tuple[str, ...]]:
    """Return what was allowed to fail, by schedule; raises `RefusedInputError` with all faults."""
    faults: list[Fault] = []
    notes: dict[str, tuple[str, ...]] = {}
    for after in edited:
        before = present.read.get(after.id)
        policy = invocation.config.forward_policy
        found = new_refused_forwards(before, after, policy)
        if after.id in present.brought_back:
            earlier = present.brought_back[after.id]
            also = new_refused_forwards(earlier, after, policy)
            found = [fault for fault in found if fault in also]
        failing = []
        if not is_brake:
            failing = expectations_made_failing(before, after, invocation.targets, clock.now())
        if invocation.may_fail:
            notes[after.id] = tuple(
                f"allowed to fail: {fault.place}: {fault.problem}" for fault in failing
            )
        else:
            found += failing
        # Where an edit read others as well, an id in the place says which one is meant.
        is_one = len(edited) == 1 and present.read.keys() <= {after.id}
        faults += [fault if is_one else _in_schedule(after.id, fault) for fault in found]
    if faults:
        raise RefusedInputError((None, fault) for fault in faults)
    return notes


def _in_schedule(schedule_id: str, fault: Fault) -> Fault:
    return replace(fault, place=f"{schedule_id}: {fault.place}")
