"""`bereikbaar apply`: documents into the store, all or none (contract.md: schedule document)."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.broken_documents import BrokenDocument, broken_documents
from tests.cli.command_line import HEAD_OFFICE, CommandLine, document, wav

SetClock = Callable[[str], None]


def stored_messages(cli: CommandLine) -> list[str]:
    """Return the names of the messages in the audio store."""
    return sorted(path.name for path in (cli.folder / "data" / "audio").glob("*"))


def test_a_new_schedule_is_created(cli: CommandLine) -> None:
    """The answer names schedule, revision and numbers; what was created is announced on stderr."""
    result = cli.apply(HEAD_OFFICE)
    assert result.stdout == (
        "hoofdkantoor: created, revision 1\n"
        "  numbers linked: +31850000000, +31850000100..99; "
        "this schedule decides their calls from now on\n"
    )
    assert result.stderr == f"created a data directory: {cli.folder / 'data'}\n1 created\n"


def test_the_same_document_again_changes_nothing(cli: CommandLine) -> None:
    """Identical content makes no revision."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    assert cli.apply(HEAD_OFFICE).stdout == "hoofdkantoor: unchanged, revision 1\n"
    assert cli.rows() == before


def test_a_change_is_told_as_callers_will_notice_it(cli: CommandLine) -> None:
    """The year from Sunday 22 November 2026, in whole days, holds 52 Mondays."""
    cli.apply(document("winkel", "00:00-24:00 closed"))
    later = document("winkel", "00:00-24:00 closed").replace(
        "mon: [00:00-24:00 closed]", "mon: [00:00-09:00 closed, 09:00-24:00 open]"
    )
    assert cli.apply(later).stdout == (
        "winkel: changed, revision 2\n"
        "  week: mon changed\n"
        "  what changes for callers in the coming year:\n"
        "    every Monday 09:00-24:00 (52 times from 2026-11-23 to 2027-11-15): "
        "closed (hang up) becomes open (normal route)\n"
    )


def test_the_change_of_one_day_as_json(cli: CommandLine) -> None:
    """The spans stand in UTC: 5 December 2026 in Amsterdam begins at 23:00 the day before."""
    cli.apply(document("winkel"))
    closing = "{feest: {name: Feest, dates: [2026-12-05], slots: [00:00-24:00 closed]}}"
    name = cli.write("winkel.yaml", document("winkel", exceptions=closing))
    answer = cli.json("apply", name)
    assert answer["dry_run"] is False
    assert answer["store_revision"] == 2
    (told,) = answer["schedules"]
    assert told["document"] == ["exceptions: feest added"]
    assert told["callers"] == [
        "Feest, Sat 2026-12-05 00:00-24:00: open (normal route) becomes closed (hang up)"
    ]
    (difference,) = told["differences"]
    assert (difference["from"], difference["until"]) == (
        "2026-12-04T23:00:00Z",
        "2026-12-05T23:00:00Z",
    )
    assert difference["before"]["action"] == "continue"
    assert difference["after"]["action"] == "hangup"


def test_every_part_of_a_document_that_differs_is_named(cli: CommandLine) -> None:
    """Plain keys with both values, the others by what was added, removed or changed."""
    cli.apply(HEAD_OFFICE)
    changed = (
        HEAD_OFFICE.replace("Utrecht", "Zeist")
        .replace("company: Voorbeeld BV\n", "forward_countries: [BE]\n")
        .replace("+31612345678", "+31612345679")
        .replace("holidays:\n  koningsdag:\n", "holidays:\n  tweede_kerstdag:\n")
        .replace('"+31850000000", ', "")
        + "expect: [{at: 2026-12-26T10:00, status: closed}]\n"
    )
    lines = cli.apply(changed).stdout.splitlines()
    assert lines[1:9] == [
        "  numbers unlinked: +31850000000; it no longer decides their calls",
        "  name: 'Hoofdkantoor Utrecht' becomes 'Hoofdkantoor Zeist'",
        "  company: 'Voorbeeld BV' becomes nothing",
        "  forward_countries: nothing becomes BE",
        "  forwards: storing changed",
        "  holidays: tweede_kerstdag added",
        "  holidays: koningsdag removed",
        "  expect: 0 becomes 1, or differs",
    ]


def test_a_change_nobody_hears_is_said_to_be_one(cli: CommandLine) -> None:
    """A new name alters nothing for callers."""
    cli.apply(document("winkel"))
    result = cli.apply(document("winkel", name="Winkel Oost"))
    assert "hours, messages and targets stay the same for callers" in result.stdout


def test_a_dry_run_says_the_same_and_saves_nothing(cli: CommandLine) -> None:
    """Not even a data directory is made."""
    result = cli.apply(HEAD_OFFICE, options=("--dry-run",))
    assert result.stdout.startswith("hoofdkantoor: created, revision 1\n")
    assert result.stderr == "1 created; a dry run: nothing was saved\n"
    assert not (cli.folder / "data").exists()


def test_a_dry_run_over_a_store_leaves_its_rows(cli: CommandLine) -> None:
    """What would change is told, revision included; the rows stay."""
    cli.apply(document("winkel"))
    before = cli.rows()
    result = cli.apply(document("winkel", name="Anders"), options=("--dry-run",))
    assert "winkel: changed, revision 2" in result.stdout
    assert cli.rows() == before


def test_numbers_may_move_between_the_files(cli: CommandLine) -> None:
    """Two schedules swap their numbers in one transaction (rule 25)."""
    cli.apply(document("a", numbers='["+31850000001"]'), document("b", numbers='["+31850000002"]'))
    cli.apply(document("a", numbers='["+31850000002"]'), document("b", numbers='["+31850000001"]'))
    assert cli.revisions() == {"a": 2, "b": 2}


def test_a_number_linked_elsewhere_is_refused_naming_the_holder(cli: CommandLine) -> None:
    """Neither of the two files is stored (rules 20 and 25)."""
    cli.apply(document("a", numbers='["+31850000001"]'))
    before = cli.rows()
    names = [cli.write("b.yaml", document("b", numbers='["+31850000001"]'))]
    names.append(cli.write("c.yaml", document("c")))
    result = cli("apply", *names, code=1)
    assert result.stderr == (
        "b.yaml:4: numbers[0]: +31850000001 is linked to a already; unlink it there first, or "
        "change both schedules in one `apply`\n"
    )
    assert cli.rows() == before
    assert cli.json("apply", *names, code=1)["error"] == "conflict"


def test_faults_of_all_files_are_told_at_once(cli: CommandLine) -> None:
    """One line each, with file, line, place, problem and remedy."""
    cli.write("goed.yaml", document("goed"))
    cli.write("a.yaml", document("a").replace("tue: [00:00-24:00 open]", "tue: [08:00-24:00 open]"))
    cli.write("b.yaml", document("b", pbx="4cx", naam="B"))
    result = cli("apply", "a.yaml", "goed.yaml", "b.yaml", code=1)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.split("; ")[0] for line in lines] == [
        "a.yaml:4: week.tue: nothing is set from 00:00 to 08:00",
        "b.yaml:3: pbx: '4cx' is not known",
        "b.yaml:4: naam: is not a key known here",
    ]
    assert all("; " in line for line in lines)
    assert cli.rows() == {}


def test_faults_as_json_stand_on_stdout(cli: CommandLine) -> None:
    """A program gets the parts of each fault."""
    name = cli.write("b.yaml", document("b", pbx="4cx"))
    answer = cli.json("apply", name, code=1)
    assert answer["error"] == "invalid"
    (fault,) = answer["faults"]
    assert fault.pop("remedy")
    assert fault == {
        "file": "b.yaml",
        "line": 3,
        "place": "pbx",
        "problem": "'4cx' is not known",
    }


def test_the_same_schedule_in_two_files_is_refused(cli: CommandLine) -> None:
    """Which of the two is meant can't be known."""
    cli.write("a.yaml", document("winkel"))
    cli.write("b.yaml", document("winkel", name="Anders"))
    result = cli("apply", "a.yaml", "b.yaml", code=1)
    assert result.stderr == "b.yaml: id: winkel is in a.yaml as well; apply one of the two\n"


def test_stdin_is_a_file_too(cli: CommandLine) -> None:
    """`-` reads a document, YAML or JSON."""
    cli("apply", "-", stdin=document("winkel"))
    exported = cli("schedule", "export", "winkel", "--format", "json").stdout
    assert cli("apply", "-", stdin=exported).stdout == "winkel: unchanged, revision 1\n"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("folder", "is a folder"),
        ("absent.yaml", "is not there"),
        ("pipe", "is not a regular file"),
        ("x" * 300, "can't be read: File name too long"),
        ("nul\0.yaml", "can't be read: "),
    ],
    ids=["folder", "absent", "pipe", "too-long", "nul"],
)
def test_what_is_no_file_is_told_in_one_line(cli: CommandLine, name: str, problem: str) -> None:
    """With what it is, and what to do; the other files' faults beside it."""
    (cli.folder / "folder").mkdir()
    os.mkfifo(cli.folder / "pipe")
    result = cli("apply", name, "ook-niet.yaml", code=1)
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{name}: {problem}")
    assert second.startswith("ook-niet.yaml: is not there; ")


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


EXPECT_OPEN = "[{at: 2026-12-25T10:00, status: open}]"
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


AUDIO = "{gesloten: {name: Gesloten, file: geluid/gesloten.wav}}"


def test_a_message_beside_the_document_is_stored(cli: CommandLine) -> None:
    """Its hash takes the place of its path, relative to the document's folder."""
    cli.write("map/geluid/gesloten.wav", wav())
    cli("apply", cli.write("map/winkel.yaml", document("winkel", audio=AUDIO)))
    digest = sha256(wav()).hexdigest()
    assert stored_messages(cli) == [f"{digest}.wav"]
    shown = cli.json("schedule", "show", "winkel")["document"]["audio"]
    assert shown == {"gesloten": {"name": "Gesloten", "sha256": digest}}


def test_a_dry_run_stores_no_message(cli: CommandLine) -> None:
    """Yet it is judged, and counts as present in what callers would hear."""
    cli.apply(document("winkel"))
    cli.write("geluid/gesloten.wav", wav())
    text = document("winkel", "00:00-24:00 open audio=gesloten", audio=AUDIO)
    result = cli("apply", cli.write("winkel.yaml", text), "--dry-run")
    assert "the hours stay the same; what else changes for callers in the " in result.stdout
    assert ": still open, but with message 'Gesloten'\n" in result.stdout
    assert stored_messages(cli) == []


@pytest.mark.parametrize("clash", ["fault", "number", "expectation"])
def test_no_message_is_stored_unless_all_is_well(cli: CommandLine, clash: str) -> None:
    """Neither after a fault in another file, nor after a conflict found when saving."""
    cli.apply(document("houder", numbers='["+31850000001"]'))
    cli.write("geluid/gesloten.wav", wav())
    cli.write("winkel.yaml", document("winkel", audio=AUDIO))
    others = {
        "fault": document("ander", pbx="4cx"),
        "number": document("ander", numbers='["+31850000001"]'),
        "expectation": document("ander", "00:00-24:00 closed", expect=EXPECT_OPEN),
    }
    cli("apply", "winkel.yaml", cli.write("ander.yaml", others[clash]), code=1)
    assert stored_messages(cli) == []
    assert cli.revisions() == {"houder": 1}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/etc/hostname", "leads out of the document's folder"),
        ("../buiten.wav", "leads out of the document's folder"),
        ("map/../gesloten.wav", "leads out of the document's folder"),
        ("koppeling.wav", "leads out of the document's folder"),
        ("absent.wav", "is not there"),
        ("map", "is a folder"),
        ("tekst.wav", "is not a WAV file"),
        ("kort.wav", "says another length than it has"),
        ('"a\\0b"', "is not a path"),
    ],
)
def test_other_files_than_messages_of_the_folder_are_refused(
    cli: CommandLine, path: str, problem: str
) -> None:
    """The fault names the message's place; nothing is read from elsewhere."""
    cli.write("buiten.wav", wav())
    cli.write("doc/map/leeg", "")
    cli.write("doc/gesloten.wav", wav())
    cli.write("doc/tekst.wav", "geen geluid")
    cli.write("doc/kort.wav", wav()[:-2])
    Path("doc/koppeling.wav").symlink_to(cli.folder / "buiten.wav")
    text = document("winkel", audio=f"{{gesloten: {{name: Gesloten, file: {path}}}}}")
    result = cli("apply", cli.write("doc/winkel.yaml", text), code=1)
    assert result.stderr.startswith("doc/winkel.yaml:4: audio.gesloten.file: ")
    assert problem in result.stderr
    assert cli.rows() == {}


def test_a_document_from_stdin_names_no_files(cli: CommandLine) -> None:
    """It lies in no folder."""
    result = cli("apply", "-", stdin=document("winkel", audio=AUDIO), code=1)
    assert "a document from stdin lies in no folder" in result.stderr


CORPUS = broken_documents()


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_broken_documents_are_refused_and_leave_no_trace(
    cli: CommandLine, case: BrokenDocument
) -> None:
    """Each fault is told with its place and remedy beside a sound file that isn't stored either."""
    sound = cli.write("goed.yaml", document("goed"))
    result = cli("apply", cli.write("stuk.yaml", case.source), sound, code=1)
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    for fault in case.faults:
        line = "" if fault.line is None else f":{fault.line}"
        start = f"stuk.yaml{line}: {fault.place}"
        assert any(
            told.startswith(start) and fault.problem in told and fault.remedy in told
            for told in lines
        ), (fault, lines)
    assert cli.rows() == {}


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


def test_faults_found_when_saving_have_their_line(cli: CommandLine) -> None:
    """A revision that was overtaken, and an expectation that fails."""
    cli.apply(document("winkel"))
    cli.apply(document("winkel", name="Anders"))
    late = document("winkel", name="Laat", revision="1")
    told = cli("apply", cli.write("laat.yaml", late), code=1).stderr
    assert told.startswith("laat.yaml:4: revision: is 1, but ")
    wrong = document("winkel", expect="[{at: 2026-12-25T10:00, status: closed}]")
    told = cli("apply", cli.write("fout.yaml", wrong), code=1).stderr
    assert told.startswith("fout.yaml:4: expect[")


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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("weg.wav", "weg.wav is not there; check the path", id="missing"),
        pytest.param(
            "ABSOLUTE", "write it relative to the document: map/er.wav", id="absolute-inside"
        ),
        pytest.param("groot.wav", "sox in.wav -r 8000 -c 1 -b 16 out.wav", id="other-format"),
    ],
)
def test_a_message_that_is_refused_says_how_to_mend_it(
    cli: CommandLine, name: str, told: str
) -> None:
    """With its path, a path that would do, or a command to convert it."""
    cli.write("map/er.wav", wav())
    cli.write("groot.wav", b"ID3")
    path = str(cli.folder / "map/er.wav") if name == "ABSOLUTE" else name
    text = document("winkel", audio=f"{{a: {{name: A, file: '{path}'}}}}")
    assert told in cli("apply", cli.write("winkel.yaml", text), code=1).stderr


def test_a_day_of_another_language_names_the_keys_of_a_week(cli: CommandLine) -> None:
    """Nothing like `wednesday` is known, but what is can be told."""
    text = document("winkel").replace("wed:", "wednesday:")
    told = cli("apply", "-", stdin=text, code=1).stderr
    assert "week.wednesday: is not a key known here; use mon, tue, wed, thu, fri, sat, sun" in told


def test_a_block_with_a_hyphen_is_told_how_to_write_it(cli: CommandLine) -> None:
    """The form that was meant stands in the remedy."""
    text = document("winkel", numbers='["+31850000400-409"]')
    assert "write a block as +31850000400..09" in cli("apply", "-", stdin=text, code=1).stderr
