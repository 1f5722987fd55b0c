"""Search over schedules, category by category."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import FaultyValueError
from schedules.model import Schedule
from schedules.revisions import document_of
from schedules.search import CATEGORIES, MAX_QUERY, Hit, may_hold, parse_query, search
from tests.strategies import WEEKDAYS, schedules_strategy

WEEK = {day: ["00:00-24:00 open"] for day in WEEKDAYS}


def schedule(schedule_id: str = "kantoor", **fields: Any) -> Schedule:
    """Return a small schedule."""
    given = {"id": schedule_id, "name": "Kantoor", "pbx": "generic", "week": WEEK, **fields}
    return Schedule.model_validate(given)


def hits(text: str, *schedules: Schedule) -> dict[str, list[str]]:
    """Return what is found, as texts, in the categories that have something."""
    found = search(schedules, parse_query(text))
    return {
        category: [hit.text for hit in one.hits] for category, one in found.items() if one.count
    }


CAFE = schedule(
    "fietscafe",
    name="Café De Fiets",
    company='Rijwielhuis "Van Dijk"\nen zonen',
    voicemail_email="Balie@fietscafe.example",
    numbers=["+31850000100..99", "+31201234567"],
    forwards={"piket": {"name": "Fietsenmaker Öztürk", "number": "+31612345678"}},
    audio={"dicht": {"name": "Wĳ zijn dicht", "sha256": "0" * 64}},
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("FIETSCAFE", {"schedules", "emails"}, id="id and address"),
        pytest.param("cafe de", {"schedules"}, id="name without its accent"),
        pytest.param("fiets de", {"schedules"}, id="words in any order"),
        pytest.param("van dijk", {"companies"}, id="company"),
        pytest.param('"van', {"companies"}, id="quotation mark"),
        pytest.param("ozturk", {"forwards"}, id="forward's name"),
        pytest.param("0612345678", {"forwards"}, id="forward's number"),
        pytest.param("5678", {"forwards"}, id="forward's last digits"),
        pytest.param("wij", {"messages"}, id="message with a ligature"),
        pytest.param("balie@", {"emails"}, id="part of an address"),
        pytest.param("020 123", {"numbers"}, id="number"),
        pytest.param("085-0000142", {"numbers"}, id="number within a block"),
        pytest.param("345", {"numbers", "forwards"}, id="digits"),
        pytest.param("niets", set[str](), id="nothing"),
        pytest.param("open", set[str](), id="slots are not searched"),
    ],
)
def test_categories(text: str, found: set[str]) -> None:
    """Each field is found in its own category."""
    assert set(hits(text, CAFE)) == found


def test_what_a_hit_tells() -> None:
    """Which schedule, what stands there, and for a block which number of it."""
    found = search([CAFE], parse_query("085 0000142"))["numbers"]
    name = "Café De Fiets"
    assert found.hits == [Hit("fietscafe", name, "+31850000100..99", None, "+31850000142")]
    found = search([CAFE], parse_query("piket"))["forwards"]
    assert found.hits == []
    found = search([CAFE], parse_query("maker"))["forwards"]
    assert found.hits == [Hit("fietscafe", name, "Fietsenmaker Öztürk", "piket", "+31612345678")]


def test_the_best_come_first() -> None:
    """Whole before beginning before anywhere, else in the order of the schedules."""
    names = ("Oud-Zuid", "Zuidwest", "Zuid", "Mid-Zuid", "Zuidoost")
    found = hits("zuid", *(schedule(f"s{n}", name=name) for n, name in enumerate(names)))
    assert found == {"schedules": ["Zuid", "Zuidwest", "Zuidoost", "Oud-Zuid", "Mid-Zuid"]}


@pytest.mark.parametrize(("count", "is_cut_off"), [(20, False), (21, True), (25, True)])
def test_a_category_is_cut_off(count: int, *, is_cut_off: bool) -> None:
    """Twenty are shown at most, all are counted, and the best is there though it came last."""
    many = [schedule(f"s{n}", name=f"Winkel {n}") for n in range(count - 1)]
    found = search([*many, schedule("s", name="winkel")], parse_query("Winkel"))["schedules"]
    assert (found.count, len(found.hits), found.is_cut_off) == (count, 20, is_cut_off)
    assert found.hits[0].text == "winkel"


def test_every_category_is_told() -> None:
    """Also those in which nothing was found."""
    assert tuple(search([], parse_query("x"))) == CATEGORIES


@pytest.mark.parametrize(
    "text", ["", " \t\n", "x" * (MAX_QUERY + 1)], ids=["none", "blank", "huge"]
)
def test_what_can_not_be_looked_for(text: str) -> None:
    """Nothing, and far too much, are refused."""
    with pytest.raises(FaultyValueError):
        parse_query(text)


@pytest.mark.parametrize("text", ["\0", "\x1b[31m", "a\\b", "%_*", "{}", "\ud800", "🚲"])
def test_unusual_text_is_looked_for_like_any_other(text: str) -> None:
    """Nothing in it has a meaning of its own."""
    assert hits(text, CAFE) == {}
    assert may_hold(document_of(CAFE), parse_query(text)) in (True, False)


def _texts_of(one: Schedule) -> list[str]:
    targets = [forward.name for forward in one.forwards.values()]
    targets += [message.name for message in one.audio.values()]
    numbers = [str(block) for block in one.numbers]
    numbers += [forward.number for forward in one.forwards.values()]
    names = [one.id, one.name, one.company or "", one.voicemail_email or ""]
    return [*names, *targets, *numbers]


@given(schedules_strategy(), st.data())
def test_no_document_that_holds_it_is_passed_over(one: Schedule, data: st.DataObject) -> None:
    """Whatever is found in a schedule, its stored text may hold it."""
    text = data.draw(st.sampled_from(_texts_of(one)))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    part = text[start:end]
    try:
        query = parse_query(data.draw(st.sampled_from((part, part.upper(), f"0{part}"))))
    except FaultyValueError:
        return
    if any(found.count for found in search([one], query).values()):
        assert may_hold(document_of(one), query)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\uff02b", "\u212b", "ß", "ﬃ", "℡", "İ"])
def test_signs_that_a_document_writes_otherwise(name: str) -> None:
    """A name is found by itself, also where JSON escapes it or folding changes it."""
    one = schedule(name=name)
    query = parse_query(name)
    assert search([one], query)["schedules"].count == 1
    assert may_hold(document_of(one), query)


@pytest.mark.parametrize("text", ["jansen", "085-0000300", "99887"])
def test_most_documents_are_passed_over(text: str) -> None:
    """A document that holds nothing of it is not read."""
    assert not may_hold(document_of(CAFE), parse_query(text))
