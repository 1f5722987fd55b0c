"""`bereikbaar calendar`: a month on the terminal, as JSON, and opening hours as iCalendar."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from tests.cli.command_line import CommandLine, document

SetClock = Callable[[str], None]
SHUT = "{slots: [00:00-24:00 closed]}"
# Open Saturday 20:00 to Sunday 03:00 by the clock; on weekdays office hours.
CAFE = """\
id: cafe
name: "Café, bar; zalen"
pbx: generic
week:
  mon: [00:00-24:00 closed]
  tue: [00:00-24:00 closed]
  wed: [00:00-24:00 closed]
  thu: [00:00-24:00 closed]
  fri: [00:00-09:00 closed, 09:00-17:00 open, 17:00-24:00 closed]
  sat: [00:00-20:00 closed, 20:00-24:00 open]
  sun: [00:00-03:00 open, 03:00-24:00 closed]
overrides:
  markt: {from: 2026-10-26T10:00+01:00, until: 2026-10-26T12:00+01:00, slot: open, reason: Markt}
"""


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Have an office in the store, open 09:00-17:00 every day but for holidays."""
    cli.apply(
        document(
            "kantoor",
            "00:00-09:00 closed, 09:00-17:00 open, 17:00-24:00 closed",
            holidays=f"{{koningsdag: {SHUT}, eerste_kerstdag: {SHUT}}}",
            exceptions="{nacht: {name: Nacht, dates: [2026-12-31], slots: [00:00-24:00 open]}}",
            overrides="{storing: {from: 2026-12-02T10:00+01:00, until: 2026-12-02T12:00+01:00, "
            "slot: closed, reason: Stroomstoring}}",
        )
    )
    return cli


def test_december_2026_as_a_grid(office: CommandLine) -> None:
    """The 1st is a Tuesday, the 31st a Thursday; below the grid stands what is special."""
    printed = office("calendar", "kantoor", "--month", "2026-12").stdout
    lines = printed.splitlines()
    assert "\x1b" not in printed
    assert max(map(len, lines)) <= 80
    assert lines[:5] == [
        "December 2026, Kantoor (kantoor), Europe/Amsterdam",
        "Mon        Tue        Wed        Thu        Fri        Sat        Sun",
        "            1          2 O        3          4          5          6",
        "           0900-1700  0900-1000  0900-1700  0900-1700  0900-1700  0900-1700",
        "                      1200-1700",
    ]
    weeks = [line for line in lines if re.match(r" ?\d+ ( [OEHhC])? +", line)]
    assert "21         22         23         24         25 H       26 h       27" in weeks
    assert "28         29         30         31 E" in weeks
    assert lines[lines.index(weeks[-1]) + 1].endswith("open")
    notes = lines[lines.index("") :]
    for note in (
        "Wed  2  Woensdag (week/wed): open 09:00-10:00, 12:00-17:00",
        "        override Stroomstoring (overrides/storing)",
        "Fri 25  Eerste kerstdag (holidays/eerste_kerstdag): closed",
        "Sat 26  Zaterdag (week/sat): open 09:00-17:00",
        "        Tweede kerstdag doesn't hold",
        "Thu 31  Nacht (exceptions/nacht): open 00:00-24:00",
    ):
        assert note in notes


def test_march_2027_tells_the_clock_change(office: CommandLine) -> None:
    """Sunday the 28th; October 2026 has the other."""
    printed = office("calendar", "kantoor", "--month", "2027-03").stdout
    assert "28 h C" in printed
    assert "        the clocks skip 60 minutes\n" in printed
    printed = office("calendar", "kantoor", "--month", "2026-10").stdout
    assert "25 C" in printed
    assert "        60 minutes occur twice\n" in printed


def test_april_2027_has_koningsdag(office: CommandLine) -> None:
    """Tuesday the 27th is closed."""
    days = office.json("calendar", "kantoor", "--month", "2027-04")["days"]
    assert len(days) == 30
    assert days[26] == {
        "day": "2027-04-27",
        "rule": "holidays/koningsdag",
        "title": "Koningsdag",
        "open": [],
        "marks": ["holiday"],
        "holidays": ["koningsdag"],
        "overrides": [],
        "skipped_minutes": 0,
    }
    assert days[27]["open"] == [
        {
            "from": "09:00",
            "to": "17:00",
            "from_at": "2027-04-28T07:00:00Z",
            "until_at": "2027-04-28T15:00:00Z",
        }
    ]


def test_many_hours_on_a_day_are_counted(cli: CommandLine) -> None:
    """The grid shows the first two, and how many more."""
    slots = (
        f"{hour:02}:00-{hour:02}:30 open, {hour:02}:30-{hour + 1:02}:00 break" for hour in range(24)
    )
    cli.apply(document("druk", ", ".join(slots)))
    lines = cli("calendar", "druk", "--month", "2027-02").stdout.splitlines()
    assert lines[3] == "  ".join(["0000-0030"] * 7)
    assert lines[5] == "   ".join(["+22 more"] * 7)


@pytest.mark.parametrize(
    ("now", "month"),
    [("2026-11-30T22:59:59Z", "2026-11"), ("2026-11-30T23:00:00Z", "2026-12")],
    ids=["last-second", "midnight-in-amsterdam"],
)
def test_the_present_month_is_that_of_the_zone(
    office: CommandLine, set_clock: SetClock, now: str, month: str
) -> None:
    """An hour before it is so in UTC."""
    set_clock(now.replace("Z", "+00:00"))
    found = office.json("calendar", "kantoor")
    assert found["month"] == month
    assert {key: found[key] for key in ("schedule", "name", "timezone", "revision")} == {
        "schedule": "kantoor",
        "name": "Kantoor",
        "timezone": "Europe/Amsterdam",
        "revision": 1,
    }


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "12-2026", "2026", "1999-12", "2026-12-01"])
def test_what_is_not_a_month_is_refused(office: CommandLine, month: str) -> None:
    """With what to do; the years are those of documents."""
    refused = office("calendar", "kantoor", "--month", month, code=1)
    assert refused.stderr.count("\n") == 1
    assert "write YYYY-MM, as in 2026-12" in refused.stderr or "1999" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--days", "7"),
        ("--month", "2026-12", "--ics", "-"),
        ("--ics", "-", "--json"),
        ("--ics", "-", "--days", "0"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_wrong_usage(
    office: CommandLine, options: tuple[str, ...]
) -> None:
    """Nothing is written then."""
    assert office("calendar", "kantoor", *options, code=2).stdout == ""


def test_an_export_over_the_autumn_clock_change(cli: CommandLine, set_clock: SetClock) -> None:
    """By hand: Friday in summer time, Saturday night 8 hours long, Monday's override."""
    set_clock("2026-10-23T06:00:00+00:00")
    cli.apply(CAFE)
    content = cli("calendar", "cafe", "--ics", "-", "--days", "7").stdout_bytes
    calendar = Calendar.from_ical(content)
    assert [(event.start, event.end) for event in calendar.events] == [
        (datetime(2026, 10, 23, 7, tzinfo=UTC), datetime(2026, 10, 23, 15, tzinfo=UTC)),
        (datetime(2026, 10, 24, 18, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)),
        (datetime(2026, 10, 26, 9, tzinfo=UTC), datetime(2026, 10, 26, 11, tzinfo=UTC)),
    ]
    assert [str(event["uid"]) for event in calendar.events] == [
        "cafe-20261023T070000Z@bereikbaar",
        "cafe-20261024T180000Z@bereikbaar",
        "cafe-20261026T090000Z@bereikbaar",
    ]
    assert [str(event.get("description", "")) for event in calendar.events] == ["", "", "Markt"]


def test_an_export_keeps_to_rfc_5545(cli: CommandLine, set_clock: SetClock) -> None:
    """CRLF, lines of at most 75 octets, the required properties, commas escaped."""
    set_clock("2026-10-23T06:00:00+00:00")
    cli.apply(CAFE.replace("Café", "Café " + "é" * 40))
    content = cli("calendar", "cafe", "--ics", "-").stdout_bytes
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert max(map(len, lines)) <= 75
    unfolded = content.replace(b"\r\n ", b"").decode().split("\r\n")
    assert unfolded[0] == "BEGIN:VCALENDAR"
    assert "VERSION:2.0" in unfolded
    assert "PRODID:-//Bereikbaar//Opening hours//EN" in unfolded
    assert f"SUMMARY:Café {'é' * 40}\\, bar\\; zalen: open" in unfolded
    events = unfolded.count("BEGIN:VEVENT")
    # From 23 October 2026 for 365 days: 52 weeks and a Friday; one market.
    assert events == 53 + 52 + 1
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"):
        assert sum(line.startswith(f"{name}:") for line in unfolded) == events
    assert set(re.findall(r"DTSTAMP:(.+)", "\n".join(unfolded))) == {"20261023T060000Z"}


def test_the_same_revision_gives_the_same_bytes(cli: CommandLine, set_clock: SetClock) -> None:
    """Whenever on the day it is made; a UID stays the next day."""
    set_clock("2026-10-23T06:00:00+00:00")
    cli.apply(CAFE)
    first = cli("calendar", "cafe", "--ics", "-").stdout_bytes
    set_clock("2026-10-23T20:00:00+00:00")
    assert cli("calendar", "cafe", "--ics", "-").stdout_bytes == first
    set_clock("2026-10-25T00:30:00+00:00")
    later = Calendar.from_ical(cli("calendar", "cafe", "--ics", "-").stdout_bytes)
    assert str(later.events[0]["uid"]) == "cafe-20261024T180000Z@bereikbaar"


def test_a_schedule_that_is_never_open_gives_a_valid_calendar(cli: CommandLine) -> None:
    """RFC 5545 wants a component, so there is the time zone; and it is said."""
    cli.apply(document("dicht", "00:00-24:00 closed"))
    result = cli("calendar", "dicht", "--ics", "-", "--days", "30")
    calendar = Calendar.from_ical(result.stdout_bytes)
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]
    assert result.stderr == ("dicht is not open in these 30 days: the calendar has no events\n")


def test_an_export_to_a_file(cli: CommandLine) -> None:
    """Told for a person and a program; an earlier one is replaced, another file is not."""
    cli.apply(CAFE)
    # Last night's, Friday's and Saturday's; then the same two again.
    told = cli("calendar", "cafe", "--ics", "cafe.ics", "--days", "7").stdout
    assert told == "cafe: 3 opening hours over 7 days of revision 1 in cafe.ics\n"
    found = cli.json("calendar", "cafe", "--ics", "cafe.ics", "--days", "14")
    assert found == {"schedule": "cafe", "revision": 1, "file": "cafe.ics", "events": 5}
    assert len(Calendar.from_ical((cli.folder / "cafe.ics").read_bytes()).events) == 5
    cli.write("agenda.ics", "BEGIN:VCALENDAR\r\nPRODID:-//Iemand anders//EN\r\n")
    refused = cli("calendar", "cafe", "--ics", "agenda.ics", code=1)
    assert "was not written by this command" in refused.stderr
