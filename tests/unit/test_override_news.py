"""Which overrides began and ended in a while: the time alone, and saves in between."""

from typing import Any

import pytest

from pbx_adapters.notifications.override_news import (
    Planned,
    Span,
    follow_overrides,
    planned_in,
    running_at,
)
from tests.engine import instant, schedule_of

# Minutes after an arbitrary instant keep the cases readable.
A = Planned("a", 600, 1_200, "closed", "Storing")
A_LONGER = A._replace(until_at=1_800)
A_CUT = A._replace(until_at=900)
A_OPEN = A._replace(treatment="open")
B = Planned("b", 900, 1_500, "open", "Feest")
NEXT = Planned("c", 1_200, 1_500, "break", "Lunch")


def spans(*parts: tuple[Any, ...]) -> list[Span]:
    """Make spans of `(since, overrides)`, each known by its number; a third part is a deletion."""
    return [
        Span(since, planned, str(number), is_deleted=bool(rest))
        for number, (since, planned, *rest) in enumerate(parts)
    ]


CASES = {
    "nothing planned": (None, spans((0, ())), 5_000, []),
    "begins by the clock": (None, spans((0, (A,))), 600, [(600, "a", None)]),
    "not a second before": (None, spans((0, (A,))), 599, []),
    "runs on": (A, spans((700, (A,))), 1_199, []),
    "ends by the clock": (A, spans((700, (A,))), 1_200, [(1_200, "a", "ended")]),
    "wholly within a pause": (
        None,
        spans((0, (A,))),
        5_000,
        [(600, "a", None), (1_200, "a", "ended")],
    ),
    "one after the other": (
        None,
        spans((0, (NEXT, A))),
        1_300,
        [(600, "a", None), (1_200, "a", "ended"), (1_200, "c", None)],
    ),
    "saved while it runs": (None, spans((0, ()), (700, (A,))), 800, [(700, "a", None)]),
    "saved beforehand": (None, spans((0, ()), (500, (A,))), 800, [(600, "a", None)]),
    "saved too late to be heard": (None, spans((0, ()), (1_300, (A,))), 2_000, []),
    "cleared early": (A, spans((700, (A,)), (800, ())), 900, [(800, "a", "cleared")]),
    "set and cleared within a pause": (
        None,
        spans((0, ()), (700, (A,)), (800, ())),
        5_000,
        [(700, "a", None), (800, "a", "cleared")],
    ),
    "cut short for another": (
        A,
        spans((700, (A,)), (900, (A_CUT, B))),
        1_000,
        [(900, "a", "replaced"), (900, "b", None)],
    ),
    "same one with another treatment": (
        A,
        spans((700, (A,)), (800, (A_OPEN,))),
        900,
        [(800, "a", "replaced"), (800, "a", None)],
    ),
    "made longer": (A, spans((700, (A,)), (800, (A_LONGER,))), 1_300, []),
    "made longer, then over": (
        A,
        spans((700, (A,)), (800, (A_LONGER,))),
        1_800,
        [(1_800, "a", "ended")],
    ),
    "schedule deleted": (
        A,
        spans((700, (A,)), (800, (), True)),
        900,
        [(800, "a", "schedule-deleted")],
    ),
    "over before the schedule was deleted": (
        A,
        spans((700, (A,)), (1_300, (), True)),
        1_400,
        [(1_200, "a", "ended")],
    ),
    "clock put back between two saves": (
        None,
        spans((700, ()), (800, (A,)), (650, (A_LONGER,))),
        850,
        [(800, "a", None)],
    ),
    "saved after the look began": (A, spans((700, (A,)), (950, ())), 900, [(900, "a", "cleared")]),
    "found missing": (A, spans((700, ())), 700, [(700, "a", "cleared")]),
}


@pytest.mark.parametrize(("running", "given", "until", "expected"), CASES.values(), ids=CASES)
def test_what_began_and_ended(
    running: Planned | None,
    given: list[Span],
    until: int,
    expected: list[tuple[int, str, str | None]],
) -> None:
    """Each beginning and end is told once, when it was and why."""
    found, now = follow_overrides(running, given, until)
    assert [(one.at, one.planned.override, one.why) for one in found] == expected
    assert now == (None if given[-1].is_deleted else running_at(given[-1].planned, until))


def test_looking_often_finds_the_same() -> None:
    """However a while is cut into looks, the same begins and ends in it."""
    planned = (A, NEXT)
    whole, _ = follow_overrides(None, spans((0, planned)), 2_000)
    running: Planned | None = None
    found = []
    for since in range(0, 2_000, 100):
        some, running = follow_overrides(running, spans((since, planned)), since + 100)
        found += some
    assert found == whole
    assert len(found) == 4


def test_planned_overrides_of_a_schedule() -> None:
    """Moments become epoch seconds, and the treatment is the text of a slot."""
    schedule = schedule_of(
        overrides={
            "stroom": {
                "from": "2026-11-22T10:00+01:00",
                "until": "2026-11-22T12:00+01:00",
                "slot": "closed voicemail",
                "reason": "Stroomstoring",
            }
        },
        voicemail_email="winkel@example.nl",
    )
    from_at = instant("2026-11-22T10:00")
    expected = Planned("stroom", from_at, from_at + 7_200, "closed voicemail", "Stroomstoring")
    assert planned_in(schedule) == (expected,)
