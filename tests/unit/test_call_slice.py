"""Calls travel as text, and come out as they went in or not at all."""

import pytest

from pbx_adapters.call_record import RecordedCall, RecordedOutcome
from pbx_adapters.call_slice import CallSlice, join_slices
from tests.recorded import as_slice, call_of, calls_of

BARE = RecordedCall(
    "", 0, "", None, None, "", RecordedOutcome("", None, "", "", "", "", "", "", "", "", None)
)
ROW = b'["a",1,"3cx",null,null,""]'
OUTCOME = b'["",null,"","","","","","","","",null]'
CALLS = [
    *calls_of(range(1, 4)),
    BARE,
    call_of(4, callid='"],["\\\x00☎')._replace(caller=2**63 - 1),
    call_of(5)._replace(outcome=call_of(5).outcome._replace(rule="exceptions/été", revision=9)),
]


def part(rows: bytes, outcomes: tuple[bytes, ...] = ()) -> CallSlice:
    """Make a slice of one call from texts."""
    return CallSlice(1, ((rows, outcomes),))


def test_calls_come_out_as_they_went_in() -> None:
    """Each with its own outcome, whatever their texts hold."""
    some = as_slice(CALLS)
    assert some.size == len(CALLS)
    assert some.calls() == CALLS
    assert CallSlice().calls() == []


def test_slices_are_joined_in_their_order() -> None:
    """Those without a call leave no trace."""
    parts = [CALLS[:2], [], CALLS[2:3], CALLS[3:], []]
    joined = join_slices(as_slice(part) for part in parts)
    assert joined.size == len(CALLS)
    assert joined.calls() == CALLS
    assert len(joined.parts) == 3
    assert join_slices([]) == join_slices([CallSlice()]) == CallSlice()


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param(part(b"["), id="cut-off"),
        pytest.param(part(ROW), id="no-outcome"),
        pytest.param(part(b"", (OUTCOME,)), id="outcome-without-a-call"),
        pytest.param(part(ROW.replace(b"1,", b'"1",'), (OUTCOME,)), id="text-for-a-moment"),
        pytest.param(part(ROW.replace(b"null,", b"", 1), (OUTCOME,)), id="short-row"),
        pytest.param(part(ROW, (OUTCOME.replace(b'"",', b"", 1),)), id="short-outcome"),
    ],
)
def test_what_is_no_call_is_not_read(altered: CallSlice) -> None:
    """Rather no call than a wrong one."""
    with pytest.raises(ValueError, match=r"."):
        altered.calls()
