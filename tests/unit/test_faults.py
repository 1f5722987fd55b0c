"""How faults name a place, and which remedy an unknown key gets."""

from typing import Any

import pytest
from pydantic import ValidationError

from schedules.faults import Location, faults_of, format_place
from schedules.model import Schedule


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        pytest.param((), "", id="the-whole"),
        pytest.param(("week", "mon", 2), "week.mon[2]", id="a-slot"),
        pytest.param(("exceptions", "Dag", "[key]"), "exceptions.Dag", id="a-key"),
        pytest.param(("forwards", "a\x1bb"), r"forwards.a\x1bb", id="unprintable"),
        pytest.param(("x" * 100,), "x" * 64, id="long"),
    ],
)
def test_places(loc: Location, place: str) -> None:
    """A place is a path that can be printed."""
    assert format_place(loc) == place


@pytest.mark.parametrize(
    ("document", "place", "remedy"),
    [
        pytest.param({"weeks": 1}, "weeks", "did you mean week?", id="top"),
        pytest.param({"week": {"monday": 1}}, "week.monday", "did you mean mon?", id="week"),
        pytest.param({"forwards": {"f": {"nummer": 1}}}, "forwards.f.nummer", "number", id="entry"),
        pytest.param({"expect": [{"att": 1}]}, "expect[0].att", "did you mean at?", id="item"),
        pytest.param(
            {"exceptions": {"e": {"slots": [{"form": 1}]}}},
            "exceptions.e.slots[0].form",
            "from",
            id="slot",
        ),
        pytest.param(
            {"overrides": {"o": {"slot": {"statuz": 1}}}},
            "overrides.o.slot.statuz",
            "did you mean status?",
            id="treatment",
        ),
        pytest.param({"zzz": 1}, "zzz", "remove it", id="far-off"),
        pytest.param({"<<": 1}, "<<", "write out what it would merge", id="merge"),
    ],
)
def test_an_unknown_key_is_compared_to_those_known_there(
    document: dict[str, Any], place: str, remedy: str
) -> None:
    """The suggestion is a key of that very place."""
    with pytest.raises(ValidationError) as refused:
        Schedule.model_validate(document)
    [fault] = [fault for fault in faults_of(refused.value) if fault.place == place]
    assert fault.problem == "is not a key known here"
    assert remedy in fault.remedy
