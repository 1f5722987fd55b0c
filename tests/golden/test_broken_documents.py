"""Every broken document is refused, with all its faults and nothing beside them."""

from functools import cache

import pytest

from schedules.documents import read_document
from schedules.errors import Fault, FaultyValueError, InvalidScheduleError
from schedules.forward_rules import ForwardPolicy
from tests.broken_documents import BrokenDocument, ExpectedFault, broken_documents, complete

CASES = broken_documents()


def take_file(path: str) -> str:
    """Stand for a folder that holds `a.wav` alone."""
    if path != "a.wav":
        raise FaultyValueError((f"{path} is not there", "put it beside the document"))
    return "0" * 64


@cache
def faults_of_case(case: BrokenDocument) -> tuple[Fault, ...]:
    """Return what the reader says of a case."""
    with pytest.raises(InvalidScheduleError) as refused:
        read_document(case.source, ForwardPolicy(), take_file=take_file)
    return refused.value.faults


def is_told(expected: ExpectedFault, fault: Fault) -> bool:
    """Tell whether a fault is the one expected."""
    return (
        (expected.line, expected.place) == (fault.line, fault.place)
        and expected.problem in fault.problem
        and expected.remedy in fault.remedy
    )


def test_what_is_added_to_the_cases_is_sound() -> None:
    """Each case is refused for its own faults: the rest of its document reads well."""
    assert read_document(complete("").encode(), ForwardPolicy()).schedule.id == "kantoor"


def test_the_corpus_is_as_large_as_promised() -> None:
    """At least 60 documents, each of a name of its own and with a fault at least."""
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 60
    assert all(case.faults for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_told_and_no_other(case: BrokenDocument) -> None:
    """Place, line, problem and remedy of every fault, in one go."""
    told = list(faults_of_case(case))
    for expected in case.faults:
        found = next((fault for fault in told if is_told(expected, fault)), None)
        assert found is not None, f"{expected} is not among {told}"
        told.remove(found)
    assert told == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_faults_are_fit_to_print(case: BrokenDocument) -> None:
    """Sorted by line, of bounded length, on one line, the remedy in lower case."""
    faults = faults_of_case(case)
    lines = [fault.line for fault in faults if fault.line is not None]
    assert lines == sorted(lines)
    for fault in faults:
        assert str(fault).isprintable()
        assert len(str(fault)) < 500
        assert not fault.remedy[0].isupper()
