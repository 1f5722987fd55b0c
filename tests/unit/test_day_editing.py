"""Edits of one day: what slots become of slots."""

import pytest

from schedules.day_editing import autofill, cut_out, lay_over, quick_day
from schedules.errors import FaultyValueError
from schedules.model import Slot, slot_of, treatment_of
from schedules.slot_text import format_slot


def slots(*texts: str) -> tuple[Slot, ...]:
    """Read slots."""
    return tuple(map(slot_of, texts))


def texts(day: tuple[Slot, ...]) -> list[str]:
    """Write slots."""
    return [format_slot(slot.start, slot.end, slot) for slot in day]


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        pytest.param((), ["00:00-24:00 closed"], id="nothing"),
        pytest.param(
            ("08:30-17:00 open voicemail",),
            ["00:00-08:30 closed", "08:30-17:00 open voicemail", "17:00-24:00 closed"],
            id="both-ends",
        ),
        pytest.param(
            ("13:00-24:00 open", "00:00-12:59 break"),
            ["00:00-12:59 break", "12:59-13:00 closed", "13:00-24:00 open"],
            id="one-minute-between-out-of-order",
        ),
        pytest.param(("00:00-24:00 open",), ["00:00-24:00 open"], id="whole"),
        pytest.param(
            ("00:00-12:00 open", "11:00-13:00 break"),
            ["00:00-12:00 open", "11:00-13:00 break", "13:00-24:00 closed"],
            id="an-overlap-stays-to-be-refused",
        ),
        pytest.param(
            ("00:00-20:00 open", "11:00-13:00 break"),
            ["00:00-20:00 open", "11:00-13:00 break", "20:00-24:00 closed"],
            id="a-slot-within-another-opens-no-gap",
        ),
    ],
)
def test_autofill_closes_the_gaps(given: tuple[str, ...], filled: list[str]) -> None:
    """What no slot covers becomes plain closed (semantics.md rule 4)."""
    assert texts(autofill(slots(*given))) == filled


@pytest.mark.parametrize(
    ("span", "left"),
    [
        pytest.param((540, 600), ["00:00-09:00 closed", "10:00-24:00 open"], id="a-slot-s-part"),
        pytest.param((0, 540), ["09:00-24:00 open"], id="exactly-one"),
        pytest.param((0, 1440), [], id="all"),
        pytest.param(
            (600, 601), ["00:00-09:00 closed", "09:00-10:00 open", "10:01-24:00 open"], id="within"
        ),
        pytest.param((480, 600), ["00:00-08:00 closed", "10:00-24:00 open"], id="over-a-boundary"),
    ],
)
def test_cut_out_leaves_the_rest(span: tuple[int, int], left: list[str]) -> None:
    """A span that is taken out leaves what lies before and after it."""
    assert texts(cut_out(slots("00:00-09:00 closed", "09:00-24:00 open"), *span)) == left


def test_lay_over_makes_room() -> None:
    """Slots put into a day push aside what they cover, with its treatment on both sides."""
    day = slots("00:00-08:00 closed", "08:00-17:00 open forward=storing", "17:00-24:00 closed")
    assert texts(lay_over(day, slots("12:00-12:30 break", "16:00-18:00 closed audio=vroeg"))) == [
        "00:00-08:00 closed",
        "08:00-12:00 open forward=storing",
        "12:00-12:30 break",
        "12:30-16:00 open forward=storing",
        "16:00-18:00 closed audio=vroeg",
        "18:00-24:00 closed",
    ]


def test_quick_day_is_closed_open_closed() -> None:
    """Opening and closing time make a whole day, a break in between (semantics.md rule 22)."""
    closed = treatment_of("closed audio=gesloten voicemail")
    assert texts(quick_day((510, 1020), (750, 780), is_closed=closed)) == [
        "00:00-08:30 closed audio=gesloten voicemail",
        "08:30-12:30 open",
        "12:30-13:00 break",
        "13:00-17:00 open",
        "17:00-24:00 closed audio=gesloten voicemail",
    ]


@pytest.mark.parametrize(
    ("opening", "day"),
    [
        pytest.param((0, 1440), ["00:00-24:00 open"], id="around-the-clock"),
        pytest.param((0, 60), ["00:00-01:00 open", "01:00-24:00 closed"], id="from-midnight"),
        pytest.param((1439, 1440), ["00:00-23:59 closed", "23:59-24:00 open"], id="last-minute"),
    ],
)
def test_quick_day_leaves_empty_parts_out(opening: tuple[int, int], day: list[str]) -> None:
    """Open from midnight, or until midnight, there is no closed part there."""
    assert texts(quick_day(opening)) == day


@pytest.mark.parametrize(
    ("opening", "pause", "problem"),
    [
        pytest.param((1020, 510), None, "17:00-08:30 end before they begin", id="backwards"),
        pytest.param((510, 510), None, "08:30-08:30 end before they begin", id="no-minute"),
        pytest.param((510, 1020), (800, 700), "break 13:20-11:40 end before", id="break-backwards"),
        pytest.param((510, 1020), (510, 540), "doesn't lie within", id="break-at-opening"),
        pytest.param((510, 1020), (990, 1020), "doesn't lie within", id="break-at-closing"),
    ],
)
def test_quick_day_refuses_hours_that_make_no_day(
    opening: tuple[int, int], pause: tuple[int, int] | None, problem: str
) -> None:
    """Times in the wrong order, and a break outside the hours, are refused with a remedy."""
    with pytest.raises(FaultyValueError) as refused:
        quick_day(opening, pause)
    assert [problem in told and bool(remedy) for told, remedy in refused.value.faults] == [True]


def test_quick_day_tells_all_faults() -> None:
    """Wrong treatments are told beside wrong times."""
    with pytest.raises(FaultyValueError) as refused:
        quick_day((600, 540), is_open=treatment_of("closed"), is_break=treatment_of("open"))
    assert [problem for problem, _ in refused.value.faults] == [
        "the opening hours 10:00-09:00 end before they begin",
        "the treatment of the open part says closed",
        "the treatment of the break part says open",
    ]
