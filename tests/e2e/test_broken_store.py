"""The real daemon with schedules it can't compile, and with a store it can't open."""

import sqlite3
from contextlib import closing
from pathlib import Path

from schedules.last_good import read_last_good
from schedules.sqlite_store import open_store
from tests.e2e.daemon import AT, Daemon, wait_until


def damage_document(daemon: Daemon) -> None:
    """Alter a stored document behind the store's back, so that its checksum no longer matches."""
    with closing(sqlite3.connect(daemon.database)) as connection, connection:
        connection.execute("DROP TRIGGER revisions_are_never_rewritten")
        connection.execute(
            "UPDATE revisions SET document = replace(document, 'open', 'closed') "
            "WHERE schedule_id = 'office'"
        )


def has_kept(daemon: Daemon, revision: int) -> bool:
    """Tell whether the last-good file holds this store revision."""
    return daemon.last_good.exists() and read_last_good(daemon.last_good).revision() == revision


def assert_degraded(daemon: Daemon, *words: str) -> None:
    """Expect readiness to tell trouble in these words, and metrics to raise the alarm."""
    ready = daemon.ready()
    assert (ready.status, ready.fields["status"]) == (200, "degraded")
    assert all(word in " ".join(ready.fields["why"]) for word in words)
    assert daemon.metric("bereikbaar_last_reload_successful") == 0


def test_unreadable_schedule_keeps_its_last_good_table(daemon: Daemon) -> None:
    """A new revision this version can't read raises the alarm, and the old one goes on."""
    daemon.save("break", "branch", numbers=["+31850000001"])
    daemon.start()
    daemon.save_unreadable()
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the alarm is raised")
    assert_degraded(daemon, "schedule office can't be compiled", "revision 2")
    assert daemon.metric("bereikbaar_schedules_failed") == 1
    assert daemon.status() == "open"
    assert daemon.call().fields["revision"] == "1"

    daemon.save("closed", "branch", numbers=["+31850000001"])
    wait_until(lambda: daemon.call(schedule="branch").fields["status"] == "closed", "others go on")
    assert daemon.events("schedule_failed")[0]["schedule"] == "office"

    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "the mended one is served")
    assert daemon.ready().fields == {
        "status": "ok",
        "why": [],
        "revision": 6,
        "schedules": 2,
        "degraded_targets": 0,
    }
    assert daemon.metric("bereikbaar_schedules_failed") == 0
    assert daemon.metric("bereikbaar_last_reload_successful") == 1


def test_cold_start_with_an_unreadable_schedule(daemon: Daemon) -> None:
    """After a restart the last-good file supplies what the store's revision can't."""
    daemon.keep()
    daemon.save_unreadable()
    daemon.start()
    assert_degraded(daemon, "schedule office can't be compiled")
    assert (daemon.status(), daemon.call().fields["revision"]) == ("open", "1")
    assert daemon.stop() == 0
    assert has_kept(daemon, 3)
    daemon.start()
    assert_degraded(daemon, "schedule office can't be compiled")
    assert (daemon.status(), daemon.call().fields["revision"]) == ("open", "1")


def test_cold_start_with_nothing_good(daemon: Daemon) -> None:
    """Without a last-good file the number is out of service: never closed, never unknown."""
    daemon.save_unreadable()
    daemon.start()
    answer = daemon.call().fields
    assert (answer["reason"], answer["action"]) == ("outside-service", "continue")
    assert (answer["schedule"], answer["error"]) == ("office", "unavailable")
    assert_degraded(daemon, "schedule office can't be compiled")


def test_damaged_document_is_never_served(daemon: Daemon) -> None:
    """Flipped bytes show by the checksum: the table in service stays, also over a restart."""
    daemon.keep()
    daemon.start()
    damage_document(daemon)
    daemon.ask("POST", "/-/reload")
    assert_degraded(daemon, "checksum")
    assert daemon.status() == "open"
    assert daemon.stop() == 0
    daemon.start()
    assert_degraded(daemon, "checksum")
    assert daemon.status() == "open"


def test_store_that_is_garbage(daemon: Daemon) -> None:
    """The last-good file answers over restarts; once that is gone too: 503, with the reasons."""
    daemon.keep()
    good = daemon.database.read_bytes()
    daemon.database.write_bytes(b"garbage" * 1_000)
    for _ in range(2):
        daemon.start()
        assert_degraded(daemon, "is no database", "restore a backup")
        assert daemon.status() == "open"
        assert daemon.call(token="bk_x_y").status == 401
        assert daemon.stop() == 0
    assert daemon.events("store_unavailable")[0]["serving_revision"] == 2

    whole = daemon.last_good.read_bytes()
    daemon.last_good.write_bytes(whole.replace(b"open", b"shut"))
    daemon.start(is_ready=False)
    wait_until(lambda: "checksum" in str(daemon.ready().fields["why"]), "it tells the reasons")
    ready = daemon.ready()
    assert ready.status == 503
    assert "is no database" in str(ready.fields["why"])
    refused = daemon.call()
    assert (refused.status, refused.fields["action"]) == (503, "continue")
    assert refused.fields["error"] == "unavailable"

    daemon.database.write_bytes(good)
    wait_until(lambda: daemon.ready().status == 200, "it recovers by itself")
    assert daemon.status() == "open"
    assert daemon.ready().fields["status"] == "ok"


def test_store_that_goes_and_returns(daemon: Daemon) -> None:
    """A database that vanishes under the daemon is told, survived, and taken up again."""
    daemon.keep()
    daemon.start()
    aside = daemon.data_dir / "aside"
    aside.mkdir()
    # All of its files, as a mount that goes would take them.
    names = [path.name for path in daemon.data_dir.glob("bereikbaar.db*")]
    for name in names:
        (daemon.data_dir / name).rename(aside / name)
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "its absence is noticed")
    assert_degraded(daemon, "there is no store")
    assert daemon.status() == "open"
    assert not daemon.database.exists()

    # No permission, as far as a superuser can have none.
    daemon.database.mkdir()
    wait_until(lambda: "there is no store" not in str(daemon.ready().fields), "it can't be opened")
    assert_degraded(daemon, "bereikbaar.db")
    assert daemon.status() == "open"
    daemon.database.rmdir()

    for name in names:
        (aside / name).rename(daemon.data_dir / name)
    wait_until(lambda: daemon.ready().fields["status"] == "ok", "it is taken up again")
    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "changes are followed again")


def test_absent_store_is_no_empty_one(daemon: Daemon) -> None:
    """Where a last-good file tells of a store, none is made anew: that would answer nothing."""
    daemon.keep()
    for path in daemon.data_dir.glob("bereikbaar.db*"):
        path.unlink()
    daemon.start()
    assert_degraded(daemon, "there is no store")
    assert daemon.status() == "open"
    assert not daemon.database.exists()


def test_backup_put_back_is_noticed(daemon: Daemon, tmp_path: Path) -> None:
    """Another database in the place of the first is read, also one that stands further back."""
    backup = tmp_path / "backup.db"
    with daemon.store() as store, closing(sqlite3.connect(backup)) as copy:
        store.db.backup(copy)
    daemon.save("closed")
    daemon.start()
    assert daemon.status() == "closed"
    for suffix in ("-wal", "-shm"):
        Path(f"{daemon.database}{suffix}").unlink(missing_ok=True)
    backup.replace(daemon.database)
    wait_until(lambda: daemon.status() == "open", "the backup is served")
    assert daemon.ready().fields["revision"] == 2


def test_served_revision_becomes_the_last_good(daemon: Daemon) -> None:
    """A good revision is kept once it was served for a moment, and at the end."""
    daemon.start()
    wait_until(lambda: has_kept(daemon, 2), "it is kept while the daemon runs")
    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "the change is served")
    assert daemon.stop() == 0
    assert has_kept(daemon, 3)


def test_bad_revision_never_becomes_the_last_good(daemon: Daemon) -> None:
    """The last-good file keeps what was served before a schedule broke."""
    daemon.keep()
    daemon.start()
    daemon.save("closed")
    daemon.save_unreadable()
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the alarm is raised")
    assert daemon.stop() == 0
    kept = list(read_last_good(daemon.last_good).currents())
    assert [revision.schedule().id for revision in kept] == ["office"]


def test_revoked_token_stays_revoked(daemon: Daemon) -> None:
    """The last-good file knows which tokens were revoked."""
    pbx = daemon.add_token()
    daemon.start()
    assert daemon.call(token=pbx).status == 200
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.revoke_token(pbx.split("_")[1])
    wait_until(lambda: daemon.call(token=pbx).status == 401, "it is refused")
    assert daemon.stop() == 0
    daemon.database.write_bytes(b"garbage")
    daemon.start()
    assert daemon.call(token=pbx).status == 401
    assert daemon.call().status == 200


def test_last_good_follows_beside_a_broken_schedule(daemon: Daemon) -> None:
    """While one schedule is broken, what is revoked or linked elsewhere is kept all the same."""
    pbx = daemon.add_token()
    daemon.start()
    daemon.save_unreadable()
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the alarm is raised")
    daemon.save("break", "branch", numbers=["+31850000001"])
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.revoke_token(pbx.split("_")[1])
    wait_until(lambda: daemon.call(token=pbx).status == 401, "it is refused")
    wait_until(lambda: has_kept(daemon, 6), "that is kept while the daemon runs")
    daemon.kill()
    daemon.database.write_bytes(b"garbage")
    daemon.start()
    assert daemon.call(token=pbx).status == 401
    assert (daemon.status(), daemon.call().fields["revision"]) == ("open", "1")
    assert daemon.call(did="0850000001").fields["status"] == "break"


def test_store_that_goes_with_everything(daemon: Daemon) -> None:
    """Store and last-good file that vanish together leave the service, and no empty store."""
    daemon.start()
    wait_until(lambda: has_kept(daemon, 2), "the last-good file is there")
    aside = daemon.data_dir.with_name("aside")
    daemon.data_dir.rename(aside)
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "its absence is noticed")
    assert_degraded(daemon, "there is no store")
    assert daemon.status() == "open"
    assert not daemon.data_dir.exists()
    aside.rename(daemon.data_dir)
    wait_until(lambda: daemon.ready().fields["status"] == "ok", "it is taken up again")


def test_empty_store_takes_no_full_ones_place(daemon: Daemon, tmp_path: Path) -> None:
    """An empty database where one with schedules was is told, and not served."""
    daemon.start()
    empty = tmp_path / "empty"
    with closing(open_store(empty)):
        pass
    for suffix in ("-wal", "-shm"):
        Path(f"{daemon.database}{suffix}").unlink(missing_ok=True)
    (empty / daemon.database.name).replace(daemon.database)
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "it is noticed")
    assert_degraded(daemon, "is empty", "restore a backup", "last-good.jsonl")
    assert daemon.status() == "open"


def test_damage_shows_by_itself(daemon: Daemon) -> None:
    """What is altered behind the store's back is told without a commit or a reload."""
    daemon.start()
    damage_document(daemon)
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the damage is noticed")
    assert_degraded(daemon, "checksum")
    assert daemon.status() == "open"


def test_store_revision_is_told_before_it_loads(daemon: Daemon) -> None:
    """A store that stands further than what is served shows in the metrics."""
    daemon.start()
    with closing(sqlite3.connect(daemon.database)) as connection, connection:
        connection.execute("UPDATE state SET revision = revision + 7, tokens_seal = '0'")
        connection.execute("UPDATE state SET tokens_changed_in = revision")
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the damage is noticed")
    assert daemon.metric("bereikbaar_store_revision") == 9
    assert daemon.metric("bereikbaar_snapshot_revision") == 2
