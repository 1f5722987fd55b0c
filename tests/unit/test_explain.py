"""Why a decision came out as it did, in words."""

from datetime import date, timedelta

import pytest

from routing_engine.explain import Consideration, explain_decision
from routing_engine.table import IntervalTable
from tests.engine import OFFICE_DAY, OPEN, instant, schedule_of, table_of


def explained_table() -> IntervalTable:
    """Make a schedule in which every kind of rule can win."""
    span = {"slot": "break", "reason": "Storing"}
    return table_of(
        schedule_of(
            OFFICE_DAY,
            exceptions={
                "markt": {"name": "Markt", "dates": ["2026-04-27"], "slots": [*OPEN]},
                "koningsdag": {"name": "Zaterdagmarkt", "dates": ["2031-04-26"]},
                "klad": {"name": "Klad"},
            },
            holidays={
                "koningsdag": {},
                "bevrijdingsdag": {"every": "lustrum"},
                "eerste_kerstdag": {"active": False},
            },
            overrides={
                "lente": {
                    "from": "2026-04-27T12:00+02:00",
                    "until": "2026-04-27T14:00+02:00",
                    **span,
                },
                "herfst": {
                    "from": "2026-10-25T02:30+02:00",
                    "until": "2026-10-25T02:30+01:00",
                    **span,
                },
            },
        )
    )


LENTE_AHEAD = ("overrides/lente", "override lente; begins Mon 2026-04-27 12:00")
LENTE_OVER = ("overrides/lente", "override lente; ended Mon 2026-04-27 14:00")
HERFST_AHEAD = ("overrides/herfst", "override herfst; begins Sun 2026-10-25 02:30 (first time)")
HERFST_OVER = ("overrides/herfst", "override herfst; ended Sun 2026-10-25 02:30 (second time)")


def ordinary(weekday: str) -> tuple[str, str]:
    """Say that weekly hours hold."""
    why = f"weekly hours of {weekday}; no override, exception or holiday holds"
    return f"week/{weekday[:3].lower()}", why


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2026-04-28T10:00", [ordinary("Tuesday"), LENTE_OVER], id="weekly"),
        pytest.param(
            "2026-04-27T11:59:59",
            [
                ("exceptions/markt", "exception markt, on this date"),
                ("holidays/koningsdag", "holiday koningsdag; beaten by exception markt"),
                ("week/mon", "weekly hours of Monday; beaten by exception markt"),
                LENTE_AHEAD,
            ],
            id="exception",
        ),
        pytest.param(
            "2026-04-27T12:00:00",
            [
                ("overrides/lente", "override lente, in force until Mon 2026-04-27 14:00"),
                ("exceptions/markt", "exception markt; beaten by override lente"),
                ("holidays/koningsdag", "holiday koningsdag; beaten by override lente"),
                ("week/mon", "weekly hours of Monday; beaten by override lente"),
            ],
            id="override",
        ),
        pytest.param(
            "2026-04-27T14:00:00",
            [
                ("exceptions/markt", "exception markt, on this date"),
                ("holidays/koningsdag", "holiday koningsdag; beaten by exception markt"),
                ("week/mon", "weekly hours of Monday; beaten by exception markt"),
                LENTE_OVER,
            ],
            id="override-just-over",
        ),
        pytest.param(
            "2026-10-25T02:30+02:00",
            [
                (
                    "overrides/herfst",
                    "override herfst, in force until Sun 2026-10-25 02:30 (second time)",
                ),
                ("week/sun", "weekly hours of Sunday; beaten by override herfst"),
            ],
            id="override-in-the-hour-that-comes-twice",
        ),
        pytest.param(
            "2026-10-18T02:30+02:00", [ordinary("Sunday"), HERFST_AHEAD], id="override-in-a-week"
        ),
        pytest.param(
            "2026-10-18T02:29:59+02:00", [ordinary("Sunday")], id="override-in-over-a-week"
        ),
        pytest.param("2026-11-01T02:30", [ordinary("Sunday"), HERFST_OVER], id="over-for-a-week"),
        pytest.param("2026-11-01T02:30:01", [ordinary("Sunday")], id="over-for-more-than-a-week"),
        pytest.param(
            "2027-04-27T10:00",
            [
                ("holidays/koningsdag", "holiday koningsdag"),
                ("week/tue", "weekly hours of Tuesday; beaten by holiday koningsdag"),
            ],
            id="holiday",
        ),
        pytest.param(
            "2025-04-26T10:00",
            [
                ("holidays/koningsdag", "holiday koningsdag, moved from Sunday the 27th"),
                ("week/sat", "weekly hours of Saturday; beaten by holiday koningsdag"),
            ],
            id="moved-holiday",
        ),
        pytest.param(
            "2031-04-26T10:00",
            [
                ("exceptions/koningsdag", "exception koningsdag, on this date"),
                (
                    "holidays/koningsdag",
                    (
                        "holiday koningsdag, moved from Sunday the 27th; "
                        "beaten by exception koningsdag"
                    ),
                ),
                ("week/sat", "weekly hours of Saturday; beaten by exception koningsdag"),
            ],
            id="moved-holiday-that-loses",
        ),
        pytest.param(
            "2025-04-27T10:00",
            [
                ordinary("Sunday"),
                (
                    "holidays/koningsdag",
                    "holiday koningsdag; moved to Saturday the 26th this year",
                ),
            ],
            id="the-nominal-day",
        ),
        pytest.param(
            "2026-05-05T10:00",
            [
                ordinary("Tuesday"),
                (
                    "holidays/bevrijdingsdag",
                    "holiday bevrijdingsdag; switched on for lustrum years only, next in 2030",
                ),
            ],
            id="no-lustrum",
        ),
        pytest.param(
            "2026-12-25T10:00",
            [
                ordinary("Friday"),
                ("holidays/eerste_kerstdag", "holiday eerste_kerstdag; switched off"),
            ],
            id="switched-off",
        ),
        pytest.param(
            "2026-12-26T10:00",
            [
                ordinary("Saturday"),
                ("holidays/tweede_kerstdag", "holiday tweede_kerstdag; switched off"),
            ],
            id="never-set-up",
        ),
    ],
)
def test_the_winner_stands_first_and_every_loser_says_why(
    moment: str, expected: list[tuple[str, str]]
) -> None:
    """Rules in order of precedence, then overrides that don't hold (rule 17)."""
    considered = explain_decision(explained_table(), instant(moment))
    assert [(one.rule, one.why) for one in considered] == expected
    assert [one.wins for one in considered] == [True] + [False] * (len(expected) - 1)


def test_a_rule_that_lost_says_what_it_would_have_done() -> None:
    """Slot, status and action at the same minute; a holiday that is off has none."""
    considered = explain_decision(explained_table(), instant("2026-04-27T13:00"))
    assert considered == [
        Consideration(
            "overrides/lente",
            "Storing",
            wins=True,
            why="override lente, in force until Mon 2026-04-27 14:00",
            status="break",
            action="hangup",
        ),
        Consideration(
            "exceptions/markt",
            "Markt",
            wins=False,
            why="exception markt; beaten by override lente",
            slot="00:00-24:00",
            status="open",
            action="continue",
        ),
        Consideration(
            "holidays/koningsdag",
            "Koningsdag",
            wins=False,
            why="holiday koningsdag; beaten by override lente",
            slot="00:00-24:00",
            status="closed",
            action="hangup",
        ),
        Consideration(
            "week/mon",
            "Maandag",
            wins=False,
            why="weekly hours of Monday; beaten by override lente",
            slot="09:00-17:00",
            status="open",
            action="continue",
        ),
    ]
    off = explain_decision(explained_table(), instant("2026-12-25T10:00"))[1]
    assert (off.title, off.slot, off.status, off.action) == ("Eerste kerstdag", "", "", "")


def test_a_holiday_that_is_off_says_so_on_its_nominal_day_too() -> None:
    """Moved and switched off: both are told."""
    considered = explain_decision(table_of(schedule_of()), instant("2025-04-27T10:00"))
    assert [one.why for one in considered[1:]] == [
        "holiday koningsdag; moved to Saturday the 26th this year, and switched off"
    ]


@pytest.mark.parametrize(
    ("at", "weekday"),
    [
        # The first second of 10000-01-01 in Amsterdam, and the last one before year 1 began.
        pytest.param(253_402_297_200, "Saturday", id="after-9999"),
        pytest.param(-62_135_596_800 - 3_600 - 1, "Sunday", id="before-year-1"),
    ],
)
def test_a_clock_beyond_the_calendar_gets_an_explanation(at: int, weekday: str) -> None:
    """Weekly hours go on for ever; no holiday is known there."""
    considered = explain_decision(explained_table(), at)
    assert [(one.rule, one.why) for one in considered] == [ordinary(weekday)]


def test_old_overrides_do_not_hide_the_rest() -> None:
    """Of 500 in a row, a day each, those that ended or begin within a week are told."""
    days = [f"{date(2025, 1, 1) + timedelta(days=n)}" for n in range(500)]
    overrides = {
        f"dicht-{day}": {
            "from": f"{day}T10:00+00:00",
            "until": f"{day}T11:00+00:00",
            "slot": "closed",
            "reason": "Dicht",
        }
        for day in days
    }
    table = table_of(schedule_of(overrides=overrides))
    considered = explain_decision(table, instant("2025-06-15T10:30Z"))
    assert [one.rule[-5:] for one in considered if one.rule.startswith("overrides/")] == [
        *("06-15", "06-08", "06-09", "06-10", "06-11", "06-12", "06-13", "06-14"),
        *("06-16", "06-17", "06-18", "06-19", "06-20", "06-21", "06-22"),
    ]
