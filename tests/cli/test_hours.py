"""`bereikbaar hours`, and what every edit of days has in common."""

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine
from tests.cli.days import WORKDAY, exceptions, holidays

USE_DAYS = "use mon, tue, wed, thu, fri, sat, sun, a span such as mon-fri, or all"


def week(cli: CommandLine) -> dict[str, list[str]]:
    """Return the weekly hours of the head office."""
    found: dict[str, list[str]] = cli.json("hours", "show", "hoofdkantoor")["week"]
    return found


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


def test_an_edit_that_changes_nothing_makes_no_revision(office: CommandLine) -> None:
    """The same slots again are told to be unchanged."""
    before = office.rows()
    told = office("hours", "set", "hoofdkantoor", "mon", *WORKDAY).stdout
    assert told == "hoofdkantoor: unchanged, revision 1\n"
    assert office.rows() == before
