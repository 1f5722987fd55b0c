"""Slots as text: read, written, refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import FaultyValueError
from schedules.model import slot_of
from schedules.slot_text import (
    DAY_MINUTES,
    format_minute,
    format_slot,
    parse_minute,
    parse_slot,
    parse_treatment,
)


@pytest.mark.parametrize(
    ("text", "is_end", "minute"),
    [
        pytest.param("00:00", False, 0, id="midnight-as-a-start"),
        pytest.param("24:00", True, 1440, id="midnight-as-an-end"),
        pytest.param("23:59", True, 1439, id="last-minute"),
        pytest.param("08:30", False, 510, id="morning"),
    ],
)
def test_a_time_is_a_minute_of_the_day(
    text: str,
    is_end: bool,  # noqa: FBT001 - the case
    minute: int,
) -> None:
    """`HH:MM` counts minutes from midnight, 24:00 included as an end (rule 3)."""
    assert parse_minute(text, is_end=is_end) == minute


@pytest.mark.parametrize(
    ("text", "is_end"),
    [
        pytest.param("24:00", False, id="a-start-of-24"),
        pytest.param("00:00", True, id="an-end-of-0"),
        pytest.param("24:01", True, id="past-the-day"),
        pytest.param("12:60", True, id="sixty-minutes"),
        pytest.param("9:00", False, id="one-digit"),
        pytest.param("09:00\n", False, id="a-line-break"),
        pytest.param("-1:00", False, id="negative"),
        pytest.param("", False, id="empty"),
    ],
)
def test_other_times_are_refused(
    text: str,
    is_end: bool,  # noqa: FBT001 - the case
) -> None:
    """What is no time of the day, or stands at the wrong end of a slot, has a remedy."""
    with pytest.raises(FaultyValueError) as refused:
        parse_minute(text, is_end=is_end)
    assert len(refused.value.faults) == 1


@given(st.integers(1, DAY_MINUTES))
def test_times_round_trip(minute: int) -> None:
    """What is written reads back as the same minute."""
    assert parse_minute(format_minute(minute), is_end=True) == minute


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("open", {"status": "open"}, id="status-only"),
        pytest.param(
            " break  audio=a\tvoicemail ",
            {"status": "break", "audio": "a", "voicemail": True},
            id="blanks",
        ),
        pytest.param(
            "closed forward=f audio=a",
            {"status": "closed", "forward": "f", "audio": "a"},
            id="any-order",
        ),
    ],
)
def test_a_treatment_is_read_word_by_word(text: str, fields: dict[str, object]) -> None:
    """A status, then its targets in any order."""
    assert parse_treatment(text) == fields


@pytest.mark.parametrize(
    ("text", "fault_count"),
    [
        pytest.param("", 1, id="empty"),
        pytest.param("closed audio", 1, id="no-value"),
        pytest.param("closed audio=", 1, id="empty-value"),
        pytest.param("closed voicemail=x", 1, id="voicemail-with-a-value"),
        pytest.param("closed voicemail voicemail", 1, id="twice"),
        pytest.param("closed status=open", 1, id="another-field"),
        pytest.param("dicht audio= foo forward=f forward=g", 4, id="every-fault-at-once"),
        pytest.param("closed " * 1_000, 1, id="endless"),
    ],
)
def test_other_treatments_are_refused(text: str, fault_count: int) -> None:
    """Every fault of a text is told at once."""
    with pytest.raises(FaultyValueError) as refused:
        parse_treatment(text)
    assert len(refused.value.faults) == fault_count


def test_a_slot_is_times_and_a_treatment() -> None:
    """The times become minutes, whatever blanks stand around the hyphen."""
    fields = {"start": 510, "end": 1020, "status": "open"}
    assert parse_slot("08:30-17:00 open") == parse_slot(" 08:30 - 17:00  open ") == fields


def test_equal_texts_give_one_slot() -> None:
    """The same slot is kept once, however many schedules have it."""
    assert slot_of("08:30-17:00 open") is slot_of("08:30-17:00 open")


@given(
    start=st.integers(0, DAY_MINUTES - 1),
    length=st.integers(1, DAY_MINUTES),
    treatment=st.sampled_from(("open", "closed audio=a forward=f", "break audio=a voicemail")),
)
def test_slots_round_trip(start: int, length: int, treatment: str) -> None:
    """What is written reads back as the same slot."""
    end = min(start + length, DAY_MINUTES)
    text = f"{format_minute(start)}-{format_minute(end)} {treatment}"
    slot = slot_of(text)
    assert format_slot(slot.start, slot.end, slot) == text
