"""Any schedule's table can be read line by line, and says what the wall clock does."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pbx_adapters.answer import format_instant
from pbx_adapters.signed_table import render_table
from tests.engine import instant
from tests.oracle import DAY
from tests.pbx.table_reader import fields_of, find_line, text_of
from tests.property.cases import Case, cases

_WEEK = 7 * DAY
_STARTS = st.one_of(
    st.integers(instant("2026-01-01T00:00Z"), instant("2029-01-01T00:00Z")),
    st.integers(instant("2026-10-18T00:00Z"), instant("2026-10-26T00:00Z")),
    st.integers(instant("2027-03-21T00:00Z"), instant("2027-03-29T00:00Z")),
)
_BASE = "https://bereikbaar.example.nl"


@given(case=cases(), start=_STARTS)
def test_lines_and_json_say_the_same(case: Case, start: int) -> None:
    """Whatever is in a name, a reader of lines finds the values that a JSON parser finds."""
    body = render_table(case.table, start, _BASE).decode()
    assert body.endswith("}\n]}\n")
    table, (head, *lines) = json.loads(body), body.removesuffix("\n]}\n").split("\n")
    intervals = table.pop("intervals")
    assert table == {name: text_of(head, name) for name in table}
    assert [fields_of(line) for line in lines] == intervals
    for line, interval in zip(lines, intervals, strict=True):
        assert interval == {name: text_of(line, name) for name in interval}


@given(case=cases(), start=_STARTS)
def test_intervals_follow_on_one_another(case: Case, start: int) -> None:
    """From the table's first instant to its last, as texts."""
    table = json.loads(render_table(case.table, start, _BASE))
    assert table["generated_at"] == table["intervals"][0]["from"] == format_instant(start)
    assert table["expires_at"] == table["intervals"][-1]["until"] == format_instant(start + _WEEK)
    assert all(one["until"] == other["from"] for one, other in pairwise(table["intervals"]))
    assert all(one["from"] < one["until"] for one in table["intervals"])


@given(
    case=cases(), start=_STARTS, seconds=st.lists(st.integers(0, _WEEK - 1), min_size=1, max_size=9)
)
def test_a_reader_decides_as_the_wall_clock_does(
    case: Case, start: int, seconds: list[int]
) -> None:
    """Lot, error and rule at an instant are those of the naive reading of the rules."""
    lines = render_table(case.table, start, _BASE).decode().split("\n")
    for at in (start + second for second in seconds):
        fields, answer = fields_of(find_line(lines, format_instant(at))), case.oracle.answer(at)
        told = [fields[name] for name in ("status", "action", "audio", "forward", "voicemail")]
        assert told == list(answer.lot)
        assert (fields["error"], fields["rule"]) == (answer.error, answer.rule)
        assert (fields["schedule"], fields["schedule_name"]) == (
            case.schedule.id,
            case.schedule.name,
        )
