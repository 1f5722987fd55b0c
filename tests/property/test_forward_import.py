"""Imports of random rows: none is lost, none is made up."""

import csv
import io
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import Fault, InvalidScheduleError
from schedules.forward_rows import take_rows
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.forwards_csv import read_rows
from schedules.model import Schedule
from tests.strategies import schedules_strategy

HOME = ForwardPolicy()
NAMES = st.one_of(
    st.sampled_from(("Jan", "JAN", "Piet", "", " ", 'De "Koe"', "a;b,c\td", "x\ny", "=1+1", "é")),
    st.text(max_size=70),
)
NUMBERS = st.one_of(
    st.sampled_from(
        (
            *("0612345678", "+31612345678", "612345678", "3,16E+10", "0900-1234", "", "geen"),
            *("020 123 45 67", "+3225120000", "112", "0612345678;1"),
        )
    ),
    st.integers(10_000_000, 99_999_999).map(lambda n: f"06{n}"),
    st.text(max_size=20),
)
CODECS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


@given(
    schedules_strategy(),
    st.lists(st.tuples(NAMES, NUMBERS), max_size=12),
    st.sampled_from(";,\t"),
    st.sampled_from(CODECS),
    st.booleans(),
)
def test_each_row_of_a_file_gets_one_verdict(
    schedule: Schedule,
    table: list[tuple[str, str]],
    delimiter: str,
    codec: str,
    restores_zeros: bool,  # noqa: FBT001 - drawn
) -> None:
    """As many verdicts as rows that hold something; what is taken is there, and nothing else."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows((("Naam", "Telefoon"), *table))
    text = f"sep={delimiter}\r\n" + stream.getvalue().replace("\0", "")
    source = text.encode(codec, errors="ignore")
    cells = [
        tuple(
            " ".join(cell.encode(codec, errors="ignore").decode(codec).replace("\0", "").split())
            for cell in pair
        )
        for pair in table
    ]
    filled = [pair for pair in cells if any(pair)]
    try:
        read = read_rows(source)
    except InvalidScheduleError:
        assert filled == []
        return
    assert len(read.rows) == len(filled)
    after, verdicts = take_rows(schedule, read.rows, HOME, restores_zeros=restores_zeros)
    assert tuple(one.row for one in verdicts) == read.rows
    taken = [one for one in verdicts if one.verdict == "taken"]
    assert list(after.forwards) == [*schedule.forwards, *(one.forward_id for one in taken)]
    assert schedule.forwards.items() <= after.forwards.items()
    for one in taken:
        forward = after.forwards[one.forward_id or ""]
        assert (forward.name, forward.number) == (one.row.name, one.number)
        assert forward_refusal(one.number, schedule.forward_policy(HOME)) is None
    for one in verdicts:
        assert (one.verdict == "refused") == bool(one.faults)
        assert (one.forward_id is None) == (one.verdict == "refused")
    added = Counter(forward.name.casefold() for forward in after.forwards.values())
    added -= Counter(forward.name.casefold() for forward in schedule.forwards.values())
    assert set(added.values()) <= {1}


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_any_bytes_give_rows_or_a_remedy(source: bytes) -> None:
    """No bytes break the reader."""
    faults: tuple[Fault, ...] = ()
    count = 0
    try:
        count = len(read_rows(source, name_column="1", number_column="2").rows)
    except InvalidScheduleError as error:
        faults = error.faults
    assert (count > 0) != (len(faults) > 0)
    assert all(fault.problem and fault.remedy for fault in faults)
