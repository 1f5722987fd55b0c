"""Whatever is edited, a day stays whole and nothing else changes."""

from hypothesis import given
from hypothesis import strategies as st

from schedules.day_editing import autofill, cut_out, lay_over, quick_day, slot
from schedules.editing import copy_day, day_plan, with_days
from schedules.model import Schedule, Slot, treatment_of
from schedules.slot_text import DAY_MINUTES
from tests.strategies import schedules_strategy

TREATMENTS = st.sampled_from(["open", "closed", "break", "open voicemail", "closed audio=a"]).map(
    treatment_of
)
SPANS = st.lists(st.integers(0, DAY_MINUTES), min_size=2, max_size=2, unique=True).map(sorted)
SLOTS = st.builds(lambda span, treatment: slot(span[0], span[1], treatment), SPANS, TREATMENTS)


def minutes(day: tuple[Slot, ...]) -> list[list[str]]:
    """Return, minute by minute, what every slot that holds it says: the naive reading of a day."""
    held: list[list[str]] = [[] for _ in range(DAY_MINUTES)]
    for one in day:
        for minute in range(one.start, one.end):
            held[minute].append(f"{one.status} {one.audio} {one.forward} {one.voicemail}")
    return held


@given(SLOTS)
def test_autofill_changes_no_minute_that_is_set(only: Slot) -> None:
    """Minutes that had a slot keep it; all others are closed and nothing more."""
    before, after = minutes((only,)), minutes(autofill((only,)))
    assert after == [held or ["closed None None False"] for held in before]


@given(st.lists(SPANS, max_size=4), st.lists(SLOTS, min_size=1, max_size=3))
def test_laying_slots_over_a_whole_day_keeps_it_whole(
    cuts: list[list[int]], laid: list[Slot]
) -> None:
    """Each minute has one slot: that of the last one laid there, else the one it had."""
    day = quick_day((480, 1020), (720, 780))
    for start, end in cuts:
        day = lay_over(day, [slot(start, end, treatment_of("break voicemail"))])
    expected = minutes(day)
    for one in laid:
        day = lay_over(day, [one])
        said = minutes((one,))
        expected = [new or old for new, old in zip(said, expected, strict=True)]
    assert minutes(day) == expected


@given(st.lists(SLOTS, max_size=4), SPANS)
def test_cutting_out_touches_only_the_span(day: list[Slot], span: list[int]) -> None:
    """Minutes within the span have nothing, the others what they had."""
    start, end = span
    expected = [
        [] if start <= minute < end else held for minute, held in enumerate(minutes(tuple(day)))
    ]
    assert minutes(cut_out(day, start, end)) == expected


@given(schedules_strategy(), st.data())
def test_copying_a_day_changes_that_day_alone(schedule: Schedule, data: st.DataObject) -> None:
    """The target gets the source's slots; every other day stays, and copying back is no change."""
    rules = [f"week/{name}" for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    rules += [f"exceptions/{name}" for name in schedule.exceptions]
    rules += [f"holidays/{name}" for name in schedule.holidays]
    source, target = data.draw(st.sampled_from(rules)), data.draw(st.sampled_from(rules))
    edited = copy_day(schedule, source, [target])
    for rule in rules:
        wanted = source if rule == target else rule
        assert day_plan(edited, rule) == day_plan(schedule, wanted)
    assert with_days(edited, {target: day_plan(schedule, target)}) == schedule
