"""`bereikbaar hours`, `exception`, `holiday` and `template`, as operators use them."""

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document
from tests.cli.conftest import SetClock

USE_DAYS = "use mon, tue, wed, thu, fri, sat, sun, a span such as mon-fri, or all"
WORKDAY = ["00:00-08:30 closed voicemail", "08:30-17:00 open", "17:00-24:00 closed forward=storing"]


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Have a head office and a branch without messages, forwards or address."""
    cli.apply(HEAD_OFFICE, document("filiaal"))
    return cli


def week(cli: CommandLine) -> dict[str, list[str]]:
    """Return the weekly hours of the head office."""
    found: dict[str, list[str]] = cli.json("hours", "show", "hoofdkantoor")["week"]
    return found


def exceptions(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> dict[str, dict[str, object]]:
    """Return the exceptions of a schedule by id."""
    listed = cli.json("exception", "list", schedule_id)["exceptions"]
    return {one["id"]: one for one in listed}


def holidays(cli: CommandLine) -> dict[str, dict[str, object]]:
    """Return the holidays of the head office by id."""
    listed = cli.json("holiday", "list", "hoofdkantoor")["holidays"]
    return {one["id"]: one for one in listed}


def test_hours_are_shown_with_days_alike_together(office: CommandLine) -> None:
    """Days with the same slots stand under one heading, only the days asked for."""
    shown = office("hours", "show", "hoofdkantoor", "thu-sun").stdout
    assert shown.splitlines() == [
        "thu-fri  00:00-08:30 closed voicemail",
        "         08:30-17:00 open",
        "         17:00-24:00 closed forward=storing",
        "sat-sun  00:00-24:00 closed forward=storing",
    ]


def test_a_day_is_set_slot_by_slot(office: CommandLine) -> None:
    """Slots put into a day push aside what they cover; a span can be taken out and filled."""
    office("hours", "set", "hoofdkantoor", "mon", "12:00-12:30 break", "--into")
    assert week(office)["mon"] == [
        "00:00-08:30 closed voicemail",
        "08:30-12:00 open",
        "12:00-12:30 break",
        "12:30-17:00 open",
        "17:00-24:00 closed forward=storing",
    ]
    office("hours", "set", "hoofdkantoor", "mon", "--take-out", "16-17", "--autofill")
    assert week(office)["mon"][3:] == [
        "12:30-16:00 open",
        "16:00-17:00 closed",
        "17:00-24:00 closed forward=storing",
    ]
    assert week(office)["tue"] == WORKDAY


def test_a_day_that_is_not_whole_is_refused(office: CommandLine) -> None:
    """Each gap and overlap is named, and nothing is saved (semantics.md rule 4)."""
    before = office.rows()
    slots = ("08:00-12:00 open", "11:00-13:00 break")
    told = office("hours", "set", "hoofdkantoor", "sat,sun", *slots, code=1).stderr
    assert told.splitlines() == [
        f"week.{day}: {problem}"
        for day in ("sat", "sun")
        for problem in (
            "nothing is set from 00:00 to 08:00; add a slot, e.g. 00:00-08:00 closed",
            "slots overlap from 11:00 to 12:00; let each slot start where the one before it ends",
            "nothing is set from 13:00 to 24:00; add a slot, e.g. 13:00-24:00 closed",
        )
    ]
    assert office.rows() == before
    office("hours", "autofill", "hoofdkantoor", "za", slots[0])
    assert week(office)["sat"] == [
        "00:00-08:00 closed",
        "08:00-12:00 open",
        "12:00-24:00 closed",
    ]


def test_quick_hours_make_whole_days(office: CommandLine) -> None:
    """Times as people write them, a break, and what the closed part does (semantics.md rule 22)."""
    arguments = ("8:30", "17.00", "--break", "12-12:30", "--closed-as", "closed forward=storing")
    office("hours", "quick", "hoofdkantoor", "ma-vr", *arguments)
    assert week(office)["fri"] == [
        "00:00-08:30 closed forward=storing",
        "08:30-12:00 open",
        "12:00-12:30 break",
        "12:30-17:00 open",
        "17:00-24:00 closed forward=storing",
    ]


def test_hours_are_copied_between_days_of_every_kind(office: CommandLine) -> None:
    """A weekday's slots go to other weekdays, holidays and exceptions."""
    office("exception", "add", "hoofdkantoor", "Open dag")
    targets = ("sat", "koningsdag", "open-dag")
    office("hours", "copy", "hoofdkantoor", "mon", *targets)
    assert week(office)["sat"] == WORKDAY
    assert holidays(office)["koningsdag"]["slots"] == WORKDAY
    assert exceptions(office)["open-dag"]["slots"] == WORKDAY


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        pytest.param(
            ("hours", "set", "hoofdkantoor", "mon", "0830-12:00 open", "12:00-13:00 brake"),
            [
                "SLOT 1: '0830' is not a time; write HH:MM, such as 08:30",
                "SLOT 2: 'brake' is not a status; use open, closed, break",
            ],
            id="slots",
        ),
        pytest.param(
            ("hours", "set", "hoofdkantoor", "mun,tue-xyz", "00:00-24:00 open"),
            [f"DAYS: {one!r} is not a day of the week; {USE_DAYS}" for one in ("mun", "tue-xyz")],
            id="days",
        ),
        pytest.param(
            ("hours", "quick", "hoofdkantoor", "mon", "25:00", "0", "--break", "12"),
            [
                "OPENS: 25:00 is not a time of day; use 00:00 to 24:00",
                (
                    "CLOSES: 00:00 can't be an end; write 24:00 for the end of the day "
                    "(overnight: two slots)"
                ),
                "--break: '12' is not a span; write HH:MM-HH:MM",
            ],
            id="times",
        ),
        pytest.param(
            ("hours", "copy", "hoofdkantoor", "days/mon", "week/", "tue"),
            [
                (
                    "FROM: 'days/mon' names no day; write week/mon, exceptions/ID or "
                    "holidays/koningsdag"
                ),
                (
                    "TO week/: 'week/' names no day; write week/mon, exceptions/ID or "
                    "holidays/koningsdag"
                ),
            ],
            id="rules",
        ),
        pytest.param(
            ("hours", "set", "hoofdkantoor", "mon", "00:00-24:00 open audio=hallo"),
            [
                (
                    "week.mon[0]: audio=hallo names no audio of this schedule; add hallo under "
                    "`audio`, or name one that stands there"
                )
            ],
            id="a-message-that-is-not-there",
        ),
        pytest.param(
            ("holiday", "on", "hoofdkantoor", "koningdag,2e_paasdag"),
            [
                "HOLIDAYS: 'koningdag' is not a holiday; did you mean koningsdag?",
                "HOLIDAYS: '2e_paasdag' is not a holiday; did you mean tweede_paasdag?",
            ],
            id="holiday",
        ),
        pytest.param(
            (
                "exception",
                "dates",
                "hoofdkantoor",
                "x",
                "--add",
                "5-12-2026",
                "--add",
                "2026-02-30",
            ),
            [
                "--add 5-12-2026: '5-12-2026' is not a date; write YYYY-MM-DD",
                "--add 2026-02-30: 2026-02-30 is not on the calendar; correct the date",
            ],
            id="dates",
        ),
    ],
)
def test_what_is_typed_wrong_is_told_all_at_once(
    office: CommandLine, arguments: tuple[str, ...], lines: list[str]
) -> None:
    """Every fault has its place and remedy, and nothing is saved."""
    before = office.rows()
    assert office(*arguments, code=1).stderr.splitlines() == lines
    assert office.rows() == before


def test_a_dry_run_shows_what_callers_will_notice(office: CommandLine) -> None:
    """Nothing is saved, and the sentences are those of the real save."""
    before = office.rows()
    arguments = ("hours", "quick", "filiaal", "mon", "09:00", "24:00")
    tried = office.json(*arguments, "--dry-run")
    assert office.rows() == before
    saved = office.json(*arguments)
    assert tried["schedules"][0]["callers"] == saved["schedules"][0]["callers"]
    assert tried["schedules"][0]["callers"][0].startswith("every Monday 00:00-09:00")
    assert (tried["dry_run"], saved["dry_run"]) == (True, False)


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


def test_holidays_are_listed_next_one_first(office: CommandLine) -> None:
    """Each with the dates of this year and the next, worked out by hand, and its state."""
    office("holiday", "off", "hoofdkantoor", "goede_vrijdag")
    office("holiday", "on", "hoofdkantoor", "bevrijdingsdag", "--every", "lustrum")
    listed = office.json("holiday", "list", "hoofdkantoor")["holidays"]
    assert [(one["id"], one["next"], one["state"]) for one in listed] == [
        ("eerste_kerstdag", "2026-12-25", "undecided"),
        ("tweede_kerstdag", "2026-12-26", "undecided"),
        ("nieuwjaarsdag", "2027-01-01", "undecided"),
        ("goede_vrijdag", "2027-03-26", "off"),
        ("eerste_paasdag", "2027-03-28", "undecided"),
        ("tweede_paasdag", "2027-03-29", "undecided"),
        ("koningsdag", "2027-04-27", "on"),
        ("hemelvaartsdag", "2027-05-06", "undecided"),
        ("eerste_pinksterdag", "2027-05-16", "undecided"),
        ("tweede_pinksterdag", "2027-05-17", "undecided"),
        ("bevrijdingsdag", "2030-05-05", "on"),
    ]
    assert listed[3]["dates"] == {"2026": "2026-04-03", "2027": "2027-03-26"}
    first = office("holiday", "list", "hoofdkantoor").stdout.splitlines()[1]
    assert first.split() == [
        *("eerste_kerstdag", "Fri", "2026-12-25", "2026-12-25", "2027-12-25", "undecided")
    ]


def test_holidays_are_set_several_at_once(office: CommandLine) -> None:
    """Slots and quick hours reach every holiday named; `all` is each of them."""
    chosen = "eerste_kerstdag,tweede_kerstdag"
    office("holiday", "set", "hoofdkantoor", chosen, "00:00-24:00 closed forward=storing")
    assert holidays(office)["tweede_kerstdag"]["slots"] == ["00:00-24:00 closed forward=storing"]
    office("holiday", "quick", "hoofdkantoor", "all", "10:00", "12:00")
    assert {tuple(one["slots"]) for one in holidays(office).values()} == {  # type: ignore[arg-type]
        ("00:00-10:00 closed", "10:00-12:00 open", "12:00-24:00 closed")
    }
    assert {one["state"] for one in holidays(office).values()} == {"on"}


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("hours", "set", "hoofdkantoor", "mon"),
        ("exception", "edit", "hoofdkantoor", "x"),
        ("exception", "dates", "hoofdkantoor", "x"),
        ("exception", "add", "hoofdkantoor", "X", "00:00-24:00 open", "--from-template"),
    ],
)
def test_wrong_usage_is_told_as_such(office: CommandLine, arguments: tuple[str, ...]) -> None:
    """An edit that names nothing to change, or two beginnings, is wrong usage: exit code 2."""
    assert "Usage: bereikbaar" in office(*arguments, code=2).stderr


def test_an_expectation_guards_every_edit(office: CommandLine) -> None:
    """An edit that breaks a promise is refused with the rule, or allowed and noted (rule 27)."""
    office.apply(HEAD_OFFICE + "expect: [{at: 2026-12-25T10:00, status: open}]\n")
    edit = ("holiday", "on", "hoofdkantoor", "eerste_kerstdag")
    told = office(*edit, code=1).stderr
    assert told == (
        "expect[0]: 2026-12-25T10:00 (2026-12-25T09:00:00Z) is to be open, but "
        "holidays/eerste_kerstdag makes it closed; correct the hours or the expectation, or "
        "--allow-failing-expectations\n"
    )
    office(*edit, "--allow-failing-expectations")
    shown = office.json("schedule", "show", "hoofdkantoor")
    assert shown["summary"] == (
        "holidays switched on: eerste_kerstdag; allowed to fail: expect[0]: 2026-12-25T10:00 "
        "(2026-12-25T09:00:00Z) is to be open, but holidays/eerste_kerstdag makes it closed"
    )


def test_a_forward_is_told_by_the_name_that_is_used(office: CommandLine) -> None:
    """Of two forwards with one number, the one that slots name."""
    office("forward", "add", "hoofdkantoor", "Müller", "+31612345678")
    told = office("forward", "set", "hoofdkantoor", "storing", "--number", "06-87654321").stdout
    assert "instead of Storingsdienst +31612345678" in told
    assert "Müller" not in told


def test_a_name_that_is_no_holiday_is_told_which_there_are(office: CommandLine) -> None:
    """Nothing is guessed where nothing is near."""
    told = office("holiday", "on", "hoofdkantoor", "carnaval", code=1).stderr
    assert "use one of nieuwjaarsdag, goede_vrijdag" in told


def test_an_edit_that_changes_nothing_makes_no_revision(office: CommandLine) -> None:
    """The same slots again are told to be unchanged."""
    before = office.rows()
    told = office("hours", "set", "hoofdkantoor", "mon", *WORKDAY).stdout
    assert told == "hoofdkantoor: unchanged, revision 1\n"
    assert office.rows() == before
