"""From stored schedules to a service: what is served when not everything can be compiled."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pbx_adapters.loader import LoadedTables
from routing_engine.compiler import TargetCheck
from routing_engine.decision import CallQuery, Decision
from routing_engine.resolver import resolve
from schedules.forward_rules import ForwardPolicy
from schedules.revisions import Revision, document_of
from schedules.store import Changes, Token
from tests.engine import CLOSED, OPEN, SHA256, instant, schedule_of
from tests.stored import Source

AT = instant("2026-11-23T10:00")
SAVED_AT = datetime(2026, 11, 22, tzinfo=UTC)
FIRST = "+31850000001"
SECOND = "+31850000002"


def saved(schedule_id: str, document: str, revision: int = 1) -> Revision:
    """Make a stored revision with the checksum that belongs to it."""
    return Revision(schedule_id, revision, document, "", "me", SAVED_AT, "x").sealed()


def good(
    schedule_id: str, week: tuple[str, ...] = OPEN, revision: int = 1, *numbers: str, **more: object
) -> Revision:
    """Make a stored schedule, open all week unless told otherwise."""
    schedule = schedule_of(week, id=schedule_id, numbers=list(numbers), **more)
    return saved(schedule_id, document_of(schedule), revision)


def unreadable(schedule_id: str, revision: int = 2) -> Revision:
    """Make a revision with a right checksum that this version can't read."""
    return saved(schedule_id, '{"id": "x", "colour": "blue"}', revision)


def damaged(schedule_id: str, revision: int = 2) -> Revision:
    """Make a revision whose checksum doesn't match."""
    return replace(good(schedule_id, OPEN, revision), sha256="0" * 64)


def no_tables(kept: Iterable[Revision] = ()) -> LoadedTables:
    """Start with nothing loaded, and these revisions known to be good."""
    return LoadedTables(TargetCheck(ForwardPolicy(), lambda _: True), lambda: kept)


def changed(
    *revisions: Revision, deleted: tuple[str, ...] = (), store_revision: int = 2
) -> Changes:
    """Tell what changed, tokens aside."""
    return Changes(store_revision, revisions, deleted, has_new_tokens=False)


def decided(loaded: LoadedTables, number: str, at: int = AT) -> Decision:
    """Decide a call."""
    return resolve(loaded.service().snapshot, CallQuery(at, number))


def test_everything_is_loaded() -> None:
    """Each schedule gets a table, and its numbers reach it."""
    source = Source((good("a", OPEN, 1, FIRST), good("b", CLOSED, 4, SECOND)), store_revision=9)
    loaded = no_tables().load_all(source, AT)
    assert (decided(loaded, FIRST).schedule, decided(loaded, FIRST).outcome.status) == ("a", "open")
    assert (decided(loaded, SECOND).revision, loaded.revision) == (4, 9)
    assert loaded.service().troubles == ()


@pytest.mark.parametrize("broken", [unreadable("b"), damaged("b")], ids=["unreadable", "damaged"])
def test_broken_schedule_leaves_the_others(broken: Revision) -> None:
    """One that can't be compiled is out of service, told, and known by its number."""
    source = Source((good("a", OPEN, 1, FIRST), broken), ((FIRST, "a"), (SECOND, "b")))
    loaded = no_tables().load_all(source, AT)
    assert decided(loaded, FIRST).outcome.status == "open"
    assert decided(loaded, SECOND).reason == "outside-service"
    (trouble,) = loaded.service().troubles
    assert trouble.startswith("schedule b can't be compiled: ")


def test_broken_change_keeps_the_table_in_service() -> None:
    """What was in service stays there, with its own revision, while the new one is broken."""
    source = Source((good("a", OPEN, 1, FIRST),), ((FIRST, "a"),))
    loaded = no_tables().load_all(source, AT)
    after = loaded.load_changes(changed(unreadable("a")), source)
    assert (decided(after, FIRST).revision, decided(after, FIRST).outcome.status) == (1, "open")
    assert len(after.service().troubles) == 1
    again = after.load_all(replace(source, revisions=(unreadable("a"),)), AT)
    assert decided(again, FIRST).revision == 1


def test_mended_change_ends_the_trouble() -> None:
    """The next good revision is served, and nothing is left to tell."""
    source = Source((good("a", OPEN, 1, FIRST),), ((FIRST, "a"),))
    broken = no_tables().load_all(source, AT).load_changes(changed(unreadable("a")), source)
    mended = broken.load_changes(changed(good("a", CLOSED, 3, FIRST), store_revision=3), source)
    assert (decided(mended, FIRST).revision, mended.service().troubles) == (3, ())


def test_cold_start_takes_the_last_good_revision() -> None:
    """Without a table in service, the one that was kept is compiled."""
    source = Source((unreadable("a"), good("b")), ((FIRST, "a"),))
    loaded = no_tables([good("b"), good("a", OPEN, 1, FIRST)]).load_all(source, AT)
    assert (decided(loaded, FIRST).schedule, decided(loaded, FIRST).revision) == ("a", 1)
    assert len(loaded.failed) == 1


@pytest.mark.parametrize("kept", [unreadable("a", 1), damaged("a", 1), good("b")])
def test_cold_start_with_nothing_good_is_out_of_service(kept: Revision) -> None:
    """A kept revision that is no better, or of another schedule, is no help."""
    loaded = no_tables([kept]).load_all(Source((unreadable("a"),), ((FIRST, "a"),)), AT)
    assert decided(loaded, FIRST).reason == "outside-service"


def test_kept_revisions_are_read_once() -> None:
    """However many schedules are broken, the last-good file is gone through once."""
    reads = []

    def read_good() -> list[Revision]:
        reads.append(1)
        return [good(f"s{number}") for number in range(20)]

    tables = replace(no_tables(), read_good=read_good)
    broken = tuple(unreadable(f"s{number}") for number in range(20))
    loaded = tables.load_all(Source(broken), AT)
    assert (len(loaded.tables), len(loaded.failed), len(reads)) == (20, 20, 1)


def test_number_of_a_broken_schedule_follows_the_store() -> None:
    """A number that left a schedule with its broken revision reaches its new holder."""
    source = Source((good("a", OPEN, 1, FIRST), good("b", CLOSED)), ((FIRST, "a"),))
    loaded = no_tables().load_all(source, AT)
    moved = Source((), ((FIRST, "b"), (SECOND, "a")))
    after = loaded.load_changes(changed(unreadable("a"), good("b", CLOSED, 2, FIRST)), moved)
    assert decided(after, FIRST).schedule == "b"
    assert (decided(after, SECOND).schedule, decided(after, SECOND).revision) == ("a", 1)


def test_deleted_schedule_is_gone() -> None:
    """Its numbers are unknown, and a trouble with it is over."""
    source = Source((good("a", OPEN, 1, FIRST), unreadable("b")), ((SECOND, "b"),))
    loaded = no_tables().load_all(source, AT)
    after = loaded.load_changes(changed(deleted=("a", "b")), Source(()))
    assert decided(after, FIRST).reason == decided(after, SECOND).reason == "unknown-number"
    assert after.service().troubles == ()


def test_earlier_service_is_left_alone() -> None:
    """A change makes new tables; calls being answered from the old ones don't notice."""
    source = Source((good("a", OPEN, 1, FIRST),))
    loaded = no_tables().load_all(source, AT)
    loaded.load_changes(changed(good("a", CLOSED, 2, FIRST), deleted=("b",)), source)
    assert (decided(loaded, FIRST).outcome.status, loaded.revision) == ("open", 1)


def test_load_that_breaks_off_changes_nothing() -> None:
    """When the source fails midway, what was loaded before is whole."""

    class BreakingSource(Source):
        def currents(self) -> Iterator[Revision]:
            yield good("a", CLOSED, 2, FIRST)
            raise OSError

    loaded = no_tables().load_all(Source((good("a", OPEN, 1, FIRST),)), AT)
    with pytest.raises(OSError):  # noqa: PT011 - the one raised above
        loaded.load_all(BreakingSource(()), AT)
    assert decided(loaded, FIRST).outcome.status == "open"


def test_tokens_change_when_told() -> None:
    """Tokens are read anew only with a change of tokens."""
    token = Token("t1", "pbx", "ab" * 32, False, frozenset(), (), SAVED_AT)  # noqa: FBT003 - a row
    loaded = no_tables().load_all(Source((), live=(token,)), AT)
    assert loaded.tokens.entries.keys() == {"t1"}
    without = Source(())
    assert loaded.load_changes(changed(), without).tokens.entries.keys() == {"t1"}
    told = replace(changed(), has_new_tokens=True)
    assert not loaded.load_changes(told, without).tokens.entries


def test_last_good_numbers_are_the_newest() -> None:
    """A number that left a schedule whose older revision was kept reaches its new holder."""
    kept = Source((good("a", OPEN, 1, FIRST), good("b", CLOSED, 2, FIRST)), ((FIRST, "b"),))
    loaded = no_tables().load_last_good(kept, AT)
    assert decided(loaded, FIRST).schedule == "b"
    moved = Source((good("a", CLOSED, 2, FIRST), good("b", OPEN, 1, FIRST)), ((FIRST, "a"),))
    assert decided(no_tables().load_last_good(moved, AT), FIRST).schedule == "a"
    assert decided(loaded.load_all(replace(moved, revisions=()), AT), FIRST).schedule == ""


def test_number_of_a_schedule_left_out_is_out_of_service() -> None:
    """A last-good file that knows the number but not the schedule makes no number unknown."""
    loaded = no_tables().load_last_good(Source((), ((FIRST, "a"),)), AT)
    assert decided(loaded, FIRST).reason == "outside-service"


def test_kept_tables_are_told_by_revision() -> None:
    """Of each schedule that failed, the revision in service is told, or that there is none."""
    source = Source((good("a", OPEN, 1, FIRST), good("c")))
    loaded = no_tables().load_all(source, AT)
    assert loaded.load_changes(changed(unreadable("a"), unreadable("b")), source).kept == {
        "a": 1,
        "b": None,
    }


def test_trouble_quotes_nothing_stored() -> None:
    """What stands in a document that can't be read is not for whoever asks for readiness."""
    secret = saved("a", '{"id": "a", "name": "+31612345678", "pbx": "geheim", "numbers": 7}')
    (trouble,) = no_tables().load_all(Source((secret,)), AT).service().troubles
    assert trouble.startswith("schedule a can't be compiled: schedule a, revision 1: ")
    assert "roll back" in trouble
    assert "pbx: " in trouble
    assert not [word for word in ("geheim", "6123", "7", "http", "input") if word in trouble]


def test_fault_of_ours_quotes_nothing_stored() -> None:
    """A defect met while compiling is told by its kind: its text may quote a document."""

    def is_stored(_digest: str) -> bool:
        raise KeyError("+31612345678")

    week = ("00:00-24:00 closed audio=a",)
    revision = good("a", week, audio={"a": {"name": "A", "sha256": SHA256}})
    tables = LoadedTables(TargetCheck(ForwardPolicy(), is_stored), lambda: ())
    (trouble,) = tables.load_all(Source((revision,)), AT).service().troubles
    assert "KeyError" in trouble
    assert "6123" not in trouble


def test_kept_table_is_renewed_with_the_others() -> None:
    """A table kept for a broken revision covers the same days as all others."""
    loaded = no_tables().load_all(Source((good("a", OPEN, 1, FIRST),)), AT)
    later = loaded.load_all(Source((unreadable("a"),), ((FIRST, "a"),)), AT + 86_400)
    assert later.tables["a"].recurring.first_day == later.first_day == loaded.first_day + 1


def test_whole_load_looks_at_the_messages_once() -> None:
    """A whole load asks one listing, made anew for each; a change asks about its own messages."""
    listed: list[set[str]] = []
    stored: set[str] = set()

    def list_messages() -> Callable[[str], bool]:
        listed.append(stored.copy())
        return listed[-1].__contains__

    targets = TargetCheck(ForwardPolicy(), stored.__contains__)
    tables = LoadedTables(targets, lambda: (), list_messages=list_messages)
    audio = {"a": {"name": "A", "sha256": SHA256}}
    revision = good("a", ("00:00-24:00 closed audio=a",), audio=audio)
    loaded = tables.load_all(Source((revision,)), AT)
    stored.add(SHA256)
    later = loaded.load_changes(changed(revision), Source(()))
    anew = loaded.load_all(Source((revision,)), AT)
    assert [one.tally.degraded["audio"] for one in (loaded, later, anew)] == [7, 0, 0]
    assert listed == [set(), {SHA256}]


def test_messages_are_listed_after_the_moment_of_the_load() -> None:
    """A message stored just before the revision that plays it was saved is there."""
    events: list[str] = []

    class Watched(Source):
        def revision(self) -> int:
            events.append("moment")
            return super().revision()

    def list_messages() -> Callable[[str], bool]:
        events.append("messages")
        return lambda _: True

    targets = TargetCheck(ForwardPolicy(), lambda _: True)
    LoadedTables(targets, lambda: (), list_messages=list_messages).load_all(Watched(()), AT)
    assert events == ["moment", "messages"]


def test_unusable_targets_are_counted() -> None:
    """Forwards that aren't allowed and messages that are gone count by field (rule 19)."""
    span = {"from": "2026-11-22T10:00+01:00", "until": "2026-11-22T12:00+01:00"}
    revision = good(
        "a",
        ("00:00-12:00 closed audio=a", "12:00-24:00 closed forward=f"),
        sun=["00:00-24:00 closed"],
        audio={"a": {"name": "A", "sha256": SHA256}},
        forwards={"f": {"name": "F", "number": "+32470000000"}},
        overrides={"o": span | {"slot": "closed audio=a", "reason": "x"}},
    )
    tables = LoadedTables(TargetCheck(ForwardPolicy(), lambda _: False), lambda: ())
    loaded = tables.load_all(Source((revision,)), AT)
    assert loaded.tally.degraded == {"audio": 7, "forward": 6}
    assert (loaded.service().degraded_targets, loaded.service().troubles) == (13, ())
    assert loaded.load_changes(changed(deleted=("a",)), Source(())).tally.degraded == {}


def test_an_override_s_target_counts_when_no_day_uses_it() -> None:
    """A message that only an override plays is missed all the same (semantics.md rule 19)."""
    forced = {
        "from": "2026-11-22T10:00+01:00",
        "until": "2026-11-22T12:00+01:00",
        "slot": "closed audio=a",
        "reason": "x",
    }
    revision = good("a", audio={"a": {"name": "A", "sha256": SHA256}}, overrides={"o": forced})
    tables = LoadedTables(TargetCheck(ForwardPolicy(), lambda _: False), lambda: ())
    assert tables.load_all(Source((revision,)), AT).tally.degraded == {"audio": 1}


def test_schedules_that_messages_touch() -> None:
    """Touched are who uses what can't be played any more, and who named what now can be.

    Also where a forward that isn't allowed is what the outcome tells of.
    """
    stored, gone = SHA256, "cd" * 32
    forwards = {"f": {"name": "F", "number": "+32470000000"}}
    revisions = (
        good("hears", ("00:00-24:00 open audio=a",), audio={"a": {"name": "A", "sha256": stored}}),
        good(
            "lacks",
            ("00:00-24:00 open audio=a forward=f",),
            audio={"a": {"name": "A", "sha256": gone}},
            forwards=forwards,
        ),
        good("neither", ("00:00-24:00 open forward=f",), forwards=forwards),
    )
    targets = TargetCheck(ForwardPolicy(), {stored}.__contains__)
    loaded = LoadedTables(targets, lambda: ()).load_all(Source(revisions), AT)
    cases: list[tuple[set[str], set[str]]] = [
        ({stored}, set()),
        (set(), {"hears"}),
        ({gone}, {"hears", "lacks"}),
        ({stored, gone}, {"lacks"}),
    ]
    for playable, touched in cases:
        assert loaded.touched_by(playable) == touched
    mended = replace(loaded, targets=TargetCheck(ForwardPolicy(), lambda _: True))
    assert mended.load_changes(changed(revisions[1]), Source(())).lacking == {}
