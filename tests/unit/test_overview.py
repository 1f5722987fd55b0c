"""The rows of an overview, on Sunday 22 November 2026, worked out by hand."""

from datetime import date, datetime

import pytest

from routing_engine.compiler import TargetCheck
from routing_engine.overview import Overview, SlotRow, open_minutes, overview_of
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import AMSTERDAM, HOME, OFFICE_DAY, SHA256, instant, schedule_of, table_of

NOW = "2026-11-22T11:00"
OTHER = "cd" * 32
TARGETS = {
    "voicemail_email": "receptie@example.nl",
    "forward_countries": ["DE"],
    "forwards": {
        "storing": {"name": "Storingsdienst", "number": "+31612345678"},
        "werkstatt": {"name": "Werkstatt", "number": "+4930123456"},
    },
    "audio": {
        "gesloten": {"name": "Gesloten", "sha256": SHA256},
        "pauze": {"name": "Pauze", "sha256": OTHER},
    },
}


def overview(
    schedule: Schedule,
    at: str = NOW,
    missing: frozenset[str] = frozenset(),
    policy: ForwardPolicy = HOME,
) -> Overview:
    """Return the overview of a schedule at a moment."""
    targets = TargetCheck(policy, lambda sha256: sha256 not in missing)
    table = table_of(schedule, first="2026-11-20", missing=missing, policy=policy)
    return overview_of(schedule, table, targets, instant(at))


def told(slot: SlotRow) -> tuple[int, int, str, str | None, str | None, str]:
    """Return a slot as a plain tuple, targets by name."""
    audio, forward = slot.lot.audio, slot.lot.forward
    return (
        slot.start,
        slot.end,
        slot.lot.status,
        None if audio is None else audio.name,
        None if forward is None else forward.name,
        slot.lot.action,
    )


def test_the_week_has_its_slots_in_order_with_targets_by_name() -> None:
    """Written in any order, shown from midnight on."""
    monday = (
        "17:00-24:00 closed forward=storing",
        "00:00-09:00 closed audio=gesloten voicemail",
        "09:00-17:00 open",
    )
    found = overview(schedule_of(OFFICE_DAY, mon=monday, **TARGETS))
    assert found.at == datetime(2026, 11, 22, 11, tzinfo=AMSTERDAM)
    assert found.revision == 7
    assert [(row.rule, row.title) for row in found.week][0::6] == [
        ("week/mon", "Maandag"),
        ("week/sun", "Zondag"),
    ]
    assert list(map(told, found.week[0].slots)) == [
        (0, 540, "closed", "Gesloten", None, "voicemail"),
        (540, 1020, "open", None, None, "continue"),
        (1020, 1440, "closed", None, "Storingsdienst", "forward"),
    ]
    assert found.missing_messages == frozenset()
    assert found.refused_forwards == frozenset()


def test_targets_that_can_not_be_used_are_told() -> None:
    """A missing message is silent; a forward that is no longer allowed goes to voicemail."""
    plan = ("00:00-12:00 closed audio=pauze forward=storing", "12:00-24:00 open audio=gesloten")
    found = overview(
        schedule_of(plan, **TARGETS),
        missing=frozenset({OTHER}),
        policy=ForwardPolicy(region="FR"),
    )
    morning, afternoon = found.week[0].slots
    assert (morning.lot.is_silent, morning.lot.action) == (True, "voicemail")
    assert not afternoon.lot.is_silent
    assert found.missing_messages == frozenset({"pauze"})
    assert found.refused_forwards == frozenset({"storing"})


def test_holidays_stand_with_the_next_one_first() -> None:
    """After 22 November 2026: Christmas, New Year, and then the year round to Whit Monday."""
    rows = overview(schedule_of()).holidays
    assert [(row.rule.partition("/")[2], str(row.next_day)) for row in rows] == [
        ("eerste_kerstdag", "2026-12-25"),
        ("tweede_kerstdag", "2026-12-26"),
        ("nieuwjaarsdag", "2027-01-01"),
        ("goede_vrijdag", "2027-03-26"),
        ("eerste_paasdag", "2027-03-28"),
        ("tweede_paasdag", "2027-03-29"),
        ("koningsdag", "2027-04-27"),
        ("bevrijdingsdag", "2027-05-05"),
        ("hemelvaartsdag", "2027-05-06"),
        ("eerste_pinksterdag", "2027-05-16"),
        ("tweede_pinksterdag", "2027-05-17"),
    ]
    assert all(not row.is_on and row.slots is None for row in rows)
    assert [str(found.day) for found in rows[0].dates] == ["2026-12-25", "2027-12-25"]


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2012-06-01T12:00", []),
        ("2013-06-01T12:00", [date(2014, 4, 26)]),
        ("2200-04-26T12:00", [date(2200, 4, 26)]),
        ("2200-04-28T12:00", []),
    ],
)
def test_a_holiday_without_a_date_to_come_has_no_row(at: str, days: list[date]) -> None:
    """A clock that is far off breaks no page: Koningsdag came in 2014, dates end with 2200."""
    rows = overview(schedule_of(), at=at).holidays
    koningsdag = [row for row in rows if row.rule == "holidays/koningsdag"]
    assert [found.day for row in koningsdag for found in row.dates] == days


def test_a_holiday_today_is_still_the_next() -> None:
    """Up to its last minute."""
    rows = overview(schedule_of(), at="2026-12-25T23:59").holidays
    assert rows[0].rule == "holidays/eerste_kerstdag"
    rows = overview(schedule_of(), at="2026-12-26T00:00").holidays
    assert rows[-1].rule == "holidays/eerste_kerstdag"


def test_each_date_of_a_holiday_tells_which_rule_holds_it() -> None:
    """Lustrum years only, off, or beaten by an exception."""
    schedule = schedule_of(
        holidays={
            "bevrijdingsdag": {"every": "lustrum"},
            "eerste_kerstdag": {},
            "nieuwjaarsdag": {"active": False},
        },
        exceptions={"borrel": {"name": "Borrel", "dates": ["2026-12-25"]}},
    )
    rows = {row.rule.partition("/")[2]: row for row in overview(schedule).holidays}
    assert [found.held_by for found in rows["bevrijdingsdag"].dates] == ["week/tue", "week/wed"]
    assert rows["bevrijdingsdag"].is_lustrum_only
    assert [found.held_by for found in rows["eerste_kerstdag"].dates] == [
        "exceptions/borrel",
        "holidays/eerste_kerstdag",
    ]
    assert not rows["nieuwjaarsdag"].is_on
    assert rows["nieuwjaarsdag"].slots is not None


def test_koningsdag_on_a_sunday_tells_where_it_was_moved_from() -> None:
    """In 2031 the 27th is a Sunday: kept on Saturday the 26th."""
    rows = overview(schedule_of(), at="2030-06-01T12:00").holidays
    (koningsdag,) = (row for row in rows if row.rule == "holidays/koningsdag")
    assert [(found.day, found.moved_from) for found in koningsdag.dates] == [
        (date(2030, 4, 27), None),
        (date(2031, 4, 26), date(2031, 4, 27)),
    ]


def test_exceptions_active_first_then_drafts_then_expired() -> None:
    """Active by their next date, also those begun in the past; expired with the latest first."""
    dates = {
        "lang-voorbij": ["2025-01-01"],
        "later": ["2027-02-01"],
        "concept": [],
        "begonnen": ["2026-11-01..2026-11-30"],
        "eerder-en-straks": ["2026-12-24", "2026-01-05"],
        "gisteren": ["2026-11-21"],
        "vandaag": ["2026-11-01", "2026-11-22"],
    }
    schedule = schedule_of(
        exceptions={name: {"name": name, "dates": found} for name, found in dates.items()}
        | {"begonnen": {"name": "begonnen", "dates": ["2026-11-10..2026-11-20", "2026-11-23"]}}
    )
    rows = overview(schedule).exceptions
    assert [(row.title, row.state, str(row.next_day)) for row in rows] == [
        ("vandaag", "active", "2026-11-22"),
        ("begonnen", "active", "2026-11-23"),
        ("eerder-en-straks", "active", "2026-12-24"),
        ("later", "active", "2027-02-01"),
        ("concept", "draft", "None"),
        ("gisteren", "expired", "None"),
        ("lang-voorbij", "expired", "None"),
    ]
    assert [str(span) for span in rows[2].dates] == ["2026-01-05", "2026-12-24"]


def test_overrides_in_force_and_to_come_without_those_that_ended() -> None:
    """In order; the moments in the schedule's zone."""

    def override(start: str, end: str) -> dict[str, str]:
        return {"from": start, "until": end, "slot": "closed", "reason": "Storing"}

    schedule = schedule_of(
        overrides={
            "straks": override("2026-11-22T12:00Z", "2026-11-22T13:00Z"),
            "nu": override("2026-11-22T10:00Z", "2026-11-22T10:01Z"),
            "net-voorbij": override("2026-11-22T09:00Z", "2026-11-22T10:00Z"),
        }
    )
    found = overview(schedule).overrides
    assert [(row.rule, row.is_in_force) for row in found] == [
        ("overrides/nu", True),
        ("overrides/straks", False),
    ]
    assert found[0].from_at.isoformat() == "2026-11-22T11:00:00+01:00"
    assert found[0].lot.status == "closed"


@pytest.mark.parametrize(
    ("plan", "spans"),
    [
        (("00:00-24:00 closed",), []),
        (("00:00-24:00 open",), [(0, 1440)]),
        (("00:00-09:00 open", "09:00-17:00 open audio=gesloten", "17:00-24:00 break"), [(0, 1020)]),
        (("00:00-09:00 open", "09:00-10:00 break", "10:00-24:00 open"), [(0, 540), (600, 1440)]),
    ],
    ids=["never", "all-day", "neighbours-as-one", "with-a-break"],
)
def test_open_minutes_of_a_day(plan: tuple[str, ...], spans: list[tuple[int, int]]) -> None:
    """Neighbouring open slots are one span."""
    assert open_minutes(overview(schedule_of(plan, **TARGETS)).week[0].slots) == spans
