"""`bereikbaar schedule`: list, show, export, delete, link and unlink."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document


def numbers_of(cli: CommandLine, schedule_id: str) -> list[str]:
    """Return a schedule's linked numbers."""
    shown: list[str] = cli.json("schedule", "show", schedule_id)["document"]["numbers"]
    return shown


def test_the_list(cli: CommandLine) -> None:
    """A block counts for every number in it."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    assert cli("schedule", "list").stdout == (
        "ID            NAME                  COMPANY       PBX      REVISION  NUMBERS\n"
        "hoofdkantoor  Hoofdkantoor Utrecht  Voorbeeld BV  3cx      1         101\n"
        "winkel        Winkel                              generic  1         0\n"
    )
    assert cli.json("schedule", "list")[1] == {
        "id": "winkel",
        "name": "Winkel",
        "company": None,
        "pbx": "generic",
        "revision": 1,
        "numbers": 0,
        "problem": None,
    }


def test_a_schedule_shown_to_a_person(cli: CommandLine) -> None:
    """Weekdays alike stand as one; everything that was written is there."""
    extra = (
        "notes: |\n  Eerste regel\n  Tweede regel\n"
        "forward_countries: [BE]\n"
        f"audio: {{dicht: {{name: Gesloten, sha256: {'ab' * 32}}}}}\n"
        "exceptions:\n"
        "  open-dag: {name: Open dag, dates: [2026-12-05], slots: [00:00-24:00 open]}\n"
        "  later: {name: Later}\n"
        "template: exceptions/open-dag\n"
        "overrides: {storing: {from: 2026-12-01T08:00Z, until: 2026-12-01T09:00Z, "
        "slot: closed, reason: Brand}}\n"
        "expect: [{at: 2026-12-05T10:00, status: open}]\n"
    )
    text = HEAD_OFFICE.replace("  koningsdag:\n", "  bevrijdingsdag: {every: lustrum}\n")
    cli.apply(text + extra, options=("--as", "Piet"))
    assert cli("schedule", "show", "hoofdkantoor").stdout == (
        "Hoofdkantoor Utrecht (hoofdkantoor)\n"
        "revision            1, by Piet on 2026-11-22 10:00 UTC: applied from apply-0.yaml\n"
        "company             Voorbeeld BV\n"
        "pbx                 3cx\n"
        "timezone            Europe/Amsterdam\n"
        "voicemail email     receptie@example.nl\n"
        "template            exceptions/open-dag\n"
        "notes               Eerste regel\n"
        "                    Tweede regel\n"
        "forwards also to    BE\n"
        "numbers             +31850000000, +31850000100..99\n"
        "forward storing     Storingsdienst, +31612345678\n"
        "message dicht       Gesloten, abababababab…\n"
        "mon-fri             00:00-08:30 closed voicemail\n"
        "                    08:30-17:00 open\n"
        "                    17:00-24:00 closed forward=storing\n"
        "sat-sun             00:00-24:00 closed forward=storing\n"
        "exception open-dag  Open dag: 2026-12-05\n"
        "                    00:00-24:00 open\n"
        "exception later     Later: no dates yet: a draft\n"
        "                    00:00-24:00 closed\n"
        "holiday bevrijdingsdag  Bevrijdingsdag: on, in lustrum years\n"
        "                    00:00-24:00 closed\n"
        "override storing    2026-12-01T08:00+00:00 to 2026-12-01T09:00+00:00: closed (Brand)\n"
        "expected            2026-12-05T10:00 open\n"
    )


def test_a_schedule_that_is_not_there(cli: CommandLine) -> None:
    """The message says which may be meant; as JSON with a word for it."""
    cli.apply(document("winkel"))
    assert "did you mean winkel?" in cli("schedule", "show", "winkle", code=1).stderr
    assert cli.json("schedule", "show", "winkle", code=1)["error"] == "not-found"


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_an_export_is_taken_back_as_it_was(cli: CommandLine, form: str) -> None:
    """Applying an export changes nothing."""
    cli.apply(HEAD_OFFICE)
    text = cli("schedule", "export", "hoofdkantoor", "--format", form).stdout
    assert cli("apply", "-", stdin=text).stdout == "hoofdkantoor: unchanged, revision 1\n"


def test_json_is_the_format_that_json_asks_for(cli: CommandLine) -> None:
    """`--json` prints the document as JSON, revision included."""
    cli.apply(document("winkel"))
    assert json.loads(cli("schedule", "export", "winkel", "--json").stdout)["revision"] == 1


def test_all_schedules_go_into_a_folder(cli: CommandLine) -> None:
    """One file each, the folder made; what stood there is replaced, and nothing left behind."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    cli.write("uit/map/winkel.yaml", "oud")
    answer = cli.json("schedule", "export", "--all", "--output", "uit/map")
    assert answer["written"] == [
        {"schedule": "hoofdkantoor", "revision": 1, "file": "uit/map/hoofdkantoor.yaml"},
        {"schedule": "winkel", "revision": 1, "file": "uit/map/winkel.yaml"},
    ]
    assert sorted(path.name for path in Path("uit/map").iterdir()) == [
        "hoofdkantoor.yaml",
        "winkel.yaml",
    ]
    assert cli("apply", "uit/map/hoofdkantoor.yaml", "uit/map/winkel.yaml").stderr == (
        "2 unchanged\n"
    )


@pytest.mark.parametrize(
    ("output", "file"),
    [
        ("een.yaml", "een.yaml"),
        ("een.json", "een.json"),
        ("map/", "map/winkel.yaml"),
        ("map", "map/winkel.yaml"),
    ],
)
def test_one_schedule_goes_into_a_file_or_folder(cli: CommandLine, output: str, file: str) -> None:
    """A name with a suffix is a file, and says the format."""
    cli.apply(document("winkel"))
    told = cli("schedule", "export", "winkel", "--output", output).stdout
    assert told == f"winkel: revision 1 in {file}\n"
    assert Path(file).read_text().startswith("{" if file.endswith(".json") else "id: winkel\n")


def test_an_export_over_a_file_where_a_folder_is_wanted(cli: CommandLine) -> None:
    """It is refused, and the file stays."""
    cli.apply(document("winkel"), document("kantoor"))
    cli.write("bestand", "blijft")
    result = cli("schedule", "export", "--all", "--output", "bestand", code=1)
    assert result.stderr == "Error: bestand is not a folder; name another, or remove it\n"
    assert Path("bestand").read_text() == "blijft"


def test_an_export_into_a_folder_that_is_not_there(cli: CommandLine) -> None:
    """The operating system's reason is told with the path, without a traceback."""
    cli.apply(document("winkel"))
    result = cli("schedule", "export", "winkel", "--output", "weg/een.yaml", code=1)
    assert result.stderr.startswith("Error: weg/een.yaml: No such file")
    assert "No such file or directory" in result.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("--all", "winkel"), ("a", "b"), ("--all",)], ids=" ".join
)
def test_an_export_of_nothing_in_particular(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """Which schedules and where to is for the operator to say."""
    cli("schedule", "export", *arguments, code=2)


def test_a_deletion(cli: CommandLine) -> None:
    """The revisions stay, so the next apply goes on counting."""
    cli.apply(document("winkel"))
    assert cli("schedule", "delete", "winkel").stdout == "winkel: deleted\n"
    assert cli.revisions() == {}
    assert "created, revision 3" in cli.apply(document("winkel")).stdout


def test_a_deletion_is_refused_while_numbers_are_linked(cli: CommandLine) -> None:
    """Unless it is forced, which says whose calls are concerned."""
    cli.apply(HEAD_OFFICE)
    result = cli("schedule", "delete", "hoofdkantoor", code=1)
    assert "still has linked numbers: +31850000000, +31850000100..99" in result.stderr
    assert cli("schedule", "delete", "hoofdkantoor", "--force").stdout == (
        "hoofdkantoor: deleted\n"
        "  numbers unlinked: +31850000000, +31850000100..99; it no longer decides their calls\n"
    )


def test_a_deletion_tried_dry(cli: CommandLine) -> None:
    """It is judged the same, and undone."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    cli("schedule", "delete", "hoofdkantoor", "--dry-run", code=1)
    cli("schedule", "delete", "hoofdkantoor", "--dry-run", "--force")
    assert cli.rows() == before


def test_a_schedule_that_was_deleted_is_told_apart(cli: CommandLine) -> None:
    """Who deleted it, and when."""
    cli.apply(document("winkel"))
    cli("schedule", "delete", "winkel", "--as", "Piet")
    result = cli("schedule", "delete", "winkel", code=1)
    assert "was deleted by Piet on 2026-11-22 at 10:00 UTC" in result.stderr


def test_linking(cli: CommandLine) -> None:
    """National forms are read in the configured region; what is linked already stays."""
    cli.apply(document("winkel", numbers='["+31850000000"]'))
    result = cli("schedule", "link", "winkel", "085-0000000", "085-0000100..99")
    assert result.stdout == (
        "winkel: changed, revision 2\n"
        "  numbers linked: +31850000100..99; this schedule decides their calls from now on\n"
        "  hours, messages and targets stay the same for callers\n"
    )
    assert numbers_of(cli, "winkel") == ["+31850000000", "+31850000100..99"]
    again = cli("schedule", "link", "winkel", "+31850000150")
    assert again.stdout == "winkel: unchanged, revision 2\n"


def test_linking_around_what_is_linked_already(cli: CommandLine) -> None:
    """A block over a number of the same schedule adds only what is new."""
    cli.apply(document("winkel", numbers='["+31850000105"]'))
    cli("schedule", "link", "winkel", "+31850000100..09")
    assert numbers_of(cli, "winkel") == ["+31850000105", "+31850000100..4", "+31850000106..9"]


def test_linking_elsewhere_is_refused_naming_the_holder(cli: CommandLine) -> None:
    """Every number is named, and what to do (rule 25)."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    before = cli.rows()
    numbers = ("+31850000000", "+31850000190..209", "+31201234567")
    result = cli("schedule", "link", "winkel", *numbers, code=1)
    remedy = "is linked to hoofdkantoor already; unlink it there first, or --move it"
    assert result.stderr == (f"Error: +31850000000 {remedy}\nError: +31850000190..9 {remedy}\n")
    assert cli.rows() == before


def test_a_move_splits_the_block_it_leaves(cli: CommandLine) -> None:
    """Both schedules are told, changed in one transaction."""
    cli.apply(HEAD_OFFICE, document("winkel"))
    result = cli("schedule", "link", "winkel", "+31850000150", "--move")
    assert result.stdout == (
        "hoofdkantoor: changed, revision 2\n"
        "  numbers unlinked: +31850000150; it no longer decides their calls\n"
        "  block +31850000100..99 is split: +31850000100..49, +31850000151..99 stays\n"
        "  hours, messages and targets stay the same for callers\n"
        "winkel: changed, revision 2\n"
        "  numbers linked: +31850000150; this schedule decides their calls from now on\n"
        "  hours, messages and targets stay the same for callers\n"
    )
    assert numbers_of(cli, "winkel") == ["+31850000150"]
    assert cli.json("check", "--number", "+31850000150")["schedule"] == "winkel"
    assert cli.json("check", "--number", "+31850000151")["schedule"] == "hoofdkantoor"


def test_unlinking(cli: CommandLine) -> None:
    """Out of a block too, at its edges and within; a schedule left without numbers is warned of."""
    cli.apply(document("winkel", numbers='["+31850000000", "+31850000100..09"]'))
    cli("schedule", "unlink", "winkel", "+31850000100", "+31850000103..05", "+31850000109")
    assert numbers_of(cli, "winkel") == ["+31850000000", "+31850000101..2", "+31850000106..8"]
    cli("schedule", "unlink", "winkel", "+31850000101..02", "+31850000106..08")
    last = cli("schedule", "unlink", "winkel", "+31850000000")
    assert last.stderr == "Warning: winkel has no numbers left: no PBX reaches it\n"


def test_unlinking_what_is_not_linked(cli: CommandLine) -> None:
    """All of them are named, those elsewhere with their holder; nothing is unlinked."""
    cli.apply(HEAD_OFFICE, document("winkel", numbers='["+31850000001"]'))
    before = cli.rows()
    numbers = ("+31850000001", "+31850000000", "+31201234567", "+31850000000..09")
    result = cli("schedule", "unlink", "winkel", *numbers, code=1)
    assert result.stderr == (
        "Error: +31850000000 is not linked to winkel; unlink it from hoofdkantoor\n"
        "Error: +31201234567 is not linked to winkel; check the number\n"
        "Error: +31850000000..9 is not wholly linked to winkel; unlink it from hoofdkantoor\n"
    )
    assert cli.rows() == before


@pytest.mark.parametrize("command", ["link", "unlink"])
def test_numbers_that_are_none(cli: CommandLine, command: str) -> None:
    """Each fault is told, before anything is read."""
    cli.apply(document("winkel"))
    result = cli("schedule", command, "winkel", "abc", "12", code=1)
    assert [line[:8] for line in result.stderr.splitlines()] == ["NUMBER: ", "NUMBER: "]


@pytest.mark.parametrize("command", ["link", "unlink"])
def test_linking_tried_dry(cli: CommandLine, command: str) -> None:
    """What would change is told, and undone."""
    cli.apply(document("winkel", numbers='["+31850000001"]'))
    before = cli.rows()
    number = "+31850000002" if command == "link" else "+31850000001"
    result = cli("schedule", command, "winkel", number, "--dry-run")
    assert "winkel: changed, revision 2" in result.stdout
    assert "a dry run: nothing was saved\n" in result.stderr
    assert cli.rows() == before


def damage(cli: CommandLine, schedule_id: str) -> None:
    """Make a stored schedule unreadable."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = '{}' WHERE schedule_id = ?", [schedule_id])
        db.commit()


@pytest.mark.parametrize("chosen", [("--all",), ("a", "b", "c")], ids=["all", "named"])
def test_a_damaged_schedule_holds_up_no_other_export(
    cli: CommandLine, chosen: tuple[str, ...]
) -> None:
    """What can be written is; what can't is named, and the exit code says so."""
    cli.apply(document("a"), document("b"), document("c"))
    damage(cli, "b")
    asked = ("schedule", "export", *chosen, "--output", "uit")
    told = cli(*asked, code=1)
    assert told.stdout == "a: revision 1 in uit/a.yaml\nc: revision 1 in uit/c.yaml\n"
    assert "Error: schedule b, revision 1: " in told.stderr
    assert told.stderr.endswith("2 written, 1 failed\n")
    answer = cli.json(*asked, code=1)
    assert [one["schedule"] for one in answer["written"]] == ["a", "c"]
    assert [one["schedule"] for one in answer["failed"]] == ["b"]
    assert sorted(path.name for path in Path("uit").iterdir()) == ["a.yaml", "c.yaml"]


def test_what_a_damaged_store_still_holds_is_exported(cli: CommandLine) -> None:
    """That schedules are missing is told beside those that could be written."""
    cli.apply(document("a"), document("b"))
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER schedules_are_deleted_first")
        db.execute("DELETE FROM schedules WHERE id = 'b'")
        db.commit()
    answer = cli.json("schedule", "export", "--all", "--output", "uit", code=1)
    assert [one["file"] for one in answer["written"]] == ["uit/a.yaml"]
    assert [one["schedule"] for one in answer["failed"]] == [None]
    assert "damaged or missing" in answer["failed"][0]["problem"]


def test_an_export_keeps_link_and_mode_of_what_it_replaces(cli: CommandLine) -> None:
    """The link still leads to its target, which others may still read."""
    cli.apply(document("winkel"))
    target = cli.folder / cli.write("elders/echt.yaml", "oud")
    target.chmod(0o640)
    Path("winkel.yaml").symlink_to(target)
    cli("schedule", "export", "winkel", "--output", "winkel.yaml")
    assert Path("winkel.yaml").readlink() == target
    assert target.read_text().startswith("id: winkel\n")
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_deletion_asks_only_about_a_schedule_that_is_there(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked to confirm what is refused anyway."""
    cli.apply(document("winkel"))
    monkeypatch.setattr("admin_cli.schedule_edits.is_at_terminal", lambda: True)
    refused = cli("schedule", "delete", "winkle", code=1, stdin="y\n")
    assert "Delete schedule" not in refused.stderr
    assert "did you mean winkel?" in refused.stderr
    assert "Delete schedule winkel?" in cli("schedule", "delete", "winkel", stdin="y\n").stderr


def test_deleted_schedules_can_be_found_again(cli: CommandLine) -> None:
    """They are listed apart with who deleted them, and creating one anew says that it was there."""
    cli.apply(document("filiaal"), document("winkel"))
    assert "no deleted schedules" in cli("schedule", "list", "--deleted").stderr
    cli("schedule", "delete", "filiaal", "--as", "piet")
    assert cli.json("schedule", "list", "--deleted") == [
        {
            "id": "filiaal",
            "deleted_in": 2,
            "deleted_at": "2026-11-22T10:00:00Z",
            "deleted_by": "piet",
        }
    ]
    assert "filiaal  2         2026-11-22 10:00  piet" in (
        cli("schedule", "list", "--deleted").stdout
    )
    told = cli("schedule", "create", "filiaal", "--name", "Filiaal", "--pbx", "3cx").stderr
    assert "filiaal was the id of a deleted schedule" in told
    assert cli.json("schedule", "list", "--deleted") == []


def test_a_line_break_does_not_break_the_table(cli: CommandLine) -> None:
    """A company's name of two lines is shown on one."""
    cli.apply(document("filiaal", company='"een\\ntwee\\tdrie"'))
    assert "een twee drie" in cli("schedule", "list").stdout
