"""`bereikbaar apply`: documents into the store, all or none (contract.md: schedule document)."""

import os

import pytest

from tests.broken_documents import BrokenDocument, broken_documents
from tests.cli.command_line import HEAD_OFFICE, CommandLine, document


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


def test_a_day_of_another_language_names_the_keys_of_a_week(cli: CommandLine) -> None:
    """Nothing like `wednesday` is known, but what is can be told."""
    text = document("winkel").replace("wed:", "wednesday:")
    told = cli("apply", "-", stdin=text, code=1).stderr
    assert "week.wednesday: is not a key known here; use mon, tue, wed, thu, fri, sat, sun" in told


def test_a_block_with_a_hyphen_is_told_how_to_write_it(cli: CommandLine) -> None:
    """The form that was meant stands in the remedy."""
    text = document("winkel", numbers='["+31850000400-409"]')
    assert "write a block as +31850000400..09" in cli("apply", "-", stdin=text, code=1).stderr


def test_interrupting_after_the_save_says_so(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses Ctrl-C while the changes are told knows that they are saved."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    cli.write("winkel.yaml", document("winkel"))
    monkeypatch.setattr("admin_cli.apply.print_changes", interrupt)
    assert "saved" not in cli("apply", "winkel.yaml", "--dry-run", code=1).stderr
    told = cli("apply", "winkel.yaml", code=1).stderr.split("\n")
    assert told[-4:] == ["interrupted, but the change is saved", "", "Aborted!", ""]
    assert cli.revisions() == {"winkel": 1}
