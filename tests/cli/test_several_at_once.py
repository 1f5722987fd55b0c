"""Several weekdays, and several schedules, in one command."""

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Have a head office with an exception, and a branch without anything."""
    cli.apply(HEAD_OFFICE, document("filiaal"))
    cli("exception", "add", "hoofdkantoor", "Feest")
    return cli


def exceptions(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> dict[str, list[str]]:
    """Return the slots of a schedule's exceptions by id."""
    listed = cli.json("exception", "list", schedule_id)["exceptions"]
    return {one["id"]: one["slots"] for one in listed}


def test_hours_are_copied_to_several_weekdays(office: CommandLine) -> None:
    """Spans and lists, in Dutch too; an exception of such a name is said in full."""
    office("hours", "quick", "hoofdkantoor", "mon", "10", "16")
    office("exception", "add", "hoofdkantoor", "Di vr")
    office("hours", "copy", "hoofdkantoor", "ma", "di-vr", "week/Za")
    week = office.json("hours", "show", "hoofdkantoor")["week"]
    assert {day for day, slots in week.items() if slots == week["mon"]} == week.keys() - {"sun"}
    assert exceptions(office)["di-vr"] == ["00:00-24:00 closed"]
    office("hours", "copy", "hoofdkantoor", "mon", "exceptions/di-vr")
    assert exceptions(office)["di-vr"] == week["mon"]


def test_days_that_can_not_be_read_are_told(office: CommandLine) -> None:
    """One day is copied from; each name that is none is told."""
    copy = ("hours", "copy", "hoofdkantoor", "mon-fri", "week/xyz", "holidays/koningdag")
    told = office(*copy, code=1).stderr.splitlines()
    assert [line.partition(";")[0] for line in told] == [
        "FROM: 'mon-fri' is more than one day",
        "TO week/xyz: 'xyz' is not a day of the week",
        "TO holidays/koningdag: 'koningdag' is not a holiday",
    ]


def test_an_exception_is_added_once_to_each_schedule(office: CommandLine) -> None:
    """One named twice gets it once; the schedule itself is no other one."""
    add = ("exception", "add", "hoofdkantoor", "Borrel", "--also")
    told = office.json(*add, "filiaal", "--also", "filiaal")["schedules"]
    assert [one["schedule"] for one in told] == ["hoofdkantoor", "filiaal"]
    before = office.rows()
    assert "--also is for other schedules" in office(*add, "hoofdkantoor", code=2).stderr
    assert office.rows() == before


def test_every_schedule_that_is_not_there_is_told(office: CommandLine) -> None:
    """All at once, and the one that is there gets nothing."""
    copy = ("exception", "copy-to", "hoofdkantoor", "feest")
    told = office(*copy, "filaal", "filiaal", "winkel", code=1).stderr
    assert told.splitlines() == [
        "Error: there is no schedule 'filaal'; did you mean filiaal?",
        "Error: there is no schedule 'winkel'; check the spelling",
    ]
    assert exceptions(office, "filiaal") == {}


def test_a_forward_refused_in_another_schedule_is_told_with_its_id(office: CommandLine) -> None:
    """The head office opted in to Belgium; the branch, to which the exception goes, didn't."""
    office("schedule", "set", "hoofdkantoor", "--forward-country", "BE")
    office("forward", "add", "hoofdkantoor", "Brussel", "+3225117890")
    closed = "00:00-24:00 closed forward=brussel"
    office("exception", "edit", "hoofdkantoor", "feest", closed)
    before = office.rows()
    told = office("exception", "copy-to", "hoofdkantoor", "feest", "filiaal", code=1).stderr
    assert told.startswith("filiaal: forwards.brussel.number: +3225117890 is a number of BE")
    assert office.rows() == before


def test_a_name_does_not_hide_that_slots_are_missing(office: CommandLine) -> None:
    """--autofill beside --name is about slots, of which there are none."""
    before = office.rows()
    edit = ("exception", "edit", "hoofdkantoor", "feest", "--name", "Kerst", "--autofill")
    assert "give slots" in office(*edit, code=2).stderr
    assert office.rows() == before
