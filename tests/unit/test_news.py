"""What happened in a store since it was last looked at, whatever happened in between."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pbx_adapters.notifications.look import Event
from pbx_adapters.notifications.news import Follower, begin
from routing_engine.compiler import TargetCheck
from schedules.errors import StoreUnavailableError
from schedules.sqlite_store import SqliteStore, open_store
from tests.engine import CLOSED, HOME, OPEN, schedule_of

# 2026-11-22 10:00:00 UTC, a Sunday.
AT = 1_795_341_600
TARGETS = TargetCheck(HOME, lambda _: True)


def override(from_at: int, until_at: int, reason: str = "Storing") -> dict[str, dict[str, str]]:
    """Plan an override between two instants, seconds after `AT`."""
    moments = [datetime.fromtimestamp(AT + at, UTC).isoformat() for at in (from_at, until_at)]
    planned = {"from": moments[0], "until": moments[1], "slot": "closed", "reason": reason}
    return {reason.lower(): planned}


@dataclass
class Watch:
    """A store, and somebody who looks at it now and then."""

    store: SqliteStore
    file: str = "1:1"
    wanted: Callable[..., bool] = lambda *_: True
    follower: Follower | None = None
    taken: list[Event] = field(default_factory=list)

    def save(
        self, at: int, week: tuple[str, ...] = OPEN, name: str = "kantoor", **keys: Any
    ) -> None:
        """Save a schedule, seconds after `AT`."""
        saved_at = datetime.fromtimestamp(AT + at, UTC)
        schedule = schedule_of(week, id=name, name=name.title(), **keys)
        with self.store.writing("jan", saved_at) as writer:
            writer.save(schedule, summary=f"saved at {at}")

    def delete(self, at: int, name: str = "kantoor", *, is_purged: bool = False) -> None:
        """Delete a schedule, and purge it."""
        with self.store.writing("jan", datetime.fromtimestamp(AT + at, UTC)) as writer:
            writer.delete(name, summary="gone")
        if is_purged:
            with self.store.writing("jan", datetime.fromtimestamp(AT + at, UTC)) as writer:
                writer.purge(name)

    def begin(self, at: int = 0) -> None:
        """Begin to follow the store."""
        self.follower = Follower(begin(self.store, self.file, AT + at), TARGETS, self.wanted)
        assert self.look(at) == []

    def restart(self) -> None:
        """Forget all but what the outbox keeps."""
        assert self.follower is not None
        self.follower = Follower(self.follower.followed, TARGETS, self.wanted)

    def look(self, at: int) -> list[tuple[str, ...]]:
        """Look, and return each event as its kind, schedule and what tells it from others."""
        assert self.follower is not None
        news = self.follower.look(self.store, self.file, AT + at)
        self.follower.take(news)
        self.taken = news.events
        return [
            (
                one.kind,
                one.schedule,
                str(one.told.get("why") or one.told.get("result") or one.told.get("override")),
            )
            for one in news.events
        ]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Have an empty store."""
    with closing(open_store(tmp_path / "data")) as store:
        yield Watch(store)


def test_begins_at_the_present(watch: Watch) -> None:
    """What was saved before is no news, nor is an override that runs already; its end is."""
    watch.save(-100, overrides=override(-60, 600))
    watch.begin()
    assert watch.look(10) == []
    assert watch.look(600) == [("override-end", "kantoor", "ended")]


def test_each_revision_is_told(watch: Watch) -> None:
    """Also those that were saved between two looks, in order, and a deletion."""
    watch.begin()
    watch.save(10)
    watch.save(20, CLOSED)
    watch.delete(30)
    watch.save(35, name="winkel")
    assert watch.look(40) == [
        ("revision", "kantoor", "created"),
        ("revision", "kantoor", "changed"),
        ("revision", "kantoor", "deleted"),
        ("revision", "winkel", "created"),
    ]
    assert watch.look(50) == []
    assert [one.at - AT for one in watch.taken] == []


def test_a_revision_is_told_with_what_changes_for_callers(watch: Watch) -> None:
    """Its author, its summary and the sentences of `diff`."""
    watch.save(0, company="Voorbeeld BV")
    watch.begin()
    watch.save(20, CLOSED, company="Voorbeeld BV")
    watch.look(30)
    (event,) = watch.taken
    assert event.company == "Voorbeeld BV"
    (sentence,) = event.told["callers"]
    assert sentence.endswith(": open (normal route) becomes closed (hang up)")
    assert {key: event.told[key] for key in ("revision", "author", "summary", "at")} == {
        "revision": 2,
        "author": "jan",
        "summary": "saved at 20",
        "at": "2026-11-22T10:00:20Z",
    }


def test_overrides_by_the_clock(watch: Watch) -> None:
    """They begin and end without any save; between looks nothing is due."""
    watch.save(0, overrides=override(60, 120))
    watch.begin()
    assert watch.follower is not None
    assert [watch.follower.is_due(AT + at) for at in (30, 59, 60)] == [False, False, True]
    assert watch.look(60) == [("override-start", "kantoor", "storing")]
    assert [watch.follower.is_due(AT + at) for at in (60, 119, 120)] == [False, False, True]
    assert watch.look(121) == [("override-end", "kantoor", "ended")]
    assert not watch.follower.is_due(AT + 10**6)
    assert watch.taken[0].at == AT + 120


def test_nothing_is_lost_while_nobody_looks(watch: Watch) -> None:
    """Set, replaced and cleared while the daemon was down: all of it is told afterwards."""
    watch.save(0)
    watch.begin()
    watch.save(60, overrides=override(60, 3_600))
    both = override(60, 120) | override(120, 3_600, "Brand")
    watch.save(120, overrides=both)
    watch.save(300, overrides={})
    watch.restart()
    assert watch.look(10_000) == [
        ("revision", "kantoor", "changed"),
        ("override-start", "kantoor", "storing"),
        ("revision", "kantoor", "changed"),
        ("override-end", "kantoor", "replaced"),
        ("override-start", "kantoor", "brand"),
        ("revision", "kantoor", "changed"),
        ("override-end", "kantoor", "cleared"),
    ]
    assert watch.look(10_001) == []


def test_an_override_within_a_pause(watch: Watch) -> None:
    """One that nobody saved meanwhile gives its beginning and its end after a restart."""
    watch.save(0, overrides=override(60, 120))
    watch.begin()
    watch.restart()
    assert watch.look(10_000) == [
        ("override-start", "kantoor", "storing"),
        ("override-end", "kantoor", "ended"),
    ]


@pytest.mark.parametrize("is_purged", [False, True], ids=["deleted", "purged"])
def test_a_schedule_that_goes_takes_its_override_with_it(watch: Watch, *, is_purged: bool) -> None:
    """A purge before anybody looked leaves no revisions to tell."""
    watch.save(0, overrides=override(-60, 600))
    watch.begin()
    watch.delete(60, is_purged=is_purged)
    told = watch.look(70)
    assert told[-1] == ("override-end", "kantoor", "schedule-deleted")
    assert told[:-1] == ([] if is_purged else [("revision", "kantoor", "deleted")])
    assert watch.look(10_000) == []


def test_a_schedule_that_is_made_anew_after_a_purge(watch: Watch) -> None:
    """Its revisions count from 1 again, and are news."""
    watch.save(0)
    watch.save(1, CLOSED)
    watch.begin(2)
    watch.delete(60, is_purged=True)
    assert watch.look(65) == []
    watch.save(70)
    assert watch.look(80) == [("revision", "kantoor", "created")]


def test_what_is_found_again_has_the_same_key(watch: Watch) -> None:
    """However the looks are cut: a receiver can tell repeats, also after a power cut."""
    watch.save(0)
    watch.begin()
    assert watch.follower is not None
    followed = watch.follower.followed
    once: list[str] = []
    watch.save(60, overrides=override(60, 600))
    watch.look(61)
    once += [one.key for one in watch.taken]
    watch.look(600)
    once += [one.key for one in watch.taken]
    watch.save(700, CLOSED)
    watch.look(700)
    once += [one.key for one in watch.taken]
    watch.follower = Follower(followed, TARGETS, watch.wanted)
    watch.look(800)
    assert [one.key for one in watch.taken] == once
    assert len(set(once)) == 4


def test_a_backup_that_was_put_back(watch: Watch, tmp_path: Path) -> None:
    """What others saved in the meantime of another history is no news; what is saved after is."""
    watch.save(0)
    watch.save(0, name="winkel")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        watch.store.db.backup(copy)
    watch.begin(10)
    watch.save(20, CLOSED, overrides=override(0, 3_600))
    assert len(watch.look(30)) == 2
    watch.store.close()
    shutil.copy(tmp_path / "copy.db", tmp_path / "data" / "bereikbaar.db")
    with closing(open_store(tmp_path / "data")) as restored:
        watch.store, watch.file = restored, "1:2"
        assert watch.follower is not None
        news = watch.follower.look(restored, watch.file, AT + 40)
        assert news.other_history == 1
        assert watch.look(40) == [("override-end", "kantoor", "cleared")]
        watch.save(50, CLOSED, name="winkel")
        assert watch.look(60) == [("revision", "winkel", "changed")]


def test_an_unreadable_revision_is_told_all_the_same(watch: Watch) -> None:
    """Its overrides aren't known, so that those of before go on."""
    watch.save(0, overrides=override(-60, 600))
    watch.begin()
    with watch.store.writing("jan", datetime.fromtimestamp(AT + 20, UTC)) as writer:
        latest = writer.current("kantoor")
        writer._append("kantoor", latest, '{"id": "kantoor", "colour": "blue"}', (), "later")
    assert watch.look(30) == [("revision", "kantoor", "changed")]
    assert watch.look(600) == [("override-end", "kantoor", "ended")]


def test_what_nobody_asks_for_is_not_made(watch: Watch) -> None:
    """Neither an event nor the comparison behind it."""
    watch.wanted = lambda kind, schedule, company: (
        (kind, schedule, company)
        == (
            "override-start",
            "kantoor",
            "Voorbeeld BV",
        )
    )
    watch.save(0, company="Voorbeeld BV")
    watch.begin()
    watch.save(20, CLOSED, company="Voorbeeld BV", overrides=override(0, 600))
    watch.save(20, CLOSED, name="winkel", overrides=override(0, 600))
    assert watch.look(30) == [("override-start", "kantoor", "storing")]


def test_of_very_many_only_some_are_compared(watch: Watch) -> None:
    """The others say so, rather than keep calls waiting."""
    names = [f"filiaal-{number}" for number in range(60)]
    for name in names:
        watch.save(0, name=name)
    watch.begin()
    for name in names:
        watch.save(20, CLOSED, name=name)
    assert len(watch.look(30)) == 60
    assert sum(one.told["callers"] is None for one in watch.taken) == 10


def test_clock_put_back(watch: Watch) -> None:
    """A little is waited out, so that nothing begins twice; by a lot the watch begins anew."""
    watch.save(0, overrides=override(60, 18_000))
    watch.begin()
    assert len(watch.look(60)) == 1
    assert watch.look(59) == []
    assert watch.look(60) == []
    watch.look(10_000)
    assert watch.look(60) == []
    assert watch.look(18_000) == [("override-end", "kantoor", "ended")]


def test_an_empty_store_in_a_full_ones_place(watch: Watch, tmp_path: Path) -> None:
    """It is a fault, and not the deletion of everything."""
    watch.save(0, overrides=override(-60, 600))
    watch.begin()
    assert watch.follower is not None
    with (
        closing(open_store(tmp_path / "empty")) as empty,
        pytest.raises(StoreUnavailableError, match="empty"),
    ):
        watch.follower.look(empty, "1:2", AT + 10)
