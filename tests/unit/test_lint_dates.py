"""What lint finds date by date: clock changes, tails that are cut, days that are shadowed."""

from typing import Any, Final

import pytest

from routing_engine.lint_dates import ClockChange, clock_changes
from routing_engine.zones import zone_offsets
from tests.engine import day_of, instant
from tests.linted import OFF, OFFICE, SPOKEN, dated, found, lint, quiet

# The clock goes back on Sunday 2026-10-25, on at Easter Sunday 2027-03-28; here it is in between.
AUTUMN: Final = "2026-10-24T12:00"
WINTER: Final = "2026-11-22T11:00"
# Open until two in the morning: overnight hours in two slots.
BAR: Final = ("00:00-02:00 open", f"02:00-16:00 {SPOKEN}", "16:00-24:00 open")


def override(start: str, end: str) -> dict[str, str]:
    """Make an override that closes."""
    return {"from": start, "until": end, "slot": SPOKEN, "reason": "Brand"}


@pytest.mark.parametrize(
    ("zone", "first", "last", "expected"),
    [
        pytest.param(
            "Europe/Amsterdam",
            "2026-10-01T00:00Z",
            "2027-10-01T00:00Z",
            [("2026-10-25", 120, 180, False), ("2027-03-28", 120, 180, True)],
            id="an hour at two",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            "2026-10-01T00:00Z",
            "2027-04-10T00:00Z",
            [("2026-10-04", 120, 150, True), ("2027-04-04", 90, 120, False)],
            id="half an hour",
        ),
        pytest.param(
            "Atlantic/Azores",
            "2026-10-01T00:00Z",
            "2027-04-01T00:00Z",
            [("2026-10-25", 0, 60, False), ("2027-03-28", 0, 60, True)],
            id="at midnight",
        ),
        pytest.param(
            "Africa/Cairo",
            "2026-10-01T00:00Z",
            "2027-01-01T00:00Z",
            [("2026-10-29", 1380, 1440, False)],
            id="the hour before midnight",
        ),
        pytest.param(
            "Pacific/Apia",
            "2011-12-01T00:00Z",
            "2012-01-15T00:00Z",
            [("2011-12-30", 0, 1440, True)],
            id="a whole day",
        ),
        pytest.param("Asia/Kolkata", "2026-01-01T00:00Z", "2036-01-01T00:00Z", [], id="never"),
    ],
)
def test_clock_changes(
    zone: str, first: str, last: str, expected: list[tuple[str, int, int, bool]]
) -> None:
    """Minutes of a local day that the clock skips, or shows twice."""
    changes = clock_changes(zone_offsets(zone), instant(first), instant(last))
    assert list(changes) == [
        ClockChange(day_of(day), start, end, is_skipped) for day, start, end, is_skipped in expected
    ]


@pytest.mark.parametrize(
    ("sunday", "position", "autumn", "spring"),
    [
        pytest.param(
            ("00:00-02:00 open", "02:00-03:00 closed voicemail", "03:00-24:00 open"),
            1,
            "02:00-03:00 closed voicemail is used twice, or twice as long",
            "02:00-03:00 closed voicemail is never used",
            id="the very hour",
        ),
        pytest.param(
            ("00:00-02:10 open", "02:10-02:20 closed voicemail", "02:20-24:00 open"),
            1,
            "02:10-02:20 closed voicemail is used twice, or twice as long",
            "02:10-02:20 closed voicemail is never used",
            id="a slot inside",
        ),
        pytest.param(
            ("00:00-02:30 open", "02:30-24:00 closed voicemail"),
            1,
            "02:30-24:00 closed voicemail begins twice",
            "02:30-24:00 closed voicemail begins at 03:00",
            id="a boundary inside",
        ),
    ],
)
def test_what_lies_within_a_clock_change(
    sunday: tuple[str, ...], position: int, autumn: str, spring: str
) -> None:
    """On the nights of 25 October 2026 and 28 March 2027, both ahead (semantics.md rule 5)."""
    both = lint(quiet(sun=sunday), AUTUMN)
    assert [(one.code, *one.places, one.problem) for one in both] == [
        (
            "clock-change",
            f"week.sun[{position}]",
            f"on Sunday 2026-10-25 the clock shows 02:00-03:00 twice: {autumn}",
        ),
        (
            "clock-change",
            f"week.sun[{position}]",
            f"on Sunday 2027-03-28 the clock skips 02:00-03:00: {spring}",
        ),
    ]


@pytest.mark.parametrize(
    "sunday",
    [
        pytest.param(("00:00-02:00 open", "02:00-24:00 closed voicemail"), id="ends as it begins"),
        pytest.param(("00:00-03:00 open", "03:00-24:00 closed voicemail"), id="ends as it ends"),
    ],
)
def test_the_edges_of_the_hour_do_no_harm(sunday: tuple[str, ...]) -> None:
    """02:00 comes when the hour does, and 03:00 when it is over."""
    assert found(quiet(sun=sunday), AUTUMN) == []


def test_other_nights_have_no_clock_change() -> None:
    """The same slots on a Saturday, or where the clock never changes, are in nobody's way."""
    hours = ("00:00-02:30 open", "02:30-24:00 closed voicemail")
    assert found(quiet(sat=hours), AUTUMN) == []
    assert found(quiet(sun=hours, timezone="Asia/Kolkata"), AUTUMN) == []


def test_only_the_clock_changes_of_the_coming_year_count() -> None:
    """A night that is past does no harm any more; each other is told."""
    hours = ("00:00-02:30 open", "02:30-24:00 closed voicemail")
    told = [one.problem[:20] for one in lint(quiet(sun=hours), "2026-10-25T12:00")]
    assert told == ["on Sunday 2027-03-28"]
    told = [one.problem[:20] for one in lint(quiet(sun=hours), "2027-03-28T12:00")]
    assert told == ["on Sunday 2027-10-31", "on Sunday 2028-03-26"]


def test_the_day_that_holds_that_night_is_judged() -> None:
    """A holiday in place of the Sunday; an exception on its own date, however far ahead."""
    hours = ["00:00-02:30 open", "02:30-24:00 closed voicemail"]
    easter = OFF | {"eerste_paasdag": {"slots": hours}}
    assert found(quiet(holidays=easter), WINTER) == [
        ("clock-change", "holidays.eerste_paasdag.slots[1]")
    ]
    closed = OFF | {"eerste_paasdag": {"slots": ["00:00-24:00 closed voicemail"]}}
    assert found(quiet(sun=tuple(hours), holidays=closed), "2026-10-25T12:00") == []
    for day, is_told in (("2031-10-26", True), ("2031-10-27", False)):
        codes = [code for code, *_ in found(quiet(exceptions=dated(*hours, dates=(day,))), WINTER)]
        assert codes == ["clock-change"] * is_told


def bar(**fields: Any) -> list[tuple[str, ...]]:
    """Return what is found in a bar that is open until two every night."""
    return found(quiet(BAR, **fields), WINTER)


def test_a_date_cuts_the_evening_before() -> None:
    """Closed from midnight where the weekly hours run on until two (semantics.md rule 6)."""
    closed = ["00:00-24:00 closed voicemail"]
    assert bar(exceptions=dated(*closed)) == [("overnight-cut", "exceptions.open-dag")]
    assert bar(holidays=OFF | {"koningsdag": {"slots": closed}}) == [
        ("overnight-cut", "holidays.koningsdag")
    ]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"exceptions": dated(*BAR)}, id="open on"),
        pytest.param(
            {"exceptions": dated(f"00:00-24:00 {SPOKEN}", dates=())},
            id="a draft",
        ),
        pytest.param(
            {
                "exceptions": dated(f"00:00-24:00 {SPOKEN}"),
                "fri": ("00:00-02:00 open", f"02:00-24:00 {SPOKEN}"),
            },
            id="the evening before was closed",
        ),
        pytest.param(
            {
                "exceptions": dated(f"00:00-24:00 {SPOKEN}"),
                "sat": (f"00:00-16:00 {SPOKEN}", "16:00-24:00 open"),
            },
            id="no hours after midnight",
        ),
        pytest.param(
            {"exceptions": dated(f"00:00-24:00 {SPOKEN}"), "sat": ("00:00-24:00 open",)},
            id="open around the clock",
        ),
    ],
)
def test_where_no_evening_is_cut(fields: dict[str, Any]) -> None:
    """5 December 2026 is a Saturday."""
    assert bar(**fields) == []


def test_of_a_range_only_its_first_date_cuts() -> None:
    """The others follow an evening of the same exception; every first date is told."""
    dates = ("2026-12-05..2026-12-07", "2026-12-12", "2026-12-19", "2026-12-24", "2026-12-26")
    (cut,) = lint(quiet(BAR, exceptions=dated(f"00:00-24:00 {SPOKEN}", dates=dates)), WINTER)
    assert cut.problem == (
        "the evening before Saturday 2026-12-05, Saturday 2026-12-12, Saturday 2026-12-19 and 2 "
        "more runs on until 02:00 in the weekly hours, but this holds from 00:00"
    )


@pytest.mark.parametrize(
    ("start", "end", "is_shadowed"),
    [
        pytest.param("2026-12-05T00:00+01:00", "2026-12-06T00:00+01:00", True, id="the day"),
        pytest.param("2026-12-05T00:00+01:00", "2026-12-05T23:59+01:00", False, id="ends sooner"),
        pytest.param("2026-12-05T00:01+01:00", "2026-12-06T00:00+01:00", False, id="begins later"),
    ],
)
def test_an_exception_under_an_override(start: str, end: str, *, is_shadowed: bool) -> None:
    """Shadowed on a date of which the override takes every minute."""
    schedule = quiet(exceptions=dated(*OFFICE), overrides={"brand": override(start, end)})
    expected = [("shadowed-exception", "exceptions.open-dag")] if is_shadowed else []
    assert found(schedule, WINTER) == expected


def test_two_overrides_may_shadow_a_date_together() -> None:
    """The one ends where the other begins; on 25 October 2026 that takes 25 hours."""
    schedule = quiet(
        exceptions=dated(*OFFICE, dates=("2026-10-25..2026-10-27",)),
        overrides={
            "een": override("2026-10-25T00:00+02:00", "2026-10-25T12:00+01:00"),
            "twee": override("2026-10-25T12:00+01:00", "2026-10-26T00:00+01:00"),
        },
    )
    shadowed = [(one.code, one.problem) for one in lint(schedule, AUTUMN)]
    assert shadowed == [
        (
            "shadowed-exception",
            "an override holds all of Sunday 2026-10-25, so this has no say then",
        )
    ]


def test_a_holiday_beaten_by_an_exception() -> None:
    """On the same date, in the coming year; one that is off beats and loses nothing."""
    on = OFF | {"koningsdag": {"slots": ["00:00-24:00 closed voicemail"]}}
    exceptions = dated(*OFFICE, dates=("2027-04-27",))
    beaten = lint(quiet(holidays=on, exceptions=exceptions), WINTER)
    assert [(one.code, *one.places, one.problem) for one in beaten] == [
        (
            "shadowed-holiday",
            "holidays.koningsdag",
            "exceptions/open-dag takes its place on Tuesday 2027-04-27",
        )
    ]
    assert found(quiet(exceptions=exceptions), WINTER) == []
    day_later = dated(*OFFICE, dates=("2027-04-28",))
    assert found(quiet(holidays=on, exceptions=day_later), WINTER) == []


def test_a_holiday_beaten_by_a_holiday() -> None:
    """5 May 2016 was Hemelvaartsdag as well (semantics.md rule 13)."""
    slots = ["00:00-24:00 closed voicemail"]
    both = OFF | {"hemelvaartsdag": {"slots": slots}, "bevrijdingsdag": {"slots": slots}}
    assert found(quiet(holidays=both), "2016-01-01T12:00") == [
        ("shadowed-holiday", "holidays.hemelvaartsdag")
    ]
    assert found(quiet(holidays=both), "2017-01-01T12:00") == []
