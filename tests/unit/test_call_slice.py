"""Calls travel as text, and come out as they went in or not at all."""

import pytest

from pbx_adapters.call_record import RecordedCall, RecordedOutcome
from pbx_adapters.call_slice import AlteredError, CallSlice, join_slices, read_calls
from tests.recorded import call_of, calls_of

BARE = RecordedCall(
    "", 0, "", None, None, "", RecordedOutcome("", None, "", "", "", "", "", "", "", "", None)
)
CALLS = [
    *calls_of(range(1, 4)),
    BARE,
    call_of(4, callid='"],["\\\x00☎')._replace(caller=2**63 - 1),
    call_of(5)._replace(outcome=call_of(5).outcome._replace(rule="exceptions/été", revision=9)),
]


def test_calls_come_out_as_they_went_in() -> None:
    """Each with its own outcome, whatever their texts hold."""
    some = CallSlice.of(CALLS)
    assert some.size == len(CALLS)
    assert some.calls() == CALLS
    assert CallSlice().calls() == []


def test_slices_are_joined_in_their_order() -> None:
    """Those without a call leave no trace."""
    parts = [CALLS[:2], [], CALLS[2:3], CALLS[3:], []]
    joined = join_slices(CallSlice.of(part) for part in parts)
    assert joined == CallSlice.of(CALLS)
    assert join_slices([]) == join_slices([CallSlice()]) == CallSlice()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[[],[]", id="cut-off"),
        pytest.param("[[],[],[]]", id="too-many-parts"),
        pytest.param('[[["a",1,"3cx",null,null,""]],[]]', id="no-outcome"),
        pytest.param('[[],[["",null,"","","","","","","","",null]]]', id="outcome-without-a-call"),
        pytest.param(
            '[[["a","1","3cx",null,null,""]],[["",null,"","","","","","","","",null]]]',
            id="text-for-a-moment",
        ),
        pytest.param(
            '[[["a",1,"3cx",null,null]],[["",null,"","","","","","","","",null]]]', id="short-row"
        ),
        pytest.param(
            '[[["a",1,"3cx",null,null,""]],[["",null,"","","","","","","",null]]]',
            id="short-outcome",
        ),
    ],
)
def test_what_was_altered_is_not_read(text: str) -> None:
    """Rather no call than a wrong one."""
    with pytest.raises(AlteredError):
        read_calls(text)
