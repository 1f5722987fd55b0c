"""`bereikbaar schedule history`, `rollback`, `restore` and `purge` (semantics.md rule 20)."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.cli.command_line import CommandLine, document

SetClock = Callable[[str], None]

BRAKE = "{brand: {from: 2026-11-22T10:00Z, until: 2026-11-22T12:00Z, slot: open, reason: Brand}}"


@pytest.fixture
def shop(cli: CommandLine, set_clock: SetClock) -> CommandLine:
    """Keep a shop of three revisions: open all week, closed on Mondays, renamed with an override.

    The first has one number, the others another one.
    """
    cli.apply(document("winkel", numbers='["+31850000001"]'), options=("--as", "jan"))
    set_clock("2026-11-22T10:05:00+00:00")
    closed = document("winkel", numbers='["+31850000002"]').replace(
        "mon: [00:00-24:00 open]", "mon: [00:00-24:00 closed]"
    )
    cli.apply(closed, options=("--as", "piet"))
    set_clock("2026-11-22T10:10:00+00:00")
    renamed = closed.replace("name: Winkel", "name: Anders") + f"overrides: {BRAKE}\n"
    cli.apply(renamed, options=("--as", "kees"))
    return cli


def shown(cli: CommandLine) -> dict[str, object]:
    """Return the shop's document."""
    found: dict[str, object] = cli.json("schedule", "show", "winkel")["document"]
    return found


def damage(cli: CommandLine, revision: int) -> None:
    """Make a stored revision unreadable."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = '{}' WHERE revision = ?", [revision])
        db.commit()


def test_the_history(shop: CommandLine) -> None:
    """Oldest first, with who, when and what; of a deleted schedule as well."""
    shop("schedule", "delete", "winkel", "--force", "--as", "jan")
    assert shop("schedule", "history", "winkel").stdout == (
        "REVISION  SAVED (UTC)       BY    WHAT\n"
        "1         2026-11-22 10:00  jan   applied from apply-0.yaml\n"
        "2         2026-11-22 10:05  piet  applied from apply-0.yaml\n"
        "3         2026-11-22 10:10  kees  applied from apply-0.yaml\n"
        "4         2026-11-22 10:10  jan   deleted\n"
    )
    answer = shop.json("schedule", "history", "winkel")
    assert answer["schedule"] == "winkel"
    assert answer["revisions"][3] == {
        "revision": 4,
        "author": "jan",
        "saved_at": "2026-11-22T10:10:00Z",
        "summary": "deleted",
        "deleted": True,
        "damaged": False,
    }
    assert answer["broken_locks"] == []


def test_the_history_keeps_the_order_of_revisions(shop: CommandLine, set_clock: SetClock) -> None:
    """Also when a clock was set back, or somebody had to wait for another's save."""
    set_clock("2026-11-22T10:02:00+00:00")
    shop("schedule", "rename", "winkel", "Later", "--as", "jan")
    lines = shop("schedule", "history", "winkel").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]


def test_the_history_says_what_is_damaged(shop: CommandLine) -> None:
    """One revision that can't be read hides no other."""
    damage(shop, 2)
    lines = shop("schedule", "history", "winkel").stdout.splitlines()
    assert lines[2].endswith("applied from apply-0.yaml (damaged)")
    assert len(lines) == 4


def test_a_rollback(shop: CommandLine) -> None:
    """A new revision as it was, but for numbers and overrides; told as callers will notice it."""
    result = shop("schedule", "rollback", "winkel", "--to-revision", "1", "--as", "jan")
    assert result.stdout == (
        "winkel: changed, revision 4\n"
        "  name: 'Anders' becomes 'Winkel'\n"
        "  week: mon changed\n"
        "  what changes for callers in the coming year:\n"
        "    every Monday 00:00-24:00 (52 times from 2026-11-23 to 2027-11-15): "
        "closed (hang up) becomes open (normal route)\n"
    )
    document_now = shown(shop)
    assert document_now["numbers"] == ["+31850000002"]
    assert document_now["overrides"] == {
        "brand": {
            "from": "2026-11-22T10:00+00:00",
            "until": "2026-11-22T12:00+00:00",
            "slot": "open",
            "reason": "Brand",
        }
    }
    last = shop.json("schedule", "history", "winkel")["revisions"][3]
    assert (last["author"], last["summary"]) == ("jan", "rolled back to revision 1")


def test_a_rollback_tried_dry(shop: CommandLine) -> None:
    """The same is told, and nothing saved."""
    before = shop.rows()
    result = shop("schedule", "rollback", "winkel", "--to-revision", "1", "--dry-run")
    assert "every Monday 00:00-24:00" in result.stdout
    assert result.stderr == "a dry run: nothing was saved\n"
    assert shop.rows() == before


def test_a_rollback_to_what_is_there(shop: CommandLine) -> None:
    """It makes no revision."""
    told = shop("schedule", "rollback", "winkel", "--to-revision", "3").stdout
    assert told == "winkel: unchanged, revision 3\n"


def test_a_rollback_to_nowhere(shop: CommandLine) -> None:
    """A revision that never was, a deletion, and a schedule that is gone."""
    never = shop("schedule", "rollback", "winkel", "--to-revision", "9", code=1)
    assert "has no revision 9; take one from 1 to 3" in never.stderr
    huge = shop("schedule", "rollback", "winkel", "--to-revision", str(2**80), code=1)
    assert f"has no revision {2**80}; take one from 1 to 3" in huge.stderr
    shop("schedule", "delete", "winkel", "--force")
    gone = shop("schedule", "rollback", "winkel", "--to-revision", "1", code=1)
    assert "`bereikbaar schedule restore winkel`" in gone.stderr
    shop("schedule", "restore", "winkel")
    deletion = shop("schedule", "rollback", "winkel", "--to-revision", "4", code=1)
    assert "take an earlier revision" in deletion.stderr
    shop("schedule", "rollback", "winkel", "--to-revision", "0", code=2)


def test_a_rollback_that_an_expectation_forbids(shop: CommandLine) -> None:
    """An expectation of the earlier revision that holds there is no obstacle; one that fails is."""
    expect = "[{at: 2026-11-23T10:00, status: closed}]"
    shop.apply(document("winkel", expect=expect), options=("--allow-failing-expectations",))
    shop.apply(document("winkel", expect="[]"))
    refused = shop("schedule", "rollback", "winkel", "--to-revision", "4", code=1)
    assert "expect[0]: 2026-11-23T10:00" in refused.stderr
    shop("schedule", "rollback", "winkel", "--to-revision", "4", "--allow-failing-expectations")


def test_a_rollback_mends_a_damaged_schedule(shop: CommandLine) -> None:
    """Its numbers are read from where they are linked; its overrides are lost, which is said."""
    damage(shop, 3)
    result = shop("schedule", "rollback", "winkel", "--to-revision", "2")
    assert "winkel: changed, revision 4" in result.stdout
    assert "Warning: winkel is damaged: its overrides can't be read" in result.stderr
    assert shown(shop)["numbers"] == ["+31850000002"]
    assert shown(shop)["name"] == "Winkel"


def test_a_restored_schedule(shop: CommandLine) -> None:
    """It is as it last was, without numbers; those are named, with where they are now."""
    shop("schedule", "delete", "winkel", "--force")
    shop.apply(document("magazijn", numbers='["+31850000002"]'))
    result = shop("schedule", "restore", "winkel", "--as", "jan")
    assert result.stdout == "winkel: created, revision 5\n"
    assert result.stderr == ("Warning: +31850000002 is not linked again (now linked to magazijn)\n")
    assert shown(shop)["name"] == "Anders"
    assert shown(shop)["numbers"] == []
    last = shop.json("schedule", "history", "winkel")["revisions"][-1]
    assert (last["revision"], last["author"], last["summary"]) == (5, "jan", "restored")


def test_a_restoration_as_json(shop: CommandLine) -> None:
    """Numbers that are free have no holder."""
    shop("schedule", "delete", "winkel", "--force")
    answer = shop.json("schedule", "restore", "winkel")
    assert answer["unlinked"] == [{"number": "+31850000002", "holders": []}]
    assert answer["schedules"][0]["result"] == "created"


def test_what_is_there_is_not_restored(shop: CommandLine) -> None:
    """Neither is what never was."""
    refused = shop("schedule", "restore", "winkel", code=1)
    assert "isn't deleted; to return to an earlier revision, roll it back" in refused.stderr
    assert "did you mean winkel?" in shop("schedule", "restore", "winkle", code=1).stderr


def test_a_restoration_of_a_damaged_schedule(shop: CommandLine) -> None:
    """The newest revision that can be read is taken, which is said; else there is none."""
    shop("schedule", "delete", "winkel", "--force")
    damage(shop, 3)
    dry = shop("schedule", "restore", "winkel", "--dry-run")
    assert "Warning: revision 3 is damaged; 2 is taken\n" in dry.stderr
    with closing(sqlite3.connect(shop.folder / "data" / "bereikbaar.db")) as db:
        db.execute("UPDATE revisions SET document = '{}' WHERE revision < 4")
        db.commit()
    assert "revision 3: the checksum" in shop("schedule", "restore", "winkel", code=1).stderr


def test_a_purge(shop: CommandLine) -> None:
    """A deleted schedule goes with all its revisions, and its id is free."""
    shop("schedule", "delete", "winkel", "--force")
    assert shop("schedule", "purge", "winkel", "--yes", "winkel").stdout == (
        "winkel: purged, 4 revisions\n"
    )
    assert "there is no schedule" in shop("schedule", "history", "winkel", code=1).stderr
    assert "created, revision 1" in shop.apply(document("winkel")).stdout


def test_a_purge_as_json(shop: CommandLine) -> None:
    """Tried dry it says the same, and all is kept."""
    shop("schedule", "delete", "winkel", "--force")
    before = shop.rows()
    told = {"schedule": "winkel", "result": "purged", "revisions": 4, "messages": 0}
    assert shop.json("schedule", "purge", "winkel", "--dry-run") == {
        **told,
        "dry_run": True,
        "store_revision": 4,
    }
    assert shop.rows() == before
    assert shop.json("schedule", "purge", "winkel", "--yes", "winkel") == {
        **told,
        "dry_run": False,
        "store_revision": 5,
    }


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        pytest.param((), 2, "repeat the id, --yes winkel", id="nobody-to-ask"),
        pytest.param(("--yes", "winkle"), 2, "--yes winkle is not winkel", id="other-id"),
    ],
)
def test_a_purge_does_not_happen_by_accident(
    shop: CommandLine, options: tuple[str, ...], code: int, told: str
) -> None:
    """A script has to say the id twice."""
    shop("schedule", "delete", "winkel", "--force")
    before = shop.rows()
    assert told in shop("schedule", "purge", "winkel", *options, code=code, stdin="y\n").stderr
    assert shop.rows() == before


@pytest.mark.parametrize("options", [(), ("--yes", "winkel")], ids=["asked", "told"])
def test_a_schedule_in_force_is_not_purged(shop: CommandLine, options: tuple[str, ...]) -> None:
    """It has to be deleted first, whoever is sure."""
    refused = shop("schedule", "purge", "winkel", *options, code=1)
    assert refused.stderr == (
        "Error: schedule winkel isn't deleted; delete it first, then purge it\n"
    )


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        pytest.param("y\nwinkel\n", 0, id="sure-twice"),
        pytest.param("n\n", 1, id="not-sure"),
        pytest.param("y\ny\n", 1, id="not-the-id"),
        pytest.param("y\n", 1, id="no-second-answer"),
    ],
)
def test_a_purge_asks_twice_at_a_terminal(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch, answers: str, code: int
) -> None:
    """First with name and number of revisions, then for the id."""
    shop("schedule", "delete", "winkel", "--force")
    monkeypatch.setattr("admin_cli.schedule_history.is_at_terminal", lambda: True)
    asked = shop("schedule", "purge", "winkel", code=code, stdin=answers)
    assert "Remove winkel (Anders) and its 4 revisions for good? [y/N]" in asked.stderr
    kept = shop.rows()["revisions"]
    assert len(kept) == (4 if code else 0)


def test_what_was_allowed_once_stands_in_no_way_back(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forward that was forbidden since comes back with its schedule; no call goes there."""
    monkeypatch.setenv("BEREIKBAAR_FORWARD_COUNTRIES", "BE")
    forwards = '{ver: {name: Ver, number: "+3225120000"}}'
    cli.apply(document("winkel", "00:00-24:00 closed forward=ver", forwards=forwards))
    cli.apply(document("winkel"))
    monkeypatch.delenv("BEREIKBAAR_FORWARD_COUNTRIES")
    cli("schedule", "rollback", "winkel", "--to-revision", "1")
    assert cli.json("check", "--schedule", "winkel")["error"] == "forward-refused"
    cli("schedule", "delete", "winkel")
    cli("schedule", "restore", "winkel")
    answer = cli.json("check", "--schedule", "winkel")
    assert (answer["action"], answer["forward"]) == ("hangup", "")
    again = cli("forward", "add", "winkel", "Ook ver", "+3225120001", code=1).stderr
    assert "forwards.ook-ver.number" in again
    assert "forwards.ver" not in again
