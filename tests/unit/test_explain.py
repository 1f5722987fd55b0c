"""Why a decision came out as it did, in words."""

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
            exceptions={"markt": {"name": "Markt", "dates": ["2026-04-27"], "slots": [*OPEN]}},
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
                    "from": "2026-11-01T12:00+01:00",
                    "until": "2026-11-01T14:00+01:00",
                    **span,
                },
            },
        )
    )


LENTE_AHEAD = ("overrides/lente", "begins 2026-04-27 12:00")
LENTE_OVER = ("overrides/lente", "ended 2026-04-27 14:00")
HERFST_AHEAD = ("overrides/herfst", "begins 2026-11-01 12:00")
HERFST_OVER = ("overrides/herfst", "ended 2026-11-01 14:00")
ORDINARY = "no override, exception or holiday holds on this date"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(
            "2026-04-28T10:00", [("week/tue", ORDINARY), LENTE_OVER, HERFST_AHEAD], id="weekly"
        ),
        pytest.param(
            "2026-04-27T11:59:59",
            [
                ("exceptions/markt", "exception on this date"),
                ("holidays/koningsdag", "beaten by exceptions/markt"),
                ("week/mon", "beaten by exceptions/markt"),
                LENTE_AHEAD,
                HERFST_AHEAD,
            ],
            id="exception",
        ),
        pytest.param(
            "2026-04-27T12:00:00",
            [
                ("overrides/lente", "override in force until 2026-04-27 14:00"),
                ("exceptions/markt", "beaten by overrides/lente"),
                ("holidays/koningsdag", "beaten by overrides/lente"),
                ("week/mon", "beaten by overrides/lente"),
                HERFST_AHEAD,
            ],
            id="override",
        ),
        pytest.param(
            "2026-04-27T14:00:00",
            [
                ("exceptions/markt", "exception on this date"),
                ("holidays/koningsdag", "beaten by exceptions/markt"),
                ("week/mon", "beaten by exceptions/markt"),
                LENTE_OVER,
                HERFST_AHEAD,
            ],
            id="override-just-over",
        ),
        pytest.param(
            "2027-04-27T10:00",
            [
                ("holidays/koningsdag", "holiday"),
                ("week/tue", "beaten by holidays/koningsdag"),
                LENTE_OVER,
                HERFST_OVER,
            ],
            id="holiday",
        ),
        pytest.param(
            "2025-04-26T10:00",
            [
                ("holidays/koningsdag", "holiday, moved from Sunday 27 April"),
                ("week/sat", "beaten by holidays/koningsdag"),
                LENTE_AHEAD,
                HERFST_AHEAD,
            ],
            id="moved-holiday",
        ),
        pytest.param(
            "2025-04-27T10:00",
            [("week/sun", ORDINARY), LENTE_AHEAD, HERFST_AHEAD],
            id="the-nominal-day",
        ),
        pytest.param(
            "2026-05-05T10:00",
            [
                ("week/tue", ORDINARY),
                ("holidays/bevrijdingsdag", "holds in lustrum years only"),
                LENTE_OVER,
                HERFST_AHEAD,
            ],
            id="no-lustrum",
        ),
        pytest.param(
            "2026-12-25T10:00",
            [
                ("week/fri", ORDINARY),
                ("holidays/eerste_kerstdag", "not switched on"),
                LENTE_OVER,
                HERFST_OVER,
            ],
            id="switched-off",
        ),
        pytest.param(
            "2026-12-26T10:00",
            [
                ("week/sat", ORDINARY),
                ("holidays/tweede_kerstdag", "not switched on"),
                LENTE_OVER,
                HERFST_OVER,
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
    assert considered[:4] == [
        Consideration(
            "overrides/lente",
            "Storing",
            wins=True,
            why="override in force until 2026-04-27 14:00",
            status="break",
            action="hangup",
        ),
        Consideration(
            "exceptions/markt",
            "Markt",
            wins=False,
            why="beaten by overrides/lente",
            slot="00:00-24:00",
            status="open",
            action="continue",
        ),
        Consideration(
            "holidays/koningsdag",
            "Koningsdag",
            wins=False,
            why="beaten by overrides/lente",
            slot="00:00-24:00",
            status="closed",
            action="hangup",
        ),
        Consideration(
            "week/mon",
            "Maandag",
            wins=False,
            why="beaten by overrides/lente",
            slot="09:00-17:00",
            status="open",
            action="continue",
        ),
    ]
    off = explain_decision(explained_table(), instant("2026-12-25T10:00"))[1]
    assert (off.title, off.slot, off.status, off.action) == ("Eerste kerstdag", "", "", "")
