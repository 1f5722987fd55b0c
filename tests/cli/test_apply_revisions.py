"""`bereikbaar apply` over what is stored: newer revisions, deletions, what is left out, damage."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from tests.cli.applied import EXPECT_OPEN
from tests.cli.command_line import CommandLine, document

SetClock = Callable[[str], None]


def test_a_newer_revision_is_not_saved_over(cli: CommandLine) -> None:
    """The export of revision 1 is refused over revision 2, naming who made that, unless forced."""
    cli.apply(document("winkel"))
    old = cli("schedule", "export", "winkel").stdout.replace("name: Winkel", "name: Oud")
    cli.apply(document("winkel", name="Nieuw"), options=("--as", "piet"))
    before = cli.rows()
    name = cli.write("oud.yaml", old)
    result = cli("apply", name, code=1)
    assert "revision: is 1, but the schedule was changed by piet on 2026-11-22" in result.stderr
    assert cli.rows() == before
    assert "changed, revision 3" in cli("apply", name, "--force").stdout


def test_a_newer_revision_with_the_same_content_is_no_conflict(cli: CommandLine) -> None:
    """There is nothing to lose: the content is what was asked for."""
    cli.apply(document("winkel"))
    old = cli("schedule", "export", "winkel").stdout
    cli.apply(document("winkel", name="Nieuw"))
    cli.apply(document("winkel"))
    assert cli("apply", cli.write("oud.yaml", old)).stdout == "winkel: unchanged, revision 3\n"


def test_an_export_can_enter_a_store_that_never_had_it(cli: CommandLine) -> None:
    """Its revision belongs to another store; there is no newer one here."""
    cli("apply", "-", stdin=document("winkel", revision="12"))
    assert cli.revisions() == {"winkel": 1}


def test_a_deletion_is_a_newer_revision_as_well(cli: CommandLine) -> None:
    """An export from before does not bring the schedule back by accident."""
    cli.apply(document("winkel"))
    old = cli.write("oud.yaml", cli("schedule", "export", "winkel").stdout)
    cli("schedule", "delete", "winkel")
    assert "the schedule was deleted by" in cli("apply", old, code=1).stderr
    assert "created, revision 3" in cli("apply", old, "--force").stdout


def test_what_a_document_leaves_out_stays(cli: CommandLine) -> None:
    """Absent numbers, overrides and expectations are kept; empty ones replace."""
    override = "{dicht: {from: 2026-12-01T08:00Z, until: 2026-12-01T09:00Z, slot: closed, "
    cli.apply(
        document(
            "winkel",
            numbers='["+31850000001"]',
            overrides=override + "reason: Storing}}",
            expect="[{at: 2026-12-02T10:00, status: open}]",
        )
    )
    cli.apply(document("winkel", name="Nieuw"))
    kept = cli.json("schedule", "show", "winkel")["document"]
    assert kept["numbers"] == ["+31850000001"]
    assert list(kept["overrides"]) == ["dicht"]
    assert kept["expect"] == [{"at": "2026-12-02T10:00", "status": "open"}]
    cli.apply(document("winkel", numbers="[]", overrides="{}", expect="[]"))
    gone = cli.json("schedule", "show", "winkel")["document"]
    assert (gone["numbers"], gone["overrides"], gone["expect"]) == ([], {}, [])


def test_a_kept_expectation_must_fit_the_new_zone(cli: CommandLine) -> None:
    """02:30 on 28 March 2027 exists in UTC, not in Amsterdam."""
    expect = "[{at: 2027-03-28T02:30, status: open}]"
    cli.apply(document("winkel", timezone="UTC", expect=expect))
    name = cli.write("winkel.yaml", document("winkel"))
    assert "winkel.yaml: expect[0].at: " in cli("apply", name, code=1).stderr


CHRISTMAS = "{eerste_kerstdag: }"


def test_a_save_that_makes_an_expectation_fail_is_refused(cli: CommandLine) -> None:
    """Each is named with the rule that decides it (rule 27)."""
    cli.apply(document("winkel", expect=EXPECT_OPEN))
    before = cli.rows()
    name = cli.write("winkel.yaml", document("winkel", holidays=CHRISTMAS))
    assert cli("apply", name, code=1).stderr == (
        "winkel.yaml: expect[0]: 2026-12-25T10:00 (2026-12-25T09:00:00Z) is to be open, but "
        "holidays/eerste_kerstdag makes it closed; correct the hours or the expectation, or "
        "--allow-failing-expectations\n"
    )
    assert cli.rows() == before


def test_the_same_save_may_change_the_expectation(cli: CommandLine) -> None:
    """Hours and expectation change together (rule 27)."""
    cli.apply(document("winkel", expect=EXPECT_OPEN))
    expect = EXPECT_OPEN.replace("open", "closed")
    cli.apply(document("winkel", holidays=CHRISTMAS, expect=expect))
    assert cli.revisions() == {"winkel": 2}


def test_failing_expectations_can_be_allowed_and_are_noted(cli: CommandLine) -> None:
    """The summary says which; a later save that isn't to blame is not refused (rule 27)."""
    cli.apply(document("winkel", expect=EXPECT_OPEN))
    allowed = document("winkel", holidays=CHRISTMAS)
    result = cli.apply(allowed, options=("--allow-failing-expectations",))
    assert "allowed to fail: expect[0]: 2026-12-25T10:00" in result.stdout
    assert "allowed to fail: expect[0]" in cli.json("schedule", "show", "winkel")["summary"]
    cli.apply(document("winkel", name="Nieuw", holidays=CHRISTMAS))
    assert cli.revisions() == {"winkel": 3}


def test_an_override_passes_expectations(cli: CommandLine) -> None:
    """It is the emergency brake (rules 7 and 27)."""
    cli.apply(document("winkel", expect=EXPECT_OPEN))
    override = "{dicht: {from: 2026-12-25T00:00Z, until: 2026-12-26T00:00Z, slot: closed, "
    cli.apply(document("winkel", overrides=override + "reason: Storing}}"))
    assert cli.revisions() == {"winkel": 2}


def test_past_expectations_stand_in_nobodys_way(cli: CommandLine, set_clock: SetClock) -> None:
    """The day after, the hours of that day may change (rule 27)."""
    cli.apply(document("winkel", expect=EXPECT_OPEN))
    set_clock("2026-12-26T00:00:00+00:00")
    cli.apply(document("winkel", holidays=CHRISTMAS))
    assert cli.revisions() == {"winkel": 2}


def test_a_new_expectation_that_fails_at_once_is_refused(cli: CommandLine) -> None:
    """A document guards itself from its first save on."""
    name = cli.write("winkel.yaml", document("winkel", "00:00-24:00 closed", expect=EXPECT_OPEN))
    assert "week/fri makes it closed" in cli("apply", name, code=1).stderr


def test_a_damaged_revision_can_be_applied_over(cli: CommandLine) -> None:
    """A whole document heals it; what it would have to keep is asked for."""
    cli.apply(document("winkel"))
    damage(cli)
    name = cli.write("winkel.yaml", document("winkel"))
    lines = cli("apply", name, code=1).stderr.splitlines()
    assert [line.partition(": can't be kept")[0] for line in lines] == [
        "winkel.yaml: numbers",
        "winkel.yaml: overrides",
        "winkel.yaml: expect",
    ]
    whole = document("winkel", numbers="[]", overrides="{}", expect="[]")
    assert "winkel: changed, revision 2" in cli.apply(whole).stdout


def damage(cli: CommandLine) -> None:
    """Alter the stored text of every revision."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = replace(document, 'open', 'closed')")
        db.commit()


def test_an_export_of_a_deleted_schedule_comes_back_by_force(cli: CommandLine) -> None:
    """Both messages say so, and name no command that isn't there."""
    cli.apply(document("winkel"))
    text = cli("schedule", "export", "winkel").stdout
    cli("schedule", "delete", "winkel", "--as", "Piet")
    told = cli("schedule", "show", "winkel", code=1).stderr
    assert told == (
        "Error: schedule winkel was deleted by Piet on 2026-11-22 at 10:00 UTC; to bring it back, "
        "`bereikbaar schedule restore winkel`, or apply its document again (an old export: with "
        "--force)\n"
    )
    refused = cli("apply", "-", stdin=text, code=1).stderr
    assert "to bring it back as this document has it, --force it" in refused
    cli("apply", "-", "--force", stdin=text)
