"""What slots point at, edited in random schedules."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schedules.carry_over import carry_over
from schedules.model import Schedule
from schedules.revisions import document_of
from schedules.target_editing import TargetField, remove_target, uses_of
from tests.strategies import schedules_strategy


@pytest.mark.parametrize(("field", "key"), [("forward", "forwards"), ("audio", "audio")])
@given(schedules_strategy(), st.data())
def test_removing_a_target_leaves_no_use_and_changes_nothing_else(
    field: TargetField, key: str, schedule: Schedule, data: st.DataObject
) -> None:
    """The whole document, searched as text, names it nowhere; all else in it is the same."""
    present = getattr(schedule, key)
    assume(present)
    target_id = data.draw(st.sampled_from(sorted(present)))
    uses = uses_of(schedule, field)[target_id]
    after = remove_target(schedule, field, target_id)
    named = re.compile(rf' {field}={target_id}(?=[ "])')
    assert len(named.findall(document_of(schedule))) == len(uses)
    kept = {one: target for one, target in present.items() if one != target_id}
    entries = schedule.model_copy(update={key: kept})
    assert document_of(after) == named.sub("", document_of(entries))
    assert named.search(document_of(after)) is None


@given(schedules_strategy(), schedules_strategy())
def test_what_is_carried_over_means_the_same(source: Schedule, target: Schedule) -> None:
    """Callers meet the same numbers and messages; nothing the target had is lost or changed."""
    slots = tuple(slot for _, plan in source.week for slot in plan)
    assume(target.voicemail_email or not any(slot.voicemail for slot in slots))
    after, carried = carry_over(slots, source, target)
    assert after.replace(forwards=target.forwards, audio=target.audio) == target
    assert target.forwards.items() <= after.forwards.items()
    assert target.audio.items() <= after.audio.items()
    for slot, copy in zip(slots, carried, strict=True):
        assert (slot.start, slot.end, slot.status) == (copy.start, copy.end, copy.status)
        assert slot.voicemail == copy.voicemail
        assert source.forwards.get(slot.forward or "") == after.forwards.get(copy.forward or "")
        assert source.audio.get(slot.audio or "") == after.audio.get(copy.audio or "")
    # Carried once more, all of it is there already.
    assert carry_over(slots, source, after) == (after, carried)
