"""`bereikbaar exception` and `template`."""

from tests.cli.command_line import CommandLine
from tests.cli.conftest import SetClock
from tests.cli.days import WORKDAY, exceptions


def test_exceptions_are_listed_by_state(office: CommandLine, set_clock: SetClock) -> None:
    """Active, draft and expired stand apart, by the schedule's own date (semantics.md rule 9)."""
    office("exception", "add", "hoofdkantoor", "Feest", "--date", "2026-12-05")
    office("exception", "add", "hoofdkantoor", "Later ooit")
    set_clock("2026-12-05T22:59:00+00:00")
    assert {key: one["state"] for key, one in exceptions(office).items()} == {
        "feest": "active",
        "later-ooit": "draft",
    }
    set_clock("2026-12-05T23:00:00+00:00")
    shown = office("exception", "list", "hoofdkantoor").stdout.splitlines()
    assert shown == [
        "Drafts, without dates yet:",
        "  later-ooit  Later ooit",
        "      00:00-24:00 closed",
        "Expired:",
        "  feest  Feest  2026-12-05",
        "      00:00-24:00 closed",
    ]


def test_an_exception_begins_empty_or_as_another_day(office: CommandLine) -> None:
    """Closed all day, as given, as the template, or as the weekly hours of a date."""
    office("template", "set", "hoofdkantoor", "sat")
    add = ("exception", "add", "hoofdkantoor")
    office(*add, "Leeg")
    office(*add, "Gegeven", "10:00-16:00 open", "--autofill")
    office(*add, "Als sjabloon", "--from-template")
    office(*add, "Als vrijdag", "--from-hours", "2026-12-18", "--date", "2026-12-18")
    assert {key: one["slots"] for key, one in exceptions(office).items()} == {
        "leeg": ["00:00-24:00 closed"],
        "gegeven": ["00:00-10:00 closed", "10:00-16:00 open", "16:00-24:00 closed"],
        "als-sjabloon": ["00:00-24:00 closed forward=storing"],
        "als-vrijdag": WORKDAY,
    }


def test_one_exception_goes_to_several_schedules_or_to_none(office: CommandLine) -> None:
    """Forwards go along (rule 23); one schedule that can't have it keeps all as they were."""
    office("schedule", "export", "hoofdkantoor")
    add = ("exception", "add", "hoofdkantoor", "Sluiting", "--date", "2026-12-28")
    before = office.rows()
    voicemail = ("00:00-24:00 closed voicemail", "--also", "filiaal")
    assert office(*add, *voicemail, code=1).stderr.startswith("filiaal: ")
    assert office.rows() == before
    office(*add, "00:00-24:00 closed forward=storing", "--also", "filiaal")
    assert exceptions(office, "filiaal")["sluiting"]["slots"] == [
        "00:00-24:00 closed forward=storing"
    ]
    forwards = office.json("schedule", "show", "filiaal")["document"]["forwards"]
    assert forwards == {"storing": {"name": "Storingsdienst", "number": "+31612345678"}}


def test_an_exception_is_copied_to_other_schedules(office: CommandLine) -> None:
    """A date that is taken there is refused, naming schedule and exception (rule 8)."""
    office("exception", "add", "hoofdkantoor", "Feest", "--date", "2026-12-05")
    office("exception", "copy-to", "hoofdkantoor", "feest", "filiaal")
    again = office("exception", "copy-to", "hoofdkantoor", "feest", "filiaal", code=1).stderr
    assert again == (
        "filiaal: exceptions.feest-2.dates[0]: 2026-12-05 already belongs to exception feest; "
        "give each date once, in one exception\n"
    )


def test_an_exception_s_name_slots_and_dates_change(office: CommandLine) -> None:
    """Edits leave alone what they don't name; without dates it is a draft again."""
    office("exception", "add", "hoofdkantoor", "Feest", "--date", "2026-12-05..2026-12-07")
    change = ("hoofdkantoor", "feest")
    office("exception", "edit", *change, "--name", "Groot feest")
    office("exception", "edit", *change, "20:00-24:00 open", "--into")
    office("exception", "dates", *change, "--add", "2026-12-09", "--remove", "2026-12-06")
    assert exceptions(office)["feest"] == {
        "id": "feest",
        "name": "Groot feest",
        "state": "active",
        "dates": ["2026-12-05", "2026-12-07", "2026-12-09"],
        "slots": ["00:00-20:00 closed", "20:00-24:00 open"],
        "is_template": False,
    }
    office("exception", "quick", *change, "10", "12")
    assert exceptions(office)["feest"]["slots"] == [
        "00:00-10:00 closed",
        "10:00-12:00 open",
        "12:00-24:00 closed",
    ]
    stranger = office("exception", "dates", *change, "--remove", "2026-12-06", code=1).stderr
    assert stranger == "Error: exception feest doesn't have 2026-12-06; see `exception list`\n"
    office("exception", "dates", *change, "--none")
    assert exceptions(office)["feest"]["state"] == "draft"


def test_dates_that_are_over_are_warned_of(office: CommandLine) -> None:
    """A wrong year is easily typed: the exception is saved, and stderr says what is odd."""
    add = ("exception", "add", "hoofdkantoor")
    assert "lie in the past" in office(*add, "Feest", "--date", "2026-11-21").stderr
    assert "past" not in office(*add, "Later", "--date", "2026-11-22").stderr
    dates = ("exception", "dates", "hoofdkantoor", "later")
    assert "lie in the past" in office(*dates, "--add", "2025-12-05").stderr


def test_removing_exceptions_unsets_the_template(office: CommandLine) -> None:
    """Several go at once; a template that is one of them is told to be unset (rule 24)."""
    office("exception", "add", "hoofdkantoor", "Een")
    office("exception", "add", "hoofdkantoor", "Twee")
    office("template", "set", "hoofdkantoor", "exceptions/een")
    assert exceptions(office)["een"]["is_template"] is True
    told = office("exception", "remove", "hoofdkantoor", "een", "twee").stdout
    assert "template: 'exceptions/een' becomes nothing" in told
    assert exceptions(office) == {}


def test_the_template_is_shown_and_chosen(office: CommandLine) -> None:
    """Any day that was set up can be it; `none` unsets it."""
    assert "has no template" in office("template", "show", "hoofdkantoor").stderr
    office("template", "set", "hoofdkantoor", "koningsdag")
    assert office("template", "show", "hoofdkantoor").stdout.splitlines() == [
        "holidays/koningsdag",
        "  00:00-24:00 closed",
    ]
    refused = office("template", "set", "hoofdkantoor", "nieuwjaarsdag", code=1).stderr
    assert "'holidays/nieuwjaarsdag' is not a day of this schedule" in refused
    office("template", "set", "hoofdkantoor", "none")
    assert office.json("template", "show", "hoofdkantoor")["template"] is None
